"""The own MQTT listener: take-over, Will, floods and a good end, on a bare socket."""

import asyncio
import socket

import pytest
from mqtt5 import (
    ConnAckPacket,
    ConnectPacket,
    DisconnectPacket,
    DisconnectReasonCode,
    PubAckPacket,
    PublishPacket,
)
from mqtt_house import (
    ANA,
    DORA,
    LOST,
    RECEIPT,
    SECRETS,
    House,
    alert,
    house,
    last_words,
    subscribe,
)

from gateway.heard import Form
from gateway.mqtt_direct import Limits

# Take-over


async def test_the_second_connection_of_a_handset_takes_over():
    async with house() as h:
        first = await h.ana()
        second = await h.ana()
        assert await first.is_sent_away() == 0x8E
        second.say(alert())
        assert (await second.hears(PubAckPacket)).reason_code == 0
        assert h.listener.connected() == {ANA}


async def test_two_clones_do_not_spin():
    limits = Limits(takeovers=2, takeover_pause_s=30, takeover_window_s=60, stop_s=1)
    async with house(limits) as h:
        wires = [await h.ana() for _ in range(3)]
        assert not h.door.counted["takeover_paused"]
        for _ in range(4):
            wires.append(await h.ana())
        assert h.door.counted["takeover_paused"] == 4  # 0.25 + 0.5 + 1 + 2 s, and growing
        late = await h.call()
        late.say(ConnectPacket(ANA, password=SECRETS[ANA]))
        await h.door.until(lambda: h.door.counted["takeover_paused"] == 5)
        wires[-1].say(alert())  # the one before goes on meanwhile
        assert (await wires[-1].hears(PubAckPacket)).reason_code == 0
        wires[-1].say(DisconnectPacket())
        assert (await late.hears(ConnAckPacket)).reason_code == 0  # and no longer than it lives


# Will


async def test_a_lost_connection_is_heard_as_the_will_says():
    async with house() as h:
        ana = await h.ana(will=last_words())
        ana.hang_up()
        await h.door.until(lambda: h.door.raws(Form.STATE) == [LOST])


async def test_a_good_bye_is_no_loss():
    async with house() as h:
        ana = await h.ana(will=last_words())
        ana.say(DisconnectPacket())
        assert await ana.next() is None
        assert not h.door.heard
        sulky = await h.ana(will=last_words())
        sulky.say(DisconnectPacket(reason_code=DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE))
        await h.door.until(lambda: h.door.raws(Form.STATE) == [LOST])


async def test_a_will_waits_and_is_forgotten_when_the_handset_is_back():
    async with house() as h:
        ana = await h.ana(will=last_words(delay_s=1))
        ana.hang_up()
        await h.door.until(lambda: not h.listener.connected())
        back = await h.ana()
        await asyncio.sleep(1.2)
        assert await back.still_talks()
        assert not h.door.heard


async def test_a_will_is_forgotten_for_good_when_the_handset_was_back():
    async with house() as h:
        lost = await h.ana(will=last_words(delay_s=1))
        lost.hang_up()
        await h.door.until(lambda: not h.listener.connected())
        back = await h.ana(will=last_words(delay_s=1))
        other = await h.ana()  # takes over from `back`
        assert await back.is_sent_away() == 0x8E
        other.say(DisconnectPacket())
        assert await other.next() is None
        await asyncio.sleep(1.2)
        assert not h.door.heard


async def test_a_will_does_not_wait_for_ever():
    async with house(Limits(will_delay_s=0.1, stop_s=1)) as h:
        ana = await h.ana(will=last_words(delay_s=2**31))
        ana.hang_up()
        await h.door.until(lambda: h.door.raws(Form.STATE) == [LOST])


async def test_a_will_elsewhere_is_ignored_and_counted():
    async with house() as h:
        ana = await h.ana(will=last_words(f"tgd/v1/{ANA}/alert"))
        assert ana.welcome.reason_code == 0
        ana.hang_up()
        await h.door.until(lambda: not h.listener.connected())
        assert not h.door.heard
        assert h.door.counted["will_ignored"] == 1


async def test_being_taken_over_is_no_loss():
    async with house() as h:
        first = await h.ana(will=last_words())
        second = await h.ana()
        assert await first.is_sent_away() == 0x8E
        assert await second.still_talks()
        assert not h.door.heard


# Floods and endings


async def test_the_silent_in_the_door_are_bounded_and_yield():
    limits = Limits(half_open=5, half_open_per_source=5, half_open_grace_s=0.2, connect_s=30)
    async with house(limits) as h:
        silent = [await h.call() for _ in range(5)]
        await asyncio.sleep(0.3)
        ana = await h.ana()
        assert await ana.still_talks()
        assert await silent[0].next() is None
        assert h.door.counted["half_open_full"] == 1


async def test_a_newcomer_does_not_throw_out_one_that_has_just_come():
    limits = Limits(half_open=9, half_open_per_source=2, half_open_grace_s=60, stop_s=1)
    async with house(limits) as h:
        first, second, third = [await h.call() for _ in range(3)]
        assert await third.next() is None
        first.say(ConnectPacket(ANA, password=SECRETS[ANA]))
        assert (await first.hears(ConnAckPacket)).reason_code == 0
        second.hang_up()


async def test_nobody_who_has_said_connect_is_sent_away_because_we_were_busy():
    """After a restart a whole operator's handsets wait behind one address: all of them come in."""
    limits = Limits(half_open=9, half_open_per_source=9, half_open_grace_s=60, untrusted=100)
    async with house(limits) as h:
        waiting = []
        for number in range(60):  # before the listener's turn comes, as on a loaded machine
            call = socket.create_connection(("127.0.0.1", h.port))
            call.sendall(ConnectPacket(f"h{number:012d}").write())
            call.setblocking(False)
            waiting.append(call)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(20):
            first = [await loop.sock_recv(call, 1) for call in waiting]
        for call in waiting:
            call.close()
        assert first == [b"\x20"] * 60, "a CONNACK each"


async def test_an_orderly_stop_finishes_what_is_being_heard():
    async with house() as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        ana = await h.ana(will=last_words())
        await subscribe(ana, RECEIPT)
        ana.say(alert())
        await h.door.until(lambda: len(h.door.heard) == 1)
        stopping = asyncio.create_task(h.listener.stop())
        await asyncio.sleep(0.05)
        with pytest.raises(OSError):
            await h.call()
        kept.set()
        await ana.hears(PublishPacket)
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert await ana.is_sent_away() == 0x8B
        await stopping
        assert len(h.door.heard) == 1


async def test_a_stop_does_not_wait_for_ever():
    async with house(Limits(stop_s=0.1)) as h:
        h.door.hold = lambda heard: asyncio.Event()
        ana = await h.ana()
        silent = await h.call()
        ana.say(alert())
        await h.door.until(lambda: len(h.door.heard) == 1)
        await h.listener.stop()
        assert await ana.is_sent_away() == 0x8B
        assert await silent.next() is None


async def test_one_listener_serves_several_doors():
    async with house() as h:
        other = await h.listener.start("127.0.0.1", 0)
        ana = await House(h.door, h.listener, other).ana()
        h.wires.append(ana)
        assert await ana.still_talks()
        dora = await h.call_as(DORA, SECRETS[DORA])
        assert await dora.still_talks()
        assert h.listener.connected() == {ANA, DORA}


async def test_a_port_that_is_taken_is_said_at_once():
    async with house() as h:
        with pytest.raises(OSError):
            await h.listener.start("127.0.0.1", h.port)
