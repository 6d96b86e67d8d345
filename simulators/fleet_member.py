"""One cheap handset of the fleet: an MQTT 5 client on the codec, without a thread of its own."""

import asyncio
import json
import random
import ssl
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import mqtt5

from simulators.handset_words import Card, Fix, Press, alert_json

QOS_1 = mqtt5.QoS.AT_LEAST_ONCE


@dataclass(slots=True)
class Cry:
    """One press and what became of it; moments are of the monotonic clock, in seconds."""

    press: Press
    pressed_s: float
    first_sent_s: float | None = None
    puback_s: float | None = None
    receipt_s: float | None = None
    attempts: int = 0
    refused: int | None = None
    """Reason code of a PUBACK that refused it."""


class Observer(Protocol):
    """Who wants to know what happens to a member."""

    def on_event(self, event: str, handset: str, **facts: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where the fleet connects."""

    host: str = "127.0.0.1"
    port: int = 1883
    tls: ssl.SSLContext | None = None


class Wire(asyncio.Protocol):
    """Bytes to packets and back; whole packets only."""

    def __init__(
        self, hear: Callable[[mqtt5.Packet], None], lost: Callable[[Exception | None], None]
    ) -> None:
        self._hear = hear
        self._lost = lost
        self._left = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        buffer, done = memoryview(self._left + data), 0
        while done < len(buffer):
            try:
                packet, size = mqtt5.read(buffer[done:])
            except IndexError:
                break  # the rest of this packet is still on its way
            except ValueError:
                self.cut()
                return
            done += size
            self._hear(packet)
        self._left = bytes(buffer[done:])

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)

    def send(self, words: bytes) -> None:
        """Write, when there is still a connection."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(words)

    def cut(self) -> None:
        """End the connection without DISCONNECT: the Will speaks."""
        if self.transport is not None:
            self.transport.abort()


@dataclass(slots=True)
class Member:
    """A handset: stays connected, repeats each press with its id until a receipt came."""

    card: Card
    address: Address
    observer: Observer
    chance: random.Random
    keep_alive_s: int = 60
    fix: Fix | None = None
    cries: dict[str, Cry] = field(default_factory=dict)
    is_connected: bool = False
    _wire: Wire | None = None
    _session: int = 0
    _counter: int = 0
    _packet: int = 0
    _flying: dict[int, Cry] = field(default_factory=dict)
    _queue: deque[Cry] = field(default_factory=deque)
    _receive_max: int = 65535
    """How many publications the listener takes before it acknowledges one."""
    _accepted: "asyncio.Future[None] | None" = None
    _gone: "asyncio.Future[None] | None" = None

    async def live(self) -> None:
        """Connect, and again whenever the connection ends; until cancelled."""
        pause_s = 0.5
        while True:
            try:
                await self._connect()
                pause_s = 0.5
                assert self._gone is not None
                await self._gone
                self.observer.on_event("disconnected", self.card.handset)
            except (OSError, TimeoutError) as failed:
                self.observer.on_event("not_connected", self.card.handset, why=repr(failed))
            await asyncio.sleep(pause_s * self.chance.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, 8.0)

    def leave(self) -> None:
        """Say goodbye (no Will) and close."""
        if self._wire and self._wire.transport:
            self._wire.send(mqtt5.DisconnectPacket().write())
            self._wire.transport.close()

    def cut(self) -> None:
        """Lose the network."""
        if self._wire:
            self._wire.cut()

    def press(self, kind: str = "press") -> Cry:
        """Press; sent at once when connected, otherwise as soon as it is."""
        self._counter += 1
        trigger = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        press = Press(trigger, self._counter, kind, datetime.now(UTC), self.fix)
        cry = Cry(press, time.monotonic())
        self.cries[trigger] = cry
        self.observer.on_event("pressed", self.card.handset, trigger=trigger)
        self.send(cry)
        return cry

    def send(self, cry: Cry) -> None:
        """Send (again) with the same id; nothing happens while not connected.

        Never more in flight than the listener's Receive Maximum (MQTT 5, 4.9): one is kept free
        for signs of life, the rest waits for a PUBACK.
        """
        if not self.is_connected:
            return
        if len(self._flying) >= max(1, self._receive_max - 1):
            if cry not in self._queue:
                self._queue.append(cry)
            return
        cry.attempts += 1
        cry.first_sent_s = cry.first_sent_s or time.monotonic()
        number = self._publish("alert", alert_json(cry.press))
        self._flying[number] = cry

    def repeat_all(self) -> None:
        """Every press that nobody confirmed, once more."""
        for cry in self.cries.values():
            if cry.receipt_s is None:
                self.send(cry)

    def beat(self) -> None:
        """A sign of life on the state topic."""
        if self.is_connected:
            self._publish("state", self._state("online"), retain=True)

    def ping(self) -> None:
        """Keep the connection."""
        if self._wire and self.is_connected:
            self._wire.send(mqtt5.PingReqPacket().write())

    # -- protocol

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._accepted, self._gone = loop.create_future(), loop.create_future()
        self._session += 1
        async with asyncio.timeout(30):
            _, self._wire = await loop.create_connection(
                lambda: Wire(self._hear, self._lose),
                self.address.host,
                self.address.port,
                ssl=self.address.tls,
            )
            self._wire.send(self._hello())
            try:
                await self._accepted
            except BaseException:
                self._wire.cut()  # a connection that was not accepted is nobody's
                raise
        self._greet()

    def _hello(self) -> bytes:
        will = mqtt5.Will(self._topic("state"), payload=self._state("lost"), qos=QOS_1, retain=True)
        return mqtt5.ConnectPacket(
            self.card.handset,
            username=self.card.handset,
            password=self.card.mqtt_secret.encode() or None,
            clean_start=False,
            session_expiry_interval=86400,
            keep_alive=self.keep_alive_s,
            will=will,
        ).write()

    def _greet(self) -> None:
        assert self._wire is not None
        receipts = mqtt5.TopicFilter(self._topic("receipt"), max_qos=QOS_1)
        self._wire.send(mqtt5.SubscribePacket(self._next_packet(), [receipts]).write())
        self.is_connected = True
        self.observer.on_event("connected", self.card.handset)
        self.beat()
        self.repeat_all()

    def _lose(self, why: Exception | None) -> None:
        self.is_connected = False
        self._flying.clear()
        self._queue.clear()
        if self._accepted and not self._accepted.done():
            self._accepted.set_exception(ConnectionResetError("closed before CONNACK"))
        if self._gone and not self._gone.done():
            self._gone.set_result(None)

    def _hear(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.ConnAckPacket():
                self._hear_connack(packet)
            case mqtt5.PubAckPacket():
                self._hear_puback(packet)
            case mqtt5.PublishPacket():
                self._hear_receipt(packet)
            case mqtt5.DisconnectPacket():
                self.observer.on_event(
                    "told_to_leave", self.card.handset, reason=int(packet.reason_code)
                )

    def _hear_connack(self, packet: mqtt5.ConnAckPacket) -> None:
        if self._accepted is None or self._accepted.done():
            return
        if packet.reason_code == mqtt5.ConnAckReasonCode.SUCCESS:
            self._receive_max = packet.receive_max
            if packet.server_keep_alive is not None:
                self.keep_alive_s = packet.server_keep_alive
            self._accepted.set_result(None)
        else:
            self._accepted.set_exception(ConnectionRefusedError(str(packet.reason_code)))

    def _hear_puback(self, packet: mqtt5.PubAckPacket) -> None:
        cry = self._flying.pop(packet.packet_id, None)
        if cry is None:
            return
        if int(packet.reason_code) >= 0x80:  # the codec's codes do not compare
            cry.refused = int(packet.reason_code)
        elif cry.puback_s is None:
            cry.puback_s = time.monotonic()
            self.observer.on_event("puback", self.card.handset, trigger=cry.press.trigger)
        if self._queue:
            self.send(self._queue.popleft())

    def _hear_receipt(self, packet: mqtt5.PublishPacket) -> None:
        if packet.qos == QOS_1 and packet.packet_id is not None and self._wire:
            self._wire.send(mqtt5.PubAckPacket(packet.packet_id).write())
        try:
            trigger = json.loads(packet.payload)["trigger"]
        except (ValueError, TypeError, KeyError):
            self.observer.on_event("unreadable_receipt", self.card.handset)
            return
        cry = self.cries.get(trigger)
        if cry and cry.receipt_s is None:
            cry.receipt_s = time.monotonic()
            self.observer.on_event("receipt", self.card.handset, trigger=trigger)

    def _publish(self, leaf: str, words: bytes, *, retain: bool = False) -> int:
        assert self._wire is not None
        number = self._next_packet()
        self._wire.send(
            mqtt5.PublishPacket(
                self._topic(leaf), words, qos=QOS_1, packet_id=number, retain=retain
            ).write()
        )
        return number

    def _next_packet(self) -> int:
        self._packet = self._packet % 65535 + 1
        return self._packet

    def _topic(self, leaf: str) -> str:
        return f"tgd/v1/{self.card.handset}/{leaf}"

    def _state(self, state: str) -> bytes:
        return json.dumps({"state": state, "session": self._session}).encode()
