"""What of the decisions about a file is shown to whom."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.records import CaseFile
from tgd.rules.access import Act, Role, may
from tgd.rules.scope import BY_ALERT, I_13, RENEWED
from tgd.store import accounts, files

COLUMNS = (
    "id", "kind", "reasons", "begins_on", "ends_at", "text_version", "route", "against_advice",
    "by", "on_call", "signed_at", "content_hash",
)  # fmt: skip


def signs_as(session: Session, officer: Officer) -> dict[str, str | None] | None:
    """How a decision of this person would name who signs; None for who signs nothing."""
    if not may(officer.role, Act.DECIDE):
        return None
    name, capacity = accounts.printed(session, officer.name)
    return {"account": officer.name, "name": name, "capacity": capacity}


def decisions_shown(
    session: Session, officer: Officer, seen: CaseFile, now: datetime
) -> list[dict[str, Any]]:
    """All of them, the reasons for the court alone; behind an alert what I.13 of the order is."""
    said = frozenset(COLUMNS)
    if officer.role in BY_ALERT:
        said = I_13
    elif officer.role is Role.ASSOCIATION:
        said -= {"reasons"}
    return [
        {name: getattr(d, name) if name in said else None for name in COLUMNS}
        for d in files.decisions(session, seen.id)
        if officer.role not in BY_ALERT or d.kind in RENEWED
    ]
