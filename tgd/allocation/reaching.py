"""She made no test: she is called, and when nobody reaches her somebody goes and sees."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import Officer, clean, found, move, write
from tgd.errors import WrongState
from tgd.records import FollowUp
from tgd.rules.access import Act
from tgd.rules.deadlines import DeadlineKind, Planned
from tgd.store import deadlines, files

_K = DeadlineKind
ACTS = {_K.TEST_CALL: "TestMissedCalled", _K.TEST_VISIT: "TestMissedVisited"}


def record_try(
    session: Session, officer: Officer, file_id: UUID, stage: DeadlineKind, words: str,
    now: datetime, *, reached: bool, version: int | None = None,
) -> None:  # fmt: skip
    """Somebody called her, or went to see, because a test did not come; what was found, in words.

    Who was reached ends the stage, and the test itself is still waited for. A call that reached
    nobody is followed by a visit at once; a visit that found nobody stays open and is said again.
    Raises NotAllowed, NotThere, WrongState, Incomplete, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.FOLLOW_UP, file_id, version)
    if stage.value not in {one.kind for one in deadlines.of_file(session, seen.id)}:
        raise WrongState("No test of hers is missing so that this is asked for.")
    move(session, seen, None, now)
    row = FollowUp(id=ids.new(now), case_file=seen.id, words=clean(words), by=officer.name, at=now)
    files.add(session, row)
    done = [_K.TEST_CALL, _K.TEST_VISIT] if reached else [_K.TEST_CALL]
    deadlines.settle(session, seen.id, done, officer.name, now)
    if not reached and stage is _K.TEST_CALL:
        deadlines.plan(session, seen.id, [Planned(_K.TEST_VISIT, now)], now)
    write(session, officer.name, ACTS[stage], now, file=seen.id, reached=reached)
