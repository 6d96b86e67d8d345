"""The stock in its simplest form: enrolled, given with consents, lost or returned, imported.

Nothing here mutes a handset: one that is lost, returned or expired and presses is still an alert.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from tgd import ids, journal
from tgd.errors import Incomplete, Refusal, WrongState
from tgd.journal import Line
from tgd.records import Allocation, CaseFile, Consent, Decision, Handset, ProtectedPerson
from tgd.rules.allocation import content_hash
from tgd.rules.deadlines import DeadlineKind, Planned
from tgd.rules.handset import GIVABLE, MAY_BECOME, ConsentScope, HandsetState
from tgd.rules.keys import secret_hash
from tgd.rules.law_texts import TEXTS, LegalText, in_force
from tgd.rules.phone import e164
from tgd.store import deadlines, files, law
from tgd.store import inventory as store

COMMAND_LINE = "command line"
"""Who acts, in the journal, when nobody has signed in."""

Row = dict[str, Any]
"""The columns of a row that nobody has kept yet."""
_S = HandsetState
OVERLAPS = {
    "allocation_one_per_handset": "This handset is given to somebody else in that period: end the"
    " other allocation first (`tgd handset state ID returned`), or give another handset.",
    "allocation_one_open_per_handset": "This handset is still with somebody else: end the other"
    " allocation first (`tgd handset state ID returned`), or give another handset.",
    "allocation_one_per_person": "This person has a handset in that period already: end that"
    " allocation first.",
    "allocation_of_no_canary": "This is a canary: it is given to nobody.",
    "allocation_one_open_per_person": "This person has a handset already: end that allocation"
    " first.",
}
"""By the constraint that refuses it."""


class NotThere(Refusal):
    """There is no such handset."""


class Overlaps(Refusal):
    """Somebody else has what is asked for."""


@dataclass(frozen=True, slots=True)
class Given:
    """Who carries a handset from now on, and by which allocation."""

    person: UUID
    allocation: UUID


def enroll(
    session: Session, number: str | None, now: datetime, *, secret: str | None,
    is_test_device: bool = False, canary: str | None = None, by: str = COMMAND_LINE,
) -> str:  # fmt: skip
    """A new handset, ready to be given; gives its opaque id. Only a hash of `secret` is kept.

    `secret` is None for one that proves itself by a certificate; `canary` is the id of a new canary
    (`ids.new_canary`), which nobody is ever given. Raises Incomplete for a number
    that is none, Overlaps when another handset has it.
    """
    handset = canary or ids.new_handset()
    row, line = enrolled(
        handset, spelled(number), now, secret, is_test_device, by, is_canary=canary is not None
    )
    if not store.add_handset(session, Handset(**row)):
        raise Overlaps("Another handset has this number already: `tgd handset list` shows it.")
    journal.write(session, [line])
    return handset


def enrolled(
    handset: str, number: str | None, now: datetime, secret: str | None, is_test_device: bool,
    by: str, *, is_canary: bool = False,
) -> tuple[Row, Line]:  # fmt: skip
    """The row of a new handset, its number E.164, and its line of the journal; nothing is kept."""
    row = {
        "id": handset, "state": _S.PROVISIONED, "number": number, "is_test_device": is_test_device,
        "secret_hash": secret_hash(secret) if secret is not None else None, "enrolled_at": now,
        "is_canary": is_canary,
    }  # fmt: skip
    detail = {"test_device": is_test_device, "canary": is_canary,
              "proves_by": "secret" if secret else "certificate"}  # fmt: skip
    return row, Line(now, by, "HandsetEnrolled", handset=handset, detail=detail)


def give(
    session: Session, handset: str, name: str, places: list[dict[str, str]],
    period: tuple[datetime, datetime], now: datetime, *, geolocation: bool = False,
    note: str | None = None, court: str | None = None, person: UUID | None = None,
    by: str = COMMAND_LINE,
) -> Given:  # fmt: skip
    """A handset in somebody's hands: person, allocation and consents, in one go.

    She agrees to the device by taking it, to geolocation separately (art. 41-3-1 CPP). `period` is
    aware and half open; `places` are `{"label", "city", "insee"}`; `person` names somebody who is
    known already, and then `name`, `places` and `note` stay as they are. Raises NotThere,
    Incomplete, Overlaps, WrongState.
    """
    _there(session, handset)
    person = _known_person(session, person) or _add_person(session, name, places, note, now)
    allocation = allocate(session, handset, person, period, now, court=court, by=by)
    for scope in scopes(geolocation):
        record_consent(session, person, scope, now, by=by)
    return Given(person, allocation)


def scopes(geolocation: bool) -> list[ConsentScope]:
    """What somebody who takes a handset agrees to."""
    return [ConsentScope.DEVICE, *([ConsentScope.GEOLOCATION] if geolocation else [])]


def allocate(
    session: Session, handset: str, person: UUID, period: tuple[datetime, datetime], now: datetime,
    *, court: str | None = None, by: str = COMMAND_LINE,
) -> UUID:  # fmt: skip
    """This handset for this person in this period; overlaps are refused by the record itself.

    Raises Incomplete, Overlaps, WrongState.
    """
    if not period[0] < period[1]:
        raise Incomplete("A period ends after its beginning.")
    store.stand_in_line(session, handset, person)
    store.end_overdue(session, person, now)
    refused_by, row = _add_allocation(session, handset, person, period, now, court, by)
    if refused_by is not None:
        raise Overlaps(OVERLAPS.get(refused_by, "The record refuses this allocation."))
    if not store.change_state(session, handset, GIVABLE, _S.ISSUED):
        raise not_givable(_there(session, handset).state)
    journal.write(session, [given_line(row, period, now, by)])
    allocation: UUID = row["id"]
    return allocation


def not_givable(state: str) -> WrongState:
    """The refusal for a handset in this state."""
    return WrongState(f"A handset that is “{state}” cannot be given: it must be in the stock.")


def given(
    handset: str, person: UUID, period: tuple[datetime, datetime], decision: UUID, now: datetime,
    court: str | None,
) -> Row:  # fmt: skip
    """The row of an allocation; nothing is kept."""
    return {
        "id": ids.new(now), "handset": handset, "person": person, "period": Range(*period),
        "court": court, "decision": decision,
    }  # fmt: skip


def given_line(row: Row, period: tuple[datetime, datetime], now: datetime, by: str) -> Line:
    """The line of the journal for an allocation."""
    detail = {"allocation": str(row["id"]), "decision": str(row["decision"]),
              "begins_at": period[0].isoformat(), "ends_at": period[1].isoformat()}  # fmt: skip
    return Line(now, by, "HandsetGiven", handset=row["handset"], detail=detail)


def _add_allocation(
    session: Session, handset: str, person: UUID, period: tuple[datetime, datetime],
    now: datetime, court: str | None, by: str,
) -> tuple[str | None, Row]:  # fmt: skip
    """The allocation with its decision, or neither: the constraint that refuses it says why."""
    with session.begin_nested() as savepoint:
        decision = decide_on_paper(session, person, period, now, court=court, by=by)
        row = given(handset, person, period, decision, now, court)
        refused_by = store.add_allocation(session, Allocation(**row))
        if refused_by is not None:
            savepoint.rollback()
    return refused_by, row


def decide_on_paper(
    session: Session, person: UUID, period: tuple[datetime, datetime], now: datetime, *,
    court: str | None = None, by: str = COMMAND_LINE,
) -> UUID:  # fmt: skip
    """The shortcut's decision: a grant signed elsewhere, with a file that somebody is reminded of.

    A court that the record does not know leaves the file without one: nobody sees it in the pages.
    """
    file, decision = paper(
        person, period, now, files.known_court(session, court), by, law.texts(session)
    )
    files.add(session, CaseFile(**file), Decision(**decision))
    deadlines.plan(session, file["id"], [paper_end(period)], now)
    signed: UUID = decision["id"]
    return signed


def paper(
    person: UUID, period: tuple[datetime, datetime], now: datetime, court: str | None, by: str,
    texts: Sequence[LegalText] = TEXTS,
) -> tuple[Row, Row]:  # fmt: skip
    """The rows of such a file and its grant, for a court of the record; nothing is kept."""
    begins_on, ends_at = period[0].date(), period[1]
    file = {
        "id": ids.new(now), "court": court, "person": person, "state": "active",
        "is_shortcut": True, "opened_at": now, "changed_at": now, "begins_on": begins_on,
        "ends_at": ends_at,
    }  # fmt: skip
    said = {"kind": "grant", "person": person, "begins_on": begins_on, "ends_at": ends_at}
    decision = said | {
        "id": ids.new(now), "case_file": file["id"],
        "reasons": "Decided on paper; recorded by the shortcut of the command line.",
        "text_version": in_force(begins_on, texts).version, "advice": {},
        "by": by, "signed_at": now, "content_hash": content_hash(said),
    }  # fmt: skip
    return file, decision


def paper_end(period: tuple[datetime, datetime]) -> Planned:
    """What somebody is reminded of."""
    return Planned(DeadlineKind.ALLOCATION_END, period[1])


def record_consent(
    session: Session, person: UUID, scope: ConsentScope, now: datetime, by: str = COMMAND_LINE
) -> None:
    """The person agrees; what she agreed to or withdrew before stays written."""
    row, line = consented(person, scope, now, by)
    store.add_consent(session, Consent(**row))
    journal.write(session, [line])


def consented(person: UUID, scope: ConsentScope, now: datetime, by: str) -> tuple[Row, Line]:
    """The row of a consent and its line of the journal; nothing is kept."""
    row = {"id": ids.new(now), "person": person, "scope": scope, "given_at": now, "recorded_by": by}
    detail = {"person": str(person), "scope": scope}
    return row, Line(now, by, "ConsentGiven", detail=detail)


def withdraw_consent(
    session: Session, person: UUID, scope: ConsentScope, now: datetime, by: str = COMMAND_LINE
) -> None:
    """The person does not agree any more, from now on. Raises WrongState when she did not."""
    if not store.withdraw(session, person, scope, now):
        raise WrongState("There is no such consent to withdraw.")
    detail = {"person": str(person), "scope": scope}
    journal.write(session, [Line(now, by, "ConsentWithdrawn", detail=detail)])


def holder(session: Session, handset: str, now: datetime) -> UUID:
    """Who carries the handset now, or did last. Raises NotThere, WrongState for nobody."""
    _there(session, handset)
    person = store.holder(session, handset, now)
    if person is None:
        raise WrongState("Nobody has carried this handset yet.")
    return person


def set_state(
    session: Session, handset: str, state: HandsetState, now: datetime, by: str = COMMAND_LINE
) -> None:
    """What a human says has become of a handset; `returned` ends its allocation.

    A lost or stolen one keeps its allocation: it may still be pressed, and comes back as `issued`.
    Raises NotThere, WrongState.
    """
    found = _there(session, handset)
    before = HandsetState(found.state)
    if found.is_canary and state is not _S.RETIRED:
        raise WrongState("Nobody carries a canary: it can only be retired.")
    if state not in MAY_BECOME[before]:
        may = ", ".join(sorted(MAY_BECOME[before]))
        raise WrongState(f"A handset that is “{before}” can become: {may}; not “{state}”.")
    if state is _S.ISSUED and not store.is_allocated(session, handset, now):
        raise WrongState("Nobody carries it by a decision that runs now: give it to somebody.")
    if not store.change_state(session, handset, [before], state):
        raise WrongState
    ended = state is _S.RETURNED and store.end_allocation(session, handset, now)
    detail = {"from": before, "to": state, "allocation_ended": ended}
    journal.write(session, [Line(now, by, "HandsetStateChanged", handset=handset, detail=detail)])


def reveal(session: Session, now: datetime, by: str = COMMAND_LINE) -> None:
    """Somebody sees names and numbers of the whole stock: that is written down."""
    journal.write(session, [Line(now, by, "StockRevealed")])


def _there(session: Session, handset: str) -> Handset:
    found = store.handset(session, handset)
    if found is None:
        raise NotThere
    return found


def _known_person(session: Session, person: UUID | None) -> UUID | None:
    if person is not None and not store.person_is_known(session, person):
        raise NotThere("There is no such person.")
    return person


def _add_person(
    session: Session, name: str, places: list[dict[str, str]], note: str | None, now: datetime
) -> UUID:
    row = protected(name, places, note, now)
    store.add_person(session, ProtectedPerson(**row))
    person: UUID = row["id"]
    return person


def protected(name: str, places: list[dict[str, str]], note: str | None, now: datetime) -> Row:
    """The row of a person; nothing is kept. Raises Incomplete."""
    if not name.strip() or not name.isprintable():
        raise Incomplete("The person's name is missing, or cannot be printed.")
    return {"id": ids.new(now), "name": name.strip(), "places": places, "note": note}


def spelled(number: str | None) -> str | None:
    """The number as E.164, None for none. Raises Incomplete."""
    if not number:
        return None
    written = e164(number)
    if written is None:
        raise Incomplete("This is no telephone number: write it like +33639980001.")
    return written
