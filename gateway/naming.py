"""Which alert the presses of one source will open while the record is away: one, for all of them.

Kept in memory, and learnt again from the spool at the start. A source is forgotten as soon as the
record has one of its batches, and after some minutes: a press must never be lost in an older one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from gateway.heard import Heard
from gateway.strangers import GATHERED, MOST_OPEN
from tgd.rules.spooled import SpooledCall

NAMED_FOR = timedelta(minutes=10)
"""A press so long after the first is told as a new alert, should the record still be away."""


class Naming:
    """One per door."""

    def __init__(self) -> None:
        self._named: dict[str, SpooledCall] = {}

    def same(self, heard: Heard, call: SpooledCall) -> SpooledCall:
        """The call under the alert that the source opened first in this outage."""
        place = self._place(heard, call)
        first = self._named.setdefault(place, call)
        if abs(call.received_at - first.received_at) > NAMED_FOR:
            first = self._named[place] = call
        return replace(call, alert=first.alert)

    def learn(self, spooled: Iterable[tuple[Heard, SpooledCall | None]]) -> None:
        """What an earlier life of this process has spooled, oldest first."""
        for heard, call in spooled:
            if call is not None:
                self.same(heard, call)

    def forget(self, alerts: Iterable[object]) -> None:
        """The record has calls of these alerts."""
        gone = set(alerts)
        self._named = {p: c for p, c in self._named.items() if c.alert not in gone}

    def _place(self, heard: Heard, call: SpooledCall) -> str:
        """New strangers beyond the bound share one, as they do in the record (decision 0006)."""
        place = _place_of(heard, call)
        if call.is_proven or place in self._named:
            return place
        counted = Counter(c.channel for c in self._named.values() if not c.is_proven)
        return f"{call.channel}:{GATHERED}" if counted[call.channel] >= MOST_OPEN else place


def _place_of(heard: Heard, call: SpooledCall) -> str:
    """Whoever only says so never shares a place with the proven, nor a test with a press."""
    return (
        f"proven:{call.lane}:{call.handset}" if call.is_proven else f"{call.channel}:{heard.source}"
    )
