"""What of the decisions about a file is shown to whom."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.records import CaseFile, Decision
from tgd.rules.access import Act, Role, may
from tgd.rules.allocation import DecisionKind
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
    """All of them, the reasons for the court alone, but what is asked for who is asked; behind an
    alert what I.13 of the order is."""
    return [
        {name: getattr(d, name) if name in _said(officer, d) else None for name in COLUMNS}
        for d in files.decisions(session, seen.id)
        if officer.role not in BY_ALERT or d.kind in RENEWED
    ]


def _said(officer: Officer, decision: Decision) -> frozenset[str]:
    if officer.role in BY_ALERT:
        return I_13
    is_asked = decision.kind == DecisionKind.ASK_FOR_MORE
    hidden = officer.role is Role.ASSOCIATION and not is_asked
    return frozenset(COLUMNS) - ({"reasons"} if hidden else set())
