"""The door with its hinges: batch, transaction, spool, receipt; every channel comes in through it.

A message is answered for only when it is durable: in the record, or fsynced in the spool. When
neither can keep it, `hear` raises NotKept and the channel gives no receipt and no 2xx, so that
the handset goes on. Decides nothing else.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway import counts
from gateway.calls import call_of
from gateway.formats import READERS
from gateway.fresh import Fresh
from gateway.heard import Channel, Form, Heard, Kept, Receipt
from gateway.intake import take_in
from gateway.naming import Naming
from tgd import clock, ids, killpoint
from tgd.database import is_reachable, transaction
from tgd.errors import NotKept, RecordAway
from tgd.log import log
from tgd.rules.spooled import SpooledCall
from tgd.rules.spooled import read as call_in
from tgd.rules.spooled import written as call_written
from tgd.rules.trigger import PositionReport
from tgd.seal import Keys
from tgd.spool import Spool

CLOSING_S = 5.0
LOOK_AGAIN_S = 0.25
"""How often the record is tried again while it is away, and the spool looked into."""
THREADS = 4
"""Transactions that may run at once; while so many do not end, the spool keeps without a try."""
REST_S = 15.0
"""A batch of the spool that the record does not take is tried again after this."""
MOST_FAILURES = 3
"""Messages of one spooled batch that may fail in a row before the others wait for the next try."""
LEARNT = 2_000
"""Most spooled batches, newest first, that are read again before the door opens."""
FAULTS = (SQLAlchemyError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError,
          RecursionError)  # fmt: skip
"""What a message can do to its reading or keeping; none of it is the record being away."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Numbers of the door; seconds and messages."""

    record_s: float = 1.0
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
        # threads of its own for each: the spool never waits for a record, nor a press for a file
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="door")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._draining = ThreadPoolExecutor(1, thread_name_prefix="drain")
        self._running: set[asyncio.Future[list[Receipt | None]]] = set()
        self._resting: dict[Path, float] = {}
        self._fresh = Fresh()
        self._naming = Naming()
        self._tasks: list[asyncio.Task[None]] = []
        self.record_is_away = False
        self._is_open = True

    async def open(self) -> None:
        """Start; what waits in the spool from an earlier life is taken in first."""
        await _in(self._writing, self._spool.open)
        self._naming.learn(await _in(self._writing, self._left_over))
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
        self._is_open = False
        while not self._waiting.empty():
            _refuse([self._waiting.get_nowait()])
        if self._running:  # a transaction that was given up may still commit
            await asyncio.wait(set(self._running), timeout=CLOSING_S)
        for threads in (self._threads, self._writing, self._draining):
            threads.shutdown(wait=False, cancel_futures=True)
        self._spool.close()

    async def hear(self, heard: Heard) -> Receipt:
        """Keep one message durably; raises NotKept when nothing could."""
        counts.received(heard)
        if not self._is_open:
            raise NotKept
        started = clock.monotonic()
        answered: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait(_Waiting(heard, answered))
        except asyncio.QueueFull:
            raise NotKept from None
        receipt = await answered
        counts.kept(heard, receipt, clock.monotonic() - started)
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
        for one in batch:
            one.heard = replace(one.heard, alert=ids.new(one.heard.received_at))
        messages = [one.heard for one in batch]
        killpoint.reach("door_before_record")
        tried: list[Receipt | None] = [None] * len(batch)
        if not self.record_is_away:
            tried = await self._to_record(messages)
        left = [one for one, receipt in zip(batch, tried, strict=True) if receipt is None]
        again = self._fresh.take() if self.record_is_away else []
        spooled = await self._to_spool([*again, *(one.heard for one in left)]) if left else []
        killpoint.reach("door_after_kept")
        _answer([(o, r) for o, r in zip(batch, tried, strict=True) if r is not None])
        self._fresh.remember(messages, tried)
        if spooled is None:
            _refuse(left)
        else:
            _answer(list(zip(left, spooled[-len(left) :], strict=True)))

    async def _to_record(self, messages: Sequence[Heard]) -> list[Receipt | None]:
        """The batch in one transaction within the limit; None for what must go to the spool."""
        try:
            return await self._attempt(messages)
        except (RecordAway, TimeoutError) as error:
            self._record_went_away(error)
        return [None] * len(messages)

    async def _attempt(self, messages: Sequence[Heard]) -> list[Receipt | None]:
        """One transaction; None for what no table takes; raises RecordAway, TimeoutError.

        One that is cut off here may still commit: ids make the repetition harmless.
        """
        if len(self._running) >= THREADS:
            raise RecordAway("Too many transactions have not ended.")
        attempt = asyncio.get_running_loop().run_in_executor(
            self._threads, partial(self._take_in_safely, messages)
        )
        self._running.add(attempt)
        attempt.add_done_callback(self._ended)
        # not wait_for: in Python 3.11 it forgets a cancellation that meets the result
        async with asyncio.timeout(self._limits.record_s):
            return await asyncio.shield(attempt)

    def _ended(self, attempt: asyncio.Future[list[Receipt | None]]) -> None:
        self._running.discard(attempt)
        if not attempt.cancelled():
            attempt.exception()  # perhaps nobody waits for it any more

    def _record_went_away(self, error: Exception) -> None:
        if not self.record_is_away:
            log.error("record_away", why=type(error).__name__)
        self.record_is_away = True
        counts.record_away.set(1)

    def _take_in_safely(self, messages: Sequence[Heard]) -> list[Receipt | None]:
        """Runs in a worker thread. One poison message never spoils its neighbours: a batch that
        fails is taken in one by one, and the one that fails alone is kept unread, as an alert."""
        try:
            return [*self._take_in(messages)]
        except FAULTS as error:
            log.error("batch_failed", exc_info=error, batch=len(messages))
        return [self._take_in_alone(one) for one in messages]

    def _take_in_alone(self, heard: Heard) -> Receipt | None:
        """Read, else unread, else (None) no table takes it and it stays in the spool."""
        for unread in (False, True):
            try:
                return self._take_in([heard], unread=unread)[0]
            except FAULTS as error:
                counts.poison.inc(not unread)
                log.error("poison_message", exc_info=error, channel=heard.channel, form=heard.form)
        return None

    def _take_in(self, messages: Sequence[Heard], *, unread: bool = False) -> list[Receipt]:
        with transaction(self._engine) as session:
            receipts = take_in(session, messages, clock.now(), self._keys, unread=unread)
            killpoint.reach("door_before_commit")
        killpoint.reach("door_after_commit")
        return receipts

    async def _to_spool(self, messages: Sequence[Heard]) -> list[Receipt] | None:
        """The batch in the spool; None when even that is not possible."""
        calls = [m for m in messages if not _is_position(m)]
        try:
            if calls:
                packed = [_packed(m, self._call(m)) for m in calls]
                await _in(self._writing, partial(self._spool.append, packed))
        except NotKept as error:
            log.critical("nothing_keeps", exc_info=error, batch=len(messages))
            return None
        return [_spooled(m) for m in messages]

    def _call(self, heard: Heard) -> SpooledCall | None:
        """What dispatch may tell of it meanwhile; a fault here costs the message nothing."""
        try:
            assert heard.alert is not None
            call = call_of(heard, self._keys.master, heard.alert)
            return call and self._naming.same(heard, call)
        except FAULTS as error:
            log.error("call_not_named", exc_info=error, channel=heard.channel, form=heard.form)
        return None

    def _left_over(self) -> list[tuple[Heard, SpooledCall | None]]:
        """What an earlier life has spooled, oldest first; runs in a worker thread."""
        found: list[tuple[Heard, SpooledCall | None]] = []
        for path in reversed(self._spool.waiting()[:LEARNT]):
            try:
                found += [(_unpacked(one), call_in(one)) for one in self._spool.read(path)]
            except (OSError, *FAULTS) as error:
                log.error("spool_file_not_learnt", exc_info=error, segment=path.stem)
        return found

    async def _drain(self) -> None:
        """While the record is away, look for it; when it is there, empty the spool into it."""
        while True:
            try:
                await self._drain_once()
            except Exception as error:  # noqa: BLE001 draining must go on
                log.error("drain_failed", exc_info=error)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _drain_once(self) -> None:
        """The record is back when it has taken a batch, or when nothing is left to try it with."""
        if (self.record_is_away or self._fresh) and not await self._answers():
            self._record_went_away(RecordAway())
            await self._keep_fresh()
            return
        waiting = await _in(self._draining, self._spool.waiting)
        counts.spooled.set(len(waiting))
        now = clock.monotonic()
        self._resting = {p: until for p, until in self._resting.items() if until > now}
        for path in waiting:
            if path in self._resting:
                continue
            if await self._empty(path):
                self._record_came_back()
            elif not await self._answers():
                return
            else:
                self._resting[path] = clock.monotonic() + REST_S
        self._record_came_back()
        counts.spooled.set(len(self._resting))

    async def _keep_fresh(self) -> None:
        """What the record took just before it went: perhaps nobody was told of it yet."""
        again = self._fresh.take()
        if again and await self._to_spool(again) is not None:
            log.warning("kept_again", count=len(again))

    async def _empty(self, path: Path) -> bool:
        """Take one batch of the spool in; False when it has to stay, all of it or a part."""
        try:
            packed = await _in(self._draining, partial(self._spool.read, path))
            batch = [_unpacked(one) for one in packed]
            if batch and not await self._taken(batch):
                return False
            killpoint.reach("drain_before_forget")
            self._naming.forget(one.alert for one in batch)
            await _in(self._draining, partial(self._spool.forget, path))
        except (OSError, *FAULTS) as error:
            log.error("spool_file_stays", exc_info=error, segment=path.stem)
            return False
        return True

    async def _taken(self, batch: Sequence[Heard]) -> bool:
        """All together, or else each alone, so that one does not hold its neighbours."""
        try:
            return None not in await self._attempt(batch)
        except (RecordAway, TimeoutError):
            return await self._taken_one_by_one(batch)

    async def _taken_one_by_one(self, batch: Sequence[Heard]) -> bool:
        failures = 0
        for one in batch:
            failures += not await self._taken_alone(one)
            if failures >= MOST_FAILURES or (failures and not await self._answers()):
                break
        if failures:
            log.error("spooled_messages_fail", count=failures, batch=len(batch))
        return failures == 0

    async def _taken_alone(self, one: Heard) -> bool:
        try:
            return None not in await self._attempt([one])
        except (RecordAway, TimeoutError):
            return False

    async def _answers(self) -> bool:
        return await _in(self._draining, partial(is_reachable, self._engine))

    def _record_came_back(self) -> None:
        if self.record_is_away:
            log.info("record_back")
        self.record_is_away = False
        counts.record_away.set(0)


async def _in(threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


def _answer(kept: Sequence[tuple[_Waiting, Receipt]]) -> None:
    for one, receipt in kept:
        if not one.answered.done():
            one.answered.set_result(receipt)


def _refuse(batch: Sequence[_Waiting]) -> None:
    for one in batch:
        counts.not_kept.inc()
        if not one.answered.done():
            one.answered.set_exception(NotKept())


def _spooled(heard: Heard) -> Receipt:
    """A position alone is not spooled: nobody can say yet whether it may be kept at all."""
    kept = Kept.NOWHERE if _is_position(heard) else Kept.SPOOL
    return Receipt(kept, _own_id(heard))


def _is_position(heard: Heard) -> bool:
    """A position alone, in whatever form: an application's tracking too."""
    meaning = READERS[heard.form](heard.raw)
    return heard.form is Form.POSITION or isinstance(meaning, PositionReport)


def _own_id(heard: Heard) -> str | None:
    return getattr(READERS[heard.form](heard.raw), "id", None)


def _packed(heard: Heard, call: SpooledCall | None) -> dict[str, Any]:
    return {
        "channel": heard.channel.value, "form": heard.form.value, "source": heard.source,
        "verified": heard.verified, "transport_id": heard.transport_id, "raw": heard.raw,
        "received_at": heard.received_at.isoformat(), **call_written(call),
    }  # fmt: skip


def _unpacked(packed: dict[str, Any]) -> Heard:
    return Heard(
        Channel(packed["channel"]), Form(packed["form"]), packed["source"], packed["verified"],
        packed["transport_id"], packed["raw"], datetime.fromisoformat(packed["received_at"]),
        UUID(packed["alert"]) if packed.get("alert") else None, spooled=True,
    )  # fmt: skip
