"""Slows down guessing of passwords: failures per name and per address, in this process's memory.

It never stands before an alert: only `/login` and `/unlock` ask it. With several consoles each
counts for itself, and a restart forgets; the slow hash is what holds in any case.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_S = 300.0
PER_NAME = 10
PER_ADDRESS = 100
"""Many consoles stand behind one address of a site or of a reverse proxy."""
MOST_KEYS = 10_000


class Limiter:
    """Counts failures in a moving window; right passwords are never counted."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def allows(self, name: str, address: str) -> bool:
        """False when this name or this address has failed too often lately."""
        return (
            self._recent(("name", name)) < PER_NAME
            and self._recent(("address", address)) < PER_ADDRESS
        )

    def failed(self, name: str, address: str) -> None:
        """Count a failure."""
        now = self._monotonic()
        for key in (("name", name), ("address", address)):
            self._failures.setdefault(key, deque(maxlen=PER_ADDRESS)).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)

    def _recent(self, key: tuple[str, str]) -> int:
        failures = self._failures.get(key)
        if failures is None:
            return 0
        while failures and failures[0] <= self._monotonic() - WINDOW_S:
            failures.popleft()
        return len(failures)
