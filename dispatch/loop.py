"""The loop of dispatch: wake, claim, tell all at once with a time limit each, write the answers.

Woken by NOTIFY, and by a slow poll that needs no NOTIFY; the record is the truth. Decides nothing.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch import counts
from dispatch.adopting import adopt
from dispatch.attempting import attempt
from dispatch.blind import AWAY_S as TURNLESS_S
from dispatch.blind import Blind
from dispatch.blind_facts import BlindAlert
from dispatch.policy import Policy
from dispatch.remembering import Remembered, remember
from dispatch.resting import Rests
from dispatch.telling import Destination
from dispatch.turn import (
    FAULTS,
    Answered,
    Claimed,
    Fault,
    claim,
    free_dead,
    lease_until,
    pauses,
    write_answers,
)
from tgd import clock, journal, killpoint
from tgd.allocation import chasing
from tgd.database import refused_by, transaction
from tgd.errors import RecordAway
from tgd.listening import Listener
from tgd.log import log
from tgd.purge import Erased, purge
from tgd.store import board, nudges
from tgd.store import dispatching as store

MOST_UNWRITTEN = 10_000
"""Answers kept in memory while the record is away; what is beyond is told again by its lease."""
SLOWEST_LOOK_S = 1.0
"""The slow poll under NOTIFY."""
AWAY_S = 0.5
AHEAD = timedelta(seconds=2)
"""How far the clocks of our hosts may disagree without a word."""
AT_MOST_AHEAD = timedelta(seconds=60)
PURGED_WITHIN = timedelta(minutes=10)
CHASED_EVERY_S = 30.0
MOST_DEADLINES = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Around:
    """What one look around has seen."""

    freed: int
    figures: Any
    ahead_at: datetime | None
    record_at: datetime
    open_alerts: Remembered


class Loop:
    """One dispatcher; any number of them may share the record."""

    def __init__(
        self,
        engine: Engine,
        policy: Policy,
        destinations: dict[str, Destination],
        listener: Listener,
        worker: str,
        blind: Blind | None = None,
    ) -> None:
        self._blind = blind
        self._engine, self._policy, self._destinations = engine, policy, destinations
        self._listener, self._worker = listener, worker
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="dispatch")
        self._telling: set[asyncio.Task[None]] = set()
        self._answers: asyncio.Queue[Answered] = asyncio.Queue()
        self._unwritten: list[Answered] = []
        self._rests = Rests()
        self._tasks: list[asyncio.Task[None]] = []
        self.last_turn_at = clock.monotonic()

    @property
    def unwritten(self) -> int:
        """How many answers wait for the record."""
        return len(self._unwritten)

    async def open(self) -> None:
        """Start."""
        self._tasks = [
            asyncio.create_task(self._forever(self._turn), name="turns"),
            asyncio.create_task(self._forever(self._write), name="answers"),
            asyncio.create_task(self._forever(self._look_around), name="look-around"),
            asyncio.create_task(self._forever(self._seal), name="sealer"),
            asyncio.create_task(self._forever(self._chase), name="deadlines"),
        ]
        if self._blind is not None:
            await self._blind.open(self._has_not_turned)

    def _has_not_turned(self) -> bool:
        """Whether the record, dead or hung, has let no turn end for a while."""
        return clock.monotonic() - self.last_turn_at > TURNLESS_S

    async def close(self) -> None:
        """Stop claiming, let what is being told end and be written, then stop."""
        self._tasks[0].cancel()
        with contextlib.suppress(TimeoutError, RecordAway):
            async with asyncio.timeout(6):
                await asyncio.gather(*self._telling, return_exceptions=True)
                await self._answers.join()
                await self._write_again()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._blind is not None:
            await self._blind.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _forever(self, once: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await once()
            except (RecordAway, SQLAlchemyError) as error:
                counts.record_away.set(1)
                log.error("record_away", why=type(error).__name__)
                await asyncio.sleep(AWAY_S)
            except Exception as error:  # noqa: BLE001 the loop of a life-line goes on
                log.error("dispatch_failed", exc_info=error)
                await asyncio.sleep(AWAY_S)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _turn(self) -> None:
        await self._write_again()  # before their leases end and they are told once more
        # what was told from the spool is looked at here: it changes in this thread
        told = self._blind.told() if self._blind else {}
        in_flight = self._blind.busy() if self._blind else frozenset()
        claimed, adopted = await self._in_thread(partial(self._claim, told, in_flight))
        self.last_turn_at = clock.monotonic()
        counts.record_away.set(0)
        for one in claimed:
            task = asyncio.create_task(self._tell(one))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        if adopted and self._blind is not None:
            await self._blind.adopted(adopted, self._engine)
        if not claimed:
            await self._sleep()

    def _claim(
        self, told: dict[UUID, BlindAlert], in_flight: frozenset[UUID]
    ) -> tuple[list[Claimed], set[UUID]]:
        """First what was told without the record, then the plan: nothing is told twice as new."""
        now = clock.now()
        with transaction(self._engine) as session:
            adopted = adopt(session, told, now)
            faults: list[Fault] = adopted.faults
            busy = in_flight | (told.keys() - adopted.done)
            claimed = claim(
                session, self._policy, now, self._worker, faults=faults, busy=busy,
                resting=self._rests.still(),
            )  # fmt: skip
            killpoint.reach("dispatch_before_claimed")
        killpoint.reach("dispatch_after_claimed")
        leases = [(c.delivery, lease_until(c.destination, self._policy, now)) for c in claimed]
        self._rests.begin((one, (until - now).total_seconds()) for one, until in leases)
        for one in faults:
            counts.faults.labels(one.what).inc()
            why = refused_by(one.error)
            log.error(one.what, exc_info=one.error, alert=str(one.alert), why=why)
        return claimed, adopted.done

    async def _sleep(self) -> None:
        """Until the next moment of the plan, a nudge, or the slow poll, whichever is first."""
        next_at = await self._in_thread(self._next_look)
        seconds = SLOWEST_LOOK_S
        if next_at is not None:
            seconds = min(seconds, max(0.0, (next_at - clock.now()).total_seconds()))
        await self._listener.wait(nudges.DISPATCH, seconds)

    def _next_look(self) -> Any:
        with transaction(self._engine) as session:
            return store.next_look(session)

    async def _tell(self, claimed: Claimed) -> None:
        """One attempt. Whatever happens, an answer is written or the lease runs out."""
        told = self._policy.destination(claimed.destination)
        answer = await attempt(
            self._destinations[claimed.destination], claimed.telling,
            told.timeout_s if told else 5.0, claimed.attempt,
        )  # fmt: skip
        killpoint.reach("dispatch_after_told")
        self._answers.put_nowait(Answered(claimed, answer))

    async def _write(self) -> None:
        answered = [await self._answers.get()]
        while not self._answers.empty():
            answered.append(self._answers.get_nowait())
        try:
            await self._in_thread(lambda: self._write_now(answered))
        except (RecordAway, SQLAlchemyError, *FAULTS):
            self._unwritten += answered[: MOST_UNWRITTEN - len(self._unwritten)]
            raise
        finally:
            for _ in answered:
                self._answers.task_done()

    async def _write_again(self) -> None:
        """What could not be written; raises RecordAway while it still cannot.

        What is about an alert that somebody holds waits for the next turn: no other alert waits
        with it.
        """
        held: list[Answered] = []
        try:
            while self._unwritten:
                some = self._unwritten[:200]
                held += await self._in_thread(partial(self._write_each, some))
                del self._unwritten[: len(some)]
        finally:
            self._unwritten[:0] = held

    def _write_each(self, answered: list[Answered]) -> list[Answered]:
        """All together, or else each alone: one that no table takes holds no other. Gives what
        must wait."""
        try:
            return self._write_free(answered)
        except (SQLAlchemyError, *FAULTS) as error:
            log.error("answers_failed", exc_info=error, batch=len(answered))
        held: list[Answered] = []
        for one in answered:
            try:
                held += self._write_free([one])
            except (SQLAlchemyError, *FAULTS) as error:
                log.error("answer_lost", exc_info=error, alert=one.claimed.telling.alert)
        return held

    def _write_free(self, answered: list[Answered]) -> list[Answered]:
        """Write what nobody holds; gives the others."""
        with transaction(self._engine) as session:
            free = store.lock_free_alerts(session, [_alert_of(one) for one in answered])
            write_answers(session, [one for one in answered if _alert_of(one) in free], clock.now())
            killpoint.reach("dispatch_before_answered")
        killpoint.reach("dispatch_after_answered")
        return [one for one in answered if _alert_of(one) not in free]

    def _write_now(self, answered: list[Answered]) -> None:
        now = clock.now()
        with transaction(self._engine) as session:
            write_answers(session, answered, now)
            killpoint.reach("dispatch_before_answered")
        killpoint.reach("dispatch_after_answered")
        self._rests.begin(pauses(answered, now))

    async def _look_around(self) -> None:
        """Each second: leases of the dead, and the figures that an outsider watches."""
        seen = await self._in_thread(self._seen_around)
        _keep_time(seen.ahead_at, seen.record_at)
        if self._blind is not None:
            self._blind.remember(seen.open_alerts)
        if seen.freed:
            counts.freed.inc(seen.freed)
            log.warning("leases_freed", count=seen.freed)
        figures = seen.figures
        counts.plan_late_s.set(float(figures.late_s))
        counts.oldest_untaken_s.set(float(figures.untaken_s))
        counts.open_alerts.set(figures.open_alerts)
        counts.taken_alerts.set(figures.taken_alerts)
        await asyncio.sleep(1)

    def _seen_around(self) -> "_Around":
        now = clock.now()
        with transaction(self._engine) as session:
            return _Around(
                free_dead(session, now, self._worker), store.plan_figures(session, now),
                store.newest_moment(session, now), store.record_time(session),
                remember(session) if self._blind is not None else Remembered(),
            )  # fmt: skip

    async def _seal(self) -> None:
        """Chain the journal a moment after its lines were written."""
        sealed = await self._in_thread(self._seal_now)
        if sealed < journal.SEALED_AT_ONCE:
            await asyncio.sleep(0.5)

    async def _chase(self) -> None:
        """Deadlines of case files: days matter there, so a look each half minute is enough."""
        told = await self._in_thread(self._chase_now)
        for one in told:
            counts.deadlines.labels(one.kind.value, str(one.is_escalation).lower()).inc()
        for pool in await self._in_thread(self._floors_now):
            counts.stock_free.labels(pool.code).set(pool.free)
            counts.stock_floor.labels(pool.code).set(pool.floor)
        erased = await self._in_thread(self._purge_now)
        _say_what_is_gone(erased)
        is_more = len(told) >= MOST_DEADLINES or erased.is_more
        await asyncio.sleep(0 if is_more else CHASED_EVERY_S)

    def _chase_now(self) -> list[chasing.Told]:
        with transaction(self._engine) as session:
            return chasing.deadlines_due(session, clock.now(), MOST_DEADLINES)

    def _floors_now(self) -> list[Any]:
        with transaction(self._engine) as session:
            return board.floors(session)

    def _purge_now(self) -> Erased:
        """What is erased is gone: never by a clock that the record's server contradicts."""
        now = clock.now()
        with transaction(self._engine) as session:
            apart = now - store.record_time(session)
            if abs(apart) > PURGED_WITHIN:
                log.critical("purge_waits", seconds_apart=round(apart.total_seconds()))
                return Erased(0, 0, (), ())
            return purge(session, now)

    def _seal_now(self) -> int:
        with transaction(self._engine) as session:
            return journal.seal(session)


def _say_what_is_gone(erased: Erased) -> None:
    """Counts and opaque ids; a file that could not be erased is tried again, and is not silent."""
    counts.erased.labels("positions").inc(erased.positions)
    counts.erased.labels("messages").inc(erased.messages)
    counts.erased.labels("nobody").inc(erased.nobodys)
    for one, _ in erased.files:
        counts.erased.labels(one.stage.value).inc()
    for one, why in erased.failed:
        log.error("purge_failed", file=str(one.file), why=why)


def _keep_time(ahead_at: datetime | None, record_at: datetime) -> None:
    """An alert from the future would be told to nobody until then: it is we who are late.

    Or it is the one who wrote it who is wrong. Two clocks against one: beyond a minute ahead of
    our machine's we go with him only as far as the record's server says so too; what he opened is
    due at once all the same (decision 0012).
    """
    wrong_by, now = clock.wrong_by(), clock.now()
    counts.clock_wrong_s.set(wrong_by.total_seconds())
    if ahead_at is None or ahead_at <= now + AHEAD:
        return
    by = clock.advance(min(ahead_at, max(record_at, now + wrong_by + AT_MOST_AHEAD)))
    log.critical("clock_behind", seconds=round(by.total_seconds(), 3))


def _alert_of(answered: Answered) -> UUID:
    return UUID(answered.claimed.telling.alert)
