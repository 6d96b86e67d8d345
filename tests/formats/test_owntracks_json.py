"""A volunteer's OwnTracks: positions, a manual publish, a region named SOS, the Will."""

import json
import pathlib
from datetime import UTC, datetime

import jsonschema
import pytest

from gateway.formats import owntracks
from tgd.rules.trigger import (
    Nothing,
    Position,
    PositionReport,
    StateReport,
    Trigger,
    TriggerKind,
    Unreadable,
)

AT = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
SCHEMA = pathlib.Path(__file__).parents[2].parent / "shared/standards/owntracks/ios.message.json"

# Shapes of the OwnTracks booklet and of its two apps, with our own places and people.
LOCATION = {
    "_type": "location",
    "tid": "an",
    "lat": 48.89123,
    "lon": 2.24567,
    "acc": 12,
    "alt": 35,
    "vel": 4,
    "batt": 63,
    "bs": 1,
    "conn": "m",
    "tst": 1795473605,
    "t": "t",
}
MANUAL = LOCATION | {"t": "u"}
ANDROID = LOCATION | {"_id": "3f1a9c02", "created_at": 1795473606, "m": 1}
ENTER = {
    "_type": "transition",
    "tid": "an",
    "tst": 1795473605,
    "wtst": 1795400000,
    "lat": 48.89123,
    "lon": 2.24567,
    "acc": 12,
    "event": "enter",
    "desc": "SOS",
    "t": "c",
}
LWT = {"_type": "lwt", "tst": 1795473605}
WAYPOINT = {"_type": "waypoint", "desc": "Home", "tst": 1795400000, "lat": 48.1, "lon": 2.1}
CARD = {"_type": "card", "name": "Ana", "tid": "an"}
SAMPLES = [LOCATION, MANUAL, ANDROID, ENTER, LWT, WAYPOINT, CARD]


def heard(**message: object) -> object:
    return owntracks.read(json.dumps(message).encode())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["_type"]))
def test_our_samples_are_valid_for_the_apps_own_schema(sample: dict[str, object]) -> None:
    if not SCHEMA.exists():
        pytest.skip("SKIPPED LOUDLY: no ../shared/standards/owntracks/ios.message.json here")
    jsonschema.validate(sample, json.loads(SCHEMA.read_text()))


def test_a_location_is_a_position_report() -> None:
    assert heard(**LOCATION) == PositionReport(
        Position(48.89123, 2.24567, 12.0, at=AT), battery_pct=63.0
    )


def test_a_manual_publish_is_a_call_that_says_what_it_is() -> None:
    trigger = heard(**MANUAL)
    assert trigger == Trigger(
        kind=TriggerKind.PRESS,
        id=trigger.id,
        claimed_at=AT,
        position=Position(48.89123, 2.24567, 12.0, at=AT),
        battery_pct=63.0,
        warnings=("owntracks_manual",),
    )
    assert trigger.id.startswith("owntracks:")
    assert len(trigger.id) == 50


def test_the_retry_is_the_same_call_and_the_next_press_another() -> None:
    assert heard(**MANUAL).id == heard(**MANUAL | {"batt": 62}).id
    assert heard(**MANUAL).id != heard(**MANUAL | {"tst": 1795473606}).id
    assert heard(**ANDROID | {"t": "u"}).id != heard(**ANDROID | {"t": "u", "_id": "77"}).id


def test_two_presses_upon_one_old_place_are_two_calls() -> None:
    # An iPhone publishes its last place again: `tst` stays, `created_at` moves.
    one, two = (heard(**MANUAL | {"created_at": 1795473851 + i}) for i in (0, 9))
    assert one.id != two.id
    assert one.position == two.position
    assert (one.claimed_at - AT).total_seconds() == 246


def test_a_stuck_clock_gives_no_id_unless_the_app_gives_one() -> None:
    assert heard(**MANUAL | {"tst": 0}).id is None
    assert heard(**ANDROID | {"t": "u", "tst": 0}).id is not None


@pytest.mark.parametrize("name", ["SOS", "sos", " Sos "])
def test_entering_the_region_sos_is_a_call_and_leaving_it_is_none(name: str) -> None:
    trigger = heard(**ENTER | {"desc": name})
    assert isinstance(trigger, Trigger)
    assert trigger.warnings == ("owntracks_region",)
    assert heard(**ENTER | {"desc": name, "event": "leave"}) == Nothing("transition")
    assert isinstance(heard(**ENTER | {"desc": name, "event": "?"}), Trigger)


def test_another_region_is_nothing() -> None:
    assert heard(**ENTER | {"desc": "Home"}) == Nothing("transition")


def test_two_reasons_may_hide_a_finger() -> None:
    raw = json.dumps(LOCATION)[:-1] + ', "t": "u"}'
    assert isinstance(owntracks.read(raw.encode()), Trigger)


def test_the_will_is_a_loss() -> None:
    assert heard(**LWT) == StateReport("lost", session=1795473605)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"_type": "encrypted", "data": "x"}, "encrypted"),
        (WAYPOINT, "waypoint"),
        (CARD, "card"),
        ({"_type": "novelty"}, "unknown_type"),
        ({"_type": "location", "tst": 1}, "no_position"),
    ],
)
def test_the_rest_is_nothing(message: dict[str, object], why: str) -> None:
    assert heard(**message) == Nothing(why)


def test_an_empty_body_is_nothing_and_another_json_unreadable() -> None:
    assert owntracks.read(b"") == Nothing("empty")
    for raw in (b"{}", b"[]", b"an,1795473605,48.1", b'{"_type":"lwt","_type":"card"}'):
        assert isinstance(owntracks.read(raw), Unreadable)


def test_a_bad_place_costs_the_place_only() -> None:
    for lat in (9999, True, "x", float("nan"), 0):
        trigger = heard(**MANUAL | {"lat": lat, "lon": 0 if lat == 0 else 2.2})
        assert (trigger.kind, trigger.position) == (TriggerKind.PRESS, None)
        assert len(trigger.warnings) == 2
