"""The conversation with one client after its CONNECT: it publishes, we hear, only then PUBACK.

What is refused is refused after it was heard when it could be a cry for help: a client that breaks
the protocol on its own alert topic is corrected, never silenced.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from mqtt5 import (
    ConnectPacket,
    DisconnectPacket,
    DisconnectReasonCode,
    Packet,
    PingReqPacket,
    PingRespPacket,
    PubAckPacket,
    PubAckReasonCode,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubAckReasonCode,
    SubscribePacket,
    UnsubAckPacket,
    UnsubAckReasonCode,
    UnsubscribePacket,
)

from gateway.heard import Form, Kept, Receipt
from gateway.mqtt_direct import topics
from gateway.mqtt_direct.ear import Ear
from gateway.mqtt_direct.greeting import keep_alive_s, last_will
from gateway.mqtt_direct.limits import Limits
from gateway.mqtt_direct.line import Gone, Line
from gateway.mqtt_direct.wire import Offence, malformed
from tgd import clock
from tgd.errors import NotKept, Refusal
from tgd.log import log

_PINGRESP = PingRespPacket().write()
_IN_ONE_GO = 32
_NOT_KEPT = {
    Kept.REFUSED: PubAckReasonCode.NOT_AUTHORIZED,
    Kept.NOWHERE: PubAckReasonCode.UNSPECIFIED_ERROR,
}
"""What a PUBACK says of a position or a life sign that was not kept."""


@dataclass(slots=True)
class _Owed:
    """A PUBACK that we owe; without a code while the publication is still being heard."""

    packet_id: int
    code: PubAckReasonCode | None = None


class Session:
    """One accepted client, trusted or not, until its connection ends."""

    def __init__(
        self,
        line: Line,
        connect: ConnectPacket,
        handset: str,
        trusted: bool,
        *,
        ear: Ear,
        limits: Limits,
        observe: Callable[[str], None],
    ) -> None:
        self.line = line
        self.handset = handset
        self.trusted = trusted
        self.will = last_will(connect, handset, trusted)
        self.will_delay_s = connect.will.will_delay_interval if connect.will else 0
        self.in_flight = limits.in_flight if trusted else limits.untrusted_in_flight
        self.ended: asyncio.Future[DisconnectReasonCode | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._ear = ear
        self._observe = observe
        self._patience_s = 1.5 * keep_alive_s(connect, limits)
        self._pace_s = limits.untrusted_pace_s
        self._idle_s = None if trusted else limits.untrusted_idle_s
        self.spoke_at = asyncio.get_running_loop().time()
        self._hearing = 0
        self.heard = 0
        """How many of its publications were heard to the end."""
        self._freed = asyncio.Event()
        self._owed: deque[_Owed] = deque()
        self._granted: QoS | None = None
        self._max_sent_bytes = connect.max_packet_size or 2**28
        self._receipts_at_once = connect.receive_max
        self._unconfirmed: set[int] = set()
        self._last_id = 0
        self._reading: asyncio.Task[None] | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """True while something that this client said is being heard."""
        return self._hearing > 0

    # From CONNACK to DISCONNECT

    async def converse(self) -> None:
        """Returns when the conversation is over, with our last word said but the line open."""
        self._reading = asyncio.create_task(self._read())
        try:
            code = await self.ended
        finally:
            self._reading.cancel()
            await asyncio.wait({self._reading})  # only one may read, and the line reads to its end
        if code is not None:
            self.line.say_last(DisconnectPacket(reason_code=code).write())

    def end(self, code: DisconnectReasonCode | None) -> None:
        """Finish, with a DISCONNECT of this reason or (None) without one; the first call counts."""
        if not self.ended.done():
            self.ended.set_result(code)

    def stop_listening(self) -> None:
        """Read nothing more; what was read is still heard and acknowledged."""
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        try:
            while True:
                for _ in range(_IN_ONE_GO):
                    await self._answer(await self.line.next(self._deadline()))
                    if not self.trusted:
                        await asyncio.sleep(self._pace_s)
                await asyncio.sleep(0)  # whoever pours must let the others speak
        except Gone:
            self.end(None)
        except Offence as offence:
            self._complain(offence.code)
        except TimeoutError:
            self._complain(self._why_silent())
        except Exception:  # noqa: BLE001  (the one of this loop)
            log.exception("mqtt_session_failed")
            self.end(DisconnectReasonCode.UNSPECIFIED_ERROR)

    def _deadline(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._idle_s is None:
            return now + self._patience_s
        return min(now + self._patience_s, self.spoke_at + self._idle_s)

    def _why_silent(self) -> DisconnectReasonCode:
        now = asyncio.get_running_loop().time()
        if self._idle_s is not None and now >= self.spoke_at + self._idle_s:
            return DisconnectReasonCode.ADMINISTRATIVE_ACTION
        return DisconnectReasonCode.KEEP_ALIVE_TIMEOUT

    def _complain(self, code: DisconnectReasonCode) -> None:
        """End for a reason that the client gave; what a stranger calls itself is not logged."""
        why = code.name.lower()
        self._observe(why)
        handset = self.handset if self.trusted else None
        log.warning("mqtt_client_sent_away", why=why, reason_code=int(code), handset=handset)
        self.end(code)

    async def _answer(self, packet: Packet) -> None:
        match packet:
            case PublishPacket():
                await self._take(packet)
            case PingReqPacket():
                self.line.say(_PINGRESP)
            case SubscribePacket():
                self._subscribe(packet)
            case UnsubscribePacket():
                self._unsubscribe(packet)
            case PubAckPacket():
                self._unconfirmed.discard(packet.packet_id)
            case DisconnectPacket():
                self._farewell(packet)
            case _:  # a second CONNECT, AUTH, QoS 2, or what only a server may say
                raise Offence(DisconnectReasonCode.PROTOCOL_ERROR)

    def _farewell(self, packet: DisconnectPacket) -> None:
        if packet.reason_code is DisconnectReasonCode.NORMAL_DISCONNECTION:
            self.will = None
        raise Gone

    # What the client publishes

    async def _take(self, packet: PublishPacket) -> None:
        self.spoke_at = asyncio.get_running_loop().time()
        form = topics.form_of(packet.topic, self.handset, self.trusted)
        fault = self._fault(packet)
        if fault is not None:
            if form is Form.ALERT:
                await asyncio.wait({self._start_hearing(form, packet.payload, None)})
            raise Offence(fault)
        owed = self._owe(packet)
        while self._hearing >= self.in_flight:  # only QoS 0 comes here: no window holds it back
            self._freed.clear()
            await self._freed.wait()
        code = self._verdict(packet, form)
        if form is None or (code is not PubAckReasonCode.SUCCESS and form is not Form.ALERT):
            self._settle(owed, code)
        else:
            self._start_hearing(form, packet.payload, owed, code)

    def _fault(self, packet: PublishPacket) -> DisconnectReasonCode | None:
        if "\0" in packet.topic:  # MQTT-1.5.4-2
            return DisconnectReasonCode.MALFORMED_PACKET
        if packet.qos is QoS.EXACTLY_ONCE:
            return DisconnectReasonCode.QOS_NOT_SUPPORTED
        if packet.topic_alias is not None:
            return DisconnectReasonCode.TOPIC_ALIAS_INVALID
        if packet.qos is QoS.AT_LEAST_ONCE and not packet.packet_id:
            return DisconnectReasonCode.PROTOCOL_ERROR
        if packet.qos is QoS.AT_LEAST_ONCE and len(self._owed) >= self.in_flight:
            return DisconnectReasonCode.RECEIVE_MAX_EXCEEDED
        return None

    def _verdict(self, packet: PublishPacket, form: Form | None) -> PubAckReasonCode:
        """What the PUBACK will say once heard. An alert that is retained is heard and kept like
        any other, and answered 0x83: the device's fault must show, but it must not cost the cry.
        """
        if topics.has_wildcard(packet.topic):
            return PubAckReasonCode.TOPIC_NAME_INVALID
        if form is None:
            return PubAckReasonCode.NOT_AUTHORIZED
        if packet.retain and not topics.may_retain(form):
            return PubAckReasonCode.IMPLEMENTATION_SPECIFIC_ERROR
        return PubAckReasonCode.SUCCESS

    def _owe(self, packet: PublishPacket) -> _Owed | None:
        if packet.qos is QoS.AT_MOST_ONCE or packet.packet_id is None:
            return None
        owed = _Owed(packet.packet_id)
        self._owed.append(owed)
        return owed

    def _start_hearing(
        self,
        form: Form,
        raw: bytes,
        owed: _Owed | None,
        code: PubAckReasonCode = PubAckReasonCode.SUCCESS,
    ) -> asyncio.Task[None]:
        self._hearing += 1
        return self._ear.start(self._hear(form, raw, owed, code))

    async def _hear(
        self, form: Form, raw: bytes, owed: _Owed | None, code: PubAckReasonCode
    ) -> None:
        try:
            receipt = await self._ear.hear(form, self.handset, self.trusted, raw)
        except Refusal:
            self._settle(owed, PubAckReasonCode.NOT_AUTHORIZED)
        except NotKept:
            self._observe("not_kept")
            log.error("mqtt_not_kept", form=form)
            self.end(DisconnectReasonCode.SERVER_BUSY)
        except Exception:  # noqa: BLE001  (kept or not, nobody knows: the handset sends again)
            self._observe("not_kept")
            log.exception("mqtt_not_kept", form=form)
            self.end(DisconnectReasonCode.SERVER_BUSY)
        else:
            if form is Form.ALERT:
                self.send_receipt(self._words(receipt))
            self._settle(owed, _NOT_KEPT.get(receipt.kept, code))
        finally:
            self._hearing -= 1
            self.heard += 1
            self._freed.set()

    def _words(self, receipt: Receipt) -> bytes:
        """A stranger hears `received` and nothing else, even about a trigger that exists."""
        state = receipt.state if self.trusted else "received"
        at = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps({"trigger": receipt.trigger, "state": state, "at": at}).encode()

    def _settle(self, owed: _Owed | None, code: PubAckReasonCode) -> None:
        if code is not PubAckReasonCode.SUCCESS:
            self._observe(f"publish_{code.name.lower()}")
        if owed is None:
            return
        owed.code = code
        while self._owed and self._owed[0].code is not None:  # in order of arrival: MQTT-4.6.0-2
            first = self._owed.popleft()
            self.line.say(PubAckPacket(first.packet_id, reason_code=first.code or code).write())

    # What the client reads

    def _subscribe(self, packet: SubscribePacket) -> None:
        if not packet.topic_filters or not packet.packet_id:
            raise Offence(DisconnectReasonCode.PROTOCOL_ERROR)
        codes = []
        if any("\0" in wanted.pattern for wanted in packet.topic_filters):
            raise malformed()
        for wanted in packet.topic_filters:
            code = self._grant(wanted.pattern, wanted.max_qos, packet.subscription_id)
            codes.append(code)
        self.line.say(SubAckPacket(packet.packet_id, codes).write())

    def _grant(self, pattern: str, qos: QoS, subscription_id: int | None) -> SubAckReasonCode:
        if subscription_id is not None:
            return SubAckReasonCode.SUBSCRIPTION_IDS_NOT_SUPPORTED
        if pattern.startswith("$share/"):
            return SubAckReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        if topics.has_wildcard(pattern):
            return SubAckReasonCode.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED
        if pattern != topics.receipt_topic(self.handset):
            return SubAckReasonCode.NOT_AUTHORIZED
        if qos is QoS.AT_MOST_ONCE:
            self._granted = QoS.AT_MOST_ONCE
            return SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE
        self._granted = QoS.AT_LEAST_ONCE
        return SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE

    def _unsubscribe(self, packet: UnsubscribePacket) -> None:
        if not packet.patterns or not packet.packet_id:
            raise Offence(DisconnectReasonCode.PROTOCOL_ERROR)
        codes = []
        for pattern in packet.patterns:
            known = self._granted is not None and pattern == topics.receipt_topic(self.handset)
            if known:
                self._granted = None
            codes.append(
                UnsubAckReasonCode.SUCCESS if known else UnsubAckReasonCode.NO_SUBSCRIPTION_EXISTED
            )
        self.line.say(UnsubAckPacket(packet.packet_id, codes).write())

    def send_receipt(self, words: bytes) -> bool:
        """Publish on the client's receipt topic; False when it has not subscribed or has gone.

        With the client's own Receive Maximum in use it goes at QoS 0: a receipt is repeated
        whenever the trigger is, so that late by a queue would be worse than perhaps lost.
        """
        if self._granted is None or self.ended.done():
            return False
        sure = self._granted is QoS.AT_LEAST_ONCE
        sure = sure and len(self._unconfirmed) < self._receipts_at_once
        topic = topics.receipt_topic(self.handset)
        packet_id = self._fresh_id() if sure else None
        qos = QoS.AT_LEAST_ONCE if sure else QoS.AT_MOST_ONCE
        frame = PublishPacket(topic, words, qos=qos, packet_id=packet_id).write()
        if len(frame) > self._max_sent_bytes or not self.line.say(frame):
            return False
        if packet_id is not None:
            self._unconfirmed.add(packet_id)
        return True

    def _fresh_id(self) -> int:
        while True:
            self._last_id = self._last_id % 65535 + 1
            if self._last_id not in self._unconfirmed:
                return self._last_id
