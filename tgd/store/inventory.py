"""Questions about the stock: handsets, who carries them, what was agreed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from tgd.records import Allocation, Consent, Handset, ProtectedPerson
from tgd.store import many, people

_LISTED = text(
    """
    SELECT h.id, h.state, h.number, h.is_test_device, h.is_canary, h.enrolled_at, s.heard_at,
           s.battery_pct, a.person, p.name, lower(a.period) AS begins_at, upper(a.period) AS ends_at
    FROM handset h
    LEFT JOIN handset_status s ON s.handset = h.id
    LEFT JOIN (
        SELECT DISTINCT ON (handset) handset, person, period FROM allocation
        ORDER BY handset, (period @> CAST(:now AS timestamptz)) DESC, lower(period) DESC
    ) a ON a.handset = h.id
    LEFT JOIN protected_person p ON p.id = a.person
    ORDER BY h.enrolled_at, h.id
    """
)


_FILES_END = text(
    """
    WITH ended AS (
        UPDATE case_file f
        SET state = 'closed', end_reason = coalesce(f.end_reason, 'beneficiary_request'),
            ended_at = :now, purge_at = CAST(:now AS timestamptz) + interval '6 months',
            changed_at = :now, version = version + 1
        FROM decision d JOIN allocation a ON a.decision = d.id
        WHERE d.case_file = f.id AND a.handset = :handset AND a.ended_at IS NULL
          AND f.is_shortcut AND f.state <> 'closed'
        RETURNING f.id
    )
    UPDATE deadline SET settled_at = :now, settled_by = 'returned', look_again_at = NULL
    WHERE settled_at IS NULL AND case_file IN (SELECT id FROM ended)
    """
)
"""The files of the shortcut follow the word of the command line; the others have acts."""


_NAMED = text(
    "SELECT id, number, state FROM handset"
    " WHERE id = ANY(:handsets) OR number = ANY(:numbers) ORDER BY id"
)
_NAMED_AND_KEPT = text(f"{_NAMED.text} FOR NO KEY UPDATE")


def add_handset(session: Session, handset: Handset) -> bool:
    """A new handset; False when another one has its number."""
    return _added(session, handset) is None


def add_lists(
    session: Session, *lists: tuple[type[SQLModel], Sequence[dict[str, Any]]]
) -> str | None:
    """Rows of several tables; the name of the constraint that refuses one, and then none of them
    is kept, or None."""
    try:
        with session.begin_nested():
            many.add(session, *lists)
    except IntegrityError as error:
        return _constraint(error)
    return None


def named_by(
    session: Session, handsets: Sequence[str], numbers: Sequence[str], *, wait: bool
) -> list[Any]:
    """Handsets with these ids or numbers: id, number, state. With `wait` nobody else changes them
    before this transaction ends; everybody who waits for several does so in the order of ids."""
    found = session.connection().execute(
        _NAMED_AND_KEPT if wait else _NAMED, {"handsets": list(handsets), "numbers": list(numbers)}
    )
    return list(found)


def carried(session: Session, handsets: Sequence[str], now: datetime) -> list[Any]:
    """What these handsets are given for that is not over: handset, is_open, begins_at, ends_at."""
    found = session.connection().execute(
        text(
            "SELECT handset, ended_at IS NULL AS is_open, lower(period) AS begins_at,"
            " upper(period) AS ends_at FROM allocation"
            " WHERE handset = ANY(:handsets) AND NOT isempty(period)"
            " AND (ended_at IS NULL OR upper(period) > :now OR upper_inf(period))"
        ),
        {"handsets": list(handsets), "now": now},
    )
    return list(found)


def change_states(
    session: Session, handsets: Sequence[str], seen: Sequence[str], state: str
) -> bool:
    """Give all of them this state; False when one is not in any of those seen."""
    found = session.connection().execute(
        text("UPDATE handset SET state = :state WHERE id = ANY(:ids) AND state = ANY(:seen)"),
        {"ids": list(handsets), "state": state, "seen": list(seen)},
    )
    return found.rowcount == len(handsets)


def handset(session: Session, handset_id: str) -> Handset | None:
    """The handset as the record has it now."""
    return session.get(Handset, handset_id, populate_existing=True)


def handset_with_number(session: Session, number: str) -> str | None:
    """The id of the handset with this number (E.164)."""
    found = session.connection().execute(
        text("SELECT id FROM handset WHERE number = :number"), {"number": number}
    )
    return found.scalar_one_or_none()


def change_state(session: Session, handset_id: str, seen: Sequence[str], state: str) -> bool:
    """Give the handset this state if it is in one of those seen; False when it is not."""
    found = session.connection().execute(
        text("UPDATE handset SET state = :state WHERE id = :id AND state = ANY(:seen)"),
        {"id": handset_id, "state": state, "seen": list(seen)},
    )
    return found.rowcount == 1


def add_person(session: Session, person: ProtectedPerson) -> None:
    """A new protected person."""
    session.add(person)
    session.flush()


def person_is_known(session: Session, person: UUID) -> bool:
    """Whether there is such a person, and she is not forgotten; she is not while this transaction
    runs."""
    return people.is_remembered(session, person)


def stand_in_line(session: Session, handset_id: str, person: UUID) -> None:
    """Wait for whoever gives this handset, or gives one to this person, at this very moment: two
    rows that exclude each other would wait for each other until the record refuses one."""
    for table, known in (("handset", handset_id), ("protected_person", person)):
        session.connection().execute(
            text(f"SELECT 1 FROM {table} WHERE id = :id FOR NO KEY UPDATE"),  # noqa: S608
            {"id": known},
        )


def add_allocation(session: Session, allocation: Allocation) -> str | None:
    """A handset given for a period; the name of the constraint that refuses it, or None."""
    return _added(session, allocation)


def end_allocation(session: Session, handset_id: str, now: datetime) -> bool:
    """End the allocation that runs now, or comes; False when there is none.

    One that has not begun is removed, since it never was.
    """
    known = {"handset": handset_id, "now": now}
    session.connection().execute(_FILES_END, known)
    removed = session.connection().execute(
        text("DELETE FROM allocation WHERE handset = :handset AND lower(period) >= :now"), known
    )
    ended = session.connection().execute(
        text(
            "UPDATE allocation SET ended_at = :now,"
            " period = CASE WHEN upper(period) <= :now THEN period"
            "               ELSE tstzrange(lower(period), :now) END"
            " WHERE handset = :handset AND ended_at IS NULL RETURNING upper(period) = :now"
        ),
        known,
    )
    return removed.rowcount > 0 or any(row[0] for row in ended)


def end_overdue(session: Session, person: UUID, now: datetime) -> None:
    """What she had until a day that is past is hers no more, when she is given another one."""
    session.connection().execute(
        text(
            "UPDATE allocation SET ended_at = :now"
            " WHERE person = :person AND ended_at IS NULL AND upper(period) <= :now"
        ),
        {"person": person, "now": now},
    )


def is_allocated(session: Session, handset_id: str, now: datetime) -> bool:
    """Whether somebody carries it by a decision that runs now."""
    found = session.connection().execute(
        text(
            "SELECT 1 FROM allocation WHERE handset = :handset"
            " AND period @> CAST(:now AS timestamptz)"
        ),
        {"handset": handset_id, "now": now},
    )
    return found.first() is not None


def add_consent(session: Session, consent: Consent) -> None:
    """The person agrees to something."""
    session.add(consent)
    session.flush()


def withdraw(session: Session, person: UUID, scope: str, now: datetime) -> bool:
    """Withdraw what the person had agreed to last in this scope; False when nothing was."""
    found = session.connection().execute(
        text(
            "UPDATE consent SET withdrawn_at = :now WHERE withdrawn_at IS NULL AND id ="
            " (SELECT id FROM consent WHERE person = :person AND scope = :scope"
            "  ORDER BY given_at DESC, id DESC LIMIT 1)"
        ),
        {"person": person, "scope": scope, "now": now},
    )
    return found.rowcount == 1


def holder(session: Session, handset_id: str, now: datetime) -> UUID | None:
    """Who carries the handset now, or did last."""
    found = session.connection().execute(
        text(
            "SELECT person FROM allocation WHERE handset = :handset AND lower(period) <= :now"
            " ORDER BY lower(period) DESC LIMIT 1"
        ),
        {"handset": handset_id, "now": now},
    )
    return found.scalar_one_or_none()


def listed(session: Session, now: datetime) -> list[Any]:
    """Every handset with its newest allocation, oldest enrolment first."""
    return list(session.connection().execute(_LISTED, {"now": now}))


def _added(session: Session, row: Handset | Allocation) -> str | None:
    """Add in a savepoint, so that a refusal leaves the transaction usable."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        return _constraint(error)
    return None


def _constraint(error: IntegrityError) -> str:
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return str(name or "a constraint")
