"""What the policy does next for each open alert, as dispatch leaves it for the consoles."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is rewritten; dispatch writes the new columns when it next looks."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Consoles show no countdown; nothing that is told depends on it."""
    op.execute("ALTER TABLE alert DROP CONSTRAINT alert_next_step_has_a_moment")
    for column in ("next_at", "next_step", "next_version", "tones_s", "plans"):
        op.execute(f"ALTER TABLE alert DROP COLUMN {column}")
