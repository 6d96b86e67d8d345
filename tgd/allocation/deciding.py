"""What only a prosecutor signs: grant, refuse, ask for more, renew, shorten, suspend, withdraw.

The advice of the software is kept beside the decision and binds nobody; going against it needs a
longer reason. Two prosecutors at once: one decision, and the other is told whose.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation import erasing, holding, profiles, recalled
from tgd.allocation.acting import (
    NotYet,
    Officer,
    found,
    handset,
    move,
    move_handset,
    zone_of,
)
from tgd.allocation.referring import advice, advice_to_renew, facts, plan_bans
from tgd.allocation.releasing import must_lie_ahead, plan_release, watch_on
from tgd.allocation.signing import sign, written
from tgd.errors import Incomplete, SomebodyWasFaster, WrongState
from tgd.records import CaseFile, Decision
from tgd.rules import guards, law
from tgd.rules.access import Act, Role
from tgd.rules.allocation import (
    EVENT_OF,
    AllocationEvent,
    AllocationState,
    DecisionKind,
    EndReason,
)
from tgd.rules.deadlines import (
    BEGINS_WITHIN,
    HAND_OVER_WITHIN,
    PLATFORM_ERASES_AFTER_DAYS,
    RETURN_WITHIN,
    TEST_EVERY,
    TRACES_ERASED_AFTER_MONTHS,
    DeadlineKind,
    Planned,
    day_in,
    end_of,
    of_period,
    period_end,
    start_of,
)
from tgd.rules.guards import Missing
from tgd.rules.handset import HandsetEvent, HandsetState
from tgd.rules.notice import NoticeKind
from tgd.store import deadlines, equipment, files, notices

_D, _K = DecisionKind, DeadlineKind
PERIOD_KINDS = (_K.RENEWAL_FIRST, _K.RENEWAL_SECOND, _K.RENEWAL_LAST, _K.ALLOCATION_END)


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """Somebody else has signed; nothing has changed."""

    by: str
    kind: DecisionKind
    signed_at: datetime


def decide(
    session: Session, officer: Officer, file_id: UUID, kind: DecisionKind, reasons: str,
    now: datetime, *, begins_on: date | None = None, version: int | None = None,
) -> Decision | NotYet | AlreadyDecided:  # fmt: skip
    """Grant, refuse or ask for more.

    A grant runs for the calendar months of the law from `begins_on` (the day of the decision, or
    one of the month after it), whatever day the handset is given. Raises NotAllowed, NotThere,
    WrongState, Incomplete, SomebodyWasFaster.
    """
    if kind not in (_D.GRANT, _D.REFUSE, _D.ASK_FOR_MORE):
        raise Incomplete("Such a decision has an act of its own.")
    seen = found(session, officer, Act.DECIDE, file_id)
    already = _already(session, seen)
    if already is not None:
        return already
    if version is not None and seen.version != version:
        raise SomebodyWasFaster
    _must_begin_soon(session, seen, begins_on, now)
    said = advice(session, seen, now)
    against = said.holds is not (kind is _D.GRANT) and kind is not _D.ASK_FOR_MORE
    missing = guards.for_decision(reasons, against_advice=against)
    if missing:
        return NotYet(missing)
    signed = sign(session, officer, seen, kind, reasons, said, now, begins_on, against=against)
    try:
        seen = move(session, seen, EVENT_OF[kind], now, _consequences(signed, kind, now))
    except SomebodyWasFaster:
        already = _already(session, seen)
        if already is not None:
            return already
        raise
    files.add(session, signed)
    _follow(session, seen, signed, now)
    return written(session, seen, signed, now)


def _must_begin_soon(
    session: Session, seen: CaseFile, begins_on: date | None, now: datetime
) -> None:
    """What is signed cannot be changed: a year that was mistyped is refused before. Raises
    Incomplete."""
    today = day_in(zone_of(session, seen), now)
    if begins_on is not None and not today <= begins_on <= today + BEGINS_WITHIN:
        raise Incomplete("A grant begins today or within 31 days: look at the first day again.")


def _already(session: Session, seen: CaseFile) -> AlreadyDecided | None:
    decided = files.the_decision(session, seen.id)
    if decided is None:
        return None
    return AlreadyDecided(decided.by, DecisionKind(decided.kind), decided.signed_at)


def _consequences(signed: Decision, kind: DecisionKind, now: datetime) -> dict[str, Any]:
    if kind is _D.GRANT:
        return {"begins_on": signed.begins_on, "ends_at": signed.ends_at}
    if kind is _D.REFUSE:
        return {"ended_at": now, "purge_at": _purge_at(now)}
    return {}


def _purge_at(now: datetime) -> datetime:
    return period_end(now.date(), TRACES_ERASED_AFTER_MONTHS, "UTC")


def _follow(session: Session, seen: CaseFile, signed: Decision, now: datetime) -> None:
    """The deadlines that the decision settles, and those that it sets."""
    deadlines.settle(session, seen.id, [_K.REFERRAL_WAITING], signed.by, now)
    if signed.kind == _D.GRANT and signed.begins_on and signed.ends_at:
        planned = of_period(signed.begins_on, signed.ends_at, zone_of(session, seen))
        begins = start_of(signed.begins_on, zone_of(session, seen))
        waiting = Planned(_K.HAND_OVER_WAITING, max(now, begins) + HAND_OVER_WITHIN)
        deadlines.plan(session, seen.id, [*planned, waiting], now)
    elif signed.kind == _D.ASK_FOR_MORE:
        again = Planned(_K.REFERRAL_WAITING, now + timedelta(days=7))
        deadlines.plan(session, seen.id, [again], now)
        notices.add(session, NoticeKind.REMINDER, _K.REFERRAL_WAITING, now,
                    to_role=Role.ASSOCIATION, file=seen.id)  # fmt: skip
    elif signed.kind == _D.REFUSE:
        deadlines.settle(session, seen.id, list(DeadlineKind), signed.by, now)


def renew(
    session: Session, officer: Officer, file_id: UUID, reasons: str, now: datetime, *,
    version: int | None = None,
) -> Decision | NotYet:  # fmt: skip
    """Six more calendar months, from the end of the period or, when that is past, from today.

    Raises NotAllowed, NotThere, WrongState, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.DECIDE, file_id, version)
    was_over = seen.state == AllocationState.EXPIRED
    said = advice_to_renew(session, seen, now)
    missing = guards.for_decision(reasons, against_advice=not said.holds)
    if missing:
        return NotYet(missing)
    zone = zone_of(session, seen)
    begins_on = day_in(zone, max(seen.ends_at or now, now))
    signed = sign(
        session, officer, seen, _D.RENEW, reasons, said, now, begins_on,
        _renewed_end(seen, begins_on, said.text.months, zone), against=not said.holds,
    )  # fmt: skip
    changes = {"ends_at": signed.ends_at, "end_reason": None, "ended_at": None}
    seen = move(session, seen, AllocationEvent.RENEW, now, changes)
    files.add(session, signed)
    _move_period(session, seen, signed.ends_at or now, HandsetEvent.PROLONG)
    _plan_period(session, seen, begins_on, now)
    profiles.send(session, seen, now)
    deadlines.settle(session, seen.id, [_K.CONSENT_WITHDRAWN], officer.name, now)
    if was_over:
        _watch_again(session, seen, now)
    return written(session, seen, signed, now)


def _watch_again(session: Session, seen: CaseFile, now: datetime) -> None:
    """What the end of the period had settled is watched again: bans, her tests, a recall."""
    plan_bans(session, seen, now)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is not None:
        tested = equipment.last_test_press(session, seen.id)
        due = Planned(_K.TEST_DUE, (tested.heard_at if tested else now) + TEST_EVERY)
        deadlines.plan(session, seen.id, [due], now)
        recalled.watch(session, seen, held.handset, now)


def _renewed_end(seen: CaseFile, begins_on: date, months: int, zone: str) -> datetime:
    """Counted from the last day of the period that it follows, so that no day is won or lost."""
    follows = seen.ends_at is not None and day_in(zone, seen.ends_at) == begins_on
    return period_end(begins_on - timedelta(days=1) if follows else begins_on, months, zone)


def _plan_period(session: Session, seen: CaseFile, begins_on: date, now: datetime) -> None:
    assert seen.ends_at is not None
    deadlines.settle(session, seen.id, [*PERIOD_KINDS, _K.RETURN_DUE], "decision", now)
    planned = of_period(begins_on, seen.ends_at, zone_of(session, seen))
    deadlines.plan(session, seen.id, planned, now)


def _move_period(session: Session, seen: CaseFile, ends_at: datetime, event: HandsetEvent) -> None:
    """The allocation's period ends then, and a handset that this concerns changes its state."""
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is None:
        return
    equipment.move_period_end(session, held.id, ends_at)
    there = handset(session, held.handset)
    wanted = {HandsetEvent.PROLONG: HandsetState.RETURN_DUE, HandsetEvent.END: HandsetState.ISSUED}
    if there.state == wanted[event]:
        move_handset(session, there, event)


def shorten(
    session: Session, officer: Officer, file_id: UUID, last_day: date, reasons: str,
    now: datetime, *, version: int | None = None,
) -> Decision | NotYet:  # fmt: skip
    """An earlier end, for what rests on an immediate order that no protection order followed."""
    seen = found(session, officer, Act.DECIDE, file_id, version)
    missing = list(guards.for_decision(reasons, against_advice=False))
    said = advice(session, seen, now)
    if seen.begins_on is None or not law.rests_on_oppi_alone(
        facts(session, seen), said.text, seen.begins_on
    ):
        missing.append(Missing.OPPI_ONLY)
    if missing:
        return NotYet(tuple(missing))
    ends_at = end_of(last_day, zone_of(session, seen))
    if seen.ends_at is None or not now < ends_at < seen.ends_at:
        raise Incomplete("The new end is later than now and earlier than the old one.")
    signed = sign(session, officer, seen, _D.SHORTEN, reasons, said, now, seen.begins_on, ends_at)
    seen = move(session, seen, AllocationEvent.SHORTEN, now, {"ends_at": ends_at})
    files.add(session, signed)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is not None:
        equipment.move_period_end(session, held.id, ends_at)
    assert seen.begins_on is not None
    _plan_period(session, seen, seen.begins_on, now)
    profiles.send(session, seen, now)
    deadlines.settle(session, seen.id, [_K.OPPI_UNCONFIRMED], officer.name, now)
    return written(session, seen, signed, now)


def suspend(
    session: Session, officer: Officer, file_id: UUID, release_on: date, reasons: str,
    now: datetime, *, version: int | None = None,
) -> Decision | NotYet:  # fmt: skip
    """He is detained: the handset is kept for the day of his release, and she may still press."""
    must_lie_ahead(session, found(session, officer, Act.DECIDE, file_id), release_on, now)
    signed = _plain(session, officer, file_id, _D.SUSPEND, reasons, now, version,
                    {"release_on": release_on}, {"release_on": release_on})  # fmt: skip
    if isinstance(signed, Decision):
        plan_release(session, file_id, release_on, now)
    return signed


def resume(
    session: Session, officer: Officer, file_id: UUID, reasons: str, now: datetime, *,
    version: int | None = None,
) -> Decision | NotYet:  # fmt: skip
    """He is free again, or soon; whether she knows of it stays open until she was told. Raises
    like `decide`."""
    return _plain(session, officer, file_id, _D.RESUME, reasons, now, version,
                  {"release_on": None})  # fmt: skip


def _plain(
    session: Session, officer: Officer, file_id: UUID, kind: DecisionKind, reasons: str,
    now: datetime, version: int | None, changes: dict[str, Any],
    details: dict[str, Any] | None = None,
) -> Decision | NotYet:  # fmt: skip
    seen = found(session, officer, Act.DECIDE, file_id, version)
    missing = guards.for_decision(reasons, against_advice=False)
    if missing:
        return NotYet(missing)
    said = advice(session, seen, now)
    signed = sign(session, officer, seen, kind, reasons, said, now, details=details)
    seen = move(session, seen, EVENT_OF[kind], now, changes)
    files.add(session, signed)
    return written(session, seen, signed, now)


def withdraw(
    session: Session, officer: Officer, file_id: UUID, why: EndReason, reasons: str,
    now: datetime, *, safety_checked: bool, release_checked: bool, committee_heard: bool = False,
    release_on: date | None = None, version: int | None = None,
) -> Decision | NotYet:  # fmt: skip
    """End it before its day, having looked at her safety and at his release.

    The handset is asked back and goes on working until it is; one that was only being prepared
    goes back to the stock at once. Because he is detained: `release_on`, or the day that is
    announced, stays watched when the handset is back too. Because she is dead: everything is kept
    from this moment until a prosecutor ends that, for it may be looked into how she died.
    """
    seen = found(session, officer, Act.DECIDE, file_id, version)
    if is_ended(seen) and (why is not EndReason.DEATH or seen.end_reason == EndReason.DEATH):
        raise WrongState("Its time is over already: only that she has died can be added.")
    checks = {"safety_checked": safety_checked, "release_checked": release_checked,
              "committee_heard": committee_heard}  # fmt: skip
    missing = _lacks_to_withdraw(session, seen, why, reasons, checks, release_on)
    if missing:
        return NotYet(missing)
    if release_on is not None:
        must_lie_ahead(session, seen, release_on, now)
    details = {"ground": why.value, "release_on": release_on} | checks
    said = advice(session, seen, now)
    signed = sign(session, officer, seen, _D.WITHDRAW, reasons, said, now, details=details)
    changes: dict[str, Any] = {"end_reason": why.value, "ended_at": now}
    changes |= {"release_on": release_on} if release_on is not None else {}
    seen = move(session, seen, AllocationEvent.WITHDRAW, now, changes)
    files.add(session, signed)
    if why is EndReason.DEATH:
        holding.begin(session, seen, "death", officer.name, now)
        deadlines.settle(session, seen.id, [_K.RELEASE], officer.name, now)
    end_period(session, seen, now, officer.name)
    if release_on is not None:
        plan_release(session, seen.id, release_on, now)
    return written(session, seen, signed, now)


def _lacks_to_withdraw(
    session: Session, seen: CaseFile, why: EndReason, reasons: str, checks: dict[str, bool],
    release_on: date | None,
) -> tuple[Missing, ...]:  # fmt: skip
    is_watched = _K.RELEASE in {one.kind for one in deadlines.of_file(session, seen.id)}
    return guards.for_withdrawal(
        reasons, **checks, is_breach=why is EndReason.RULES_BREACH,
        is_detained=why is EndReason.RESTRAINED_PERSON_DETAINED,
        release_known=release_on is not None or is_watched, is_death=why is EndReason.DEATH,
    )  # fmt: skip


def end_period(session: Session, seen: CaseFile, now: datetime, by: str) -> None:
    """What the end of a period does, by decision or by its day: asked back, never silenced.

    A release of which nobody has told her is watched on; while she still has the handset, a court
    that was asked to take the file over answers.
    """
    held = equipment.open_allocation(session, file_id=seen.id)
    stays = {_K.RETURN_DUE, _K.RELEASE} | ({_K.TRANSFER_WAITING} if held is not None else set())
    deadlines.settle(session, seen.id, [kind for kind in _K if kind not in stays], by, now)
    let_go(session, seen.id, now)
    if held is None:
        erasing.ask(session, seen, now + timedelta(PLATFORM_ERASES_AFTER_DAYS), now)
        changes = {"purge_at": _purge_at(now)}
        watch_on(session, move(session, seen, AllocationEvent.SETTLE, now, changes), now)
        return
    _move_period(session, seen, min(now, seen.ends_at or now), HandsetEvent.END)
    due = Planned(_K.RETURN_DUE, now + RETURN_WITHIN)
    deadlines.plan(session, seen.id, [due], now)
    if seen.end_reason == EndReason.DEATH:  # the association accompanies nobody any more
        deadlines.give_to(session, seen.id, _K.RETURN_DUE, Role.REGISTRY, Role.PROSECUTOR)


def let_go(session: Session, file_id: UUID, now: datetime) -> str | None:
    """A handset that is kept for the file and not handed over goes back to the stock."""
    kept = equipment.preparation(session, file_id=file_id)
    if kept is None:
        return None
    equipment.change_preparation(session, kept.id, {"ended_at": now})
    deadlines.settle(session, file_id, [_K.PROFILE_WAITING], "kept no longer", now)
    there = handset(session, kept.handset)
    if there.state in (HandsetState.RESERVED, HandsetState.PROVISIONED):
        move_handset(session, there, HandsetEvent.UNRESERVE)
    return kept.handset


def decision_that_grants(session: Session, seen: CaseFile) -> Decision | None:
    """The grant, or None for a file that was refused or not decided."""
    decided = files.the_decision(session, seen.id)
    return decided if decided is not None and decided.kind == _D.GRANT else None


def is_ended(seen: CaseFile) -> bool:
    """Expired or withdrawn: the handset is due back."""
    return AllocationState(seen.state) in (AllocationState.EXPIRED, AllocationState.WITHDRAWN)
