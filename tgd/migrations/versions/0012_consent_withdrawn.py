"""A withdrawn consent is a deadline of its own kind, that her new yes or a renewal settles."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = (
    "referral_waiting", "hand_over_waiting", "renewal_first", "renewal_second", "renewal_last",
    "allocation_end", "ban_end", "oppi_unconfirmed", "release", "test_due", "return_due",
    "platform_erasure", "traces_erasure", "clearance_end",
)  # fmt: skip


def upgrade() -> None:
    """What a withdrawal had opened as a referral that waits gets its own name."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """They are referrals that wait again; those that are settled are forgotten."""
    op.execute("DELETE FROM deadline WHERE kind = 'consent_withdrawn' AND settled_at IS NOT NULL")
    op.execute(
        "UPDATE deadline SET kind = 'referral_waiting' WHERE kind = 'consent_withdrawn'"
        " AND NOT EXISTS (SELECT 1 FROM deadline o WHERE o.case_file = deadline.case_file"
        " AND o.kind = 'referral_waiting' AND o.settled_at IS NULL)"
    )
    op.execute("DELETE FROM deadline WHERE kind = 'consent_withdrawn'")
    op.execute("ALTER TABLE deadline DROP CONSTRAINT deadline_kind")
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    op.execute(f"ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ({listed}))")
