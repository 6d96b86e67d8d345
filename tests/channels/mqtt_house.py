"""What the tests of the own MQTT listener share: a door in memory, a client on a bare socket."""

import asyncio
import gc
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import mqtt5
from mqtt5 import (
    ConnAckPacket,
    ConnectPacket,
    DisconnectPacket,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubscribePacket,
    TopicFilter,
    Will,
)
from structlog.testing import capture_logs

from gateway.heard import Form, Heard, Kept, Receipt
from gateway.mqtt_direct import Certificate, Identity, Limits, MqttDirect

ANA = "hana0000000000"
DORA = "hdora000000000"
SECRETS = {ANA: b"ana's secret", DORA: b"dora's secret"}
PATIENCE_S = 10
RECEIPT = f"tgd/v1/{ANA}/receipt"
STATE = f"tgd/v1/{ANA}/state"
LOST = b'{"state":"lost","session":7}'


class Door:
    """Stands where the gateway's door stands: remembers what it heard, and answers as told."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.counted: Counter[str] = Counter()
        self.trouble: Callable[[Heard], BaseException | None] = lambda heard: None
        self.hold: Callable[[Heard], asyncio.Event | None] = lambda heard: None
        self.identify_trouble: BaseException | None = None
        self.state = "received"
        self._news = asyncio.Event()

    async def hear(self, heard: Heard) -> Receipt:
        self.heard.append(heard)
        self._news.set()
        held = self.hold(heard)
        if held is not None:
            await held.wait()
        trouble = self.trouble(heard)
        if trouble is not None:
            raise trouble
        return Receipt(Kept.RECORD, trigger_of(heard.raw), self.state)

    async def identify(
        self, claimed: str, password: bytes | None, certificate: Certificate | None
    ) -> Identity:
        if self.identify_trouble is not None:
            raise self.identify_trouble
        named = certificate is not None and certificate.name == claimed
        proven = named or (password and SECRETS.get(claimed) == password)
        return Identity(claimed, bool(proven))

    def count(self, word: str) -> None:
        self.counted[word] += 1

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not enough():
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.02)
                except TimeoutError:
                    continue

    def raws(self, form: Form = Form.ALERT) -> list[bytes]:
        return [heard.raw for heard in self.heard if heard.form is form]


def trigger_of(raw: bytes) -> str | None:
    try:
        return str(json.loads(raw)["trigger"])
    except (ValueError, KeyError, TypeError):
        return None


class House:
    """A listener with its door."""

    def __init__(self, door: Door, listener: MqttDirect, port: int) -> None:
        self.door = door
        self.listener = listener
        self.port = port
        self.wires: list[Wire] = []

    async def call(self) -> "Wire":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        wire = Wire(reader, writer)
        self.wires.append(wire)
        return wire

    async def call_as(self, handset: str, password: bytes | None, **more: Any) -> "Wire":
        wire = await self.call()
        wire.say(ConnectPacket(handset, password=password, **more))
        wire.welcome = await wire.hears(ConnAckPacket)
        return wire

    async def ana(self, **more: Any) -> "Wire":
        return await self.call_as(ANA, SECRETS[ANA], **more)

    async def dora_as_ana(self, **more: Any) -> "Wire":
        return await self.call_as(ANA, b"a guess", **more)


class Wire:
    """A client that is nothing but the codec and a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.welcome = ConnAckPacket()
        self._buffer = b""

    def say(self, *packets: Any) -> None:
        for packet in packets:
            self.writer.write(packet if isinstance(packet, bytes) else packet.write())

    async def next(self) -> Any:
        """The next packet, or None when the listener has closed."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    packet, size = mqtt5.read(memoryview(self._buffer))
                except IndexError:
                    received = await self._receive()
                    if not received:
                        return None
                    self._buffer += received
                else:
                    self._buffer = self._buffer[size:]
                    return packet

    async def _receive(self) -> bytes:
        try:
            return await self.reader.read(4096)
        except OSError:
            return b""

    async def hears(self, kind: type) -> Any:
        packet = await self.next()
        assert isinstance(packet, kind), packet
        return packet

    async def is_sent_away(self) -> int:
        """The reason of the DISCONNECT, after which nothing but the end comes."""
        while True:
            packet = await self.next()
            assert packet is not None, "closed without a DISCONNECT"
            if isinstance(packet, DisconnectPacket):
                assert await self.next() is None
                return int(packet.reason_code)

    async def still_talks(self) -> bool:
        self.say(mqtt5.PingReqPacket())
        while True:
            packet = await self.next()
            if packet is None or isinstance(packet, mqtt5.PingRespPacket):
                return packet is not None

    def hang_up(self) -> None:
        self.writer.transport.abort()


def alert(trigger: str = "t1", packet_id: int | None = 1, **more: Any) -> PublishPacket:
    more.setdefault("qos", QoS.AT_LEAST_ONCE if packet_id is not None else QoS.AT_MOST_ONCE)
    topic = more.pop("topic", f"tgd/v1/{ANA}/alert")
    words = json.dumps({"trigger": trigger, "kind": "press"}).encode()
    return PublishPacket(topic, more.pop("payload", words), packet_id=packet_id, **more)


async def subscribe(wire: Wire, *topics: str, **more: Any) -> list[int]:
    wire.say(SubscribePacket(9, [TopicFilter(topic) for topic in topics], **more))
    return [int(code) for code in (await wire.hears(SubAckPacket)).reason_codes]


def last_words(topic: str = STATE, delay_s: int = 0) -> Will:
    return Will(topic, payload=LOST, qos=QoS.AT_LEAST_ONCE, will_delay_interval=delay_s)


@asynccontextmanager
async def house(
    limits: Limits | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[House]:
    """A listener on a free port of this machine, stopped at the end; nothing in it may fail."""
    with capture_logs() as logs:
        async with _house(limits, context) as at_home:
            yield at_home
    assert not [line for line in logs if str(line["event"]).endswith("_failed")]


@asynccontextmanager
async def _house(limits: Limits | None, context: ssl.SSLContext | None) -> AsyncIterator[House]:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))
    door = Door()
    listener = MqttDirect(
        hear=door.hear,
        identify=door.identify,
        limits=limits or Limits(stop_s=1),
        observe=door.count,
    )
    port = await listener.start("127.0.0.1", 0, context)
    at_home = House(door, listener, port)
    try:
        yield at_home
    finally:
        for wire in at_home.wires:
            wire.hang_up()
        await listener.stop()
    gc.collect()
    assert not failures
