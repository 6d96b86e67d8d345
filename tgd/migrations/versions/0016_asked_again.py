"""A press after a pause is seen to again, and a second request for the police is one of its own."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns of an alert."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """A later press moves nobody, and a second request is told to nobody."""
    op.execute("ALTER TABLE alert DROP COLUMN pressed_again_at, DROP COLUMN requests")
