"""Calls of operators to handsets: conversations, their legs, recordings; a telephone per shift."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes; the new column is empty."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Which recordings the provider keeps is forgotten: erase them there first."""
    for table in ("recording", "call_leg", "conversation"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE shift DROP COLUMN telephone")
