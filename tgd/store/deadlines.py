"""Questions about deadlines: what is due, whose it is, what is settled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from tgd import ids
from tgd.records import Deadline
from tgd.rules.access import Role
from tgd.rules.deadlines import RULES, DeadlineKind, Planned, first_look

CLEARANCE_OF = """(c.court = ANY(:courts) OR c.association IS NOT NULL AND (
    EXISTS (SELECT 1 FROM partnership_agreement g
            WHERE g.association = c.association AND g.court = ANY(:courts))
    OR cardinality(CAST(:courts AS text[])) > 0 AND NOT EXISTS (
        SELECT 1 FROM partnership_agreement g WHERE g.association = c.association))
    OR c.control_room IS NOT NULL AND (
        EXISTS (SELECT 1 FROM commune m
                WHERE m.control_room = c.control_room AND m.court = ANY(:courts))
        OR cardinality(CAST(:courts AS text[])) > 0 AND NOT EXISTS (
            SELECT 1 FROM commune m WHERE m.control_room = c.control_room)))"""
"""A clearance for one of these courts, of an agent of an association that has an agreement with one
of them, or of a control room that is sent somewhere in their area; one of an association or a room
that no court works with is everybody's, so that nobody forgets it."""


def plan(session: Session, file_id: UUID, planned: Iterable[Planned], now: datetime) -> None:
    """Give a file these dates; an open one of the same kind is replaced by the new date."""
    fresh = list(planned)
    settle(session, file_id, [one.kind for one in fresh], "replaced", now)
    session.add_all([Deadline(**first_plan(file_id, one, now)) for one in fresh])
    session.flush()


def first_plan(file_id: UUID, one: Planned, now: datetime) -> dict[str, Any]:
    """The row of a date of a file; nothing is kept."""
    return planned_row(one, now) | {"case_file": file_id}


def planned_row(one: Planned, now: datetime) -> dict[str, Any]:
    """The row of a date, but for what it is of."""
    rule = RULES[one.kind]
    return {
        "id": ids.new(now), "kind": one.kind.value, "due_at": one.due_at,
        "owner": rule.owner.value, "escalation": rule.escalation.value,
        "look_again_at": first_look(one),
    }  # fmt: skip


def settle(
    session: Session, file_id: UUID, kinds: Iterable[DeadlineKind], by: str, now: datetime
) -> int:
    """These matters of the file are done; gives how many were open."""
    found = session.connection().execute(
        text(
            "UPDATE deadline SET settled_at = :now, settled_by = :by, look_again_at = NULL"
            " WHERE case_file = :file AND kind = ANY(:kinds) AND settled_at IS NULL"
        ),
        {"file": file_id, "kinds": [k.value for k in kinds], "by": by, "now": now},
    )
    return found.rowcount


def give_to(
    session: Session, file_id: UUID, kind: DeadlineKind, owner: Role, escalation: Role
) -> None:
    """This open matter of the file is somebody else's than the rule says."""
    session.connection().execute(
        update(Deadline)
        .where(
            col(Deadline.case_file) == file_id,
            col(Deadline.kind) == kind.value,
            col(Deadline.settled_at).is_(None),
        )
        .values(owner=owner.value, escalation=escalation.value)
    )


def deadline(session: Session, deadline_id: UUID) -> Deadline | None:
    """The deadline as the record has it now."""
    return session.get(Deadline, deadline_id, populate_existing=True)


def may_chase(session: Session) -> bool:
    """Whether this transaction is the only turn over the deadlines; no row is locked for it."""
    found = session.connection().execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": TURN_LOCK}
    )
    return bool(found.scalar_one())


def stand_in_line(session: Session) -> None:
    """Behind a turn that forgets at this moment; the next one sees what this act writes."""
    session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TURN_LOCK})


TURN_LOCK = 0x7467642E


def due(session: Session, now: datetime, limit: int) -> list[Deadline]:
    """Open ones whose look has come; ends of periods first, since they change files as acts do:
    an act and a turn lock in one order, file before deadlines."""
    return list(
        session.exec(
            select(Deadline)
            .where(col(Deadline.settled_at).is_(None), col(Deadline.look_again_at) <= now)
            .order_by(
                col(Deadline.kind) != DeadlineKind.ALLOCATION_END.value,
                col(Deadline.look_again_at),
                col(Deadline.id),
            )
            .limit(limit)
            .execution_options(populate_existing=True)
        )
    )


def postpone(session: Session, deadline_id: UUID, look_again_at: datetime) -> None:
    """Look at it a little later."""
    session.connection().execute(
        update(Deadline)
        .where(col(Deadline.id) == deadline_id, col(Deadline.settled_at).is_(None))
        .values(look_again_at=look_again_at)
    )


def change(session: Session, seen: Deadline, changes: dict[str, Any]) -> bool:
    """Change it if it is still open and was not acknowledged meanwhile."""
    at = col(Deadline.acknowledged_at)
    same = at.is_(None) if seen.acknowledged_at is None else at == seen.acknowledged_at
    found = session.connection().execute(
        update(Deadline)
        .where(col(Deadline.id) == seen.id, col(Deadline.settled_at).is_(None), same)
        .values(**changes)
    )
    return found.rowcount == 1


def plan_once(session: Session, file_id: UUID, one: Planned, now: datetime) -> Deadline | None:
    """Give a file this date unless it has one of this kind that is open, or had it on this very
    moment and it was settled; gives the new row."""
    found = session.connection().execute(
        text(
            "SELECT 1 FROM deadline WHERE case_file = :file AND kind = :kind"
            " AND (settled_at IS NULL OR due_at >= :due_at) LIMIT 1"
        ),
        {"file": file_id, "kind": one.kind.value, "due_at": one.due_at},
    )
    if found.first() is not None:
        return None
    row = Deadline(**first_plan(file_id, one, now))
    session.add(row)
    session.flush()
    return row


def of_file(session: Session, file_id: UUID) -> list[Deadline]:
    """The open deadlines of a file, the nearest first."""
    return list(
        session.exec(
            select(Deadline)
            .where(col(Deadline.case_file) == file_id, col(Deadline.settled_at).is_(None))
            .order_by(col(Deadline.due_at), col(Deadline.kind))
            .execution_options(populate_existing=True)
        )
    )


_THEIRS = text(
    f"""
    SELECT d.id, d.kind, d.due_at, d.owner, d.escalation, d.reminded_at, d.escalated_at,
           d.acknowledged_at, d.acknowledged_by, d.case_file, f.number, c.account, d.pool,
           coalesce(f.court, c.court, g.court, p.court) AS court, t.zone,
           coalesce(c.association, g.association) AS association, count(*) OVER () AS total
    FROM deadline d
    LEFT JOIN case_file f ON f.id = d.case_file
    LEFT JOIN clearance c ON c.id = d.clearance
    LEFT JOIN partnership_agreement g ON g.id = d.agreement
    LEFT JOIN pool p ON p.code = d.pool
    LEFT JOIN court t ON t.code = coalesce(f.court, c.court, g.court, p.court)
    WHERE d.settled_at IS NULL
      AND (d.owner = :role OR (d.escalation = :role AND d.escalated_at IS NOT NULL)
           OR d.kind = 'release' AND :role = 'association')
      AND (f.court = ANY(:courts_and_on_call) AND d.kind <> 'transfer_waiting'
           OR d.kind = 'transfer_waiting' AND EXISTS (SELECT 1 FROM file_transfer x
               WHERE x.case_file = f.id AND x.outcome IS NULL
               AND x.to_court = ANY(:courts_and_on_call))
           OR f.association = CAST(:association AS text)
           OR g.court = ANY(:courts) OR p.court = ANY(:courts) OR {CLEARANCE_OF})
    ORDER BY d.due_at, d.id OFFSET :skip LIMIT :limit
    """  # noqa: S608 -- constants of this file
)


def of_role(
    session: Session, role: str, courts: Sequence[str], on_call: Sequence[str],
    association: str | None, *, skip: int = 0, limit: int = 200,
) -> list[Any]:  # fmt: skip
    """The nearest open deadlines that a role owns, or that were escalated to it: of files of these
    courts and those that it has on call, or of this association; of clearances, agreements and
    stocks of these courts. Each says how many there are."""
    known = {"role": role, "courts": list(courts), "association": association, "skip": skip,
             "courts_and_on_call": [*courts, *on_call], "limit": limit}  # fmt: skip
    return list(session.connection().execute(_THEIRS, known))
