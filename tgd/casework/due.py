"""The page of deadlines: what somebody's role owns, or is told of as the one above."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation import reading
from tgd.allocation.acting import Officer
from tgd.rules.access import Role
from tgd.rules.allocation import reference
from tgd.rules.deadlines import RULES, USUAL_ZONE, Chased, DeadlineKind, is_quiet
from tgd.store import notices

PAGE = 100
"""So many are shown at once, the nearest day first."""


def due_shown(
    session: Session, officer: Officer, now: datetime, page: int = 1, *, size: int = PAGE
) -> dict[str, Any]:
    """A page of them, of files, clearances, agreements and stocks; no name but an account's.

    Raises NotAllowed.
    """
    rows = reading.deadlines_shown(session, officer, skip=(page - 1) * size, limit=size)
    unheard = notices.unheard(session, [row.id for row in rows])
    return {
        "deadlines": [_row(row, officer.role, unheard.get(row.id), now) for row in rows],
        "total": rows[0].total if rows else 0, "page": page, "size": size,
    }  # fmt: skip


def _row(row: Any, role: Role, unheard_since: datetime | None, now: datetime) -> dict[str, Any]:
    kind = DeadlineKind(row.kind)
    chased = Chased(kind, row.due_at, row.reminded_at, row.escalated_at, row.acknowledged_at)
    is_near = row.due_at - RULES[kind].warn_before <= now
    is_seen = is_quiet(chased, now)
    return {
        "id": row.id, "kind": row.kind, "due_at": row.due_at, "zone": row.zone or USUAL_ZONE,
        "owner": row.owner, "file": row.case_file,
        "reference": reference(row.number) if row.case_file else None,
        "account": row.account, "pool": row.pool, "court": row.court,
        "association": row.association,
        "is_late": row.due_at <= now, "is_near": is_near, "is_quiet": is_seen,
        "acknowledged_by": row.acknowledged_by, "escalated_at": row.escalated_at,
        "may_acknowledge": is_near and not is_seen and role in (row.owner, row.escalation),
        "not_delivered_at": None if row.acknowledged_at else unheard_since,
    }  # fmt: skip
