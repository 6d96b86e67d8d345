"""Counts what strangers send to an open form: per address and in all, in this process's memory.

Behind a reverse proxy that the settings do not name everybody has one address: the limits are then
those of a court, not of a person.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_S = 600.0
PER_ADDRESS = 20
IN_ALL = 300
MOST_ADDRESSES = 10_000


class Rate:
    """How many were let in within a moving window."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Count this one and say whether it may come in."""
        now = self._monotonic()
        everybody = self._recent("", now, IN_ALL)
        own = self._recent(f"at {address}", now, PER_ADDRESS)
        if len(own) >= PER_ADDRESS or len(everybody) >= IN_ALL:
            return False
        own.append(now)
        everybody.append(now)
        return True

    def _recent(self, key: str, now: float, most: int) -> deque[float]:
        moments = self._seen.setdefault(key, deque(maxlen=most))
        self._seen.move_to_end(key)
        while moments and moments[0] <= now - WINDOW_S:
            moments.popleft()
        while len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return moments
