"""One click is one act: a form that was sent twice (double click, lost reply) acts once.

Each form carries a random word; this process remembers those that it has acted on. Only what was
said to be done is remembered: an act that met a refusal, an outage or a fault is done when the same
form is sent again, since doubled is better than lost. Whoever sends it meanwhile waits for how it
ends. An act on an alert is remembered by the record as well, in its own transaction (decision
0035): another console, or this one after its death, acts on the same form no more.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

MOST = 20_000
Key = tuple[str, str]


@dataclass
class Turn:
    """One sending of a form, while nobody else acts on it."""

    was_done: bool
    is_done: bool = False

    def done(self) -> None:
        """The record has it: the same form acts no more."""
        self.is_done = True


class Once:
    """The words of forms that were acted on, and those that are being acted on now."""

    def __init__(self) -> None:
        self._done: OrderedDict[Key, None] = OrderedDict()
        self._lines: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, name: str, word: str) -> AsyncIterator[Turn]:
        """Act on this form of this person unless it was acted on; a form without a word is new."""
        if not word:
            yield Turn(was_done=False)
            return
        key = (name, word[:64])
        async with self._lines.setdefault(key, asyncio.Lock()):
            turn = Turn(was_done=key in self._done)
            try:
                yield turn
            finally:
                if turn.is_done:
                    self._remember(key)

    def _remember(self, key: Key) -> None:
        self._done[key] = None
        while len(self._done) > MOST:
            self._done.popitem(last=False)
