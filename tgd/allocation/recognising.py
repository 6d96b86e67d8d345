"""One woman, one history: who is known already is recognised, by a human and never by a machine."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import NotThere, Officer, found, write
from tgd.allocation.referring import refer, say_urgent
from tgd.errors import Incomplete, SomebodyWasFaster, WrongState
from tgd.records import CaseFile
from tgd.rules.access import Act
from tgd.rules.allocation import (
    UNDECIDED,
    AllocationEvent,
    AllocationState,
    after,
)
from tgd.rules.deadlines import TRACES_ERASED_AFTER_MONTHS, DeadlineKind, period_end
from tgd.store import deadlines, files, namesakes, people, purging


def same_person(
    session: Session, officer: Officer, file_id: UUID, known: UUID | None, now: datetime, *,
    version: int | None = None,
) -> CaseFile:  # fmt: skip
    """The woman of this file, which is not decided, is the one of that file.

    If she has an open file, what was reported goes on in it and this one closes as merged; else
    this one goes on with her history. Gives the file that goes on. Raises NotAllowed, NotThere,
    Incomplete, WrongState, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.OPEN_FILE, file_id, version)
    there = _known(session, officer, known)
    if AllocationState(seen.state) not in UNDECIDED:
        raise WrongState("Only a file that is not decided is joined to another one.")
    if there.person == seen.person:
        raise WrongState("Both files are of one person already.")
    goes_on = files.open_file_of(session, there.person)
    if goes_on is not None and goes_on.court != seen.court:
        raise WrongState("Another court has an open file of this person: ask for its transfer.")
    in_line = {seen.id} | ({goes_on.id} if goes_on is not None else set())
    namesakes.stand_in_line(session, in_line, {seen.person, there.person})
    again = files.open_file_of(session, there.person)
    if (again and again.id) != (goes_on and goes_on.id):
        raise SomebodyWasFaster
    her = there.person
    if not people.is_remembered(session, her):
        if _as_it_is(session, there.id).person != her:  # somebody has just made her another one
            raise SomebodyWasFaster
        raise Incomplete("There is no such file within your reach.")
    if again is None:
        return _go_on(session, officer, seen, there, now)
    return _merge(session, officer, seen, again, now)


def _known(session: Session, officer: Officer, known: UUID | None) -> CaseFile:
    """The other file; whoever may not learn of it reads the same as of no file at all."""
    try:
        if known is not None:
            return found(session, officer, Act.OPEN_FILE, known)
    except NotThere:
        pass
    raise Incomplete("There is no such file within your reach.")


def _go_on(
    session: Session, officer: Officer, seen: CaseFile, there: CaseFile, now: datetime
) -> CaseFile:
    """She has no open file: this one goes on as hers."""
    before = seen.person
    _change(session, seen, {"person": there.person, "changed_at": now})
    _forget_double(session, before, there.person)
    write(session, officer.name, "PersonRecognised", now, file=seen.id, same_as=str(there.id))
    return _as_it_is(session, seen.id)


def _merge(
    session: Session, officer: Officer, seen: CaseFile, goes_on: CaseFile, now: datetime
) -> CaseFile:
    """What was reported goes on in her open file; this one has ended."""
    is_urgent = files.has_urgent_report(session, seen.id)
    before = seen.person
    _change(session, goes_on, {"changed_at": now})
    _change(
        session, seen,
        {"state": after(AllocationState(seen.state), AllocationEvent.MERGE).value,
         "person": goes_on.person, "merged_into": goes_on.id, "changed_at": now, "ended_at": now,
         "purge_at": period_end(now.date(), TRACES_ERASED_AFTER_MONTHS, "UTC")},
    )  # fmt: skip
    carried = namesakes.carry_over(session, seen, goes_on.id)
    deadlines.settle(session, seen.id, list(DeadlineKind), officer.name, now)
    _forget_double(session, before, goes_on.person)
    kept = _as_it_is(session, goes_on.id)
    if is_urgent:
        say_urgent(session, kept, now)
    write(session, officer.name, "FileMerged", now, file=seen.id, into=str(kept.id))
    write(session, officer.name, "FileJoined", now, file=kept.id, merged=str(seen.id),
          carried=carried)  # fmt: skip
    return kept


def _change(session: Session, seen: CaseFile, changes: dict[str, object]) -> None:
    if not namesakes.change_file(session, seen, changes):
        raise SomebodyWasFaster


def _forget_double(session: Session, before: UUID, person: UUID) -> None:
    """The second row of her name is emptied, unless other files are left under it."""
    namesakes.become_one(session, before, person)
    purging.erase_person(session, before)


def _as_it_is(session: Session, file_id: UUID) -> CaseFile:
    found_ = files.case_file(session, file_id)
    assert found_ is not None, "a file is never deleted"
    return found_


def new_file(
    session: Session, officer: Officer, file_id: UUID, words: str, now: datetime, *,
    source: str = "unsaid", contact: str | None = None, is_urgent: bool = False,
    version: int | None = None,
) -> CaseFile:  # fmt: skip
    """A new report about a woman whose file has ended: a new file in her history, or one more
    report where she has an open one. Raises like `found`, WrongState, Incomplete."""
    seen = found(session, officer, Act.OPEN_FILE, file_id, version)
    if AllocationState(seen.state) not in (AllocationState.REFUSED, AllocationState.CLOSED):
        raise WrongState("This file runs: add the report to it.")
    assert seen.court is not None, "nobody reaches a file without a court"
    made = refer(session, officer, seen.court, "", words, now, source=source, contact=contact,
                 is_urgent=is_urgent, person=seen.person)  # fmt: skip
    write(session, officer.name, "FileFollowed", now, file=seen.id, new=str(made.id))
    return made
