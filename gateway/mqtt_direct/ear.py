"""What is being heard at this moment: it is finished even when the one who spoke has gone."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import uuid4

from gateway.heard import Channel, Form, Heard, Receipt
from tgd import clock

Hear = Callable[[Heard], Awaitable[Receipt]]


class Ear:
    """Gives every publication to the door; strangers together hold only some of the places."""

    def __init__(self, hear: Hear, untrusted_at_once: int) -> None:
        self._hear = hear
        self._room = asyncio.Semaphore(untrusted_at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    async def hear(self, form: Form, source: str, verified: bool, raw: bytes) -> Receipt:
        """Returns when the message is durable; raises what the door raises."""
        heard = Heard(
            channel=Channel.MQTT,
            form=form,
            source=source,
            verified=verified,
            transport_id=uuid4().hex,
            raw=raw,
            received_at=clock.now(),
        )
        if verified:
            return await self._hear(heard)
        async with self._room:
            return await self._hear(heard)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let it run on its own: a lost connection does not unsay a cry for help."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, within_s: float) -> None:
        """Wait until nothing is being heard any more, or the time is over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
