"""Which deadline a notice reminds of, and what was checked before a decision was signed."""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns; what is on its way to a telephone now finds its deadline by file and kind."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """A text about a clearance that does not arrive waits for the days of its rule again."""
    op.execute("ALTER TABLE decision DROP COLUMN details")
    op.execute("DROP INDEX notice_of_deadline")
    op.execute("ALTER TABLE notice DROP COLUMN deadline, DROP COLUMN is_urgent")
