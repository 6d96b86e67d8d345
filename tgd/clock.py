"""The only reader of the clock; everything else is given a moment.

Inside one process time never jumps: it is set once from the machine's clock and carried on by the
monotonic one. What the machine's clock is ahead or behind later is made good slowly, so that no
escalation comes early or is missed when somebody sets the clock (decision 0013).
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

SLOWLY = 0.005
"""How much faster or slower than real our seconds may be: a minute is wrong by 0.3 s at most."""


class Carried:
    """A clock set once from `wall`, carried on by `steady` (both in seconds)."""

    def __init__(self, wall: float, steady: float) -> None:
        self._now, self._steady = wall, steady
        self._lock = threading.Lock()

    def read(self, wall: float, steady: float) -> float:
        """This moment; never before one that was read earlier."""
        with self._lock:
            passed = max(0.0, steady - self._steady)
            self._steady = max(self._steady, steady)
            most = passed * SLOWLY
            wrong = wall - (self._now + passed)
            self._now += passed + max(-most, min(most, wrong))
            return self._now

    def advance(self, to: float) -> float:
        """Not before this moment any more; how far that was."""
        with self._lock:
            by = max(0.0, to - self._now)
            self._now += by
            return by


_carried = Carried(time.time(), time.monotonic())


def _carried_now() -> datetime:
    return datetime.fromtimestamp(_carried.read(time.time(), time.monotonic()), UTC)


_now: Callable[[], datetime] = _carried_now
_monotonic: Callable[[], float] = time.monotonic


def tell_by(
    now: Callable[[], datetime] | None = None, monotonic: Callable[[], float] | None = None
) -> None:
    """Let another time pass (simulation only); without arguments, the machine's comes back."""
    global _now, _monotonic
    _now, _monotonic = now or _carried_now, monotonic or time.monotonic


def now() -> datetime:
    """This moment, in UTC, aware."""
    return _now()


def monotonic() -> float:
    """Seconds that only pass, from no particular moment: for pauses, never for the record."""
    return _monotonic()


def wrong_by() -> timedelta:
    """How far the machine's clock is ahead (or behind: negative) of ours."""
    wall = time.time()
    return timedelta(seconds=wall - _carried.read(wall, time.monotonic()))


def advance(to: datetime) -> timedelta:
    """Somebody else is at this moment already, so it cannot be earlier here; how far we went."""
    return timedelta(seconds=_carried.advance(to.timestamp()))
