"""The day on which he is expected out: announced, watched, and told to her."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import Officer, found, move, write, zone_of
from tgd.errors import Incomplete, WrongState
from tgd.records import CaseFile
from tgd.rules.access import Act
from tgd.rules.allocation import AllocationState, ToldHow
from tgd.rules.deadlines import DeadlineKind, Planned, day_in, end_of
from tgd.rules.delegation import at_the_court
from tgd.store import deadlines, files

LAST_LOOK = timedelta(days=30)
"""So long before a file is forgotten somebody looks at a release that is further away."""


def expect_release(
    session: Session, officer: Officer, file_id: UUID, release_on: date, now: datetime, *,
    version: int | None = None,
) -> CaseFile:  # fmt: skip
    """The day on which he is expected out: what is granted and not yet handed over is so reserved
    for his release. A handset that came back ends nothing of it: she must know of that day too.
    """
    seen = found(session, officer, Act.OPEN_FILE, file_id, version)
    if AllocationState(seen.state) in (AllocationState.REFUSED, AllocationState.PURGED):
        raise WrongState("This file has ended.")
    must_lie_ahead(session, seen, release_on, now)
    seen = move(session, seen, None, now, {"release_on": release_on})
    plan_release(session, file_id, release_on, now)
    write(session, officer.name, "ReleaseAnnounced", now, file=seen.id, on=release_on.isoformat())
    return seen


def must_lie_ahead(session: Session, seen: CaseFile, release_on: date, now: datetime) -> None:
    """Raises Incomplete for a day that is over at the court."""
    if release_on < day_in(zone_of(session, seen), now):
        raise Incomplete("The day of his release is over: look at it again.")


def plan_release(session: Session, file_id: UUID, release_on: date, now: datetime) -> None:
    """She must know of it on the day before at the latest, and before her file is forgotten."""
    seen = files.case_file(session, file_id)
    assert seen is not None
    due_at = end_of(release_on - timedelta(days=1), zone_of(session, seen))
    if seen.purge_at is not None:
        due_at = min(due_at, seen.purge_at - LAST_LOOK)
    deadlines.plan(session, file_id, [Planned(DeadlineKind.RELEASE, due_at)], now)


def watch_on(session: Session, seen: CaseFile, now: datetime) -> None:
    """The file ends: a release of which she does not know is watched on until it is forgotten."""
    is_open = DeadlineKind.RELEASE in {one.kind for one in deadlines.of_file(session, seen.id)}
    if is_open and seen.release_on is not None:
        plan_release(session, seen.id, seen.release_on, now)


def tell_release(
    session: Session, officer: Officer, file_id: UUID, how: ToldHow, now: datetime, *,
    acknowledged: bool, told: datetime | None = None, version: int | None = None,
) -> None:  # fmt: skip
    """She was told that he comes out; only what she acknowledged ends the matter.

    `told` is a moment of the court's own clock. Raises NotAllowed, NotThere, WrongState,
    Incomplete, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.FOLLOW_UP, file_id, version)
    told_at = at_the_court(told, zone_of(session, seen)) if told else now
    if not seen.opened_at <= told_at <= now:
        raise Incomplete("She was told after the file was opened, and not later than now.")
    if DeadlineKind.RELEASE not in {one.kind for one in deadlines.of_file(session, seen.id)}:
        raise WrongState("No release waits to be told: announce it first.")
    move(session, seen, None, now)
    if acknowledged:
        deadlines.settle(session, seen.id, [DeadlineKind.RELEASE], officer.name, now)
    act = "ReleaseTold" if acknowledged else "ReleaseNotHeard"
    write(session, officer.name, act, now, file=seen.id, kind=how.value,
          told_at=told_at.astimezone(UTC).isoformat())  # fmt: skip
