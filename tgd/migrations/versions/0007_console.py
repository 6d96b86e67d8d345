"""What the operators' room needs: signs of an owner's screen, shelves, shifts and hand-overs."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes; new columns are empty."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Shelved items stand in the list again; shifts and hand-overs are forgotten."""
    op.execute("DROP TABLE hand_over")
    op.execute("DROP TABLE shift")
    for column in ("shelved_until", "shelved_by", "shelved_why"):
        op.execute(f"ALTER TABLE technical_item DROP COLUMN {column}")
    op.execute("ALTER TABLE alert DROP COLUMN owner_seen_at")
