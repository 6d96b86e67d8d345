"""What is kept longer by a prosecutor's act."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """What was kept longer is forgotten on its usual day."""
    op.execute("DROP TABLE kept_longer")
