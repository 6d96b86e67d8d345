"""Questions about deadlines: what is due, whose it is, what is settled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from tgd import ids
from tgd.records import CaseFile, Clearance, Deadline
from tgd.rules.deadlines import RULES, DeadlineKind, Planned, first_look


def plan(session: Session, file_id: UUID, planned: Iterable[Planned], now: datetime) -> None:
    """Give a file these dates; an open one of the same kind is replaced by the new date."""
    fresh = list(planned)
    settle(session, file_id, [one.kind for one in fresh], "replaced", now)
    session.add_all([Deadline(**first_plan(file_id, one, now)) for one in fresh])
    session.flush()


def first_plan(file_id: UUID, one: Planned, now: datetime) -> dict[str, Any]:
    """The row of a date of a file; nothing is kept."""
    return _row(one, now) | {"case_file": file_id}


def plan_clearance(session: Session, clearance: UUID, ends_at: datetime, now: datetime) -> None:
    """The end of a clearance is a deadline of its own."""
    one = Planned(DeadlineKind.CLEARANCE_END, ends_at)
    session.add(Deadline(**_row(one, now), clearance=clearance))
    session.flush()


def _row(one: Planned, now: datetime) -> dict[str, Any]:
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


def settle_clearance(session: Session, clearance: UUID, by: str, now: datetime) -> None:
    """A clearance that was revoked needs no reminder."""
    session.connection().execute(
        text(
            "UPDATE deadline SET settled_at = :now, settled_by = :by, look_again_at = NULL"
            " WHERE clearance = :clearance AND settled_at IS NULL"
        ),
        {"clearance": clearance, "by": by, "now": now},
    )


def settle_followed(session: Session, clearance: UUID, by: str, now: datetime) -> None:
    """A clearance for the same that lasts longer needs no reminder of the end of the one before."""
    session.connection().execute(
        text(
            "UPDATE deadline d SET settled_at = :now, settled_by = :by, look_again_at = NULL"
            " FROM clearance older, clearance newer WHERE newer.id = :clearance"
            " AND d.clearance = older.id AND d.settled_at IS NULL AND older.id <> newer.id"
            " AND older.account = newer.account AND older.kind = newer.kind"
            " AND older.court IS NOT DISTINCT FROM newer.court"
            " AND older.association IS NOT DISTINCT FROM newer.association"
            " AND newer.begins_at <= older.ends_at AND older.ends_at < newer.ends_at"
        ),
        {"clearance": clearance, "by": by, "now": now},
    )


def reopen_followed(session: Session, clearance: UUID, now: datetime) -> int:
    """Of this one, which is revoked, remind no more; of those that it had followed, again.

    One that another clearance follows still, or that has ended, needs none. Gives how many."""
    found = session.connection().execute(_FOLLOWED, {"clearance": clearance, "now": now})
    older = list(found)
    for one in older:
        plan_clearance(session, one.id, one.ends_at, now)
    return len(older)


_SAME = """{a}.account = {b}.account AND {a}.kind = {b}.kind
        AND {a}.court IS NOT DISTINCT FROM {b}.court
        AND {a}.association IS NOT DISTINCT FROM {b}.association"""
_FOLLOWED = text(
    f"""
    SELECT older.id, older.ends_at FROM clearance older
    JOIN clearance revoked ON revoked.id = :clearance
        AND {_SAME.format(a="older", b="revoked")}
    WHERE older.id <> revoked.id AND older.revoked_at IS NULL AND older.ends_at > :now
      AND EXISTS (SELECT 1 FROM deadline d WHERE d.clearance = older.id)
      AND NOT EXISTS (SELECT 1 FROM deadline d
                      WHERE d.clearance = older.id AND d.settled_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM clearance newer
                      WHERE newer.revoked_at IS NULL AND newer.id <> older.id
                        AND {_SAME.format(a="newer", b="older")}
                        AND newer.begins_at <= older.ends_at AND older.ends_at < newer.ends_at)
    """  # noqa: S608 -- constants of this file
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


def of_role(
    session: Session, role: str, courts: Sequence[str], association: str | None, limit: int = 200
) -> list[Deadline]:
    """The nearest open deadlines that a role owns, or that were escalated to it, in these
    courts."""
    theirs = (
        col(CaseFile.court).in_(courts)
        | col(Clearance.court).in_(courts)
        | col(Clearance.association).is_not(None)
        if association is None
        else col(CaseFile.association) == association
    )
    asked = (
        select(Deadline)
        .outerjoin(CaseFile, col(CaseFile.id) == col(Deadline.case_file))
        .outerjoin(Clearance, col(Clearance.id) == col(Deadline.clearance))
        .where(col(Deadline.settled_at).is_(None), theirs)
        .where(
            (col(Deadline.owner) == role)
            | ((col(Deadline.escalation) == role) & col(Deadline.escalated_at).is_not(None))
        )
        .order_by(col(Deadline.due_at), col(Deadline.id))
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return list(session.exec(asked))
