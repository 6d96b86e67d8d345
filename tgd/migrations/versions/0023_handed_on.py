"""To whom an alert is offered, and a patrol that is on its way to her."""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns; nothing is offered yet, and nobody has said that a patrol is on the way."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Who was offered something is not asked any more; whoever has it goes on having it."""
    op.execute("ALTER TABLE alert DROP COLUMN offered_to, DROP COLUMN offered_at,"
               " DROP COLUMN on_the_way_at, DROP COLUMN expected_at")  # fmt: skip
