"""Hears the SMS that the webhook missed: the provider's list is the truth, not the webhook (F05).

How far back it looks is kept in memory: after a success, to ten minutes before the newest message
of the list, by the provider's clock; ours may be hours ahead, and would ask for nothing. At the
start it looks back a day, or to ten minutes before the newest SMS that the record has, whichever
is longer (a gateway that was down over a week-end), and never more than a week, so that what was
forgotten by law is not heard anew.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway import counts
from gateway.ending import end
from gateway.heard import Channel, Heard, Kept, Receipt
from gateway.sms import heard_sms
from tgd import clock
from tgd.database import transaction
from tgd.errors import NotKept, RecordAway
from tgd.log import log
from tgd.rules.sms_list import InboundSms
from tgd.store.alerts import seen_messages
from tgd.store.telephony import last_sms_at
from tgd.telephone import TelephoneLater, TelephoneRefused

OVERLAP = timedelta(minutes=10)
"""The provider lists a message some seconds after it came, and its clock is not ours."""
FIRST_LOOK = timedelta(hours=24)
LONGEST_LOOK = timedelta(days=7)
SLOWEST_S = 60.0
"""Longest pause after failures, unless looks are rarer by setting; the canary is each minute."""


class Inbox(Protocol):
    """What is needed of the provider (`tgd.telephone.Telephone`)."""

    async def inbound_since(self, numbers: Sequence[str], since: datetime) -> list[InboundSms]: ...


class Reconciler:
    """One per gateway; several gateways may each have one, the sid makes them harmless."""

    def __init__(
        self,
        inbox: Inbox,
        numbers: Sequence[str],
        hear: Callable[[Heard], Awaitable[Receipt]],
        engine: Engine,
        every_s: float,
    ) -> None:
        self._inbox, self._numbers, self._hear = inbox, numbers, hear
        self._engine, self._every_s = engine, every_s
        self._looked_to: datetime | None = None
        self._heard_here: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start looking."""
        self._task = asyncio.create_task(self._forever(), name="reconciler")

    async def close(self) -> None:
        """Stop."""
        await end(self._task)

    async def look(self) -> int:
        """One look at the list; how many messages were heard that nobody had kept.

        Raises TelephoneLater, TelephoneRefused or NotKept; then the next look goes as far back.
        """
        since = await self._since(clock.now())
        listed = await self._inbox.inbound_since(self._numbers, since)
        missed = await self._missed(listed)
        if missed:
            counts.reconciled.inc(len(missed))
            log.warning("sms_reconciled", count=len(missed))
        await asyncio.gather(*(self._hear_one(one) for one in missed))
        self._heard_here &= {one.sid for one in listed}
        self._looked_to = max([since, *(m.sent_at - OVERLAP for m in listed if m.sent_at)])
        return len(missed)

    async def _hear_one(self, one: InboundSms) -> None:
        body = one.body.encode("utf-8", "surrogatepass")
        receipt = await self._hear(heard_sms(one.sid, one.sender, body))
        if receipt.kept is Kept.NOWHERE:
            raise NotKept
        self._heard_here.add(one.sid)

    async def _since(self, now: datetime) -> datetime:
        if self._looked_to is not None:
            return max(self._looked_to, now - LONGEST_LOOK)
        since = now - FIRST_LOOK
        with contextlib.suppress(RecordAway, SQLAlchemyError):
            last = await asyncio.to_thread(self._ask_last)
            since = min(since, last - OVERLAP) if last is not None else since
        return max(since, now - LONGEST_LOOK)

    async def _missed(self, listed: Sequence[InboundSms]) -> list[InboundSms]:
        """Those that are not kept. While the record is away nobody can say: then all that this
        process has not heard from the list; the record will see that it has them."""
        fresh = [one for one in listed if one.sid not in self._heard_here]
        if not fresh:
            return []
        try:
            kept = await asyncio.to_thread(self._ask_kept, [one.sid for one in fresh])
        except (RecordAway, SQLAlchemyError):
            return fresh
        return [one for one in fresh if one.sid not in kept]

    def _ask_last(self) -> datetime | None:
        with transaction(self._engine) as session:
            return last_sms_at(session)

    def _ask_kept(self, sids: Sequence[str]) -> set[str]:
        with transaction(self._engine) as session:
            return {sid for _, sid in seen_messages(session, [(Channel.SMS, s) for s in sids])}

    async def _forever(self) -> None:
        failures = 0
        while True:
            try:
                await self.look()
                failures, pause_s = 0, self._every_s
                counts.texts_checked_at.set(clock.now().timestamp())
            except Exception as error:  # noqa: BLE001 what fails now is looked at again
                failures += 1
                pause_s = _pause_s(error, failures, self._every_s)
                log.warning("reconciler_failed", why=_why(error), attempt=failures)
            await asyncio.sleep(pause_s)


def _pause_s(error: Exception, failures: int, every_s: float) -> float:
    """Twice as long after each failure, from a second up to the usual pace (or a minute)."""
    wanted = min(2.0 ** min(failures - 1, 10), max(every_s, SLOWEST_S))
    asked = error.retry_after_s if isinstance(error, TelephoneLater) else None
    return max(wanted, min(asked or 0.0, SLOWEST_S))


def _why(error: Exception) -> str:
    if isinstance(error, TelephoneLater | TelephoneRefused):
        return error.why
    return type(error).__name__
