"""How an alert ended, as those say who were sent, while one of ours has it."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns; nothing was kept of it before."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """The lines of the journal stay; the sheet no longer says it."""
    op.execute(
        "ALTER TABLE alert DROP COLUMN reported_outcome, DROP COLUMN reported_by,"
        " DROP COLUMN reported_at"
    )
