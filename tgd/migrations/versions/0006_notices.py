"""Notices: what somebody outside the pages must be told about files and handsets."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables; no row changes, nobody waits."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Without them: what is not told yet is seen in the pages only."""
    op.execute("DROP TABLE notice_telling")
    op.execute("DROP TABLE notice")
