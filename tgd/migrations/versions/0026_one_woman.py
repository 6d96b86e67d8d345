"""A second file about a woman who has an open one is merged into it."""

from pathlib import Path

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BEFORE = (
    ("case_file_one_open", "UNIQUE INDEX", "(person)",
     "state NOT IN ('refused', 'closed', 'purged') AND NOT is_shortcut"),
    ("case_file_ended", "INDEX", "(court, changed_at)", "state IN ('refused', 'closed')"),
    ("case_file_ended_of_association", "INDEX", "(association, changed_at)",
     "state IN ('refused', 'closed')"),
    ("case_file_to_forget", "INDEX", "(purge_at)", "state IN ('refused', 'closed')"),
)  # fmt: skip


def upgrade() -> None:
    """A state, and into which file; nothing is merged yet."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """What was merged has ended without a decision: it waits for its day like a refused file."""
    op.execute("UPDATE case_file SET state = 'refused' WHERE state = 'merged'")
    op.execute("ALTER TABLE case_file DROP COLUMN merged_into CASCADE")
    for name in ("case_file_state", "case_file_end_reaches_purge"):
        op.execute(f"ALTER TABLE case_file DROP CONSTRAINT {name}")
    op.execute(
        "ALTER TABLE case_file ADD CONSTRAINT case_file_state CHECK (state IN ('reported',"
        " 'under_evaluation', 'opinion_given', 'decision_pending', 'refused', 'granted', 'active',"
        " 'suspended', 'expired', 'withdrawn', 'closed', 'purged')),"
        " ADD CONSTRAINT case_file_end_reaches_purge CHECK (state NOT IN ('closed', 'refused')"
        " OR purge_at IS NOT NULL)"
    )
    for name, kind, columns, where in BEFORE:
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE {kind} {name} ON case_file {columns} WHERE {where}")
