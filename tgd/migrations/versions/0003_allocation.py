"""Case files and what hangs on them, as the SQL beside this file; it stands alone."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAMES = (
    "handset_incident",
    "wipe_proof",
    "return_certificate",
    "handset_transfer",
    "test_press",
    "provisioning",
    "sheet_copy",
    "case_sheet",
    "follow_up",
    "deadline",
    "decision",
    "condition_record",
    "restrained_person",
    "opinion",
    "assessment",
    "referral",
    "case_file",
    "recall",
    "clearance",
    "commune",
    "pool",
    "court",
)
"""Who refers comes before who is referred to."""

BACK = """
UPDATE handset SET state = CASE state WHEN 'ordered' THEN 'in_stock' WHEN 'return_due' THEN 'issued'
    WHEN 'quarantined' THEN 'faulty' ELSE 'returned' END
    WHERE state IN ('ordered', 'return_due', 'wiping', 'refurbished', 'quarantined');
ALTER TABLE handset DROP CONSTRAINT handset_state;
ALTER TABLE handset ADD CONSTRAINT handset_state CHECK (state IN ('in_stock', 'reserved',
    'provisioned', 'issued', 'returned', 'lost', 'stolen', 'faulty', 'retired'));
ALTER TABLE handset DROP COLUMN version, DROP COLUMN model, DROP COLUMN battery,
    DROP COLUMN radio, DROP COLUMN imei;
ALTER TABLE consent DROP COLUMN is_refusal, DROP COLUMN wording, DROP COLUMN recorded_by;
DROP INDEX allocation_one_open_per_handset;
DROP INDEX allocation_one_open_per_person;
ALTER TABLE allocation DROP CONSTRAINT allocation_by_a_grant,
    DROP COLUMN ended_at, DROP COLUMN decided, DROP COLUMN decision;
"""
"""A place in the life of a handset that the older tables do not know becomes the nearest one."""


def upgrade() -> None:
    """From the first tables; every allocation that there is keeps its decision as a row."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """To the first tables: case files and decisions are lost, who carries what is kept."""
    op.execute("ALTER TABLE allocation DROP CONSTRAINT allocation_by_decision")
    op.execute("ALTER TABLE handset DROP COLUMN pool, DROP COLUMN recall")
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
    op.execute("DROP FUNCTION decision_is_final()")
    op.execute(BACK)
