"""The own MQTT listener: what becomes of an alert, spoken on a bare socket."""

import asyncio
import json

import mqtt5
import pytest
from mqtt5 import (
    ConnectPacket,
    DisconnectPacket,
    DisconnectReasonCode,
    PubAckPacket,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubscribePacket,
    TopicFilter,
    UnsubAckPacket,
    UnsubscribePacket,
)
from mqtt_house import (
    ANA,
    DORA,
    RECEIPT,
    SECRETS,
    STATE,
    alert,
    house,
    subscribe,
    trigger_of,
)

from gateway.heard import Channel, Form
from gateway.mqtt_direct import Limits
from tgd.errors import NotKept, WrongState

# An alert


async def test_ana_presses_and_has_her_receipt_before_the_puback():
    async with house() as h:
        ana = await h.ana()
        assert ana.welcome.reason_code == 0
        assert await subscribe(ana, RECEIPT) == [1]
        ana.say(alert("t17"))
        receipt = await ana.hears(PublishPacket)
        assert (receipt.topic, receipt.qos, receipt.retain) == (RECEIPT, QoS.AT_LEAST_ONCE, False)
        words = json.loads(receipt.payload)
        assert (words["trigger"], words["state"]) == ("t17", "received")
        assert words["at"].endswith("Z")
        assert (await ana.hears(PubAckPacket)).packet_id == 1
        [heard] = h.door.heard
        assert (heard.channel, heard.form, heard.source) == (Channel.MQTT, Form.ALERT, ANA)
        assert heard.verified
        assert heard.received_at.utcoffset() is not None


async def test_no_puback_before_the_door_has_kept_it():
    async with house() as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        ana = await h.ana()
        ana.say(alert())
        await h.door.until(lambda: len(h.door.heard) == 1)
        ana.say(mqtt5.PingReqPacket())
        await ana.hears(mqtt5.PingRespPacket)  # the listener had its chance to be too quick
        kept.set()
        assert (await ana.hears(PubAckPacket)).reason_code == 0


async def test_publications_are_heard_together_and_acknowledged_in_order():
    async with house() as h:
        first_kept = asyncio.Event()
        h.door.hold = lambda heard: first_kept if trigger_of(heard.raw) == "t1" else None
        ana = await h.ana()
        ana.say(*[alert(f"t{n}", n) for n in (1, 2, 3)], alert("x", 4, topic="tgd/v1/x/alert"))
        await h.door.until(lambda: len(h.door.heard) == 3)
        assert await ana.still_talks()
        first_kept.set()
        acks = [await ana.hears(PubAckPacket) for _ in range(4)]
        assert [ack.packet_id for ack in acks] == [1, 2, 3, 4]
        assert [int(ack.reason_code) for ack in acks] == [0, 0, 0, 0x87]


async def test_a_message_that_nothing_keeps_is_not_acknowledged():
    async with house() as h:
        h.door.trouble = lambda heard: NotKept()
        ana = await h.ana()
        ana.say(alert())
        first = await ana.hears(DisconnectPacket)
        assert first.reason_code is DisconnectReasonCode.SERVER_BUSY
        h.door.trouble = lambda heard: None
        again = await h.ana()
        again.say(alert(duplicate=True))
        assert (await again.hears(PubAckPacket)).reason_code == 0


async def test_after_the_last_word_no_puback_is_said():
    async with house() as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept if trigger_of(heard.raw) == "t1" else None
        h.door.trouble = lambda heard: NotKept() if trigger_of(heard.raw) == "t2" else None
        ana = await h.ana()
        await subscribe(ana, RECEIPT)
        ana.say(alert("t1", 1), alert("t2", 2))
        assert await ana.is_sent_away() == 0x89
        kept.set()
        again = await h.ana()
        again.say(alert("t1", 1))
        assert (await again.hears(PubAckPacket)).reason_code == 0


@pytest.mark.parametrize("secret", [SECRETS[ANA], b"a guess"])
async def test_who_cries_and_hangs_up_in_one_breath_is_heard(secret):
    async with house() as h:
        for _ in range(6):  # also when the take-overs before make it wait
            breathless = await h.call()
            breathless.say(ConnectPacket(ANA, password=secret), alert(packet_id=None))
            breathless.writer.write_eof()
        await h.door.until(lambda: len(h.door.heard) == 6)


async def test_an_unexpected_failure_of_the_door_is_no_puback_either():
    async with house() as h:
        h.door.trouble = lambda heard: ZeroDivisionError()
        ana = await h.ana()
        ana.say(alert())
        assert (await ana.hears(DisconnectPacket)).reason_code == 0x89


async def test_what_a_rule_of_the_door_refuses_is_answered_and_the_talk_goes_on():
    async with house() as h:
        h.door.trouble = lambda heard: WrongState() if heard.form is Form.POSITION else None
        ana = await h.ana()
        ana.say(alert(topic=f"tgd/v1/{ANA}/position"))
        assert (await ana.hears(PubAckPacket)).reason_code == 0x87
        assert await ana.still_talks()


async def test_a_cry_is_heard_although_the_line_breaks_at_once():
    async with house() as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        ana = await h.ana()
        ana.say(alert())
        await h.door.until(lambda: len(h.door.heard) == 1)
        ana.hang_up()
        await h.door.until(lambda: not h.listener.connected())
        kept.set()
        again = await h.ana()
        again.say(alert())
        assert (await again.hears(PubAckPacket)).reason_code == 0


async def test_a_cry_without_acknowledgement_is_heard_too():
    async with house() as h:
        ana = await h.ana()
        await subscribe(ana, RECEIPT)
        ana.say(alert("q0", None))
        assert json.loads((await ana.hears(PublishPacket)).payload)["trigger"] == "q0"
        assert await ana.still_talks()
        assert len(h.door.heard) == 1


async def test_unreadable_bytes_are_heard_and_have_a_receipt_without_trigger():
    async with house() as h:
        ana = await h.ana()
        await subscribe(ana, RECEIPT)
        ana.say(alert(payload=b"\xff\x00au secours \xe9"))
        assert json.loads((await ana.hears(PublishPacket)).payload)["trigger"] is None
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert h.door.raws() == [b"\xff\x00au secours \xe9"]


async def test_a_retained_alert_is_heard_and_its_fault_shown():
    async with house() as h:
        ana = await h.ana()
        ana.say(alert(retain=True))
        assert (await ana.hears(PubAckPacket)).reason_code == 0x83
        assert len(h.door.heard) == 1
        assert await ana.still_talks()


async def test_a_retained_position_is_refused_and_a_retained_state_is_not():
    async with house() as h:
        ana = await h.ana()
        ana.say(alert(topic=f"tgd/v1/{ANA}/position", retain=True))
        assert (await ana.hears(PubAckPacket)).reason_code == 0x83
        ana.say(alert(topic=STATE, retain=True, payload=b'{"state":"online"}'))
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert [heard.form for heard in h.door.heard] == [Form.STATE]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"qos": QoS.EXACTLY_ONCE}, 0x9B),
        ({"topic_alias": 1}, 0x94),
    ],
)
async def test_a_cry_that_breaks_the_protocol_is_heard_and_then_corrected(fault, reason):
    async with house() as h:
        ana = await h.ana()
        ana.say(alert(**fault))
        assert await ana.is_sent_away() == reason
        assert len(h.door.heard) == 1


async def test_packet_id_zero_is_a_protocol_error():
    async with house() as h:
        ana = await h.ana()
        ana.say(alert(topic=STATE).write().replace(b"\x00\x01\x00{", b"\x00\x00\x00{"))
        assert await ana.is_sent_away() == 0x82
        assert not h.door.heard


async def test_more_than_the_receive_maximum_ends_the_connection_but_loses_no_cry():
    async with house(Limits(in_flight=3, stop_s=1)) as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        ana = await h.ana()
        assert ana.welcome.receive_max == 3
        ana.say(*[alert(f"t{n}", n) for n in range(1, 5)])
        await h.door.until(lambda: len(h.door.heard) == 4)
        kept.set()
        assert await ana.is_sent_away() == 0x93


async def test_a_flood_without_acknowledgement_waits_its_turn():
    async with house(Limits(in_flight=3, stop_s=1)) as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        ana = await h.ana()
        ana.say(*[alert(f"t{n}", None) for n in range(50)])
        await h.door.until(lambda: len(h.door.heard) == 3)
        await asyncio.sleep(0.05)
        assert len(h.door.heard) == 3
        kept.set()
        await h.door.until(lambda: len(h.door.heard) == 50)


# Topics


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (f"tgd/v1/{DORA}/alert", 0x87),
        (f"tgd/v1/{ANA}/receipt", 0x87),
        (f"tgd/v1/{ANA}/alert/more", 0x87),
        (f"tgd/v2/{ANA}/alert", 0x87),
        ("$SYS/broker", 0x87),
        ("owntracks//" + ANA, 0x87),
        (f"owntracks/ana/{DORA}", 0x87),
    ],
)
async def test_a_handset_writes_on_its_own_topics_only(topic, reason):
    async with house() as h:
        ana = await h.ana()
        ana.say(alert(topic=topic))
        assert (await ana.hears(PubAckPacket)).reason_code == reason
        assert await ana.still_talks()
        assert not h.door.heard
        assert sum(h.door.counted[word] for word in h.door.counted if "publish_" in word) == 1


@pytest.mark.parametrize("wild", [b"+", b"#"])
async def test_a_publication_with_a_wildcard_is_refused(wild):
    async with house() as h:
        ana = await h.ana()
        ana.say(alert().write().replace(b"/alert", b"/aler" + wild))
        assert (await ana.hears(PubAckPacket)).reason_code == 0x90
        assert await ana.still_talks()


@pytest.mark.parametrize(
    ("topic", "form"),
    [
        (f"tgd/v1/{ANA}/position", Form.POSITION),
        (STATE, Form.STATE),
        (f"owntracks/ana/{ANA}", Form.OWNTRACKS),
    ],
)
async def test_the_topic_says_what_the_bytes_are(topic, form):
    async with house() as h:
        ana = await h.ana()
        ana.say(alert(topic=topic))
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert h.door.heard[0].form is form


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (f"tgd/v1/{DORA}/receipt", 0x87),
        (f"tgd/v1/{ANA}/alert", 0x87),
        ("#", 0xA2),
        ("tgd/v1/+/receipt", 0xA2),
        (f"$share/us/{RECEIPT}", 0x9E),
    ],
)
async def test_a_handset_reads_its_own_receipts_only(wanted, reason):
    async with house() as h:
        ana = await h.ana()
        assert await subscribe(ana, wanted, RECEIPT) == [reason, 1]
        assert await ana.still_talks()


async def test_nothing_goes_from_one_client_to_another():
    async with house() as h:
        ana, dora = await h.ana(), await h.call_as(DORA, SECRETS[DORA])
        await subscribe(ana, RECEIPT)
        dora.say(alert(topic=RECEIPT), alert(topic=f"tgd/v1/{DORA}/alert", packet_id=2))
        assert (await dora.hears(PubAckPacket)).reason_code == 0x87
        assert (await dora.hears(PubAckPacket)).reason_code == 0
        ana.say(mqtt5.PingReqPacket())
        await ana.hears(mqtt5.PingRespPacket)


async def test_receipts_come_at_the_quality_that_was_asked_for():
    async with house() as h:
        ana = await h.ana()
        ana.say(SubscribePacket(9, [TopicFilter(RECEIPT, max_qos=QoS.AT_MOST_ONCE)]))
        assert [int(code) for code in (await ana.hears(SubAckPacket)).reason_codes] == [0]
        ana.say(alert())
        assert (await ana.hears(PublishPacket)).qos is QoS.AT_MOST_ONCE


async def test_subscription_identifiers_are_not_offered():
    async with house() as h:
        ana = await h.ana()
        assert not ana.welcome.subscription_id_available
        assert await subscribe(ana, RECEIPT, subscription_id=4) == [0xA1]


async def test_who_unsubscribes_is_told_nothing_more():
    async with house() as h:
        ana = await h.ana()
        await subscribe(ana, RECEIPT)
        ana.say(UnsubscribePacket(3, [RECEIPT, "tgd/v1/x/receipt"]))
        assert [int(c) for c in (await ana.hears(UnsubAckPacket)).reason_codes] == [0, 0x11]
        ana.say(alert())
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert not await h.listener.tell(ANA, b"{}")


async def test_a_subscription_to_nothing_is_a_protocol_error():
    async with house() as h:
        ana = await h.ana()
        ana.say(b"\x82\x03\x00\x01\x00")
        assert await ana.is_sent_away() == 0x82


# What we say by ourselves


async def test_what_is_told_reaches_the_handset_that_is_there():
    async with house() as h:
        assert not await h.listener.tell(ANA, b"{}")
        ana = await h.ana()
        assert not await h.listener.tell(ANA, b"{}")
        await subscribe(ana, RECEIPT)
        assert await h.listener.tell(ANA, b'{"state":"taken"}')
        told = await ana.hears(PublishPacket)
        assert (told.payload, told.qos) == (b'{"state":"taken"}', QoS.AT_LEAST_ONCE)
        assert h.listener.connected() == {ANA}


async def test_a_full_window_of_the_handset_does_not_hold_a_receipt_back():
    async with house() as h:
        ana = await h.ana(receive_max=2)
        await subscribe(ana, RECEIPT)
        for _ in range(3):
            assert await h.listener.tell(ANA, b"{}")
        told = [await ana.hears(PublishPacket) for _ in range(3)]
        assert [int(packet.qos) for packet in told] == [1, 1, 0]
        ana.say(PubAckPacket(told[0].packet_id))
        assert await ana.still_talks()
        assert await h.listener.tell(ANA, b"{}")
        assert (await ana.hears(PublishPacket)).qos is QoS.AT_LEAST_ONCE


async def test_a_handset_is_not_told_more_than_it_can_hold():
    async with house() as h:
        ana = await h.ana(max_packet_size=60)
        await subscribe(ana, RECEIPT)
        assert not await h.listener.tell(ANA, b"x" * 60)
        assert await h.listener.tell(ANA, b"x")


async def test_packet_ids_go_round():
    async with house() as h:
        ana = await h.ana()
        await subscribe(ana, RECEIPT)
        session = h.listener._registry.trusted[ANA]
        session._last_id = 65534
        for _ in range(2):
            assert await h.listener.tell(ANA, b"{}")
        ids = [(await ana.hears(PublishPacket)).packet_id for _ in range(2)]
        assert ids == [65535, 1]
