"""The doctrine in doubt, row by row: accepting and trusting are two decisions."""

import json
from datetime import timedelta

import pytest

from gateway.heard import Form
from tests.world import HERE, World


def test_a_known_press_is_a_verified_alert_with_its_position(world: World) -> None:
    ana = world.give("Ana")
    (receipt,) = world.hear(world.press(ana, trigger="press-1"))
    alert = world.only_alert()
    assert (alert.state, alert.lane, alert.trust, alert.labels) == ("open", "real", "verified", [])
    assert (alert.handset, alert.battery_pct, alert.presses) == (ana.handset, 63, 1)
    assert alert.look_again_at == world.now
    assert [(p.lat, p.lon) for p in world.positions(alert.id)] == [(HERE["lat"], HERE["lon"])]
    assert (receipt.kept, receipt.trigger, receipt.state) == ("record", "press-1", "received")


def test_an_unknown_handset_is_an_alert_without_a_name(world: World) -> None:
    world.give("Ana")
    world.hear(world.mqtt("hstranger", b'{"trigger":"x","kind":"press"}', verified=False))
    alert = world.only_alert()
    assert alert.labels == ["no_position", "unknown_source"]
    assert (alert.trust, alert.handset, alert.person) == ("unknown", None, None)


def test_an_unknown_number_is_an_alert_and_its_words_are_kept(world: World) -> None:
    world.hear(world.sms("+33639980099", "au secours"))
    alert = world.only_alert()
    assert "unknown_source" in alert.labels
    assert "free_text" in alert.labels
    (sighting,) = world.sightings()
    name = f"sms:{sighting.transport_id}"
    assert world.keys.unseal(sighting.raw_sealed, name) == b"au secours"
    assert b"secours" not in sighting.raw_sealed


@pytest.mark.parametrize(
    ("days", "label"), [(None, "no_allocation"), ((-200, -20), "allocation_ended")]
)
def test_a_handset_that_nobody_carries_any_more_still_rings(
    world: World, days: tuple[float, float] | None, label: str
) -> None:
    ana = world.give("Ana", days=days)
    world.hear(world.press(ana))
    alert = world.only_alert()
    assert label in alert.labels
    assert (alert.lane, alert.state) == ("real", "open")


@pytest.mark.parametrize("state", ["stolen", "lost"])
def test_a_stolen_or_lost_handset_rings_with_a_banner(world: World, state: str) -> None:
    ana = world.give("Ana", state=state)
    world.hear(world.press(ana))
    alert = world.only_alert()
    assert state in alert.labels
    assert alert.trust == ("verified" if state == "lost" else "unverified")
    assert len(world.positions(alert.id)) == 1


@pytest.mark.parametrize("state", ["stolen", "retired"])
@pytest.mark.parametrize("way", ["mqtt", "sms"])
def test_a_test_with_stolen_keys_rings_like_a_press(world: World, state: str, way: str) -> None:
    """He presses what he took from her, with its very secret: no silent lane, and no proof."""
    ana = world.give("Ana", state=state)
    sms = world.sms(ana.number, ana.signed_sms(world.keys, kind="T"))
    world.hear(sms if way == "sms" else world.press(ana, kind="test"))
    alert = world.only_alert()
    assert (alert.lane, alert.trust) == ("real", "unverified")
    assert {state, "test_unverified"} <= set(alert.labels)


def test_positions_from_stolen_hands_are_kept_in_doubt(world: World) -> None:
    ana = world.give("Ana", state="stolen")
    world.hear(world.press(ana))
    where = json.dumps({"trigger": "t", "position": HERE}).encode()
    world.hear(world.mqtt(ana.handset, where, form=Form.POSITION))
    kept = world.positions(world.only_alert().id)
    assert [position.trust for position in kept] == ["unverified", "unverified"]


@pytest.mark.parametrize("state", ["in_stock", "returned", "faulty", "retired", "provisioned"])
def test_no_state_of_the_stock_mutes_a_handset(world: World, state: str) -> None:
    ana = world.give("Ana", state=state, days=None)
    world.hear(world.press(ana))
    assert world.only_alert().state == "open"


def test_an_unsigned_text_from_her_number_is_an_alert_unverified(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.sms(ana.number, "help me"))
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, "unverified")
    assert "unsigned" in alert.labels


def test_a_wrong_secret_is_heard_and_not_trusted(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, verified=False))
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, "unverified")
    assert "bad_signature" in alert.labels


def test_a_forged_signature_from_another_number_names_nobody(world: World, keys: object) -> None:
    ana = world.give("Ana")
    forged = ana.signed_sms(world.keys)[:-3] + "AAA"
    world.hear(world.sms("+33639980099", forged))
    assert world.only_alert().handset is None


def test_a_signed_text_is_verified_from_any_number(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.sms("+33639980099", ana.signed_sms(world.keys)))
    alert = world.only_alert()
    assert (alert.handset, alert.trust, alert.labels) == (ana.handset, "verified", [])


def test_the_same_press_by_two_ways_is_one_alert_with_two_sightings(world: World) -> None:
    ana = world.give("Ana")
    sms = ana.signed_sms(world.keys, trigger="both")
    ana.counter -= 1
    world.hear(world.press(ana, trigger="both"))
    world.wait(seconds=8)
    world.hear(world.sms(ana.number, sms))
    assert world.only_alert().presses == 1
    assert len(world.triggers()) == 1
    assert [s.channel for s in world.sightings()] == ["mqtt", "sms"]
    (again,) = world.lines("TriggerSeenAgain")
    assert again.detail["labels"] == []


def test_the_same_press_long_after_is_written_down_as_a_replay(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="captured"))
    world.wait(minutes=5)
    ana.counter -= 1
    world.hear(world.press(ana, trigger="captured"))
    assert world.only_alert().presses == 1
    (again,) = world.lines("TriggerReplayed")
    assert again.detail["labels"] == ["replayed"]


def test_a_short_text_without_an_id_is_known_by_its_counter(world: World) -> None:
    ana = world.give("Ana")
    sms = ana.signed_sms(world.keys)
    ana.counter -= 1
    world.hear(world.sms(ana.number, sms))
    world.wait(seconds=3)
    world.hear(world.press(ana, trigger="with-an-id"))
    assert (world.only_alert().presses, len(world.triggers())) == (1, 1)


def test_a_counter_that_starts_anew_is_still_a_press(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="before-repair", counter=900))
    world.hear(world.press(ana, trigger="after-repair", counter=900))
    alert = world.only_alert()
    assert alert.presses == 2
    assert "replayed" in alert.labels


def test_an_old_counter_is_shown_as_replayed(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, counter=50))
    world.hear(world.press(ana, counter=12))
    assert "replayed" in world.only_alert().labels


@pytest.mark.parametrize(
    ("ago", "label"),
    [
        (timedelta(minutes=4), None),
        (timedelta(minutes=6), "late"),
        (timedelta(hours=25), "very_late"),
        (timedelta(days=270), "very_late"),
        (timedelta(days=500), "clock_implausible"),
        (timedelta(minutes=-10), "clock_implausible"),
    ],
)
def test_a_late_press_rings_and_says_so(world: World, ago: timedelta, label: str | None) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, at=(world.now - ago).isoformat()))
    alert = world.only_alert()
    assert alert.labels == ([label] if label else [])
    assert alert.opened_at == world.now


@pytest.mark.parametrize("position", [None, {"lat": 0, "lon": 0}, {"lat": 9999, "lon": 2}, "here"])
def test_a_press_without_a_usable_position_is_an_alert(world: World, position: object) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, position=position))
    alert = world.only_alert()
    assert alert.labels == ["no_position"]
    assert world.positions(alert.id) == []


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"{", b"[" * 20_000, b'{"a":' * 9_000, b""])
def test_what_nobody_can_read_is_an_alert_kept_whole(world: World, raw: bytes) -> None:
    ana = world.give("Ana")
    world.hear(world.mqtt(ana.handset, raw))
    alert = world.only_alert()
    assert "undecodable" in alert.labels
    assert alert.handset == ana.handset
    (sighting,) = world.sightings()
    assert world.keys.unseal(sighting.raw_sealed, f"mqtt:{sighting.transport_id}") == raw


def test_a_repeated_trigger_changes_nothing_and_is_answered_again(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="same"))
    world.wait(seconds=30)
    ana.counter -= 1
    (receipt,) = world.hear(world.press(ana, trigger="same"))
    assert (world.only_alert().presses, len(world.triggers())) == (1, 1)
    assert (receipt.trigger, receipt.state) == ("same", "received")


def test_a_second_press_joins_the_open_alert(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana))
    world.wait(seconds=20)
    world.hear(world.press(ana))
    alert = world.only_alert()
    assert (alert.presses, alert.pressed_at) == (2, world.now)


def test_five_copies_in_one_batch_are_one_alert(world: World) -> None:
    ana = world.give("Ana")
    copies = []
    for _ in range(5):
        copies.append(world.press(ana, trigger="copied"))
        ana.counter -= 1
    world.hear(*copies)
    assert (world.only_alert().presses, len(world.triggers()), len(world.sightings())) == (1, 1, 5)


def test_a_test_press_has_its_own_lane_beside_a_real_one(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, kind="test"))
    world.hear(world.press(ana))
    assert [a.lane for a in world.alerts()] == ["test", "real"]


def test_a_stranger_who_says_test_rings_like_a_press(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, kind="test", verified=False))
    alert = world.only_alert()
    assert alert.lane == "real"
    assert "test_unverified" in alert.labels


@pytest.mark.parametrize(
    ("kind", "label"), [("cancel", "cancel_asked"), ("duress", "duress"), ("fall", "fall")]
)
def test_cancel_duress_and_fall_are_labels_and_never_close(
    world: World, kind: str, label: str
) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana))
    world.hear(world.press(ana, kind=kind))
    alert = world.only_alert()
    assert alert.state == "open"
    assert label in alert.labels


def test_a_cancel_that_comes_first_opens_an_alert(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, kind="cancel"))
    assert world.only_alert().state == "open"


def test_a_proven_press_vouches_for_the_alert_it_joins(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.sms(ana.number, "help"))
    world.hear(world.press(ana))
    alert = world.only_alert()
    assert alert.trust == "verified"
    assert "unsigned" not in alert.labels
    assert "no_position" not in alert.labels


def test_a_stranger_cannot_use_up_her_trigger_id(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="guessed", verified=False))
    world.hear(world.press(ana, trigger="guessed"))
    assert world.only_alert().presses == 2


def test_without_an_agreement_to_geolocation_no_position_is_kept(world: World) -> None:
    ana = world.give("Ana", geolocation=False)
    world.hear(world.press(ana))
    alert = world.only_alert()
    assert alert.labels == ["position_withheld"]
    assert world.positions(alert.id) == []
    (sighting,) = world.sightings()
    kept = world.keys.unseal(sighting.raw_sealed, f"mqtt:{sighting.transport_id}")
    assert sighting.struck
    assert b"48.89" not in kept
    assert json.loads(kept)["counter"] == 1


def test_a_position_alone_is_refused_before_and_after_the_alert(world: World) -> None:
    ana = world.give("Ana")
    where = json.dumps({"trigger": "t", "position": HERE}).encode()
    world.hear(world.mqtt(ana.handset, where, form=Form.POSITION))
    assert world.alerts() == []
    world.hear(world.press(ana))
    world.hear(world.mqtt(ana.handset, where, form=Form.POSITION))
    assert len(world.positions(world.only_alert().id)) == 2


def test_a_message_heard_twice_from_the_provider_is_one(world: World) -> None:
    world.hear(world.sms("+33639980099", "help", sid="SM1"))
    world.hear(world.sms("+33639980099", "help", sid="SM1"))
    assert (world.only_alert().presses, len(world.sightings())) == (1, 1)


@pytest.mark.parametrize(("seconds", "said"), [(0, None), (5, None), (90, 90), (7200.9, 7200)])
def test_a_press_that_waited_with_us_says_how_long(
    world: World, seconds: float, said: int | None
) -> None:
    heard = world.press(world.give("Ana"))
    world.wait(seconds=seconds)
    world.hear(heard)
    (line,) = world.lines("AlertOpened")
    assert line.detail.get("kept_after_s") == said
    alert = world.only_alert()
    assert (alert.pressed_at, alert.opened_at) == (heard.received_at, world.now)
    assert alert.labels == [], "late is what the handset claims, not what we made of it"
