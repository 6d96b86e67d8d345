"""Calls that the record took a moment ago: should it die now, the spool keeps them too.

A commit and the telling of it are moments apart, and a record that dies between them takes the
alert with it for as long as it is away. The door puts such calls into its spool too, under the
alert that they have, from where dispatch tells them (decision 0010); the record knows them when it
is back.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.heard import Heard, Receipt
from tgd import clock

FRESH = timedelta(seconds=10)
"""Dispatch tells an alert within milliseconds; so long it may be busy, or just starting."""
MOST = 20_000


class Fresh:
    """One per door; in memory, for it is about the loss of the record and not of this process."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Heard]] = deque(maxlen=MOST)

    def __bool__(self) -> bool:
        """Whether there are any."""
        self._let_go()
        return bool(self._kept)

    def remember(self, messages: Sequence[Heard], receipts: Sequence[Receipt | None]) -> None:
        """Those of a batch whose alert nobody has yet, under the alert that each has become."""
        now = clock.monotonic()
        for heard, receipt in zip(messages, receipts, strict=True):
            if receipt is not None and receipt.alert is not None:
                self._kept.append((now, replace(heard, alert=receipt.alert)))

    def take(self) -> list[Heard]:
        """All of them, newest last; they are remembered no longer."""
        self._let_go()
        taken = [heard for _, heard in self._kept]
        self._kept.clear()
        return taken

    def _let_go(self) -> None:
        oldest = clock.monotonic() - FRESH.total_seconds()
        while self._kept and self._kept[0][0] < oldest:
            self._kept.popleft()
