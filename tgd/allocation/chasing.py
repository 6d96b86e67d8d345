"""One turn over the deadlines: remind, tell the one above, end what has ended; never in silence."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tgd.allocation import stock_watching, transferring
from tgd.allocation.acting import NotThere, Officer, found, move, must, write
from tgd.allocation.deciding import end_period
from tgd.allocation.equipping import note_test
from tgd.errors import NotAllowed, Refusal, SomebodyWasFaster, WrongState
from tgd.records import CaseFile, Deadline
from tgd.rules.access import Act, Role
from tgd.rules.allocation import AllocationEvent, AllocationState, EndReason
from tgd.rules.deadlines import TEST_STAGES, Chased, DeadlineKind, Step, chase, stage_after
from tgd.rules.notice import NoticeKind, is_urgent
from tgd.store import deadlines, equipment, files, notices, stock_watch, terms

MACHINE = "dispatch"
AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody has to look at this; pages and messages are made of it."""

    deadline: UUID
    kind: DeadlineKind
    file: UUID | None
    to: Role
    is_escalation: bool


def deadlines_due(session: Session, now: datetime, limit: int = 100) -> list[Told]:
    """Look at what is due, one short transaction; gives what has to be told, and to whom.

    One turn at a time; a second one finds nothing to do. What a person changes at this very moment
    is looked at again a minute later: one odd file never stops the others.
    """
    told: list[Told] = []
    if not deadlines.may_chase(session):
        return told
    stock_watching.watch(session, now)
    for seen in deadlines.due(session, now, limit):
        try:
            with session.begin_nested():
                told += _look(session, seen, now)
        except (Refusal, IntegrityError) as odd:
            deadlines.postpone(session, seen.id, now + AGAIN_AFTER)
            write(session, MACHINE, "DeadlinePostponed", now, file=seen.case_file, kind=seen.kind,
                  why=type(odd).__name__)  # fmt: skip
    return told


def _look(session: Session, seen: Deadline, now: datetime) -> list[Told]:
    kind = DeadlineKind(seen.kind)
    file = files.case_file(session, seen.case_file) if seen.case_file else None
    if file is not None and kind in TEST_STAGES and _was_tested(session, file, seen, now):
        return []
    if file is not None and kind is DeadlineKind.ALLOCATION_END and seen.due_at <= now:
        _expire(session, file, now)
        notices.add(session, NoticeKind.REMINDER, kind, now, to_role=seen.owner, file=file.id,
                    deadline=seen.id)  # fmt: skip
        return [Told(seen.id, kind, file.id, Role(seen.owner), False)]
    chased = Chased(kind, seen.due_at, seen.reminded_at, seen.escalated_at, seen.acknowledged_at)
    step = chase(chased, now)
    if not deadlines.change(session, seen, _changes(seen, step, now)):
        return []  # settled or acknowledged at this very moment
    return _tell(session, seen, kind, step, now) + _follow(session, seen, kind, now)


def _follow(session: Session, seen: Deadline, kind: DeadlineKind, now: datetime) -> list[Told]:
    """What comes after a matter that stayed open so long: looked at in this very turn."""
    following = stage_after(kind, seen.due_at, now)
    if following is None or seen.case_file is None:
        return []
    stage = deadlines.plan_once(session, seen.case_file, following, now)
    return _look(session, stage, now) if stage is not None else []


def _changes(seen: Deadline, step: Step, now: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"look_again_at": step.look_again_at}
    if step.remind:
        changes |= {"reminded_at": seen.reminded_at or now, "reminders": seen.reminders + 1}
    if step.escalate:
        changes["escalated_at"] = seen.escalated_at or now
    return changes


def _tell(
    session: Session, seen: Deadline, kind: DeadlineKind, step: Step, now: datetime
) -> list[Told]:
    told = []
    if step.remind:
        told.append(Told(seen.id, kind, seen.case_file, Role(seen.owner), False))
        urgent = is_urgent(kind, seen.due_at, now, is_first=seen.reminders == 0,
                           is_reported_urgent=_is_reported_urgent(session, seen))  # fmt: skip
        notices.add(session, NoticeKind.REMINDER, kind, now, to_role=seen.owner,
                    file=seen.case_file, deadline=seen.id, is_urgent=urgent)  # fmt: skip
        if kind is DeadlineKind.RELEASE:  # she hears of it from those who accompany her
            told.append(Told(seen.id, kind, seen.case_file, Role.ASSOCIATION, False))
            notices.add(session, NoticeKind.REMINDER, kind, now, to_role=Role.ASSOCIATION,
                        file=seen.case_file, deadline=seen.id, is_urgent=urgent)  # fmt: skip
        write(session, MACHINE, "DeadlineReminded", now, file=seen.case_file, kind=kind.value)
    if step.escalate:
        told.append(Told(seen.id, kind, seen.case_file, Role(seen.escalation), True))
        notices.add(session, NoticeKind.ESCALATION, kind, now, to_role=seen.escalation,
                    file=seen.case_file, deadline=seen.id)  # fmt: skip
        write(session, MACHINE, "DeadlineEscalated", now, file=seen.case_file, kind=kind.value,
              to=seen.escalation)  # fmt: skip
    return told


def _is_reported_urgent(session: Session, seen: Deadline) -> bool:
    return seen.case_file is not None and files.has_urgent_report(session, seen.case_file)


def escalate_unheard(session: Session, deadline_id: UUID, now: datetime) -> None:
    """What told the owner of this deadline did not arrive: the role above is told at once, of a
    clearance and an agreement too."""
    seen = deadlines.deadline(session, deadline_id)
    if seen is None or seen.escalated_at is not None or seen.acknowledged_at is not None:
        return
    if deadlines.change(session, seen, {"escalated_at": now}):
        notices.add(session, NoticeKind.ESCALATION, seen.kind, now, to_role=seen.escalation,
                    file=seen.case_file, deadline=seen.id)  # fmt: skip
        write(session, MACHINE, "DeadlineEscalated", now, file=seen.case_file, kind=seen.kind,
              to=seen.escalation, why="not_delivered")  # fmt: skip


def _was_tested(session: Session, file: CaseFile, seen: Deadline, now: datetime) -> bool:
    """A test that she has made meanwhile moves the date by itself."""
    held = equipment.open_allocation(session, file_id=file.id)
    if held is None:
        deadlines.settle(session, file.id, TEST_STAGES, MACHINE, now)
        return True
    before = equipment.last_test_press(session, file.id)
    since = held.period.lower or now
    pressed = note_test(session, file, held.handset, since, MACHINE, now)
    return pressed is not None and (before is None or pressed.id != before.id)


def _expire(session: Session, file: CaseFile, now: datetime) -> None:
    """The period is over and nobody renewed it: asked back, told, never silenced."""
    deadlines.settle(session, file.id, [DeadlineKind.ALLOCATION_END], MACHINE, now)
    state = AllocationState(file.state)
    if state not in (AllocationState.GRANTED, AllocationState.ACTIVE, AllocationState.SUSPENDED):
        return
    reason: dict[str, Any] = {"end_reason": EndReason.EXPIRY.value, "ended_at": now}
    if state is AllocationState.GRANTED:
        file = move(session, file, None, now, reason)
    else:
        file = move(session, file, AllocationEvent.EXPIRE, now, reason)
    end_period(session, file, now, MACHINE)
    write(session, MACHINE, "AllocationExpired", now, file=file.id)


def acknowledge(session: Session, officer: Officer, deadline_id: UUID, now: datetime) -> None:
    """Somebody of the owner's or of the role above has seen it: quiet for a while, not settled.

    Raises NotAllowed, NotThere, WrongState, SomebodyWasFaster.
    """
    must(officer, Act.ACKNOWLEDGE_DEADLINE)
    seen = deadlines.deadline(session, deadline_id)
    if seen is None:
        raise NotThere
    if seen.case_file is not None and seen.kind == DeadlineKind.TRANSFER_WAITING:
        if not transferring.is_asked(session, officer, seen.case_file):
            raise NotThere  # the court that answers, not the one that waits
    elif seen.case_file is not None:
        found(session, officer, Act.ACKNOWLEDGE_DEADLINE, seen.case_file)
    elif not _term_is_theirs(session, officer, seen):
        raise NotThere
    if officer.role.value not in (seen.owner, seen.escalation):
        raise NotAllowed
    if seen.settled_at is not None:
        raise WrongState("This is settled already.")
    acknowledged = Chased(DeadlineKind(seen.kind), seen.due_at, seen.reminded_at,
                          seen.escalated_at, now)  # fmt: skip
    changes = {
        "acknowledged_at": now, "acknowledged_by": officer.name,
        "look_again_at": chase(acknowledged, now).look_again_at,
    }  # fmt: skip
    if not deadlines.change(session, seen, changes):
        raise SomebodyWasFaster
    write(session, officer.name, "DeadlineAcknowledged", now, file=seen.case_file, kind=seen.kind)


def _term_is_theirs(session: Session, officer: Officer, seen: Deadline) -> bool:
    """Whether the clearance, the agreement or the stock is one of the officer's own courts."""
    own = sorted(officer.reach.courts - officer.on_call_for)
    if seen.agreement is not None:
        agreed = terms.agreement(session, seen.agreement)
        return agreed is not None and agreed.court in own
    if seen.pool is not None:
        return stock_watch.court_of(session, seen.pool) in own
    return seen.clearance is not None and terms.is_theirs(session, seen.clearance, own)
