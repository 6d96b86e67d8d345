"""What is waited for: the profile at the platform, and what lies too long in a stock."""

from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

GONE = "SELECT id FROM deadline WHERE kind = 'profile_waiting' OR pool IS NOT NULL"
NOTICES = f"SELECT id FROM notice WHERE kind = 'profile' OR deadline IN ({GONE})"  # noqa: S608


def upgrade() -> None:
    """Handsets that are being prepared now get their profile when the sheet is confirmed."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Nobody is told of a profile any more, and nothing waits for it or in a stock."""
    op.execute("DROP INDEX notice_of_profile")
    op.execute("DROP INDEX journal_of_handset")
    op.execute(f"DELETE FROM notice_telling WHERE notice IN ({NOTICES})")  # noqa: S608
    op.execute(f"DELETE FROM notice WHERE id IN ({NOTICES})")  # noqa: S608
    op.execute(f"DELETE FROM deadline WHERE id IN ({GONE})")  # noqa: S608
    op.execute("ALTER TABLE deadline DROP COLUMN pool CASCADE")
    op.execute(
        "ALTER TABLE deadline ADD CONSTRAINT deadline_of_one"
        " CHECK (num_nonnulls(case_file, clearance, agreement) = 1)"
    )
    for table in ("deadline", "notice"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_kind")
    op.execute(
        "ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ("
        "'referral_waiting', 'hand_over_waiting', 'renewal_first', 'renewal_second', "
        "'renewal_last', 'allocation_end', 'ban_end', 'oppi_unconfirmed', 'release', "
        "'test_due', 'test_call', 'test_visit', 'return_due', 'platform_erasure', "
        "'traces_erasure', 'clearance_end', 'transfer_waiting', 'recall_waiting', "
        "'agreement_end', 'consent_withdrawn' "
        "))"
    )
    op.execute(
        "ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ("
        "'reminder', 'escalation', 'handset', 'stock', 'sheet', 'erasure', 'undelivered' "
        "))"
    )
    op.execute(
        "ALTER TABLE provisioning DROP COLUMN profile_waived_at, DROP COLUMN profile_waived_by,"
        " DROP COLUMN profile_waived_why"
    )
