"""The own MQTT listener: who is let in, and what is no MQTT, on a bare socket."""

import asyncio
import logging

import mqtt5
import pytest
from mqtt5 import (
    AuthPacket,
    ConnAckPacket,
    ConnectPacket,
    PubAckPacket,
    QoS,
)
from mqtt_house import (
    ANA,
    DORA,
    PATIENCE_S,
    RECEIPT,
    SECRETS,
    alert,
    house,
    subscribe,
)

from gateway.mqtt_direct import Limits

# CONNECT


@pytest.mark.parametrize(
    ("connect", "reason"),
    [
        (ConnectPacket(""), 0x85),
        (ConnectPacket(ANA, username=DORA, password=b"x"), 0x85),
        (ConnectPacket("a/b"), 0x85),
        (ConnectPacket("a+"), 0x85),
        (ConnectPacket("#"), 0x85),
        (ConnectPacket("a\0"), 0x85),
        (ConnectPacket("a\x1b[2J"), 0x85),
        (ConnectPacket("x" * 65), 0x85),
        (ConnectPacket(ANA, authentication_method="SCRAM", authentication_data=b"1"), 0x8C),
    ],
)
async def test_a_connect_that_names_nobody_is_refused(connect, reason):
    async with house() as h:
        wire = await h.call()
        wire.say(connect)
        assert (await wire.hears(ConnAckPacket)).reason_code == reason
        assert await wire.next() is None


async def test_the_user_name_alone_is_enough_and_comes_back_as_client_id():
    async with house() as h:
        ana = await h.call_as("", SECRETS[ANA], username=ANA)
        assert (ana.welcome.reason_code, ana.welcome.assigned_client_id) == (0, ANA)
        assert h.listener.connected() == {ANA}


@pytest.mark.parametrize(
    "words",
    [
        b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a",
        b"\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01a",
    ],
)
async def test_an_older_mqtt_is_answered_in_its_own_language(words):
    async with house() as h:
        wire = await h.call()
        wire.say(words)
        assert await wire.reader.read() == b"\x20\x02\x00\x01"


async def test_a_newer_mqtt_is_answered_in_version_5():
    async with house() as h:
        wire = await h.call()
        wire.say(b"\x10\x0e\x00\x04MQTT\x06\x02\x00\x3c\x00\x00\x01a")
        assert (await wire.hears(ConnAckPacket)).reason_code == 0x84
        assert await wire.next() is None


async def test_the_welcome_names_the_limits():
    async with house() as h:
        welcome = (await h.ana(keep_alive=0, session_expiry_interval=99)).welcome
        assert (welcome.max_qos, welcome.retain_available) == (QoS.AT_LEAST_ONCE, True)
        assert (welcome.receive_max, welcome.topic_alias_max) == (20, 0)
        assert (welcome.max_packet_size, welcome.server_keep_alive) == (8192, 300)
        assert (welcome.session_present, welcome.session_expiry_interval) == (False, 0)
        assert not welcome.wildcard_subscription_available
        assert not welcome.shared_subscription_available


async def test_a_keep_alive_of_our_liking_stays():
    async with house() as h:
        assert (await h.ana(keep_alive=60)).welcome.server_keep_alive is None
        assert (await h.ana(keep_alive=301)).welcome.server_keep_alive == 300


async def test_who_says_something_else_first_is_left_without_a_word():
    async with house() as h:
        for words in (b"\xc0\x00", alert().write(), b"GET / HTTP/1.1\r\n" + b"x" * 80):
            wire = await h.call()
            wire.say(words)
            assert await wire.next() is None
        assert not h.door.heard


async def test_a_malformed_connect_is_told_so():
    async with house() as h:
        wire = await h.call()
        wire.say(b"\x10\x05\x00\x04MQT")
        assert (await wire.hears(ConnAckPacket)).reason_code == 0x81


async def test_who_says_nothing_is_closed():
    async with house(Limits(connect_s=0.1)) as h:
        for beginning in (b"", b"\x10", b"\x10\x7f\x00\x04"):
            wire = await h.call()
            wire.say(beginning)
            assert await wire.next() is None


# Keep-alive, size, form


async def test_silence_for_one_and_a_half_keep_alives_ends_the_connection():
    async with house() as h:
        ana = await h.ana(keep_alive=1)
        assert await ana.is_sent_away() == 0x8D


async def test_one_byte_now_and_then_is_silence_too():
    async with house() as h:
        ana = await h.ana(keep_alive=1)
        ending = asyncio.create_task(ana.is_sent_away())
        for byte in alert().write()[:12]:
            ana.say(bytes([byte]))
            await asyncio.wait({ending}, timeout=0.2)
        assert await ending == 0x8D


async def test_pings_keep_a_connection():
    async with house() as h:
        ana = await h.ana(keep_alive=1)
        for _ in range(5):
            await asyncio.sleep(0.4)
            assert await ana.still_talks()


async def test_a_packet_that_is_too_large_is_refused_before_it_is_read():
    async with house() as h:
        ana = await h.ana()
        ana.say(b"\x32\xff\xff\xff\x7f")  # 256 MiB announced, five bytes sent
        assert await ana.is_sent_away() == 0x95
        wire = await h.call()
        wire.say(b"\x10\xff\xff\x7f")
        assert (await wire.hears(ConnAckPacket)).reason_code == 0x95


async def test_the_largest_packet_is_still_heard():
    async with house() as h:
        ana = await h.ana()
        room = 8192 - len(alert(payload=b"x" * 8000).write()) + 8000
        ana.say(alert(payload=b"x" * room))
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        ana.say(alert(payload=b"x" * (room + 1)))
        assert await ana.is_sent_away() == 0x95


@pytest.mark.parametrize(
    "words",
    [
        b"\x00\x00",
        b"\x36\x06\x00\x01a\x00\x01\x00",  # QoS 3
        b"\x82\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x30\x04\x00\x01\xff\x00",  # a topic that is not UTF-8
        b"\x30\x05\x00\x02\xc3\x28\x00",
        b"\x30\x06\x00\x03\xed\xa0\x80\x00",  # a lone surrogate
        b"\x32\x05\x00\x09abc",  # a text longer than its packet
        b"\x30\x0a\x00\x01a\x06\x26\x00\x01\xff\x00\x00",  # a user property that is not UTF-8
        b"\xc0\x01\x00",
        b"\xc1\x00",
    ],
)
async def test_what_is_no_packet_is_called_malformed(words, caplog):
    async with house() as h:
        ana = await h.ana()
        ana.say(words)
        assert await ana.is_sent_away() == 0x81
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "packet",
    [
        ConnectPacket(ANA),
        AuthPacket(),
        ConnAckPacket(),
        mqtt5.PingRespPacket(),
        mqtt5.PubRelPacket(1),
        mqtt5.PubRecPacket(1),
    ],
    ids=lambda packet: type(packet).__name__,
)
async def test_what_a_handset_may_not_say_is_a_protocol_error(packet):
    async with house() as h:
        ana = await h.ana()
        ana.say(packet)
        assert await ana.is_sent_away() == 0x82


async def test_a_client_that_does_not_read_is_cut_off():
    async with house(Limits(unread_bytes=20_000, stop_s=1)) as h:
        ana = await h.ana(receive_max=65535)
        await subscribe(ana, RECEIPT)
        ana.reader._transport.pause_reading()
        async with asyncio.timeout(PATIENCE_S):
            while await h.listener.tell(ANA, b"x" * 4000):
                await asyncio.sleep(0)
        await h.door.until(lambda: not h.listener.connected())
