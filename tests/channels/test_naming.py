"""The alert that spooled presses will open: one per source and outage."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from gateway.calls import call_of
from gateway.heard import Channel, Form, Heard
from gateway.naming import NAMED_FOR, Naming
from gateway.strangers import MOST_OPEN
from tests.conftest import NOW
from tests.world import Carried, World
from tgd.rules.alert import Lane
from tgd.rules.spooled import SpooledCall, read, written
from tgd.seal import Keys

MASTER = bytes(range(32))
CANARY = Carried("canaryabcdefg", "+33639980999", "secret")
ANA = Carried("hana000000000", "+33639980001", "secret")


def mqtt(handset: str = "hana000000000", *, verified: bool = True, **said: object) -> Heard:
    body = json.dumps({"trigger": uuid4().hex, "kind": "press"} | said).encode()
    return Heard(Channel.MQTT, Form.ALERT, handset, verified, uuid4().hex, body, NOW)


def sms(words: str, number: str = "+33639980001") -> Heard:
    return Heard(Channel.SMS, Form.SMS, number, False, uuid4().hex, words.encode(), NOW)


def called(heard: Heard) -> SpooledCall:
    call = call_of(heard, MASTER, uuid4())
    assert call is not None
    return call


def named(naming: Naming, heard: Heard) -> UUID:
    return naming.same(heard, called(heard)).alert


@pytest.mark.parametrize(("heard", "lane", "handset"), [
    (mqtt(), Lane.REAL, "hana000000000"),
    (mqtt(kind="test"), Lane.TEST, "hana000000000"),
    (mqtt(kind="test", verified=False), Lane.REAL, None),
    (mqtt(kind="cancel"), Lane.REAL, "hana000000000"),
    (sms("aidez moi"), Lane.REAL, None),
    (sms(ANA.signed_sms(Keys(MASTER), kind="T")), Lane.TEST, "hana000000000"),
    (sms(ANA.signed_sms(Keys(MASTER), kind="P")), Lane.REAL, "hana000000000"),
    (sms(ANA.signed_sms(Keys(bytes(32)), kind="T")), Lane.REAL, None),
    (Heard(Channel.MQTT, Form.ALERT, "h", False, "x", b"\xff\x00", NOW), Lane.REAL, None),
    (mqtt("canaryabcdefg"), Lane.CANARY, "canaryabcdefg"),
    (mqtt("canaryabcdefg", kind="test"), Lane.CANARY, "canaryabcdefg"),
    (mqtt("canaryabcdefg", verified=False), Lane.REAL, None),
    (mqtt("hcanary000000"), Lane.REAL, "hcanary000000"),
    (sms(CANARY.signed_sms(Keys(MASTER))), Lane.CANARY, "canaryabcdefg"),
    (sms(CANARY.signed_sms(Keys(bytes(32)))), Lane.REAL, None),
])  # fmt: skip
def test_only_a_proven_test_is_a_test(heard: Heard, lane: Lane, handset: str | None) -> None:
    call = called(heard)
    assert (call.lane, call.handset) == (lane, handset)


def test_a_position_calls_nobody() -> None:
    body = b'{"lat": 48.9, "lon": 2.2}'
    heard = Heard(Channel.MQTT, Form.POSITION, "h", True, "x", body, NOW)
    assert call_of(heard, MASTER, uuid4()) is None


def test_the_presses_of_one_handset_are_one_alert_by_whatever_way() -> None:
    naming = Naming()
    first = named(naming, mqtt())
    assert named(naming, mqtt()) == first
    assert named(naming, sms(ANA.signed_sms(Keys(MASTER)))) == first


def test_dora_who_says_that_she_is_ana_shares_nothing_with_her() -> None:
    naming = Naming()
    assert named(naming, mqtt(verified=False)) != named(naming, mqtt())


def test_a_press_is_no_part_of_a_test() -> None:
    naming = Naming()
    assert named(naming, mqtt(kind="test")) != named(naming, mqtt())


def test_after_the_record_had_it_and_after_some_minutes_it_is_a_new_alert() -> None:
    naming = Naming()
    first = named(naming, mqtt())
    naming.forget([first])
    second = named(naming, mqtt())
    late = replace(mqtt(), received_at=NOW + NAMED_FOR + timedelta(seconds=1))
    assert len({first, second, named(naming, late)}) == 3


def test_an_earlier_life_is_learnt() -> None:
    naming, heard = Naming(), mqtt()
    call = called(heard)
    naming.learn([(heard, call), (mqtt("hother0000000"), None)])
    assert named(naming, mqtt()) == call.alert


def test_a_flood_of_strangers_shares_one_and_ana_does_not() -> None:
    naming = Naming()
    flood = {named(naming, mqtt(f"s{n}", verified=False)) for n in range(200)}
    assert len(flood) == MOST_OPEN + 1
    assert named(naming, mqtt()) not in flood


def test_an_entry_reads_back_as_it_was_written() -> None:
    heard = mqtt()
    call = called(heard)
    entry = written(call) | {"channel": "mqtt", "received_at": NOW.isoformat()}
    assert read(json.loads(json.dumps(entry))) == call
    assert read({"channel": "mqtt"}) is None, "of an older version"


def test_the_lane_said_here_is_the_lane_of_the_record(world: World, session: Session) -> None:
    """The two judge alike, for every proven handset; the record alone knows the others."""
    carried = world.give("Ana")
    canary = world.press(world.canary())
    world.hear(canary)
    assert [called(canary).lane.value] == [a.lane for a in world.alerts()] == ["canary"]
    for kind in ("press", "test", "fall", "duress", "cancel"):
        heard = world.press(carried, kind=kind)
        world.hear(heard)
        assert called(heard).lane.value in {a.lane for a in world.alerts()}
    assert sorted({a.lane for a in world.alerts()}) == ["canary", "real", "test"]
