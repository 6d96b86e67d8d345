"""Who is connected, and who gives way to whom: a trusted client never to a stranger."""

import asyncio
from collections.abc import Callable

from mqtt5 import ConnAckReasonCode, DisconnectReasonCode

from gateway.mqtt_direct.limits import Limits
from gateway.mqtt_direct.session import Session
from tgd.log import log

_FIRST_PAUSE_S = 0.25
_REMEMBERED = 32


class Registry:
    """Trusted sessions by handset, and strangers in the order in which they came."""

    def __init__(self, limits: Limits, observe: Callable[[str], None]) -> None:
        self.trusted: dict[str, Session] = {}
        self.strangers: dict[Session, None] = {}
        self._limits = limits
        self._observe = observe
        self._takeovers: dict[str, list[float]] = {}

    async def enter(self, session: Session) -> ConnAckReasonCode:
        """Give a session its place; anything but SUCCESS is the reason why it has none."""
        if not session.trusted:
            return self._enter_stranger(session)
        if await self._paused(session.handset) and session.line.has_left:
            return ConnAckReasonCode.SERVER_BUSY  # it gave up: the one before stays
        before = self.trusted.get(session.handset)
        if before is None and len(self.trusted) >= self._limits.trusted:
            self._observe("trusted_full")
            return ConnAckReasonCode.SERVER_BUSY
        if before is not None:
            self._take_over(before)
        self.trusted[session.handset] = session
        return ConnAckReasonCode.SUCCESS

    def leave(self, session: Session) -> None:
        """Free the place, unless somebody else has it already."""
        self.strangers.pop(session, None)
        if self.trusted.get(session.handset) is session:
            del self.trusted[session.handset]

    def everybody(self) -> list[Session]:
        """All sessions of this moment."""
        return [*self.trusted.values(), *self.strangers]

    def _enter_stranger(self, session: Session) -> ConnAckReasonCode:
        if len(self.strangers) >= self._limits.untrusted and not self._make_room():
            self._observe("untrusted_full")
            return ConnAckReasonCode.SERVER_BUSY
        self.strangers[session] = None
        return ConnAckReasonCode.SUCCESS

    def _make_room(self) -> bool:
        """The longest idle gives way, else the one that was heard most: those who pour must not
        keep the door shut for one who was never heard. What is being heard is still kept."""
        idle = [session for session in self.strangers if not session.busy]
        poured = [session for session in self.strangers if session.heard]
        if not (idle or poured):
            return False
        if idle:
            longest = min(idle, key=lambda session: session.spoke_at)
        else:
            longest = max(poured, key=lambda session: session.heard)
        del self.strangers[longest]
        longest.end(DisconnectReasonCode.QUOTA_EXCEEDED)
        self._observe("untrusted_evicted")
        return True

    def _take_over(self, before: Session) -> None:
        """MQTT-3.1.4-3: the older connection of the same client is told 0x8E and closed."""
        before.will = None  # not lost: it is here, on its new connection
        before.end(DisconnectReasonCode.SESSION_TAKEN_OVER)
        self._observe("taken_over")
        log.info("mqtt_session_taken_over", handset=before.handset)
        self._note_takeover(before.handset, asyncio.get_running_loop().time())

    async def _paused(self, handset: str) -> bool:
        """Two clones that throw each other out must not spin: the newcomer waits a moment.

        It waits no longer than the connection before it lives. False when there was no need to.
        """
        now = asyncio.get_running_loop().time()
        too_many = len(self._recent(handset, now)) - self._limits.takeovers
        before = self.trusted.get(handset)
        if too_many < 0 or before is None:
            return False
        pause_s = min(self._limits.takeover_pause_s, _FIRST_PAUSE_S * 2.0 ** min(too_many, 16))
        self._observe("takeover_paused")
        await asyncio.wait({before.ended}, timeout=pause_s)
        return True

    def _recent(self, handset: str, now: float) -> list[float]:
        since = now - self._limits.takeover_window_s
        return [at for at in self._takeovers.get(handset, []) if at >= since]

    def _note_takeover(self, handset: str, now: float) -> None:
        recent = self._recent(handset, now)[-_REMEMBERED:]
        self._takeovers.pop(handset, None)
        self._takeovers[handset] = [*recent, now]
        since = now - self._limits.takeover_window_s
        while (oldest := next(iter(self._takeovers))) and self._takeovers[oldest][-1] < since:
            del self._takeovers[oldest]


class Wills:
    """What a handset asked us to hear when its connection is lost; forgotten when it is back.

    The delay is honoured although no session outlives its connection (MQTT would end it at once):
    a change of cell must not look like a loss.
    """

    def __init__(self, hear: Callable[[str, bytes], None], max_delay_s: float) -> None:
        self._hear = hear
        self._max_delay_s = max_delay_s
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def keep(self, session: Session) -> None:
        """Hear the Will of a session that was lost, after its delay."""
        if session.will is None:
            return
        self.drop(session.handset)
        delay_s = min(float(session.will_delay_s), self._max_delay_s)
        task = asyncio.create_task(self._later(session.handset, session.will, delay_s))
        self._waiting[session.handset] = task

    def drop(self, handset: str) -> None:
        """The handset is back: it was not lost."""
        task = self._waiting.pop(handset, None)
        if task is not None:
            task.cancel()

    def drop_all(self) -> None:
        """We are leaving: who loses whom can no longer be told."""
        for handset in list(self._waiting):
            self.drop(handset)

    async def _later(self, handset: str, payload: bytes, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        del self._waiting[handset]
        self._hear(handset, payload)
