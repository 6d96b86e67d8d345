"""The own MQTT listener: accepting and trusting are two decisions."""

import asyncio
import json

import mqtt5
import pytest
from mqtt5 import (
    PubAckPacket,
    PublishPacket,
)
from mqtt_house import (
    ANA,
    DORA,
    RECEIPT,
    STATE,
    alert,
    house,
    last_words,
    subscribe,
)

from gateway.mqtt_direct import Limits
from tgd.errors import RecordAway

# Strangers


async def test_a_stranger_may_cry_for_help_and_is_heard_unverified():
    async with house() as h:
        for name, password in ((ANA, b"a guess"), (ANA, None), ("nobody", b"x")):
            dora = await h.call_as(name, password)
            assert dora.welcome.reason_code == 0
            assert await subscribe(dora, f"tgd/v1/{name}/receipt") == [1]
            dora.say(alert(topic=f"tgd/v1/{name}/alert"))
            assert json.loads((await dora.hears(PublishPacket)).payload)["trigger"] == "t1"
            assert (await dora.hears(PubAckPacket)).reason_code == 0
            assert (h.door.heard[-1].source, h.door.heard[-1].verified) == (name, False)
        assert h.listener.connected() == set()


async def test_a_stranger_learns_nothing_about_an_alert_that_exists():
    async with house() as h:
        h.door.state = "taken"
        dora, ana = await h.dora_as_ana(), await h.ana()
        for wire in (dora, ana):
            await subscribe(wire, RECEIPT)
            wire.say(alert())
        assert json.loads((await dora.hears(PublishPacket)).payload)["state"] == "received"
        assert json.loads((await ana.hears(PublishPacket)).payload)["state"] == "taken"
        await dora.hears(PubAckPacket)
        assert await h.listener.tell(ANA, b"{}")  # to Ana alone
        dora.say(mqtt5.PingReqPacket())
        await dora.hears(mqtt5.PingRespPacket)


@pytest.mark.parametrize(
    "topic", [STATE, f"tgd/v1/{ANA}/position", f"owntracks/a/{ANA}", f"tgd/v1/{DORA}/alert"]
)
async def test_a_stranger_may_do_nothing_else(topic):
    async with house() as h:
        dora = await h.dora_as_ana(will=last_words())
        dora.say(alert(topic=topic))
        assert (await dora.hears(PubAckPacket)).reason_code == 0x87
        dora.hang_up()
        assert await (await h.ana()).still_talks()
        assert not h.door.heard


async def test_a_stranger_neither_takes_over_nor_disturbs():
    async with house() as h:
        ana = await h.ana()
        dora = await h.dora_as_ana()
        assert await ana.still_talks()
        assert await dora.still_talks()
        again = await h.ana()
        assert await ana.is_sent_away() == 0x8E
        assert await dora.still_talks()
        assert await again.still_talks()


async def test_a_stranger_has_less_room():
    async with house() as h:
        dora = await h.dora_as_ana()
        assert (dora.welcome.receive_max, dora.welcome.max_packet_size) == (2, 2048)
        dora.say(alert(payload=b"x" * 2048))
        assert await dora.is_sent_away() == 0x95
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        dora = await h.dora_as_ana()
        dora.say(*[alert(f"t{n}", n) for n in (1, 2, 3)])
        await h.door.until(lambda: len(h.door.heard) == 3)
        kept.set()
        assert await dora.is_sent_away() == 0x93


async def test_an_idle_stranger_is_sent_away_although_it_pings():
    async with house(Limits(untrusted_idle_s=0.3, stop_s=1)) as h:
        dora, ana = await h.dora_as_ana(), await h.ana()
        dora.say(mqtt5.PingReqPacket())
        assert await dora.is_sent_away() == 0x98
        assert await ana.still_talks()


async def test_the_oldest_idle_stranger_gives_its_place_to_the_next():
    async with house(Limits(untrusted=2, stop_s=1)) as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        ana = await h.ana()
        busy = await h.dora_as_ana()
        busy.say(alert())
        await h.door.until(lambda: len(h.door.heard) == 1)
        idle = await h.dora_as_ana()
        third = await h.dora_as_ana()
        assert await idle.is_sent_away() == 0x97
        assert await third.still_talks()
        assert await ana.still_talks()
        kept.set()
        assert (await busy.hears(PubAckPacket)).reason_code == 0


async def test_strangers_together_do_not_hold_ana_up():
    async with house(Limits(untrusted_at_once=2, stop_s=1)) as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: None if heard.verified else kept
        strangers = [await h.dora_as_ana() for _ in range(4)]
        for dora in strangers:
            dora.say(alert("d1", 1), alert("d2", 2))
        await h.door.until(lambda: len(h.door.heard) == 2)
        ana = await h.ana()
        ana.say(alert())
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert len(h.door.heard) == 3
        kept.set()
        await h.door.until(lambda: len(h.door.heard) == 9)


async def test_a_stranger_that_pours_is_read_slowly():
    async with house() as h:
        dora, ana = await h.dora_as_ana(), await h.ana()
        dora.say(*[mqtt5.PingReqPacket()] * 400)
        await dora.hears(mqtt5.PingRespPacket)
        for number in range(5):
            ana.say(alert(packet_id=number + 1))
            assert (await ana.hears(PubAckPacket)).reason_code == 0
        answered = len(dora._buffer) + len(dora.reader._buffer)
        assert answered < 399 * len(mqtt5.PingRespPacket().write())


async def test_strangers_can_be_turned_off():
    async with house(Limits(strangers=False, stop_s=1)) as h:
        dora = await h.dora_as_ana()
        assert dora.welcome.reason_code == 0x86
        assert await dora.next() is None
        h.door.identify_trouble = RecordAway()
        assert (await h.ana()).welcome.reason_code == 0x88


async def test_when_nobody_can_say_who_it_is_the_cry_is_still_heard():
    async with house(Limits(identify_s=0.2, stop_s=1)) as h:
        h.door.identify_trouble = RecordAway()
        ana = await h.ana()
        ana.say(alert())
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert not h.door.heard[0].verified


async def test_strangers_who_never_stop_do_not_keep_the_door_shut():
    """Dora was heard and goes on and on; somebody who never was heard takes her place."""
    over = asyncio.Event()
    async with house(Limits(untrusted=1, stop_s=1)) as h:
        dora = await h.call_as("pouring", None)
        dora.say(alert(topic="tgd/v1/pouring/alert"))
        await dora.hears(PubAckPacket)
        h.door.hold = lambda heard: over
        dora.say(alert(topic="tgd/v1/pouring/alert", packet_id=2))
        while len(h.door.heard) < 2:
            await asyncio.sleep(0.01)
        bea = await h.call_as("never-heard", None)
        assert bea.welcome.reason_code == 0
        over.set()
