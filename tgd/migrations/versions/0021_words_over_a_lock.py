"""What somebody was writing when the screen locked is opened again by a key of that browser."""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; browsers that signed in before keep nothing over a lock."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """A lock takes what was being written."""
    op.execute("ALTER TABLE web_session DROP COLUMN words_key")
