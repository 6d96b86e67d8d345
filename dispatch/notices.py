"""The loop that tells notices: apart from the alerts', which never wait for it."""

import asyncio
import contextlib
from collections.abc import Mapping

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch import counts
from dispatch.noticing import MOST, ClaimedNotice, claim, write_answers
from dispatch.policy import Policy
from dispatch.telling import Answer, Destination, Later, TellsNotices
from tgd import clock
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.log import log

LOOK_EVERY_S = 5.0
"""Days matter here."""
LONGEST_S = 70.0
"""Longer than any time limit of a destination, shorter than a lease."""


class Notices:
    """One of them in each dispatcher; they share the work by the record."""

    def __init__(
        self, engine: Engine, policy: Policy, destinations: Mapping[str, Destination]
    ) -> None:
        self._engine, self._policy, self._destinations = engine, policy, destinations
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start."""
        self._task = asyncio.create_task(self._forever(), name="notices")

    async def close(self) -> None:
        """Stop; what is being told is told again by its lease, with the same key."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        while True:
            told = 0
            try:
                told = await self.turn()
            except (RecordAway, SQLAlchemyError) as error:
                log.error("record_away", why=type(error).__name__)
            except Exception as error:  # noqa: BLE001 what cannot be told now is told later
                log.error("notices_failed", exc_info=error)
            await asyncio.sleep(0 if told >= MOST else LOOK_EVERY_S)

    async def turn(self) -> int:
        """Claim what is due, tell it all at once, write the answers; gives how many were told."""
        claimed = await asyncio.to_thread(self._claim)
        answers = await asyncio.gather(*(self._tell(one) for one in claimed))
        if claimed:
            await asyncio.to_thread(self._write, list(zip(claimed, answers, strict=True)))
        return len(claimed)

    def _claim(self) -> list[ClaimedNotice]:
        with transaction(self._engine) as session:
            return claim(session, self._policy, clock.now())

    def _write(self, answered: list[tuple[ClaimedNotice, Answer]]) -> None:
        with transaction(self._engine) as session:
            write_answers(session, answered, self._policy, clock.now())

    async def _tell(self, one: ClaimedNotice) -> Answer:
        """One attempt; a fault of one destination stays its own."""
        destination = self._destinations[one.destination]
        try:
            assert isinstance(destination, TellsNotices), "the policy says so"
            async with asyncio.timeout(LONGEST_S):
                answer = await destination.tell_notice(one.noticed)
        except TimeoutError:
            answer = Later("hung")
        except Exception as error:  # noqa: BLE001 the others are told all the same
            log.error("telling_failed", exc_info=error, destination=one.destination)
            answer = Later("fault")
        word = type(answer).__name__.lower()
        counts.notices.labels(one.destination, word).inc()
        log.info("notice_told", destination=one.destination, attempt=one.attempt, status=word)
        return answer
