"""A procedure that needs a file keeps it from being forgotten, until a prosecutor ends that."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import Officer, clean, found, move, write
from tgd.errors import WrongState
from tgd.records import CaseFile, LegalHold
from tgd.rules.access import Act
from tgd.rules.allocation import AllocationState
from tgd.rules.deadlines import DeadlineKind
from tgd.store import deadlines, files, purging


def hold(
    session: Session, officer: Officer, file_id: UUID, procedure: str, now: datetime, *,
    version: int | None = None,
) -> LegalHold:  # fmt: skip
    """Nothing of this file is forgotten, positions neither, while this procedure needs it.

    Raises NotAllowed, NotThere, WrongState, Incomplete, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.HOLD, file_id, version)
    if seen.state == AllocationState.PURGED:
        raise WrongState("This file has ended.")
    move(session, seen, None, now, {"changed_at": seen.changed_at})
    row = begin(session, seen, clean(procedure), officer.name, now)
    if row is None:
        raise WrongState("A procedure holds this file already.")
    return row


def begin(
    session: Session, seen: CaseFile, procedure: str, by: str, now: datetime
) -> LegalHold | None:
    """Keep everything from now on; None when a procedure does so already."""
    row = LegalHold(id=ids.new(now), case_file=seen.id, procedure=procedure, by=by, begun_at=now)
    if files.add_unless_refused(session, row) is not None:
        return None
    write(session, by, "LegalHoldBegun", now, file=seen.id)
    return row


def end_hold(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, version: int | None = None
) -> None:
    """The procedure needs it no longer: its days count again. Raises like `hold`."""
    seen = found(session, officer, Act.HOLD, file_id, version)
    held = purging.open_hold(session, seen.id)
    if held is None:
        raise WrongState("No procedure holds this file.")
    move(session, seen, None, now, {"changed_at": seen.changed_at})
    purging.end_hold(session, held, officer.name, now)
    write(session, officer.name, "LegalHoldEnded", now, file=seen.id)


def confirm_erased(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, version: int | None = None
) -> None:
    """Those outside who had the case sheet say that theirs is erased. Raises like `hold`."""
    seen = found(session, officer, Act.TAKE_BACK, file_id, version)
    kinds = [DeadlineKind.PLATFORM_ERASURE]
    waited = deadlines.settle(session, seen.id, kinds, officer.name, now)
    copies = purging.copies_erased(session, seen.id, now)
    if not (waited or copies):
        raise WrongState("Nothing outside waits to be erased.")
    move(session, seen, None, now, {"changed_at": seen.changed_at})
    write(session, officer.name, "CopiesErased", now, file=seen.id, copies=copies)
