"""What must be forgotten and what holds it back; delegations; counts of the stock by a human."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row changes; new columns are empty."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """What was forgotten stays so; holds, who ended a clearance, and counts are lost."""
    op.execute("DROP TABLE stock_census")
    op.execute("DROP TABLE legal_hold")
    op.execute("DROP INDEX sighting_kept_raw")
    op.execute("DROP INDEX case_file_to_forget")
    op.execute("ALTER TABLE case_file DROP COLUMN platform_erased_at, DROP COLUMN counts")
    op.execute("ALTER TABLE clearance DROP COLUMN revoked_by")
