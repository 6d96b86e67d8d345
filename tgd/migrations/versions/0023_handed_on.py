"""An alert that is offered to a colleague: to whom, and since when."""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; nothing is offered yet."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Who was offered something is not asked any more; whoever has it goes on having it."""
    op.execute("ALTER TABLE alert DROP COLUMN offered_to, DROP COLUMN offered_at")
