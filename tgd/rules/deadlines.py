"""Every date of law or convention, who owns it, how it is chased; none lapses in silence.

Months are calendar months in the court's own time zone: a period of six months that begins on
31 August ends with the last hour of 28 (or 29) February.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tgd.rules.access import Role

USUAL_ZONE = "Europe/Paris"


class DeadlineKind(StrEnum):
    """What somebody must not forget."""

    REFERRAL_WAITING = "referral_waiting"
    HAND_OVER_WAITING = "hand_over_waiting"  # granted or replaced, and she has nothing
    RENEWAL_FIRST = "renewal_first"  # day 120
    RENEWAL_SECOND = "renewal_second"  # day 150
    RENEWAL_LAST = "renewal_last"  # day 165
    ALLOCATION_END = "allocation_end"
    BAN_END = "ban_end"
    OPPI_UNCONFIRMED = "oppi_unconfirmed"
    RELEASE = "release"  # of the restrained person
    TEST_DUE = "test_due"
    TEST_CALL = "test_call"  # she made none: call her
    TEST_VISIT = "test_visit"  # and she was not reached: go and see
    RETURN_DUE = "return_due"
    PLATFORM_ERASURE = "platform_erasure"
    TRACES_ERASURE = "traces_erasure"
    CLEARANCE_END = "clearance_end"
    TRANSFER_WAITING = "transfer_waiting"  # another court is asked to take the file over
    RECALL_WAITING = "recall_waiting"  # she carries a handset that is recalled
    AGREEMENT_END = "agreement_end"  # with an association
    PROFILE_WAITING = "profile_waiting"  # the platform has not said that it knows of her
    ORDER_LATE = "order_late"  # of a stock: ordered, and not delivered
    SENDING_LATE = "sending_late"  # sent to a stock, and not received there
    ERASURE_LATE = "erasure_late"  # given back, and not yet erased and tested
    CENSUS_DUE = "census_due"  # a stock is counted each quarter
    CONSENT_WITHDRAWN = "consent_withdrawn"  # she carries a handset that she agrees to no more


@dataclass(frozen=True, slots=True)
class Rule:
    """Whose it is, when it is first said, when somebody above is told."""

    owner: Role
    escalation: Role
    warn_before: timedelta
    escalate_after: timedelta
    """Since the first reminder, without an acknowledgement."""
    quiet_for: timedelta
    """After an acknowledgement; then it is said again until the matter is settled."""


def _rule(owner: Role, above: Role, warn_days: float, escalate_days: float, quiet: float) -> Rule:
    days = (timedelta(days=d) for d in (warn_days, escalate_days, quiet))
    return Rule(owner, above, *days)


_P, _G, _A = Role.PROSECUTOR, Role.REGISTRY, Role.ASSOCIATION
_M = Role.STOCK_MANAGER
_K = DeadlineKind
RULES: dict[DeadlineKind, Rule] = {
    _K.REFERRAL_WAITING: _rule(_P, _G, 0, 1, 2),
    _K.HAND_OVER_WAITING: _rule(_G, _P, 3, 1, 2),  # said at once: she is in danger now
    _K.RENEWAL_FIRST: _rule(_A, _P, 0, 7, 14),
    _K.RENEWAL_SECOND: _rule(_P, _G, 0, 5, 7),
    _K.RENEWAL_LAST: _rule(_P, _G, 0, 1, 3),
    _K.ALLOCATION_END: _rule(_P, _G, 7, 1, 3),
    _K.BAN_END: _rule(_P, _G, 30, 7, 7),
    _K.OPPI_UNCONFIRMED: _rule(_P, _G, 1, 1, 3),
    _K.RELEASE: _rule(_P, _G, 15, 1, 5),
    _K.TEST_DUE: _rule(_A, _P, 2, 3, 2),
    _K.TEST_CALL: _rule(_A, _P, 0, 1, 1),
    _K.TEST_VISIT: _rule(_P, _G, 0, 1, 1),
    _K.RETURN_DUE: _rule(_A, _P, 0, 7, 7),
    _K.PLATFORM_ERASURE: _rule(_G, _P, 1, 1, 1),
    _K.TRACES_ERASURE: _rule(_G, _P, 7, 7, 7),
    _K.CLEARANCE_END: _rule(_P, _G, 30, 15, 10),
    _K.TRANSFER_WAITING: _rule(_P, _G, 3, 2, 2),
    _K.RECALL_WAITING: _rule(_G, _P, 7, 3, 3),
    _K.AGREEMENT_END: _rule(_P, _G, 60, 15, 15),
    _K.PROFILE_WAITING: _rule(_G, _P, 0, 1, 1),
    _K.ORDER_LATE: _rule(_M, _G, 0, 7, 7),
    _K.SENDING_LATE: _rule(_M, _G, 0, 3, 3),
    _K.ERASURE_LATE: _rule(_M, _G, 0, 3, 3),
    _K.CENSUS_DUE: _rule(_M, _G, 7, 7, 7),
    _K.CONSENT_WITHDRAWN: _rule(_P, _G, 0, 1, 2),
}

RENEWED_BEFORE = timedelta(days=65)
"""So long before its end a period's renewal is asked about: from its day 120 on."""
RENEWAL_DAYS = {_K.RENEWAL_FIRST: 120, _K.RENEWAL_SECOND: 150, _K.RENEWAL_LAST: 165}
TEST_EVERY = timedelta(days=15)
"""She presses a test at least so often; without one the handset may be dead in a drawer."""
CALL_AFTER, VISIT_AFTER = timedelta(days=1), timedelta(days=2)
"""After the day of a test that did not come she is called; after so long without reaching her,
somebody goes and sees."""
TEST_STAGES = (_K.TEST_DUE, _K.TEST_CALL, _K.TEST_VISIT)
BEGINS_WITHIN = timedelta(days=31)
"""A grant begins on the day it is signed or within a month: she is in danger now."""
DECIDE_WITHIN = timedelta(days=1)
HAND_OVER_WITHIN = timedelta(days=3)
RETURN_WITHIN = timedelta(days=7)
TRANSFER_WITHIN = timedelta(days=3)
REPLACE_WITHIN = timedelta(days=7)
"""A handset that is recalled and carried: it works, and nobody knows for how long."""
OPPI_DECIDED_WITHIN = timedelta(days=6)
"""The family judge decides on the protection order within six days."""
PLATFORM_ERASES_AFTER_DAYS = 3
TRACES_ERASED_AFTER_MONTHS = 6


def add_months(day: date, months: int) -> date:
    """The same day of the month, or the last one of a month that is too short."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def day_in(zone: str, now: datetime) -> date:
    """The civil day of a moment at the court."""
    return now.astimezone(ZoneInfo(zone)).date()


def end_of(day: date, zone: str) -> datetime:
    """The moment at which that civil day is over (24 h), in UTC."""
    return start_of(day + timedelta(days=1), zone)


def start_of(day: date, zone: str) -> datetime:
    """The first moment of that civil day, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def period_end(first_day: date, months: int, zone: str) -> datetime:
    """When so many calendar months that began on that day are over."""
    return end_of(add_months(first_day, months), zone)


@dataclass(frozen=True, slots=True)
class Planned:
    """One date of one file."""

    kind: DeadlineKind
    due_at: datetime


def of_period(first_day: date, ends_at: datetime, zone: str) -> list[Planned]:
    """The end of a period and the reminders before it that still make sense."""
    reminders = [
        Planned(kind, start_of(first_day + timedelta(days=days), zone))
        for kind, days in RENEWAL_DAYS.items()
    ]
    kept = [one for one in reminders if one.due_at < ends_at]
    return [*kept, Planned(_K.ALLOCATION_END, ends_at)]


@dataclass(frozen=True, slots=True)
class Chased:
    """A deadline as it stands."""

    kind: DeadlineKind
    due_at: datetime
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now, and when to look again; there is always a next look."""

    remind: bool
    escalate: bool
    look_again_at: datetime


SAID_AGAIN_AFTER = timedelta(days=1)


def stage_after(kind: DeadlineKind, due_at: datetime, now: datetime) -> Planned | None:
    """What follows a test that did not come, or a call that reached nobody, when its time has
    come; None while this stage runs, and after the last one, which is said until it is done."""
    follows = {_K.TEST_DUE: (_K.TEST_CALL, CALL_AFTER), _K.TEST_CALL: (_K.TEST_VISIT, VISIT_AFTER)}
    if kind not in follows:
        return None
    following, after = follows[kind]
    return Planned(following, due_at + after) if now >= due_at + after else None


def first_look(planned: Planned) -> datetime:
    """When a new deadline is looked at for the first time."""
    return planned.due_at - RULES[planned.kind].warn_before


def is_quiet(seen: Chased, now: datetime) -> bool:
    """Whether somebody has seen it and it is not said again yet."""
    return seen.acknowledged_at is not None and not chase(seen, now).remind


def chase(seen: Chased, now: datetime) -> Step:
    """Remind the owner every day, tell the one above when nobody acknowledges, never stop."""
    rule = RULES[seen.kind]
    first = first_look(Planned(seen.kind, seen.due_at))
    if now < first:
        return Step(False, False, first)
    if seen.acknowledged_at is not None:
        quiet_until = seen.acknowledged_at + rule.quiet_for
        if seen.acknowledged_at < seen.due_at < quiet_until:
            quiet_until = seen.due_at  # the day itself is said whatever was acknowledged before
        if now < quiet_until:
            return Step(False, False, quiet_until)
        return Step(True, now >= quiet_until + rule.escalate_after, now + SAID_AGAIN_AFTER)
    since = seen.reminded_at or now
    return Step(True, now >= since + rule.escalate_after, now + SAID_AGAIN_AFTER)
