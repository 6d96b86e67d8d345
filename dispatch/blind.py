"""Tells while the record is away: an outage of ours must not make her wait.

Reads the spools of this host and remembers what nobody had taken, plans by the one plan, tells
under the keys that the alert has or will have, and writes down what was told before it is told.
Decides nothing else; what it may not know (who, where, which number) it does not say.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch import counts
from dispatch.attempting import attempt
from dispatch.blind_facts import (
    ANSWERABLE,
    BlindAlert,
    BlindAnswer,
    BlindDelivery,
    delivery_facts,
    facts,
    telling,
)
from dispatch.blind_ledger import BlindLedger, answer_line, delivery_line, done_line, first_lines
from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.hearing import hear_answer
from dispatch.policy import Policy
from dispatch.remembering import Remembered
from dispatch.routing import Plan, Tell, plan
from dispatch.telling import Answer, Destination
from dispatch.turn import FAULTS, lease_until, next_moment, outcome
from tgd import clock, killpoint
from tgd.database import transaction
from tgd.errors import Refusal
from tgd.log import log
from tgd.rules.access import ANSWERS
from tgd.rules.alert import Lane
from tgd.rules.delivery import DeliveryState, try_after_failure
from tgd.rules.spooled import SpooledCall
from tgd.spool import SpoolView

LOOK_S = 0.5
AWAY_S = 3.0
"""Without a turn on the record for so long, it is away."""
STUCK = timedelta(seconds=8)
"""A call that waits longer in the spool is told from there, whatever the record says."""
UNABLE_S = 5.0
AT_ONCE = 200
"""Most tellings at a time; a fresh press goes before an old one."""
T = TypeVar("T")


class Blind:
    """One per dispatcher; only one of a host holds the ledger, and tells."""

    def __init__(
        self, view: SpoolView, ledger: BlindLedger, policy: Policy,
        destinations: dict[str, Destination],
    ) -> None:  # fmt: skip
        self._view, self._ledger = view, ledger
        self._policy, self._destinations = policy, destinations
        self._kinds = {d.name: d.kind for d in policy.destinations}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="blind")
        self._alerts: dict[UUID, BlindAlert] = {}
        self._remembered = Remembered()
        self._again_at: dict[UUID, datetime] = {}
        self._in_flight: Counter[UUID] = Counter()
        self._telling: set[asyncio.Task[None]] = set()
        self._holds = False
        self._looked_at = clock.monotonic()
        self._is_away: Callable[[], bool] = lambda: False
        self._task: asyncio.Task[None] | None = None

    async def open(self, is_away: Callable[[], bool]) -> None:
        """Start; `is_away` says whether the record has not answered for a while."""
        self._is_away = is_away
        self._task = asyncio.create_task(self._forever(), name="blind")

    async def close(self) -> None:
        """Stop; what is being told ends and is written down."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._telling:
            await asyncio.wait(set(self._telling), timeout=6)
        self._thread.shutdown(wait=True)
        self._ledger.close()

    @property
    def is_able(self) -> bool:
        """Whether what lies in the spool is told, from here or by another dispatcher of this
        host: false while it does not look, or cannot read what it sees."""
        return clock.monotonic() - self._looked_at < UNABLE_S and self._view.unreadable == 0

    # -- what the loop says and asks

    def remember(self, found: Remembered) -> None:
        """The alerts that are open now: what must go on, should the record go away."""
        self._remembered = found

    def told(self) -> dict[UUID, BlindAlert]:
        """What the record has to learn; without what is being told this very moment."""
        return {k: a for k, a in self._alerts.items() if a.is_told and not self._in_flight[k]}

    def busy(self) -> frozenset[UUID]:
        """Alerts that are being told from here now: the loop waits a moment with them."""
        return frozenset(k for k, n in self._in_flight.items() if n > 0)

    async def adopted(self, alerts: Iterable[UUID], engine: Engine) -> None:
        """The record has these: now it hears what was answered, and then they are forgotten."""
        known = {name: self._alerts[name] for name in alerts}
        for answer in (a for alert in known.values() for a in alert.answers):
            await asyncio.to_thread(_hear_again, engine, answer)
        # what was said or told meanwhile is taken over at the next turn
        done = [n for n, a in known.items() if self._alerts[n] == a and not self._in_flight[n]]
        await self._write([done_line(name) for name in done])
        for name in done:
            del self._alerts[name]
            self._again_at.pop(name, None)
        if not any(a.is_told for a in self._alerts.values()):
            await self._in_thread(self._ledger.empty)
        self._figures()

    # -- what destinations say

    async def hear(self, destination: str, meaning: AnswerSaid | NotReached) -> str | None:
        """Keep an answer to what was told from here: `kept`, or `later` when that is impossible.

        None when it is about nothing of ours: then the record is asked.
        """
        found = self._delivery(destination, meaning)
        if found is None:
            return None
        alert, delivery = found
        if isinstance(meaning, NotReached):
            if delivery.state.is_settled:
                return "kept"
            at = try_after_failure(delivery.attempts, clock.now(), alert.id.int & 0xFFFF,
                                   is_refusal=meaning.is_refusal)  # fmt: skip
            again = replace(delivery, state=DeliveryState.PENDING, next_try_at=at,
                            said=meaning.why, is_on_record=False)  # fmt: skip
            return await self._keep(alert, delivery_line(alert.id, again),
                                    lambda known: known.told(again))  # fmt: skip
        if meaning.state not in ANSWERS[self._kinds[destination]]:
            return None
        if meaning.state not in ANSWERABLE:
            return "later"
        said = {k: v for k, v in asdict(meaning).items() if k != "at"}
        said |= {"key": delivery.key, "alert": str(alert.id)}
        answer = BlindAnswer(destination, self._kinds[destination], said)
        return await self._keep(alert, answer_line(alert.id, answer),
                                lambda known: known.heard(answer))  # fmt: skip

    async def _keep(
        self, alert: BlindAlert, line: dict[str, Any], change: Callable[[BlindAlert], BlindAlert]
    ) -> str:
        """A receipt only when it is durable."""
        name, before = alert.id, [] if alert.is_told else first_lines(alert)
        try:
            await self._in_thread(partial(self._ledger.write, [*before, line]))
        except OSError as error:
            log.critical("ledger_not_written", exc_info=error)
            return "later"
        known = self._alerts.get(name)
        if known is None:  # the record took it over meanwhile: it is asked the next time
            return "later"
        self._alerts[name] = change(known)
        self._again_at.pop(name, None)
        return "kept"

    def _delivery(
        self, destination: str, meaning: AnswerSaid | NotReached
    ) -> tuple[BlindAlert, BlindDelivery] | None:
        with contextlib.suppress(ValueError):
            alert = self._alerts.get(UUID(meaning.alert))
            mine = [d for d in alert.deliveries.values() if d.destination == destination
                    and meaning.key in (None, d.key)] if alert else []  # fmt: skip
            return (alert, mine[0]) if alert and mine else None
        return None

    # -- looking and telling

    async def _forever(self) -> None:
        while True:
            try:
                if self._holds or await self._take():
                    await self._look()
                self._looked_at = clock.monotonic()
            except Exception as error:  # noqa: BLE001 the loop of a life-line goes on
                log.error("blind_failed", exc_info=error)
            await asyncio.sleep(LOOK_S)

    async def _take(self) -> bool:
        found = await self._in_thread(self._ledger.take)
        if found is None:
            return False
        self._alerts, self._holds = found, True
        return True

    async def _look(self) -> None:
        for call in await self._in_thread(self._view.new_calls):
            self._count_in(call)
        now, away = clock.now(), self._is_away()
        still = self._view.alerts()
        if away:  # nobody had these, and nobody else goes on with them now
            self._alerts = self._remembered.untaken | self._alerts
        else:  # what was drained without having been told is the record's
            self._alerts = {k: a for k, a in self._alerts.items() if a.is_told or k in still}
        due = [a for a in self._alerts.values() if self._again_at.get(a.id, now) <= now]
        stuck = [a for a in due if a.id in still and now - a.opened_at > STUCK]
        await self._tell_all(due if away else stuck, now)
        counts.blind_unreadable.set(self._view.unreadable)
        self._figures()

    def _count_in(self, call: SpooledCall) -> None:
        """Real calls only: a test waits for the record."""
        if call.lane is not Lane.REAL:
            return
        if call.alert in self._remembered.in_hands:
            return  # the record took it, and somebody has it
        known = self._alerts.get(call.alert)
        if known is None and call.alert in self._remembered.untaken:
            self._alerts[call.alert] = self._remembered.untaken[call.alert]
        elif known is None:
            self._alerts[call.alert] = BlindAlert(
                call.alert, call.handset, call.channel, call.kind, call.received_at
            )
        elif not known.is_told:  # the first press counts, whatever was read first
            self._alerts[call.alert] = replace(
                known, presses=known.presses + 1, opened_at=min(known.opened_at, call.received_at)
            )

    async def _tell_all(self, due: list[BlindAlert], now: datetime) -> None:
        due.sort(key=lambda a: (not a.is_told, a.opened_at), reverse=True)
        lines: list[dict[str, Any]] = []
        claimed: list[tuple[UUID, BlindDelivery]] = []
        for alert in due:
            if len(self._telling) + len(claimed) >= AT_ONCE:
                break
            claimed += self._claim_safely(alert, now, lines)
        if lines:
            await self._write(lines)
        killpoint.reach("blind_before_told")
        for name, delivery in claimed:
            task = asyncio.create_task(self._tell(name, delivery))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _claim_safely(
        self, alert: BlindAlert, now: datetime, lines: list[dict[str, Any]]
    ) -> list[tuple[UUID, BlindDelivery]]:
        """One that cannot be planned holds no other, and is tried again in a moment."""
        mine: list[dict[str, Any]] = []
        try:
            claimed = self._claim(alert, now, mine)
        except FAULTS as error:
            log.error("blind_plan_failed", exc_info=error, alert=str(alert.id))
            self._again_at[alert.id] = now + STUCK
            return []
        lines += mine
        return claimed

    def _claim(
        self, alert: BlindAlert, now: datetime, lines: list[dict[str, Any]]
    ) -> list[tuple[UUID, BlindDelivery]]:
        """What the plan wants told of it now, written down as being told."""
        made = self._planned(alert, now)
        claimed = [self._first(tell, now) for tell in made.tell]
        claimed += [self._once_more(alert.deliveries[key], now) for key in made.again]
        gone = [replace(alert.deliveries[k], state=DeliveryState.WITHDRAWN, next_try_at=None,
                        is_on_record=False) for k in made.withdraw]  # fmt: skip
        if not alert.is_told and (claimed or gone):
            lines += first_lines(alert)
        for delivery in (*claimed, *gone):
            alert = alert.told(delivery)
            lines.append(delivery_line(alert.id, delivery))
        moments = [d.next_try_at for d in claimed] + [made.look_again_at]
        self._again_at[alert.id] = min((m for m in moments if m), default=now + STUCK)
        self._alerts[alert.id] = alert
        self._in_flight[alert.id] += len(claimed)
        return [(alert.id, delivery) for delivery in claimed]

    def _planned(self, alert: BlindAlert, now: datetime) -> Plan:
        deliveries = delivery_facts(alert.deliveries.values())
        return plan(facts(alert, self._kinds), deliveries, self._policy, now)

    def _first(self, tell: Tell, now: datetime) -> BlindDelivery:
        until = lease_until(tell.destination, self._policy, now)
        return BlindDelivery(
            tell.key,
            tell.destination,
            tell.step,
            DeliveryState.PENDING,
            1,
            now,
            until,
            round=tell.round,
        )

    def _once_more(self, delivery: BlindDelivery, now: datetime) -> BlindDelivery:
        until = lease_until(delivery.destination, self._policy, now)
        return replace(
            delivery, attempts=delivery.attempts + 1, next_try_at=until, is_on_record=False
        )

    async def _tell(self, name: UUID, delivery: BlindDelivery) -> None:
        try:
            counts.blind_told.labels(delivery.destination).inc()
            told = self._policy.destination(delivery.destination)
            said = telling(self._alerts[name], delivery.key, clock.now())
            answer = await attempt(
                self._destinations[delivery.destination], said, told.timeout_s if told else 5.0,
                delivery.attempts,
            )  # fmt: skip
            killpoint.reach("blind_after_told")
            await self._answered(name, delivery, answer)
        finally:
            self._in_flight[name] -= 1

    async def _answered(self, name: UUID, delivery: BlindDelivery, answer: Answer) -> None:
        state, said, reference = outcome(answer)
        again = next_moment(answer, delivery.attempts, name.int & 0xFFFF, clock.now())
        now = replace(delivery, state=state, said=said, reference=reference, next_try_at=again)
        alert = self._alerts[name]
        if alert.deliveries[delivery.key] != delivery:
            return  # they said themselves what became of it before the reply came
        self._alerts[name] = alert.told(now)
        self._again_at.pop(name, None)
        if state is not DeliveryState.PENDING or delivery.attempts == 1:
            await self._write([delivery_line(name, now)])

    async def _write(self, lines: list[dict[str, Any]]) -> None:
        """A ledger that cannot be written costs a repetition under the same key, no telling."""
        try:
            await self._in_thread(partial(self._ledger.write, lines))
        except OSError as error:
            counts.blind_ledger_failures.inc()
            log.critical("ledger_not_written", exc_info=error)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _figures(self) -> None:
        counts.blind_alerts.set(sum(a.is_told for a in self._alerts.values()))


def _hear_again(engine: Engine, answer: BlindAnswer) -> None:
    """An answer that was kept, as if it came now; raises RecordAway. A refusal is its end."""
    try:
        with transaction(engine) as session:
            said = AnswerSaid(**answer.said)
            hear_answer(session, answer.destination, answer.kind, said, clock.now())
    except (Refusal, SQLAlchemyError, *FAULTS) as error:
        log.error("kept_answer_refused", exc_info=error, destination=answer.destination)
