"""Wordings of the law that came after those of the code, and partners; a platform that erases."""

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables and a kind of notice; the three wordings of before are where they were."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Decisions keep the words that they rest on; what is decided next knows none of these."""
    op.execute("DELETE FROM notice_telling t USING notice n"
               " WHERE n.id = t.notice AND n.kind = 'erasure'")  # fmt: skip
    op.execute("DELETE FROM notice WHERE kind = 'erasure'")
    op.execute("ALTER TABLE notice DROP CONSTRAINT notice_kind")
    op.execute("ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ('reminder',"
               " 'escalation', 'handset', 'stock', 'sheet', 'undelivered'))")  # fmt: skip
    op.execute("DROP TABLE partner")
    op.execute("DROP TABLE legal_text")
