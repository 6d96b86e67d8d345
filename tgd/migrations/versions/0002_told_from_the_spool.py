"""Which alert became what was told from the spool, as the SQL beside this file."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of merges."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Without it: platforms that were told are no longer told which alert it became."""
    op.execute("DROP TABLE alert_merge")
