"""The other door, for signs of life: batched, in its own thread, never in the way of an alert.

States are not spooled: the next one says more. While the record is away nothing is answered for.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway import counts
from gateway.formats import READERS
from gateway.heard import Heard, Kept, Receipt
from gateway.telemetry import find_silent, find_untested, keep_states, note_connected
from tgd import clock
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.log import log
from tgd.rules.trigger import StateReport
from tgd.store.sources import sources

MOST_WAITING = 50_000
MOST_IN_A_BATCH = 2_000
LOOK_FOR_SILENCE_S = 30.0


class LifeSigns:
    """Keeps handsets' states; `hear` answers when they are in the record."""

    def __init__(
        self, engine: Engine, connected: Callable[[], Collection[str]] = frozenset
    ) -> None:
        """`connected` gives the proven handsets whose connection to this process is open now."""
        self._engine, self._connected = engine, connected
        self._waiting: asyncio.Queue[tuple[Heard, asyncio.Future[Receipt]]] = asyncio.Queue(
            MOST_WAITING
        )
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="lifesigns")
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start."""
        self._tasks = [
            asyncio.create_task(self._batches(), name="lifesigns"),
            asyncio.create_task(self._look_for_silence(), name="silence"),
        ]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hear(self, heard: Heard) -> Receipt:
        """Keep one state; `Kept.NOWHERE` when the record is away or too many wait."""
        counts.received(heard)
        answered: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((heard, answered))
        except asyncio.QueueFull:
            return Receipt(Kept.NOWHERE, None)
        return await answered

    async def _batches(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MOST_IN_A_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            kept = await self._keep([heard for heard, _ in batch])
            for _, answered in batch:
                if not answered.done():
                    answered.set_result(Receipt(Kept.RECORD if kept else Kept.NOWHERE, None))

    async def _keep(self, batch: Sequence[Heard]) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._keep_now, batch)
        except (RecordAway, SQLAlchemyError) as error:
            log.warning("states_not_kept", why=type(error).__name__, batch=len(batch))
            return False
        except Exception as error:  # noqa: BLE001 the loop outlives what one batch did to it
            log.error("states_failed", exc_info=error, batch=len(batch))
            return False
        return True

    def _keep_now(self, batch: Sequence[Heard]) -> None:
        now = clock.now()
        read = [(h, READERS[h.form](h.raw)) for h in batch if h.verified]
        with transaction(self._engine) as session:
            known = sources(session, {h.source for h, _ in read}, (), now).by_id
            keep_states(
                session,
                [
                    (h.source, m, h.received_at)
                    for h, m in read
                    if isinstance(m, StateReport) and h.source in known
                ],
                now,
            )

    async def _look_for_silence(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(
                    self._threads, self._find_silent, tuple(self._connected())
                )
            except RecordAway as error:
                log.warning("silence_not_looked_for", why=type(error).__name__)
            except Exception as error:  # noqa: BLE001 the loop outlives one bad turn
                log.error("silence_failed", exc_info=error)
            await asyncio.sleep(LOOK_FOR_SILENCE_S)

    def _find_silent(self, connected: Collection[str]) -> None:
        now = clock.now()
        with transaction(self._engine) as session:
            note_connected(session, connected, now)
            found, untested = find_silent(session, now), find_untested(session, now)
        if found:
            log.warning("handsets_silent", count=found)
        if untested:
            log.warning("handsets_untested", count=untested)
