"""Listens for nudges on one connection of its own; loses nothing when it is cut off, because
everybody polls as well."""

import asyncio
import contextlib

import psycopg

from tgd.log import log

AGAIN_S = 0.5


class Listener:
    """LISTEN on some channels; `wait` returns at the next nudge or after the time.

    `holds` is the name of a worker whose liveness this very session proves to its twins: while it
    is connected it holds the worker's advisory lock.
    """

    def __init__(self, url: str, channels: tuple[str, ...], holds: str | None = None) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._channels = channels
        self._holds = holds
        self._events = {channel: asyncio.Event() for channel in channels}
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def open(self) -> None:
        """Start listening."""
        self._task = asyncio.create_task(self._forever(), name="listener")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def wait(self, channel: str, seconds: float) -> bool:
        """True when nudged, False when the time is over."""
        event = self._events[channel]
        try:
            # not wait_for: in Python 3.11 it forgets a cancellation that meets the event
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            event.clear()
        return True

    async def _forever(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("listener_cut_off", why=type(error).__name__)
            self.connected.clear()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=3, application_name="tgd-listener",
            keepalives_idle=5, keepalives_interval=2, keepalives_count=2,
        )  # fmt: skip
        async with connection:
            if self._holds:
                await connection.execute(
                    "SELECT pg_advisory_lock(hashtextextended(%s, 7468))", (self._holds,)
                )
            for channel in self._channels:
                await connection.execute(f"LISTEN {channel}".encode())
            self.connected.set()
            for event in self._events.values():
                event.set()  # something may have happened while nobody listened
            async for notice in connection.notifies():
                self._events[notice.channel].set()
