"""What several people see at once: who looks at an alert, words to the whole room, and the
fingerprint of a recording that each can compare."""

from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is known to look at anything yet, and nothing has been said."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Nobody is told any more who looks at the same alert, nor what was said to all; a recording is
    compared with nothing, and copies of ours are gone."""
    op.execute("DROP TABLE recording_copy")
    op.execute("ALTER TABLE recording DROP COLUMN sha256, DROP COLUMN size_bytes,"
               " DROP COLUMN fetch_asked_at, DROP COLUMN differs_at")  # fmt: skip
    op.execute("DROP TABLE room_words_read")
    op.execute("DROP TABLE room_words")
    op.execute("ALTER TABLE web_session DROP COLUMN looks_at, DROP COLUMN looks_seen_at")
