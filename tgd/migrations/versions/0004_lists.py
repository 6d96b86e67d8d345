"""Indexes that keep lists, files and searches fast when there are 50,000 allocations."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAMES = (
    "alert_of_person",
    "alert_of_handset",
    "allocation_of_decision",
    "case_file_ended",
    "case_file_ended_of_association",
    "case_file_of_association",
    "case_file_of_person",
    "consent_of_person",
    "handset_incident_of_file",
    "handset_of_pool",
    "journal_of_file",
)


def upgrade() -> None:
    """No row changes; each table waits for its indexes for some seconds at most."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """The lists become slow again."""
    op.execute("CREATE INDEX ix_case_file_association ON case_file (association)")
    for name in NAMES:
        op.execute(f"DROP INDEX {name}")
