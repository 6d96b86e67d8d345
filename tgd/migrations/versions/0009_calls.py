"""Calls of operators to handsets with their recordings, and exercises that are announced."""

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
    op.execute("DROP TABLE exercise")
    op.execute("UPDATE alert SET lane = 'test' WHERE lane = 'exercise' AND state = 'closed'")
    op.execute("ALTER TABLE alert DROP CONSTRAINT alert_lane")
    op.execute(
        "ALTER TABLE alert ADD CONSTRAINT alert_lane CHECK (lane IN ('real', 'test', 'canary'))"
    )
