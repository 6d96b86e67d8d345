"""Which alerts each browser of the room has on its screens."""

from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns; nobody is known to look at anything yet."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Nobody is told any more who looks at the same alert."""
    op.execute("ALTER TABLE web_session DROP COLUMN looks_at, DROP COLUMN looks_seen_at")
