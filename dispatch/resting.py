"""How long what this process has told rests, by a clock that cannot step.

Where the clocks of two dispatchers differ, what one puts off is past for the other, or so far ahead
that it looks wrong: no pause between two tries would hold, and a telephone would ring without end.
So each keeps to its own pauses by its own steady clock, whatever the dates say (decision 0012).
"""

from collections.abc import Iterable
from threading import Lock
from uuid import UUID

from tgd import clock

LONGEST_S = 15.0
"""A steady clock stands still while a machine sleeps: nobody waits longer than this for that."""


class Rests:
    """One per dispatcher, in memory: its twin has its own, so that together they ring twice as
    often as one at most."""

    def __init__(self) -> None:
        self._until: dict[UUID, float] = {}
        self._lock = Lock()  # claimed in one thread, answered in another

    def begin(self, told: Iterable[tuple[UUID, float]]) -> None:
        """These deliveries rest for so many seconds from now."""
        now = clock.monotonic()
        with self._lock:
            for delivery, seconds in told:
                self._until[delivery] = now + min(seconds, LONGEST_S)

    def still(self) -> frozenset[UUID]:
        """Those that rest now; the others are forgotten."""
        now = clock.monotonic()
        with self._lock:
            self._until = {one: until for one, until in self._until.items() if until > now}
            return frozenset(self._until)
