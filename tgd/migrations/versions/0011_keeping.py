"""What is kept longer by a prosecutor's act; alerts of nobody that are forgotten."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes; new columns are empty."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """What was kept longer is forgotten on its usual day."""
    op.execute("DROP INDEX alert_of_nobody")
    op.execute("ALTER TABLE alert DROP COLUMN forgotten_at")
    op.execute("DROP TABLE kept_longer")
