"""A decision keeps who signed, by full name and capacity, and the facts on which it stands."""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns; what was signed before stays as it is, with its fingerprint."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Fingerprints of what was signed meanwhile can be compared with nothing any more."""
    op.execute("ALTER TABLE decision DROP COLUMN facts")
    op.execute("ALTER TABLE account DROP COLUMN full_name, DROP COLUMN capacity")
