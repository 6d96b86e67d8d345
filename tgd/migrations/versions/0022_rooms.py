"""People of a control room are cleared for that room, and find the alerts of its area."""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column and two indexes; nobody is cleared for a room by it."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Clearances for a room go, with their deadlines."""
    op.execute("DROP INDEX commune_of_room")
    op.execute("DROP INDEX commune_of_court")
    op.execute("DELETE FROM deadline d USING clearance c WHERE d.clearance = c.id"
               " AND c.control_room IS NOT NULL")  # fmt: skip
    op.execute("DELETE FROM clearance WHERE control_room IS NOT NULL")
    op.execute("ALTER TABLE clearance DROP CONSTRAINT clearance_for_one")
    op.execute("ALTER TABLE clearance DROP COLUMN control_room")
    op.execute(
        "ALTER TABLE clearance ADD CONSTRAINT clearance_for_one"
        " CHECK ((court IS NULL) <> (association IS NULL))"
    )
