"""Which presses are the same: one id and one kind, by two ways or repeated, are one press.

A named press that comes again after a day, when its alert is closed, is a new one, unless it says
itself that it was made at the same moment: then it was long on its way (decision 0032).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tgd.rules.alert import AlertState, Lane
from tgd.rules.doubt import Label, Trust, Verdict
from tgd.rules.trigger import Position, TriggerKind

DERIVED = ("counter:", "sms:", "content:", "?content:")
"""Beginnings of trigger ids that we made ourselves because the message carried none."""
UNPROVEN = "?"
"""Beginning of the trigger ids that nobody proved: anybody may have said them in her name."""
NOT_ONLY_ONE_PRESS = ("content:", "osmand:", "owntracks:", UNPROVEN)
"""Ids that two presses may share: the same bytes, an application's cached clock, a stranger's."""
SAME_COUNTER_WITHIN = timedelta(hours=24)
NAMED_ANEW_AFTER = timedelta(hours=24)
"""An id is forgotten by a repaired handset, not by one that goes on until its receipt."""
REPLAYED_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Press:
    """One trigger, judged, with the position that may be kept (or none)."""

    source: str
    handset: str | None
    person: UUID | None
    trigger: str
    kind: TriggerKind
    counter: int | None
    claimed_at: datetime | None
    received_at: datetime
    battery_pct: float | None
    verdict: Verdict
    position: Position | None
    channel: str
    alert: UUID | None = None
    """The id of the alert that it opens, if it opens one."""
    spooled: bool = False
    """While it waited in the spool somebody may have been told of that alert."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A trigger of this very batch, in the shape of one from the record."""

    id: UUID
    alert: UUID
    press: Press
    state: str

    @property
    def trigger(self) -> str:
        return self.press.trigger

    @property
    def counter(self) -> int | None:
        return self.press.counter

    @property
    def claimed_at(self) -> datetime | None:
        return self.press.claimed_at

    @property
    def heard_at(self) -> datetime:
        return self.press.received_at

    @property
    def lane(self) -> str:
        return self.press.verdict.lane.value


def _is_over(row: Any) -> bool:
    return bool(row.state == AlertState.CLOSED)


@dataclass
class KnownTriggers:
    """What is kept of the sources of a batch, the newest of each, and what the batch adds."""

    named: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    counted: dict[tuple[str, int, str], Any] = field(default_factory=dict)

    def learn(self, named: Iterable[Any], counted: Iterable[Any]) -> None:
        """Rows of the record, newest first; what an open alert holds before any other, whatever
        the clocks of two gateways say: it may not hold it twice."""
        for row in sorted(named, key=_is_over):
            self.named.setdefault((row.source, row.trigger, row.kind), row)
        for row in sorted(counted, key=_is_over):
            if not row.trigger.startswith(UNPROVEN):
                self.counted.setdefault((row.source, row.counter, row.kind), row)

    def add(self, seen: Seen) -> None:
        """The newest of its id and of its counter from now on."""
        press = seen.press
        self.named[(press.source, press.trigger, press.kind)] = seen
        if press.counter is not None and not press.trigger.startswith(UNPROVEN):
            self.counted[(press.source, press.counter, press.kind)] = seen

    def same(self, press: Press) -> Any:
        """The trigger that this press repeats, if any.

        The id decides. Where one of the two messages carries none (a short SMS beside an MQTT
        message), the handset's counter does, within a day: it may start anew after a repair.
        """
        same = self.named.get((press.source, press.trigger, press.kind))
        if same is not None or press.counter is None or press.trigger.startswith(UNPROVEN):
            return same
        same = self.counted.get((press.source, press.counter, press.kind))
        if same is None or not (_is_derived(press.trigger) or _is_derived(same.trigger)):
            return None
        near = abs(press.received_at - same.heard_at) <= SAME_COUNTER_WITHIN
        return same if near else None

    def as_its_own(self, press: Press) -> Press:
        """A press of another kind beside one of the same id or counter: its counter is the one
        that was just seen, which is no sign of a replay."""
        if Label.REPLAYED not in press.verdict.labels or press.counter is None:
            return press
        for kind in TriggerKind:
            beside = self.counted.get((press.source, press.counter, kind))
            if beside is None or kind is press.kind:
                continue
            is_related = beside.trigger == press.trigger or _is_derived(press.trigger)
            if is_related and abs(press.received_at - beside.heard_at) <= REPLAYED_AFTER:
                return _labelled(press, press.verdict.labels - {Label.REPLAYED})
        return press


def is_new_after_closing(press: Press, same: Any) -> bool:
    """What may be a new cry for help although its id is known: only after a closing.

    At once for what the handset did not name, after a day for what it did.
    """
    if same.state != AlertState.CLOSED:
        return False
    return press.trigger.startswith(NOT_ONLY_ONE_PRESS) or _is_named_anew(press, same)


def as_replayed(press: Press) -> Press:
    """A named press that is heard again as a new one: shown as a possible replay, never as less
    than real."""
    if press.trigger.startswith(NOT_ONLY_ONE_PRESS):
        return press
    press = _labelled(press, press.verdict.labels | {Label.REPLAYED})
    if press.verdict.lane is Lane.EXERCISE:
        return replace(press, verdict=replace(press.verdict, lane=Lane.REAL))
    return press


def says_where(press: Press, same: Any) -> bool:
    """Whether a copy brings a position as a message of a position alone may: proven, and of now.

    A copy more than a minute after the first may be a replay: then the position must say itself
    that it was measured within this minute.
    """
    if press.position is None or press.verdict.trust is not Trust.VERIFIED:
        return False
    of_now = [same.heard_at, *([press.position.at] if press.position.at else [])]
    return any(abs(press.received_at - moment) <= REPLAYED_AFTER for moment in of_now)


def _is_named_anew(press: Press, same: Any) -> bool:
    if press.received_at - same.heard_at <= NAMED_ANEW_AFTER:
        return False
    if press.claimed_at is None or Label.CLOCK_IMPLAUSIBLE in press.verdict.labels:
        return True
    return bool(press.claimed_at != same.claimed_at)


def _labelled(press: Press, labels: frozenset[Label]) -> Press:
    return replace(press, verdict=replace(press.verdict, labels=labels))


def _is_derived(trigger: str) -> bool:
    return trigger.startswith(DERIVED)
