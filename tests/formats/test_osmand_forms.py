"""A volunteer's Traccar Client: its SOS is a call, whatever the age of the app."""

import json
from datetime import UTC, datetime

import pytest

from gateway.formats import osmand
from tgd.rules.trigger import (
    Nothing,
    Position,
    PositionReport,
    Trigger,
    TriggerKind,
    Unreadable,
)

AT = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
# The form of app 10.x: seconds, percent, knots.
SOS = (
    "id=4711&timestamp=1795473605&lat=48.89123&lon=2.24567&speed=0.0&bearing=0.0&altitude=35.0"
    "&accuracy=5.5&batt=63.0&charge=false&alarm=sos"
)
# The JSON of app 9.x (unknown speed and heading are -1, battery from 0 to 1).
SOS_9 = {
    "device_id": "4711",
    "location": {
        "timestamp": "2026-11-23T22:40:05.862Z",
        "coords": {
            "latitude": 48.89123,
            "longitude": 2.24567,
            "accuracy": 5.5,
            "speed": -1,
            "heading": -1,
            "altitude": 35,
        },
        "event": "motionchange",
        "is_moving": False,
        "battery": {"level": 0.63, "is_charging": False},
        "alarm": "sos",
        "extras": {},
    },
}


def heard(text: str) -> object:
    return osmand.read(text.encode())


def heard_json(value: object) -> object:
    return heard(json.dumps(value))


def test_the_sos_of_the_app_is_a_call() -> None:
    trigger = heard(SOS)
    assert isinstance(trigger, Trigger)
    assert trigger.id is not None
    assert trigger.id.startswith("osmand:")
    assert len(trigger.id) == 47
    assert trigger == Trigger(
        kind=TriggerKind.PRESS,
        id=trigger.id,
        claimed_at=AT,
        position=Position(48.89123, 2.24567, 5.5, at=AT),
        battery_pct=63.0,
        handset="4711",
    )


def test_the_retry_is_the_same_call_and_the_next_press_another() -> None:
    assert heard(SOS).id == heard("?" + SOS.replace("63.0", "62.0")).id
    assert heard(SOS).id != heard(SOS.replace("1795473605", "1795473606")).id
    assert heard(SOS).id != heard(SOS.replace("4711", "4712")).id


@pytest.mark.parametrize("clock", ["0", "1", "banana", "", "1200000000", "2008-01-01 00:00:00"])
def test_a_handset_with_a_stuck_clock_is_not_silenced_by_its_own_first_press(clock: str) -> None:
    trigger = heard(SOS.replace("1795473605", clock))
    assert (trigger.kind, trigger.id) == (TriggerKind.PRESS, None)


def test_the_older_json_gives_the_same_call() -> None:
    trigger = heard_json(SOS_9)
    at = AT.replace(microsecond=862000)
    assert trigger == Trigger(
        id=trigger.id,
        claimed_at=at,
        position=Position(48.89123, 2.24567, 5.5, at=at),
        battery_pct=63.0,
        handset="4711",
    )


@pytest.mark.parametrize(
    "clock", ["1795473605", "1795473605000", "2026-11-23T22:40:05Z", "2026-11-23 22:40:05"]
)
def test_every_clock_of_every_app_is_read(clock: str) -> None:
    assert heard(SOS.replace("1795473605", clock)).claimed_at == AT


def test_without_alarm_it_is_a_position_and_without_place_a_heartbeat() -> None:
    quiet = SOS.replace("&alarm=sos", "")
    assert heard(quiet) == PositionReport(
        Position(48.89123, 2.24567, 5.5, at=AT), None, "4711", 63.0
    )
    assert heard("id=4711&timestamp=1795473605&batt=63") == Nothing("no_position", "4711", 63.0)
    assert heard("id=4711&lat=0&lon=0") == Nothing("no_position", "4711")
    assert heard("") == heard_json([]) == Nothing("empty")


@pytest.mark.parametrize(
    ("alarm", "kind"),
    [
        ("sos", TriggerKind.PRESS),
        ("SOS", TriggerKind.PRESS),
        ("lowBattery,sos", TriggerKind.PRESS),
        ("fallDown", TriggerKind.FALL),
        ("medical", TriggerKind.PRESS),
        ("whatever", TriggerKind.PRESS),
        ("sos&alarm=lowBattery", TriggerKind.PRESS),
    ],
)
def test_an_alarm_that_could_be_a_person_is_a_call(alarm: str, kind: TriggerKind) -> None:
    assert heard(f"id=4711&alarm={alarm}").kind is kind


@pytest.mark.parametrize("alarm", ["lowBattery", "geofenceExit,overspeed", "none", ""])
def test_an_alarm_of_a_vehicle_is_not(alarm: str) -> None:
    assert heard(f"id=4711&alarm={alarm}") == Nothing("no_position", "4711")


@pytest.mark.parametrize(
    "query",
    [
        # Shapes of the vectors that the Traccar server publishes, with our own places.
        "/?id=4711&timestamp=2026-11-23T22%3A40%3A05Z&lat=48.89123&lon=2.24567&hdop=6.0",
        "/?lat=48.89123&lon=2.24567&timestamp=2026-11-23+22%3A40%3A05&altitude=38.7&id=4711",
        "/?id=4711&timestamp=1795473605&lat=48.89123&lon=2.24567",
        "/?deviceid=4711&lat=48.89123&lon=2.24567&vacc=0&hacc=0&timestamp=1795473605000",
        "/?id=4711&timestamp=1795473605&location=48.89123,2.24567",
        "/?id=4711&timestamp=1795473605&lat=48.89123&lon=2.24567&cell=1,2,3&cell=1,2,4",
    ],
)
def test_the_query_strings_of_old_clients_are_positions(query: str) -> None:
    report = heard(query)
    assert isinstance(report, PositionReport)
    assert (report.position, report.handset) == (Position(48.89123, 2.24567, at=AT), "4711")


def test_of_a_batch_the_alarm_is_read_first_else_the_newest() -> None:
    old = {"id": "4711", "timestamp": 1795473000, "lat": 48.1, "lon": 2.1}
    sos = {"id": "4711", "timestamp": 1795473300, "lat": 48.2, "lon": 2.2, "alarm": "sos"}
    new = {"id": "4711", "timestamp": 1795473600, "lat": 48.3, "lon": 2.3, "batt": 60}
    trigger = heard_json([old, sos, new])
    assert isinstance(trigger, Trigger)
    assert (trigger.position.lat, trigger.warnings) == (48.2, ("one_of_several",))
    assert heard_json([old, sos]).id == trigger.id
    report = heard_json([new, old, 17])
    assert (report.position.lat, report.battery_pct) == (48.3, 60.0)


@pytest.mark.parametrize("wrap", [lambda e: {"device_id": "4711", "location": [e]}, lambda e: [e]])
def test_a_batch_of_the_older_json_is_read(wrap) -> None:
    entry = SOS_9["location"]
    assert heard_json(wrap(entry)).kind is TriggerKind.PRESS


@pytest.mark.parametrize(
    "text",
    [
        '{"device_id":"4711","location":{"alarm":"sos"},"location":{}}',
        '{"device_id":"4711","location":{"extras":{"alarm":"sos"}}}',
        '{"device_id":"4711","alarm":true}',
        '{"id":4711,"alarm":"sos","alarm":"none"}',
    ],
)
def test_a_call_hidden_in_a_strange_object_is_heard(text: str) -> None:
    trigger = heard(text)
    assert (trigger.kind, trigger.handset) == (TriggerKind.PRESS, "4711")


def test_an_impossible_place_costs_the_place_only() -> None:
    for lat in ("NaN", "1e400", "9999", "true", "48,9", "48.1&lat=43.2"):
        trigger = heard(SOS.replace("48.89123", lat))
        assert (trigger.kind, trigger.position) == (TriggerKind.PRESS, None)
        assert trigger.warnings


@pytest.mark.parametrize("level", [0, 0.0, 1, -1, 1.5, True, None])
def test_the_battery_of_the_older_json_is_a_share(level: object) -> None:
    trigger = heard_json({"id": "4711", "location": {"battery": {"level": level}, "alarm": "sos"}})
    expected = {0: 0.0, 1: 100.0}.get(level) if level is not True else None
    assert trigger.battery_pct == expected


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"hello", "not_osmand"),
        (b"a=1&b=2", "not_osmand"),
        (b"id=1&" * 200, "too_many_fields"),
        (b"id=" + b"1" * 20_000, "too_large"),
        (b"{]", "not_json"),
        (b"[17]", "not_osmand"),
    ],
)
def test_what_is_none_of_it_is_unreadable(raw: bytes, why: str) -> None:
    meaning = osmand.read(raw)
    assert isinstance(meaning, Unreadable)
    assert meaning.why == why
