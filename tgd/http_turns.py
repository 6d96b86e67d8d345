"""Whose turn it is on a listener for HTTP that shares its loop with what must not wait.

The loop that hears alerts also answers HTTP: dozens of requests that are there at one moment, each
some milliseconds of signature or JSON, would all be worked off before a press had its next step.
So one piece of one connection is read at a time, everything else has its turn in between, and what
took long is followed by a rest. Short pieces, which may be a press, pass the long ones.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from tgd.log import log

SHORT_BYTES = 2048
"""No press is longer; whoever says more waits behind those who do not."""
SHORT_IN_A_ROW = 8
"""Then a long one has its turn."""
QUICK_S = 0.0005
LONGEST_REST_S = 0.005
"""So that HTTP has about half of a busy loop, and never much less than a hundred turns a second."""


class Turns:
    """One for all listeners of a loop that are to wait for each other."""

    def __init__(self) -> None:
        self._short: deque[tuple[Callable[[], None], Callable[[], None]]] = deque()
        self._long: deque[tuple[Callable[[], None], Callable[[], None]]] = deque()
        self._in_a_row = 0
        self._giving: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._short) + len(self._long)

    def ask(self, size: int, read: Callable[[], None], after: Callable[[], None]) -> None:
        """`read` is called when its turn comes, and `after` when its first work is done."""
        (self._short if size <= SHORT_BYTES else self._long).append((read, after))
        if self._giving is None:
            self._giving = asyncio.create_task(self._give(), name="http turns")

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while self._short or self._long:
            since = loop.time()
            read, after = self._next()
            self._call(read)
            await asyncio.sleep(0)  # what it has begun does its first work here
            await asyncio.sleep(0)
            self._call(after)
            took_s = loop.time() - since
            if took_s > QUICK_S:
                await asyncio.sleep(min(took_s, LONGEST_REST_S))
        self._giving = None

    def _next(self) -> tuple[Callable[[], None], Callable[[], None]]:
        if self._short and (self._in_a_row < SHORT_IN_A_ROW or not self._long):
            self._in_a_row += 1
            return self._short.popleft()
        self._in_a_row = 0
        return self._long.popleft()

    def _call(self, piece: Callable[[], None]) -> None:
        try:
            piece()
        except Exception:  # noqa: BLE001  (one connection's trouble is its own)
            log.exception("http_piece_failed")
