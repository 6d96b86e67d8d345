"""Nonsense on the wire never reaches a real client beside it, nor the log as a stack trace.

Seeded, so that a failure repeats.
"""

import asyncio
import random
from collections.abc import Iterator
from itertools import islice

import mqtt5
import pytest
from mqtt5 import (
    AuthPacket,
    ConnectPacket,
    DisconnectPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
    SubscribePacket,
    TopicFilter,
    UnsubscribePacket,
    Will,
)
from mqtt_house import ANA, DORA, PATIENCE_S, RECEIPT, SECRETS, House, alert, house, subscribe

from gateway.mqtt_direct import Limits
from gateway.mqtt_direct.wire import Frames, Offence, decode

CASES = 4000
"""Raise it for a long night; every case is one connection or, for the codec, one packet."""
AT_ONCE = 32
LOOSE = Limits(connect_s=0.5, half_open_grace_s=0.2, untrusted_idle_s=1, stop_s=1)


def hello() -> bytes:
    return ConnectPacket(DORA, password=SECRETS[DORA], keep_alive=30).write()


PACKETS = [
    ConnectPacket(
        DORA,
        username=DORA,
        password=SECRETS[DORA],
        will=Will("tgd/v1/x/state", payload=b"x", user_properties=[("a", "b")], content_type="é"),
        authentication_method="é",
        user_properties=[("a", "b")],
    ).write(),
    hello(),
    alert(topic=f"tgd/v1/{DORA}/alert").write(),
    PublishPacket(
        f"tgd/v1/{DORA}/alert",
        b"\xffpayload",
        qos=QoS.AT_LEAST_ONCE,
        packet_id=3,
        content_type="é",
        response_topic="x",
        correlation_data=b"\xff",
        user_properties=[("é", "b")],
        message_expiry_interval=3,
    ).write(),
    SubscribePacket(1, [TopicFilter("é/b"), TopicFilter(RECEIPT)], subscription_id=300).write(),
    UnsubscribePacket(1, ["é"], user_properties=[("é", "b")]).write(),
    PubAckPacket(1, reason_str="é").write(),
    DisconnectPacket(session_expiry_interval=1, reason_str="é").write(),
    AuthPacket(authentication_method="é").write(),
    mqtt5.PingReqPacket().write(),
]


def mutated(dice: random.Random) -> bytes:
    packet = bytearray(dice.choice(PACKETS))
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(packet))
        match dice.randrange(4):
            case 0 | 1:
                packet[place] = dice.randrange(256)
            case 2 if len(packet) > 2:
                del packet[place]
            case _:
                packet.insert(place, dice.randrange(256))
    if dice.random() < 0.6 and 2 <= len(packet) < 130:
        packet[1] = len(packet) - 2  # a whole packet, so that the inside is what is read
    return bytes(packet)


def nonsense(dice: random.Random) -> bytes:
    match dice.randrange(5):
        case 0:
            return dice.randbytes(dice.randint(1, 300))
        case 1:
            return hello() + dice.randbytes(dice.randint(1, 300))
        case 2:
            packet = dice.choice(PACKETS)
            return hello() + packet[: dice.randrange(len(packet))]
        case 3:
            return hello() + mutated(dice) + mutated(dice)
        case _:
            return mutated(dice)


async def throw(h: House, words: bytes, dice: random.Random) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", h.port)
    try:
        cut = dice.randrange(len(words) + 1)
        writer.write(words[:cut])
        if dice.random() < 0.3:
            await asyncio.sleep(0)
        writer.write(words[cut:])
        if dice.random() < 0.5:
            writer.write_eof()
            async with asyncio.timeout(PATIENCE_S):
                while await reader.read(4096):
                    pass
    except OSError:
        return  # it may well close on us
    finally:
        writer.transport.abort()


async def keep_crying(h: House, enough: asyncio.Event) -> int:
    ana = await h.ana()
    await subscribe(ana, RECEIPT)
    served = 0
    while not enough.is_set() or served < 10:
        served += 1
        ana.say(alert(f"a{served}", served % 65535 + 1))
        receipt = await ana.hears(PublishPacket)
        assert f'"a{served}"'.encode() in receipt.payload
        ana.say(PubAckPacket(receipt.packet_id))
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        await asyncio.sleep(0.001)
    return served


def throws(seed: int) -> Iterator[tuple[bytes, random.Random]]:
    dice = random.Random(seed)
    while True:
        yield nonsense(dice), dice


async def test_ana_is_served_while_nonsense_rains(capfd):
    async with house(LOOSE) as h:
        enough = asyncio.Event()
        crying = asyncio.create_task(keep_crying(h, enough))
        rain = throws(41)
        for _ in range(CASES // AT_ONCE):
            await asyncio.gather(*[throw(h, *case) for case in islice(rain, AT_ONCE)])
            assert not crying.done()
        enough.set()
        assert await crying >= 10
        assert not h.listener._ear._tasks
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "mqtt_session_failed" not in said.out
    assert "mqtt_connection_failed" not in said.out
    assert "panicked" not in said.err


def test_no_packet_breaks_the_reading_of_packets(capfd):
    dice = random.Random(42)
    readable = 0
    for _ in range(CASES * 10):
        words = mutated(dice)
        frames = Frames(8192)
        frames.feed(words)
        try:
            while (frame := frames.cut()) is not None:
                decode(frame)
                readable += 1
        except Offence:
            continue
    assert readable > CASES / 10
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
async def test_a_conversation_in_small_pieces_is_the_same_conversation(size):
    async with house() as h:
        wire = await h.call()
        words = ConnectPacket(ANA, password=SECRETS[ANA]).write()
        words += SubscribePacket(9, [TopicFilter(RECEIPT)]).write() + alert("whole").write()
        for start in range(0, len(words), size):
            wire.say(words[start : start + size])
            await wire.writer.drain()
            await asyncio.sleep(0)
        kinds = [type(await wire.next()).__name__ for _ in range(4)]
        assert kinds == ["ConnAckPacket", "SubAckPacket", "PublishPacket", "PubAckPacket"]


async def test_a_conversation_cut_at_any_byte_hears_the_alert_whole_or_not_at_all():
    async with house(LOOSE) as h:
        words = ConnectPacket(ANA, password=SECRETS[ANA]).write() + alert("whole").write()
        for end in range(len(words)):
            wire = await h.call()
            wire.say(words[:end])
            wire.writer.write_eof()
            while await wire.next() is not None:
                pass
        assert not h.door.heard
        whole = await h.call()
        whole.say(words)
        await h.door.until(lambda: len(h.door.heard) == 1)
        assert h.door.heard[0].raw == alert("whole").payload


@pytest.mark.parametrize("length", [b"\xff\xff\xff\x7f", b"\x81\x40", b"\xff\xff\x7f"])
async def test_an_oversized_packet_costs_no_memory(length):
    async with house() as h:
        ana = await h.ana()
        oversized = await h.call_as(DORA, SECRETS[DORA])
        oversized.say(b"\x32" + length + b"x" * 100_000)
        assert await oversized.is_sent_away() == 0x95
        assert await ana.still_talks()


async def test_the_reason_arrives_although_much_was_still_on_its_way():
    async with house() as h:
        dora = await h.call_as(DORA, SECRETS[DORA])
        dora.reader._transport.pause_reading()
        dora.say(b"\x32\xff\xff\x7f" + b"x" * 600_000)
        await h.door.until(lambda: not h.listener.connected())
        await h.door.until(lambda: not h.listener._connections)
        dora.reader._transport.resume_reading()
        assert await dora.is_sent_away() == 0x95
