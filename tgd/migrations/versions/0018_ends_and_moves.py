"""What ends, is recalled, told of, moved or accepted: the tables of a court's inventory."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = (
    "referral_waiting", "hand_over_waiting", "renewal_first", "renewal_second", "renewal_last",
    "allocation_end", "ban_end", "oppi_unconfirmed", "release", "test_due", "return_due",
    "platform_erasure", "traces_erasure", "clearance_end", "consent_withdrawn",
)  # fmt: skip
DECISIONS = ("grant", "refuse", "ask_for_more", "renew", "shorten", "suspend", "resume", "withdraw")
DEADLINES = (
    "referral_waiting", "hand_over_waiting", "renewal_first", "renewal_second", "renewal_last",
    "allocation_end", "ban_end", "oppi_unconfirmed", "release", "test_due", "return_due",
    "platform_erasure", "traces_erasure", "clearance_end", "recall_waiting", "agreement_end",
    "consent_withdrawn",
)  # fmt: skip


def upgrade() -> None:
    """New tables and columns, and more kinds; what runs already counts."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Nobody is reminded of it any more; what went to another court stays there."""
    op.execute("ALTER TABLE handset DROP COLUMN imsi, DROP COLUMN certified_since")
    op.execute("DROP TABLE model_acceptance")
    op.execute("DROP TABLE file_transfer")
    op.execute("DELETE FROM deadline WHERE kind IN ('transfer_waiting', 'test_call', 'test_visit')")
    op.execute("DELETE FROM decision WHERE kind = 'transfer'")
    for table, kinds in (("decision", DECISIONS), ("deadline", DEADLINES)):
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_kind")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_kind CHECK (kind IN ({listed}))")
    op.execute("DELETE FROM notice_telling t USING notice n"
               " WHERE n.id = t.notice AND n.kind IN ('sheet', 'stock')")  # fmt: skip
    op.execute("DELETE FROM notice WHERE kind IN ('sheet', 'stock')")
    op.execute("ALTER TABLE notice DROP CONSTRAINT notice_kind")
    op.execute("ALTER TABLE notice ADD CONSTRAINT notice_kind"
               " CHECK (kind IN ('reminder', 'escalation', 'handset', 'undelivered'))")  # fmt: skip
    op.execute("ALTER TABLE sheet_copy DROP COLUMN acknowledged_at, DROP COLUMN acknowledged_by")
    op.execute("DELETE FROM deadline WHERE kind IN ('agreement_end', 'recall_waiting')")
    op.execute("ALTER TABLE deadline DROP CONSTRAINT deadline_kind")
    op.execute("ALTER TABLE deadline DROP CONSTRAINT deadline_of_one")
    op.execute("ALTER TABLE deadline DROP COLUMN agreement")
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    op.execute(f"ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ({listed}))")
    op.execute(
        "ALTER TABLE deadline ADD CONSTRAINT deadline_of_one"
        " CHECK ((case_file IS NULL) <> (clearance IS NULL))"
    )
    op.execute("DROP TABLE partnership_agreement")
