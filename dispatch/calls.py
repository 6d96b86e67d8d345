"""The loop that rings operators and handsets together: apart from the alerts', which never wait.

Asks the telephone provider for what the record says, and writes what came back; decides nothing.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from dispatch import conversing
from dispatch.conversing import MOST, Due, ToAsk, ToHangUp, ToRing, ToSpeak
from dispatch.formats.conference import LegSaid, conference_twiml
from tgd import clock, sound
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.listening import Listener
from tgd.log import log
from tgd.rules.calling import LegState, leg_state
from tgd.seal import Keys
from tgd.store import calls as store
from tgd.store import evidence, nudges
from tgd.telephone import Telephone, TelephoneLater, TelephoneRefused

LOOK_EVERY_S = 1.0
"""The slow poll under NOTIFY."""
ERASE_EVERY_S = 30.0
FETCH_EVERY_S = 5.0
MOST_SOUNDS = 5
"""Fetched in one turn, one after the other: a sound may have 64 MB."""
EVENTS = ("initiated", "ringing", "answered", "completed")
UNKNOWN_THERE = frozenset({"code_20404", "status_404"})
"""The provider knows no such thing."""
T = TypeVar("T")


def call_url(public_url: str, conversation: UUID, what: str) -> str:
    """Where the provider says what became of a leg (`operator`, `handset`) or of the recording."""
    return f"{public_url.rstrip('/')}/answers/v1/calls/{conversation}/{what}"


class Calls:
    """One of them in each dispatcher that has a telephone; they share the work by the record."""

    def __init__(
        self, engine: Engine, telephone: Telephone, listener: Listener, public_url: str, *,
        records: bool, keys: Keys | None = None,
    ) -> None:  # fmt: skip
        self._engine, self._telephone, self._listener = engine, telephone, listener
        self._public_url, self._records, self._keys = public_url, records, keys
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start."""
        await self._listener.open()
        self._tasks = [
            asyncio.create_task(self._forever(self._ring_and_wait), name="calls"),
            asyncio.create_task(self._forever(self._erase_and_wait), name="recordings"),
            asyncio.create_task(self._forever(self._fetch_and_wait), name="evidence"),
        ]

    async def close(self) -> None:
        """Stop; what was being asked is heard of by its callbacks, or asked for again."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._listener.close()

    async def _forever(self, once: Callable[[], Any]) -> None:
        while True:
            try:
                await once()
            except (RecordAway, SQLAlchemyError) as error:
                log.error("record_away", why=type(error).__name__)
                await asyncio.sleep(LOOK_EVERY_S)
            except Exception as error:  # noqa: BLE001 a call that failed is no end of calls
                log.error("calls_failed", exc_info=error)
                await asyncio.sleep(LOOK_EVERY_S)

    async def _ring_and_wait(self) -> None:
        if await self.turn() < MOST:
            await self._listener.wait(nudges.CALLS, LOOK_EVERY_S)

    async def _erase_and_wait(self) -> None:
        erased = await self.erase()
        await asyncio.sleep(0 if erased >= MOST else ERASE_EVERY_S)

    async def _fetch_and_wait(self) -> None:
        fetched = await self.fetch()
        await asyncio.sleep(0 if fetched >= MOST_SOUNDS else FETCH_EVERY_S)

    async def turn(self) -> int:
        """Claim what is due, ask for all of it at once; gives how much that was."""
        due: Due = await self._written(conversing.claim)
        await asyncio.gather(
            *(self._ring(one) for one in due.rings),
            *(self._hang_up(one) for one in due.hang_ups),
            *(self._ask(one) for one in due.asks),
            *(self._speak(one) for one in due.speaks),
        )
        return len(due)

    async def _ring(self, one: ToRing) -> None:
        recording = call_url(self._public_url, one.conversation, "recording")
        twiml = conference_twiml(
            str(one.conversation), one.party, listen_only=one.listen_only,
            recording_url=recording if self._records else None,
        )  # fmt: skip
        status_url = call_url(self._public_url, one.conversation, one.party)
        try:
            sid = await self._telephone.call(
                one.number, twiml, status_url=status_url, status_events=EVENTS
            )
        except (TelephoneLater, TelephoneRefused) as wrong:
            certain, why = isinstance(wrong, TelephoneRefused), wrong.why
            await self._written(
                lambda s, now: conversing.not_placed(s, one, why, now, is_certain=certain)
            )
            log.warning("call_not_placed", status=why)
            return
        await self._written(lambda s, now: conversing.placed(s, one, sid, now))

    async def _speak(self, one: ToSpeak) -> None:
        """Whoever is not in the conference yet, or not any more, is asked for again until the call
        is over."""
        try:
            await self._telephone.unmute(str(one.conversation), one.sid)
        except (TelephoneLater, TelephoneRefused) as wrong:
            why = wrong.why
            over = isinstance(wrong, TelephoneRefused) and why not in UNKNOWN_THERE
            await self._written(
                lambda s, now: conversing.not_heard(s, one.conversation, why, now, is_given_up=over)
            )
            log.warning("operator_not_heard", status=why)
            return
        await self._written(lambda s, now: conversing.speaks(s, one.conversation, now))

    async def _hang_up(self, one: ToHangUp) -> None:
        """What cannot be hung up ends with the conference, which ends with its first leg."""
        try:
            await self._telephone.hang_up(one.sid)
        except (TelephoneLater, TelephoneRefused) as wrong:
            log.info("call_not_hung_up", status=wrong.why)

    async def _ask(self, one: ToAsk) -> None:
        """The provider's own list is the truth, not its callbacks."""
        try:
            said = leg_state(await self._telephone.call_status(one.sid))
        except TelephoneLater:
            return
        except TelephoneRefused:
            said = LegState.FAILED  # it knows no such call
        if said is not None:
            heard = LegSaid(one.sid, said)
            await self._written(
                lambda s, now: conversing.hear_leg(s, one.conversation, one.party, heard, now)
            )

    async def erase(self) -> int:
        """Erase the recordings whose day has come and that no procedure needs, at the provider
        first; gives how many there were. One that the provider does not know is erased already."""
        due: list[Any] = await self._written(lambda s, now: store.recordings_to_erase(s, now, MOST))
        for one in due:
            if not await self._written(partial(_is_to_erase, one)):
                continue
            try:
                await self._telephone.erase_recording(one.reference)
            except TelephoneLater as wrong:
                log.warning("recording_not_erased", status=wrong.why)
                return 0
            except TelephoneRefused as wrong:
                if wrong.why not in UNKNOWN_THERE:
                    log.error("recording_not_erased", status=wrong.why)
                    continue
            await self._written(partial(_erased, one))
        return len(due)

    async def fetch(self) -> int:
        """Fetch the sound of new recordings for their fingerprint, and of those that a procedure
        keeps for a copy of our own; gives how many there were."""
        seals = self._keys is not None
        due: list[Any] = await self._written(
            lambda s, now: evidence.claim(s, now, MOST_SOUNDS, seals=seals)
        )
        for one in due:
            try:
                heard = await self._telephone.recording(one.reference)
            except (TelephoneLater, TelephoneRefused) as wrong:
                log.warning("recording_not_fetched", status=wrong.why)
                continue
            if not await self._written(partial(self._fetched, one, heard)):
                log.error("recording_differs", recording=str(one.id))
        return len(due)

    def _fetched(self, one: Any, heard: bytes, session: Session, now: datetime) -> bool:
        return sound.fetched(session, one, heard, now, by=conversing.WORKER, keys=self._keys)

    async def _written(self, act: Callable[[Session, datetime], T]) -> T:
        return await asyncio.to_thread(self._in_one, act)

    def _in_one(self, act: Callable[[Session, datetime], T]) -> T:
        with transaction(self._engine) as session:
            return act(session, clock.now())


def _is_to_erase(one: Any, session: Session, now: datetime) -> bool:
    """A procedure may need it since the list was made."""
    return store.is_to_erase(session, now, one.id)


def _erased(one: Any, session: Session, now: datetime) -> None:
    conversing.erased(session, one.id, one.alert, now)
