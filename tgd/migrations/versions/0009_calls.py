"""Calls to handsets with their recordings, announced exercises, missed tests, SIM cards."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes; new columns are empty."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Which recordings the provider keeps is forgotten: erase them there first. Exercises are
    tests then."""
    for table in ("recording", "call_leg", "conversation"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE shift DROP COLUMN telephone")
    op.execute("DROP TABLE exercise")
    op.execute("ALTER TABLE handset_status DROP COLUMN sim")
    op.execute("DELETE FROM technical_item WHERE kind IN ('test_missed', 'sim_changed')")
    op.execute("ALTER TABLE technical_item DROP CONSTRAINT technical_kind")
    op.execute(
        "ALTER TABLE technical_item ADD CONSTRAINT technical_kind"
        " CHECK (kind IN ('silent', 'low_battery', 'lost'))"
    )
    op.execute("UPDATE alert SET lane = 'test' WHERE lane = 'exercise' AND state = 'closed'")
    op.execute("ALTER TABLE alert DROP CONSTRAINT alert_lane")
    op.execute(
        "ALTER TABLE alert ADD CONSTRAINT alert_lane CHECK (lane IN ('real', 'test', 'canary'))"
    )
