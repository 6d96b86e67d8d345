"""The first tables, as the SQL beside this file; it stands alone, whatever the tables become."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAMES = (
    "sighting",
    "answer_heard",
    "note",
    "delivery",
    "alert_trigger",
    "alert_position",
    "web_session",
    "technical_item",
    "handset_status",
    "consent",
    "allocation",
    "alert",
    "provider_message",
    "protected_person",
    "journal",
    "handset",
    "account",
)
"""Who refers comes before who is referred to."""


def upgrade() -> None:
    """From nothing."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """To nothing: everything is lost, the journal with it.

    The extension stays: an administrator may have put it there for others too.
    """
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
    op.execute("DROP FUNCTION journal_is_append_only()")
