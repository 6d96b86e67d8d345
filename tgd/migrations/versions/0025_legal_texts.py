"""Wordings of the law that came after those of the code, and partners whose software refers."""

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables; the three wordings of before are where they were."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Decisions keep the words that they rest on; what is decided next knows none of these."""
    op.execute("DROP TABLE partner")
    op.execute("DROP TABLE legal_text")
