"""Canaries: handsets of nobody, whose presses show each minute that a channel is heard."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OURS = "(SELECT id FROM alert WHERE lane = 'canary')"


def upgrade() -> None:
    """No row changes; the tables are read once while the constraints are added."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """The presses of canaries go; their handsets stay retired, so that nobody is given one."""
    op.execute(f"DELETE FROM sighting WHERE alert IN {_OURS}")  # noqa: S608
    op.execute(f"DELETE FROM alert_trigger WHERE alert IN {_OURS}")  # noqa: S608
    op.execute("DELETE FROM alert WHERE lane = 'canary'")
    op.execute("UPDATE handset SET state = 'retired' WHERE is_canary")
    op.execute("DROP INDEX alert_one_canary")
    op.execute("ALTER TABLE alert DROP CONSTRAINT alert_canary_is_never_open")
    op.execute("ALTER TABLE alert DROP CONSTRAINT alert_lane")
    op.execute("ALTER TABLE alert ADD CONSTRAINT alert_lane CHECK (lane IN ('real', 'test'))")
    op.execute("ALTER TABLE allocation DROP CONSTRAINT allocation_of_no_canary")
    op.execute("ALTER TABLE handset DROP CONSTRAINT handset_canary_in_no_hands")
    op.execute("ALTER TABLE handset DROP CONSTRAINT handset_canary_by_name")
    op.execute("ALTER TABLE handset DROP COLUMN is_canary")
