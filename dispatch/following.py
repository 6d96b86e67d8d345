"""Asks the provider for texts that stay “sent”: a callback that got lost is made good."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch import counts
from dispatch.formats.texts_in import TextSaid, text_said
from dispatch.hearing import NotYours
from dispatch.noticing import hear_text
from dispatch.policy import Policy, SmsDestination
from tgd import clock
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.log import log
from tgd.store import notices as store
from tgd.telephone import Telephone, TelephoneLater, TelephoneRefused

LOOK_EVERY_S = 60.0
SENT_FOR = timedelta(minutes=5)
"""Longer than a callback takes, and its repetitions."""
FOLLOWED_FOR = timedelta(days=3)
"""No provider keeps a text for a telephone that is off for longer; some networks never say more
than “sent”."""
MOST = 20
"""In one look; the next look goes on behind them, so that nobody is always last."""


class Following:
    """One in each dispatcher that has a telephone; what two of them hear counts once."""

    def __init__(self, engine: Engine, policy: Policy, telephone: Telephone) -> None:
        self._engine, self._telephone = engine, telephone
        self._destinations = [
            name for name in policy.notices.tell
            if isinstance(policy.destination(name), SmsDestination)
        ]  # fmt: skip
        self._behind = ""
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start; nothing to do where no notice goes out as a text."""
        if self._destinations:
            self._task = asyncio.create_task(self._forever(), name="following")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> int:
        """Ask for those that are due; gives of how many there was news. Raises RecordAway and
        TelephoneLater: the next look asks again."""
        due = await asyncio.to_thread(self._due)
        self._behind = due[-1].key if len(due) == MOST else ""
        news = 0
        for one in due:
            text = await self._asked(one)
            if text is not None:
                news += await asyncio.to_thread(self._hear, one, text) == "done"
        return news

    async def _asked(self, one: Any) -> TextSaid | None:
        """One after the other: a provider that is slow is not asked for all at once."""
        try:
            status, error = await self._telephone.text_status(one.reference)
        except TelephoneRefused as error_:
            log.warning("text_unknown", destination=one.destination, why=error_.why)
            return None
        return text_said(one.reference, status, error)

    def _due(self) -> Sequence[Any]:
        now = clock.now()
        with transaction(self._engine) as session:
            return store.still_sent(
                session, self._destinations, now - SENT_FOR, now - FOLLOWED_FOR, self._behind, MOST
            )

    def _hear(self, one: Any, text: TextSaid) -> str:
        with transaction(self._engine) as session:
            try:
                result = hear_text(session, one.destination, one.key, text, clock.now())
            except NotYours:  # forgotten by law meanwhile
                result = "refused"
        counts.heard_answers.labels(one.destination, "text_asked", result).inc()
        return result

    async def _forever(self) -> None:
        while True:
            try:
                if news := await self.look():
                    log.warning("texts_followed", count=news)
            except (RecordAway, SQLAlchemyError) as error:
                log.error("record_away", why=type(error).__name__)
            except TelephoneLater as error:
                log.warning("following_failed", why=error.why)
            except Exception as error:  # noqa: BLE001 what cannot be asked now is asked later
                log.error("following_failed", exc_info=error)
            await asyncio.sleep(LOOK_EVERY_S)
