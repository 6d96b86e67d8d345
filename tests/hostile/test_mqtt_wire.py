"""A hostile peer on the handsets' own listener: what MQTT forbids, what it allows and nobody needs.

Dora is a stranger, or holds Bella's handset with its secret; Ana presses all the while.
"""

import asyncio
import json
import random
import struct
from typing import Any

import pytest
from mqtt5 import (
    ConnAckPacket,
    ConnectPacket,
    DisconnectPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubscribePacket,
    TopicFilter,
    Will,
)

from tests.channels.mqtt_house import Wire, alert
from tests.hostile.fuzzing import corpus
from tests.hostile.ground import Ground, believed, gathered, press_until_received, quiet, wire
from tests.world import Carried

PACKETS = corpus("mqtt")


def secret(carried: Carried) -> bytes:
    return carried.secret.encode()


def alert_of(carried: Carried, trigger: str, packet_id: int | None = 1, **more: Any) -> Any:
    return alert(trigger, packet_id, topic=f"tgd/v1/{carried.handset}/alert", **more)


async def end_of(held: Wire) -> int | None:
    """The reason of DISCONNECT or CONNACK before the end; None without one, -1 when it lives."""
    reason = None
    try:
        async with asyncio.timeout(12):
            while (packet := await held.next()) is not None:
                if isinstance(packet, DisconnectPacket | ConnAckPacket):
                    reason = int(packet.reason_code)
    except TimeoutError:
        return -1
    return reason


def kept(ground: Ground, trigger: str) -> bool:
    found = "SELECT 1 FROM alert_trigger WHERE trigger = :trigger"
    return bool(ground.rows(found, trigger=trigger))


MALFORMED = {
    "type-0": b"\x00\x00",
    "reserved-bits-of-subscribe": b"\x80\x0a\x00\x01\x00\x00\x04abcd\x00",
    "reserved-bits-of-pingreq": b"\xc1\x00",
    "pingreq-with-a-body": b"\xc0\x01x",
    "length-of-five-bytes": b"\x30\xff\xff\xff\xff\x01",
    "publish-without-topic": b"\x30\x03\x00\x00\x00",
    "publish-with-both-qos-bits": b"\x36\x08\x00\x01a\x00\x01\x00xy",
    "publish-that-ends-early": b"\x32\x04\x00\x20ab",
    "publish-without-an-id": b"\x32\x06\x00\x01a\x00\x00\x00",
    "topic-with-nul": b"\x30\x05\x00\x02a\x00\x00",
    "filter-with-nul": b"\x82\x08\x00\x01\x00\x00\x02a\x00\x01",
    "topic-no-utf8": b"\x30\x05\x00\x02\xc3\x28\x00",
    "topic-surrogate": b"\x30\x06\x00\x03\xed\xa0\x80\x00",
    "property-unknown": b"\x30\x06\x00\x01a\x02\x7f\x00",
    "property-twice": b"\x30\x08\x00\x01a\x04\x01\x00\x01\x00",
    "properties-longer-than-the-packet": b"\x30\x05\x00\x01a\x7f\x01",
    "subscribe-to-nothing": b"\x82\x03\x00\x01\x00",
    "subscribe-without-an-id": b"\x82\x07\x00\x00\x00\x00\x01a\x01",
    "unsubscribe-of-nothing": b"\xa2\x03\x00\x01\x00",
    "puback-of-nothing": b"\x40\x00",
    "connack-from-a-client": b"\x20\x03\x00\x00\x00",
    "suback-from-a-client": b"\x90\x04\x00\x01\x00\x00",
    "second-connect": ConnectPacket("again").write(),
    "auth": b"\xf0\x00",
    "pubrel": b"\x62\x02\x00\x01",
    "disconnect-with-a-reason-of-a-server": b"\xe0\x02\x8b\x00x",
}


@pytest.mark.parametrize("trusted", [True, False], ids=["with-a-secret", "stranger"])
async def test_each_malformed_packet_ends_its_own_conversation(
    ground: Ground, trusted: bool
) -> None:
    async def is_ended(what: str, said: bytes) -> None:
        async with wire(ground) as held:
            held.say(ConnectPacket(f"dora-{what}"[:60], password=b"a guess"))
            assert int((await held.hears(ConnAckPacket)).reason_code) == 0
            held.say(said)
            assert await end_of(held) in (None, 0x80, 0x81, 0x82, 0x93, 0x95, 0x9B), what

    async with ground.attacked():
        for what, said in MALFORMED.items():
            if not trusted:
                await is_ended(what, said)
                continue
            async with believed(ground, ground.bella) as held:
                held.say(said)
                assert await end_of(held) not in (-1, 0), what


async def test_before_connect_nothing_else_is_listened_to(ground: Ground) -> None:
    async with ground.attacked():
        for said in [*MALFORMED.values(), *(p for p in PACKETS if p[0] >> 4 != 1)]:
            if said[0] >> 4 == 1:
                continue
            async with wire(ground) as held:
                held.say(said)
                held.writer.write_eof()
                assert await end_of(held) not in (0, -1)


async def test_every_packet_cut_anywhere_and_with_any_first_byte(ground: Ground) -> None:
    """All sixteen types with all reserved bits, each truncated somewhere: 400 conversations."""
    dice = random.Random(20)

    async def throw(first: int, packet: bytes) -> None:
        with quiet():
            async with wire(ground) as held:
                held.say(ConnectPacket(f"dora-{first}", password=b"a guess"))
                body = bytes([first]) + packet[1:]
                held.say(body[: dice.randint(1, len(body))])
                held.writer.write_eof()
                async with asyncio.timeout(20):
                    while await held.reader.read(4096):
                        pass

    async with ground.attacked():
        for start in range(0, 256, 32):
            await gathered(
                *(throw(first, dice.choice(PACKETS)) for first in range(start, start + 32))
            )


IDS = {
    "empty": "", "wildcards": "a/+/#", "share": "$share/g/tgd", "sys": "$SYS/x", "slash": "a/b",
    "nul": "a\x00b", "line-break": "a\r\nb", "escape": "\x1b[2J", "direction": "\u202ea",
    "long": "x" * 1500, "spaces": " \t ", "private": "\ue000\uffff",
    "log": '"}\n{"event":"stopped"}', "two-names": "one",
}  # fmt: skip


async def test_an_id_that_could_mean_something_else_is_refused(ground: Ground) -> None:
    async with ground.attacked():
        for what, name in IDS.items():
            async with wire(ground) as held:
                more = {"username": "another"} if what == "two-names" else {}
                held.say(ConnectPacket(name, password=b"x", **more).write())
                assert await end_of(held) in (0x81, 0x85), what


def publication(topic: str, packet_id: int) -> bytes:
    """A PUBLISH at QoS 1 of `{}`, also to what no library would publish to."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">HB", packet_id, 0) + b"{}"
    size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) % 128 + 128, len(body) >> 7])
    return b"\x32" + size + body


async def test_a_topic_of_somebody_else_is_refused_and_carries_nothing(ground: Ground) -> None:
    ana, own = ground.ana.handset, ground.bella.handset
    topics = [
        f"tgd/v1/{ana}/alert", f"tgd/v1/{ana}/state", f"tgd/v1/{ana}/receipt", "tgd/v1/+/alert",
        "#", "$SYS/broker", f"tgd/v1/{own}/receipt", f"tgd/v1/{own}/alert/x",
        f"/tgd/v1/{own}/alert", f"TGD/V1/{own}/alert", f"owntracks/x/{ana}",
        "a" * 2000, "tgd", "/" * 500,
    ]  # fmt: skip
    async with ground.attacked():
        async with believed(ground, ground.bella) as held:
            for n, topic in enumerate(topics, 1):
                held.say(publication(topic, n))
                wild = "+" in topic or "#" in topic
                answer = await held.hears(PubAckPacket)
                assert int(answer.reason_code) == (0x90 if wild else 0x87), topic
            wanted = [TopicFilter(topic) for topic in topics if topic != f"tgd/v1/{own}/receipt"]
            held.say(SubscribePacket(99, wanted))
            codes = [int(code) for code in (await held.hears(SubAckPacket)).reason_codes]
            assert all(code >= 0x80 for code in codes)
    words = ground.rows("SELECT DISTINCT source FROM alert_trigger WHERE trigger LIKE 'ana-%'")
    assert [row.source for row in words] == [f"handset:{ana}"]


@pytest.mark.parametrize(
    ("what", "more", "ends"),
    [
        ("qos-0", {"packet_id": None}, 0),
        ("retained", {"retain": True}, 0),
        ("qos-2", {"qos": QoS.EXACTLY_ONCE}, 0x9B),
        ("topic-alias", {"topic_alias": 5}, 0x94),
        ("user-properties", {"user_properties": [("k" * 50, "v" * 50)] * 60}, 0),
        ("expired", {"message_expiry_interval": 0}, 0),
        ("response-topic", {"response_topic": "tgd/v1/x/receipt", "correlation_data": b"x"}, 0),
        ("said-to-be-text", {"content_type": "text/html\u202e"}, 0),
    ],
)
async def test_a_cry_is_heard_however_wrongly_it_is_sent(
    ground: Ground, what: str, more: dict[str, Any], ends: int
) -> None:
    async with ground.attacked():
        async with believed(ground, ground.bella) as held:
            held.say(alert_of(ground.bella, f"wrong-{what}", **more))
            if ends:
                assert await end_of(held) == ends
            else:
                held.say(alert_of(ground.bella, f"behind-{what}", 2))
                while (ack := await held.hears(PubAckPacket)).packet_id != 2:
                    assert int(ack.reason_code) == (0x83 if what == "retained" else 0)
        async with asyncio.timeout(20):  # at QoS 0 nobody says when
            while not kept(ground, f"wrong-{what}"):
                await asyncio.sleep(0.1)


async def test_more_than_the_window_is_sent_away_and_what_was_heard_is_kept(
    ground: Ground,
) -> None:
    async with ground.attacked():
        async with believed(ground, ground.bella) as held:
            presses = [alert_of(ground.bella, f"window-{n}", n).write() for n in range(1, 400)]
            held.say(b"".join(presses))
            assert await end_of(held) == 0x93
        assert kept(ground, "window-1")


async def test_an_oversized_packet_is_refused_before_it_is_read(ground: Ground) -> None:
    async with ground.attacked():
        for size in (8193, 100_000, 2_000_000):
            async with believed(ground, ground.bella) as held:
                held.say(alert_of(ground.bella, "big", payload=b"x" * size))
                assert await end_of(held) == 0x95


@pytest.mark.parametrize("receive_max", [1, 65_535])
async def test_receipts_that_are_never_acknowledged_hold_nothing_up(
    ground: Ground, receive_max: int
) -> None:
    """600 presses, no PUBACK for any receipt: she goes on getting them."""
    async with ground.attacked(presses=10):
        async with believed(ground, ground.bella, receive_max=receive_max) as held:
            sure = 0
            held.say(SubscribePacket(9, [TopicFilter(f"tgd/v1/{ground.bella.handset}/receipt")]))
            await held.hears(SubAckPacket)
            for start in range(0, 600, 15):
                for n in range(start, start + 15):
                    held.say(alert_of(ground.bella, f"unconfirmed-{receive_max}-{n}", n + 1))
                seen = {PubAckPacket: 0, PublishPacket: 0}
                while seen != {PubAckPacket: 15, PublishPacket: 15}:
                    packet = await held.next()
                    seen[type(packet)] += 1
                    sure += isinstance(packet, PublishPacket) and packet.qos is QoS.AT_LEAST_ONCE
            assert sure == min(receive_max, 600)


async def test_who_never_reads_keeps_nobody_waiting(ground: Ground) -> None:
    """Nor does it fill the gateway's memory: what waits for her is bounded."""
    async with ground.attacked():
        async with believed(ground, ground.bella) as held:
            held.reader._transport.pause_reading()  # type: ignore[attr-defined]
            with quiet():
                for _ in range(3000):
                    held.say(b"\xc0\x00" * 200)
                    await asyncio.sleep(0)
                    if held.writer.transport.is_closing():
                        break
        await press_until_received(ground.ports["mqtt"], ground.bella, "after-the-deaf")


async def test_thousands_of_subscriptions_are_all_refused_and_cost_nothing(
    ground: Ground,
) -> None:
    async with ground.attacked():
        async with believed(ground, ground.bella) as held:
            for n in range(1, 31):
                filters = [TopicFilter(f"t/{n}/{i}") for i in range(200)]
                held.say(SubscribePacket(n, filters))
                answer = await held.hears(SubAckPacket)
                assert {int(code) for code in answer.reason_codes} == {0x87}
            await press_over(held, ground.bella, "after-subscriptions")


async def press_over(held: Wire, carried: Carried, trigger: str) -> None:
    held.say(alert_of(carried, trigger, 9999))
    assert int((await held.hears(PubAckPacket)).reason_code) == 0


async def test_clones_that_throw_each_other_out_do_not_spin(ground: Ground) -> None:
    """Two copies of Bella's handset take over from each other as soon as they can, for 4 s."""
    entered: list[int] = []

    async def clone() -> None:
        while True:
            with quiet():
                async with wire(ground) as held:
                    held.say(ConnectPacket(ground.bella.handset, password=secret(ground.bella)))
                    welcome = await held.next()
                    if isinstance(welcome, ConnAckPacket) and welcome.reason_code == 0:
                        entered.append(1)
                        await end_of(held)

    async with ground.attacked(presses=10):
        clones = [asyncio.create_task(clone()) for _ in range(2)]
        await asyncio.sleep(4)
        assert 3 < len(entered) < 40  # the first ones are let through at once, then each waits
        for one in clones:
            one.cancel()
        await asyncio.wait(clones)
        await press_until_received(ground.ports["mqtt"], ground.bella, "after-the-clones")
    assert kept(ground, "after-the-clones")


async def test_a_will_of_somebody_else_is_not_heard(ground: Ground) -> None:
    will = Will(
        f"tgd/v1/{ground.ana.handset}/alert", payload=json.dumps({"trigger": "by-will"}).encode()
    )
    async with ground.attacked():
        async with believed(ground, ground.bella, will=will) as held:
            held.hang_up()
        await asyncio.sleep(0.3)
        assert not kept(ground, "by-will")


@pytest.mark.parametrize("first", [b"", b"\x10", b"\x10\xff", ConnectPacket("dora").write()[:-3]])
async def test_a_thousand_half_open_calls_and_slow_ones_do_not_hold_ana_up(
    ground: Ground, first: bytes
) -> None:
    async with ground.attacked(presses=8):
        calls = []
        for _ in range(1000 if not first else 300):
            with quiet():
                calls.append(await asyncio.open_connection("127.0.0.1", ground.ports["mqtt"]))
                calls[-1][1].write(first)
        await asyncio.sleep(2)
        for _, writer in calls:
            writer.transport.abort()


async def test_a_connect_byte_by_byte_has_its_time_and_no_more(ground: Ground) -> None:
    words = ConnectPacket("dora-slow", password=b"x").write()
    async with ground.attacked():
        async with wire(ground) as held:
            with quiet():
                for byte in words[:-1]:
                    held.say(bytes([byte]))
                    await asyncio.sleep(0.25)
                    if held.reader.at_eof():
                        break
            assert await end_of(held) is None
