"""Which alerts each browser of the room has on its screens, and what is said to the whole room."""

from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is known to look at anything yet, and nothing has been said."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Nobody is told any more who looks at the same alert, nor what was said to all."""
    op.execute("DROP TABLE room_words_read")
    op.execute("DROP TABLE room_words")
    op.execute("ALTER TABLE web_session DROP COLUMN looks_at, DROP COLUMN looks_seen_at")
