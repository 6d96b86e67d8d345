"""Notices told outside the pages; allocations that exclude each other take turns."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables and a trigger; no row changes, allocations wait for the trigger a moment."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Without them: what is not told yet is seen in the pages only."""
    op.execute("DROP TRIGGER allocation_in_line ON allocation")
    op.execute("DROP FUNCTION allocation_stands_in_line")
    op.execute("DROP TABLE notice_telling")
    op.execute("DROP TABLE notice")
