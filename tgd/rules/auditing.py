"""What an auditor finds wrong with the service itself: facts in, findings out. White.

A finding is one word, what it is about and a sentence; it names no person, no number, no place.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tgd.rules.canary import CanaryWatch, lost

LOOK_S, LONGEST_ANSWER_S = 1.0, 1.0
"""Between two looks, and how long a part or the record may take to answer one."""
LATE = timedelta(seconds=4)
"""How late a look or a delivery may be before it is a finding."""
UNTOLD_FOR = timedelta(seconds=5)
"""How long an alert may be open without anybody being told; no first step of a policy that deserves
its name is later, and together with two looks it is found within ten seconds."""
UNARRIVED_FOR = timedelta(seconds=30)
"""How long a machine that is told of an open alert may not have it."""
UNANSWERED_FOR = timedelta(seconds=120)
"""How long an alert may wait for a human, whatever machines have said (RELIABILITY 4.1)."""
LEAST_ROOM = 128 * 1024 * 1024
"""Bytes that must be free where the spool is: a full disk keeps no call once the record is away."""
SPOOLED_FOR = timedelta(seconds=10)
"""How long a batch may wait in the spool while the record is there."""


class Wrong(StrEnum):
    """What can be wrong."""

    RECORD_AWAY = "record_away"
    ALERT_FORGOTTEN = "alert_forgotten"  # open, its look is overdue, nothing is in flight
    DELIVERY_OVERDUE = "delivery_overdue"  # its lease and its moment have passed
    DESTINATION_UNKNOWN = "destination_unknown"  # told once, no longer in the policy
    POLICY_BROKEN = "policy_broken"  # the file says nothing that could be followed
    POLICY_TELLS_NOBODY = "policy_tells_nobody"  # and nobody watches a console
    NOBODY_ON_DUTY = "nobody_on_duty"  # fewer consoles are watched and heard than must be
    PART_SILENT = "part_silent"  # a process does not answer
    PART_NOT_READY = "part_not_ready"  # it answers that it cannot work
    CANARY_LOST = "canary_lost"  # our own press has not come by this channel for too long
    SPOOL_NOT_DRAINED = "spool_not_drained"  # although the record is there
    SPOOL_UNREADABLE = "spool_unreadable"  # another key, or a damaged disk: calls lie in it
    SPOOL_NOT_TOLD = "spool_not_told"  # the record is away, and dispatch cannot tell from the spool
    NO_ROOM = "no_room"  # the spool's disk is as good as full
    NOBODY_TOLD = "nobody_told"  # open and without an owner, and not one delivery was ever made
    NOBODY_ANSWERS = "nobody_answers"  # told, perhaps received by machines, and in no hands
    NOT_ARRIVED = "not_arrived"  # a machine that must know of an open alert does not have it
    POLICY_HAS_HOLES = "policy_has_holes"  # valid, and somebody who must be told is not
    AUDIT_FAILED = "audit_failed"  # the auditor itself could not look


SENTENCES: Mapping[Wrong, str] = {
    Wrong.RECORD_AWAY: "The record does not answer.",
    Wrong.ALERT_FORGOTTEN: "An open alert is overdue and nobody is being told about it.",
    Wrong.DELIVERY_OVERDUE: "A delivery is past its lease and its moment.",
    Wrong.DESTINATION_UNKNOWN: "An open alert waits for a destination that the policy has not.",
    Wrong.POLICY_BROKEN: "The policy file cannot be read or followed.",
    Wrong.POLICY_TELLS_NOBODY: "No policy tells anybody, and nobody watches a console.",
    Wrong.NOBODY_ON_DUTY: "Fewer consoles are watched and heard than there must be.",
    Wrong.PART_SILENT: "A process of the service does not answer.",
    Wrong.PART_NOT_READY: "A process of the service says that it cannot work.",
    Wrong.CANARY_LOST: "The canary of a channel is not heard: perhaps no press is.",
    Wrong.SPOOL_NOT_DRAINED: "Calls wait in the spool although the record is there.",
    Wrong.SPOOL_UNREADABLE: "Calls that handsets were told are received cannot be read any more.",
    Wrong.NOBODY_TOLD: "Nobody has been told of an open alert that nobody answers for.",
    Wrong.SPOOL_NOT_TOLD: "The record is away, and nobody is told of what the spool keeps.",
    Wrong.NO_ROOM: "There is hardly any room where calls are kept while the record is away.",
    Wrong.NOBODY_ANSWERS: "An open alert has been in nobody's hands for two minutes.",
    Wrong.NOT_ARRIVED: "A platform or a control room has not got an open alert for half a minute.",
    Wrong.POLICY_HAS_HOLES: "The policy leaves out somebody who must be told.",
    Wrong.AUDIT_FAILED: "The audit itself has failed.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `about` is an opaque id or a name of ours."""

    wrong: Wrong
    about: str = ""

    @property
    def sentence(self) -> str:
        """For a person."""
        return SENTENCES[self.wrong]


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """An open alert as the record has it."""

    id: str
    look_again_at: datetime
    leased_until: datetime | None
    """The latest lease of its deliveries."""
    untold_since: datetime | None = None
    """When it was opened, if nobody answers for it and nothing was ever told of it."""
    waiting_since: datetime | None = None
    """Since when a real one is in nobody's hands."""


@dataclass(frozen=True, slots=True)
class DeliverySeen:
    """A delivery of an open alert that is not settled."""

    alert: str
    destination: str
    next_try_at: datetime | None
    lease_until: datetime | None
    made_at: datetime | None = None
    """When a real alert's was first told."""


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """What the record says of itself."""

    alerts: tuple[AlertSeen, ...]
    deliveries: tuple[DeliverySeen, ...]
    consoles: int
    """How many operators and supervisors have a console that was used lately."""


@dataclass(frozen=True, slots=True)
class PolicySeen:
    """What the policy file says, as far as an auditor needs it."""

    destinations: frozenset[str]
    steps: int
    machines: frozenset[str] = frozenset()
    """Those that say by themselves that they have it: platforms and control rooms."""
    holes: frozenset[str] = frozenset()
    """Who is left out, in words of dispatch/policy_warnings.py, and is not accepted as it is."""


def of_record(
    seen: RecordSeen, policy: PolicySeen | None, consoles: int, now: datetime
) -> set[Finding]:
    """What the record shows; `policy` is None when the file is broken, `consoles` the least
    number that must be watched."""
    found = {Finding(Wrong.ALERT_FORGOTTEN, a.id) for a in seen.alerts if _is_forgotten(a, now)}
    found |= {
        Finding(Wrong.NOBODY_ANSWERS, a.id)
        for a in seen.alerts
        if a.waiting_since is not None and now - a.waiting_since > UNANSWERED_FOR
    }
    found |= {
        Finding(Wrong.DELIVERY_OVERDUE, f"{d.alert}:{d.destination}")
        for d in seen.deliveries
        if _is_overdue(d, now)
    }
    found |= of_policy(policy, seen.consoles)
    if policy is not None and policy.steps:
        found |= {Finding(Wrong.NOBODY_TOLD, a.id) for a in seen.alerts if _is_untold(a, now)}
        found |= _of_destinations(seen.deliveries, policy, now)
    if seen.consoles < consoles:
        found.add(Finding(Wrong.NOBODY_ON_DUTY))
    return found


def of_policy(policy: PolicySeen | None, consoles: int | None = None) -> set[Finding]:
    """What the file itself shows; `consoles` is None while nobody can say how many are watched."""
    if policy is None:
        return {Finding(Wrong.POLICY_BROKEN)}
    if policy.steps == 0:
        return {Finding(Wrong.POLICY_TELLS_NOBODY)} if consoles == 0 else set()
    return {Finding(Wrong.POLICY_HAS_HOLES, hole) for hole in policy.holes}


def _of_destinations(
    deliveries: Iterable[DeliverySeen], policy: PolicySeen, now: datetime
) -> set[Finding]:
    """One finding per destination, however many alerts wait for it."""
    waits = [d for d in deliveries if d.made_at is not None and now - d.made_at > UNARRIVED_FOR]
    late = {d.destination for d in waits} & policy.machines
    unknown = {d.destination for d in deliveries} - policy.destinations
    return {Finding(Wrong.NOT_ARRIVED, name) for name in late} | {
        Finding(Wrong.DESTINATION_UNKNOWN, name) for name in unknown
    }


def _is_forgotten(alert: AlertSeen, now: datetime) -> bool:
    in_flight = alert.leased_until is not None and alert.leased_until > now
    return alert.look_again_at < now - LATE and not in_flight


def _is_untold(alert: AlertSeen, now: datetime) -> bool:
    """Whatever dispatch has planned: its own dates are what may be wrong."""
    return alert.untold_since is not None and now - alert.untold_since > UNTOLD_FOR


def _is_overdue(delivery: DeliverySeen, now: datetime) -> bool:
    moments = [m for m in (delivery.next_try_at, delivery.lease_until) if m is not None]
    return all(m < now - LATE for m in moments)


def of_spool(oldest_at: datetime | None, unreadable: Iterable[str], now: datetime) -> set[Finding]:
    """What lies in the spool while the record is there, and the batches that were put aside."""
    waits = oldest_at is not None and now - oldest_at > SPOOLED_FOR
    found = {Finding(Wrong.SPOOL_UNREADABLE, name) for name in unreadable}
    return found | ({Finding(Wrong.SPOOL_NOT_DRAINED)} if waits else set())


def of_canaries(pressed: Mapping[str, datetime], watch: CanaryWatch, now: datetime) -> set[Finding]:
    """`pressed` is the last press that the record has of each canary; about the channel."""
    return {Finding(Wrong.CANARY_LOST, channel) for channel in lost(pressed, watch, now)}


NOT_TOLD = "nothing is told from the spool"
"""What dispatch says beside "record away" when it cannot do without."""


def of_parts(said: Mapping[str, str | None]) -> set[Finding]:
    """By part: "" for ready, its words for why not, None for silence."""
    silent = {Finding(Wrong.PART_SILENT, part) for part, why in said.items() if why is None}
    not_told = {
        Finding(Wrong.SPOOL_NOT_TOLD, p) for p, why in said.items() if NOT_TOLD in (why or "")
    }
    return (
        silent
        | not_told
        | {Finding(Wrong.PART_NOT_READY, part) for part, why in said.items() if why}
    )


def of_room(free_bytes: Mapping[str, int]) -> set[Finding]:
    """By place, what is free there."""
    return {Finding(Wrong.NO_ROOM, name) for name, free in free_bytes.items() if free < LEAST_ROOM}


@dataclass(frozen=True, slots=True)
class Watch:
    """What was found before: a finding counts when two looks in a row have it."""

    before: frozenset[Finding] = frozenset()
    raised_at: Mapping[Finding, datetime] | None = None

    def look(
        self, found: Collection[Finding], now: datetime, again: timedelta
    ) -> tuple["Watch", list[Finding]]:
        """The next watch, and what is to be raised now: what is new, and what lasts."""
        lasting = set(found) & self.before
        known = {f: at for f, at in (self.raised_at or {}).items() if f in set(found)}
        due = sorted(
            (f for f in lasting if f not in known or now - known[f] >= again),
            key=lambda f: (f.wrong, f.about),
        )
        return Watch(frozenset(found), known), due

    def raised(self, findings: Iterable[Finding], now: datetime) -> "Watch":
        """Somebody was reached with these."""
        return Watch(self.before, {**(self.raised_at or {}), **dict.fromkeys(findings, now)})
