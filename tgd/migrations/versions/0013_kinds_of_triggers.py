"""A trigger is an id and a kind, and the id may name another press a day after its closing."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Of several rows of one id, all but the first get an id of their own."""
    op.execute(
        "UPDATE alert_trigger t SET trigger = left(trigger, 40) || ':'"
        " || replace(id::text, '-', '')"
        " WHERE EXISTS (SELECT 1 FROM alert_trigger o WHERE o.source = t.source"
        " AND o.trigger = t.trigger AND (o.heard_at, o.id) < (t.heard_at, t.id))"
    )
    op.execute("ALTER TABLE alert_trigger DROP CONSTRAINT alert_trigger_once")
    op.execute(
        "ALTER TABLE alert_trigger ADD CONSTRAINT alert_trigger_once UNIQUE (source, trigger)"
    )
