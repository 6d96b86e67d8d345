"""The door with its hinges: batch, transaction, spool, receipt; every channel comes in through it.

A message is answered for only when it is durable: in the record, or fsynced in the spool. When
neither can keep it, `hear` raises NotKept and the channel gives no receipt and no 2xx, so that
the handset goes on. Decides nothing else.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway import counts
from gateway.formats import READERS
from gateway.heard import Channel, Form, Heard, Kept, Receipt
from gateway.intake import take_in
from tgd import clock, killpoint
from tgd.database import is_reachable, transaction
from tgd.errors import NotKept, RecordAway
from tgd.log import log
from tgd.seal import Keys
from tgd.spool import Spool

CLOSING_S = 5.0
LOOK_AGAIN_S = 0.5
"""How often the record is tried again while it is away, and the spool looked into."""


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Numbers of the door; seconds and messages."""

    record_s: float = 2.0
    batch: int = 500
    waiting: int = 20_000
    """Most messages that may wait in memory; more are refused without a receipt."""


@dataclass(slots=True)
class _Waiting:
    heard: Heard
    answered: asyncio.Future[Receipt]


class Door:
    """One per process and lane; `hear` may be called by any number of channels at once."""

    def __init__(
        self, engine: Engine, spool: Spool, keys: Keys, limits: DoorLimits | None = None
    ) -> None:
        self._engine, self._spool, self._keys = engine, spool, keys
        self._limits = limits or DoorLimits()
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(self._limits.waiting)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="door")
        self._tasks: list[asyncio.Task[None]] = []
        self.record_is_away = False

    async def open(self) -> None:
        """Start; what waits in the spool from an earlier life is taken in first."""
        await asyncio.to_thread(self._spool.open)
        self._tasks = [
            asyncio.create_task(self._batches(), name="door"),
            asyncio.create_task(self._drain(), name="drain"),
        ]

    async def close(self) -> None:
        """Finish what waits, then stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self._waiting.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hear(self, heard: Heard) -> Receipt:
        """Keep one message durably; raises NotKept when nothing could."""
        counts.received(heard)
        started = time.monotonic()
        answered: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait(_Waiting(heard, answered))
        except asyncio.QueueFull:
            raise NotKept from None
        receipt = await answered
        counts.kept(heard, receipt, time.monotonic() - started)
        return receipt

    async def _batches(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < self._limits.batch and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await self._keep(batch)
            except Exception as error:  # noqa: BLE001 the loop outlives what one batch did to it
                log.error("door_failed", exc_info=error, batch=len(batch))
                _refuse(batch)
            for _ in batch:
                self._waiting.task_done()

    async def _keep(self, batch: Sequence[_Waiting]) -> None:
        messages = [one.heard for one in batch]
        killpoint.reach("door_before_record")
        receipts = None if self.record_is_away else await self._to_record(messages)
        if receipts is None:
            receipts = await self._to_spool(messages)
        killpoint.reach("door_after_kept")
        if receipts is None:
            _refuse(batch)
            return
        for one, receipt in zip(batch, receipts, strict=True):
            if not one.answered.done():
                one.answered.set_result(receipt)

    async def _to_record(self, messages: Sequence[Heard]) -> list[Receipt] | None:
        """The batch in one transaction within the limit; None when the record is away."""
        attempt = asyncio.get_running_loop().run_in_executor(
            self._threads, partial(self._take_in_safely, messages)
        )
        try:
            # not wait_for: in Python 3.11 it forgets a cancellation that meets the result
            async with asyncio.timeout(self._limits.record_s):
                return await asyncio.shield(attempt)
        except (RecordAway, TimeoutError) as error:
            # a transaction cut off here may still commit: ids make the repetition harmless
            attempt.add_done_callback(lambda a: a.cancelled() or a.exception())
            self._record_went_away(error)
            return None

    def _record_went_away(self, error: Exception) -> None:
        if not self.record_is_away:
            log.error("record_away", why=type(error).__name__)
        self.record_is_away = True
        counts.record_away.set(1)

    def _take_in_safely(self, messages: Sequence[Heard]) -> list[Receipt]:
        """Runs in a worker thread. One poison message never spoils its neighbours: a batch that
        fails is taken in one by one, and the one that fails alone is kept unread, as an alert."""
        try:
            return self._take_in(messages)
        except RecordAway:
            raise
        except (SQLAlchemyError, ValueError, TypeError, ArithmeticError, LookupError,
                AttributeError, RecursionError) as error:  # fmt: skip
            log.error("batch_failed", exc_info=error, batch=len(messages))
        return [self._take_in_alone(one) for one in messages]

    def _take_in_alone(self, heard: Heard) -> Receipt:
        try:
            return self._take_in([heard])[0]
        except RecordAway:
            raise
        except (SQLAlchemyError, ValueError, TypeError, ArithmeticError, LookupError,
                AttributeError, RecursionError) as error:  # fmt: skip
            counts.poison.inc()
            log.error("poison_message", exc_info=error, channel=heard.channel, form=heard.form)
        return self._take_in([heard], unread=True)[0]

    def _take_in(self, messages: Sequence[Heard], *, unread: bool = False) -> list[Receipt]:
        with transaction(self._engine) as session:
            receipts = take_in(session, messages, clock.now(), self._keys, unread=unread)
            killpoint.reach("door_before_commit")
        killpoint.reach("door_after_commit")
        return receipts

    async def _to_spool(self, messages: Sequence[Heard]) -> list[Receipt] | None:
        """The batch in the spool; None when even that is not possible."""
        calls = [m for m in messages if m.form is not Form.POSITION]
        try:
            if calls:
                await asyncio.to_thread(self._spool.append, [_packed(m) for m in calls])
        except NotKept as error:
            log.critical("nothing_keeps", exc_info=error, batch=len(messages))
            return None
        return [_spooled(m) for m in messages]

    async def _drain(self) -> None:
        """While the record is away, look for it; when it is there, empty the spool into it."""
        while True:
            try:
                await self._drain_once()
            except Exception as error:  # noqa: BLE001 draining must go on
                log.error("drain_failed", exc_info=error)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _drain_once(self) -> None:
        if self.record_is_away and not await asyncio.to_thread(is_reachable, self._engine):
            return
        if self.record_is_away:
            log.info("record_back")
        self.record_is_away = False
        counts.record_away.set(0)
        waiting = await asyncio.to_thread(self._spool.waiting)
        counts.spooled.set(len(waiting))
        for path in waiting:
            batch = [_unpacked(one) for one in await asyncio.to_thread(self._spool.read, path)]
            if batch and await self._to_record(batch) is None:
                return
            killpoint.reach("drain_before_forget")
            await asyncio.to_thread(self._spool.forget, path)
        counts.spooled.set(0)


def _refuse(batch: Sequence[_Waiting]) -> None:
    for one in batch:
        counts.not_kept.inc()
        if not one.answered.done():
            one.answered.set_exception(NotKept())


def _spooled(heard: Heard) -> Receipt:
    """A position alone is not spooled: nobody can say yet whether it may be kept at all."""
    kept = Kept.NOWHERE if heard.form is Form.POSITION else Kept.SPOOL
    return Receipt(kept, _own_id(heard))


def _own_id(heard: Heard) -> str | None:
    return getattr(READERS[heard.form](heard.raw), "id", None)


def _packed(heard: Heard) -> dict[str, Any]:
    return {
        "channel": heard.channel.value, "form": heard.form.value, "source": heard.source,
        "verified": heard.verified, "transport_id": heard.transport_id, "raw": heard.raw,
        "received_at": heard.received_at.isoformat(),
    }  # fmt: skip


def _unpacked(packed: dict[str, Any]) -> Heard:
    return Heard(
        Channel(packed["channel"]), Form(packed["form"]), packed["source"], packed["verified"],
        packed["transport_id"], packed["raw"], datetime.fromisoformat(packed["received_at"]),
    )  # fmt: skip
