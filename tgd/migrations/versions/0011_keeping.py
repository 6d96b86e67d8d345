"""What is kept longer by a prosecutor's act; alerts of nobody that are forgotten; texts about
files that did not arrive; operators who want to be heard."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes; new columns are empty."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """What was kept longer is forgotten on its usual day; texts stand as sent."""
    op.execute("DROP INDEX conversation_to_speak")
    for column in ("speak_wanted_at", "speak_asked_at", "speaks_at", "speak_why"):
        op.execute(f"ALTER TABLE conversation DROP COLUMN {column}")
    op.execute("DROP INDEX notice_telling_undelivered")
    op.execute("ALTER TABLE notice_telling DROP COLUMN not_delivered_at")
    op.execute(
        "DELETE FROM notice_telling t USING notice n WHERE n.id = t.notice"
        " AND n.kind = 'undelivered'"
    )
    op.execute("DELETE FROM notice WHERE kind = 'undelivered'")
    op.execute("ALTER TABLE notice DROP CONSTRAINT notice_kind")
    op.execute(
        "ALTER TABLE notice ADD CONSTRAINT notice_kind"
        " CHECK (kind IN ('reminder', 'escalation', 'handset'))"
    )
    op.execute("DROP INDEX alert_of_nobody")
    op.execute("ALTER TABLE alert DROP COLUMN forgotten_at")
    op.execute("DROP TABLE kept_longer")
