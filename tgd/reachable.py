"""Whether the record answers now, asked one question at a time and never waited for long.

A record that hangs holds each question for seconds: whoever asks a process whether it is well is
answered all the same, and its threads are not used up by those who ask.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from tgd.database import is_reachable

WITHIN_S = 0.6
"""The auditor waits a second for the whole answer."""


class Reachable:
    """One per process and engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reachable")
        self._asked: asyncio.Future[bool] | None = None

    async def now(self) -> bool:
        """True when the record has answered in time."""
        if self._asked is None or self._asked.done():
            loop = asyncio.get_running_loop()
            self._asked = loop.run_in_executor(self._thread, is_reachable, self._engine)
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.shield(self._asked)
        except TimeoutError:
            return False
