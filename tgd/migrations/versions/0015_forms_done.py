"""Forms that were acted on are remembered by the record: a console that died acts on none twice."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Each console has only its own memory again."""
    op.execute("DROP TABLE form_done")
