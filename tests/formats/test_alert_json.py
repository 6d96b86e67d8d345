"""Ana's handset speaks our JSON: whatever is broken in it, her call is heard."""

import json
from datetime import UTC, datetime

import pytest

from gateway.formats import alert_json, position_json, state_json
from tgd.rules.trigger import (
    Method,
    Nothing,
    Position,
    PositionReport,
    StateReport,
    Trigger,
    TriggerKind,
    Unreadable,
)

WHOLE = {
    "trigger": "0199-a1",
    "counter": 17,
    "kind": "press",
    "at": "2026-11-23T22:40:05Z",
    "position": {"lat": 48.89, "lon": 2.2, "radius_m": 12, "method": "gnss", "at": None},
    "battery_pct": 63,
}


def heard(**changes: object) -> Trigger:
    meaning = alert_json.read(json.dumps(WHOLE | changes).encode())
    assert isinstance(meaning, Trigger)
    return meaning


def heard_raw(text: str | bytes) -> Trigger:
    meaning = alert_json.read(text.encode() if isinstance(text, str) else text)
    assert isinstance(meaning, Trigger)
    return meaning


def test_a_whole_alert_is_read_whole() -> None:
    assert heard() == Trigger(
        kind=TriggerKind.PRESS,
        id="0199-a1",
        counter=17,
        claimed_at=datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC),
        position=Position(48.89, 2.2, 12.0, Method.GNSS),
        battery_pct=63.0,
    )


def test_an_object_that_lacks_everything_is_still_a_press() -> None:
    assert heard_raw("{}") == Trigger(warnings=("missing_trigger", "missing_kind"))


@pytest.mark.parametrize("kind", list(TriggerKind))
def test_every_kind_is_read(kind: TriggerKind) -> None:
    assert heard(kind=kind.value).kind is kind


@pytest.mark.parametrize("kind", ["panic", "", None, 3, True, ["test"], {"test": 1}, "t\u0000est"])
def test_an_unknown_kind_is_a_press(kind: object) -> None:
    trigger = heard(kind=kind)
    assert trigger.kind is TriggerKind.PRESS
    assert {"unknown_kind", "missing_kind"} & set(trigger.warnings)


def test_two_kinds_are_a_press_and_two_ids_are_none() -> None:
    trigger = heard_raw('{"kind":"test","kind":"press","trigger":"a","trigger":"b","counter":4}')
    assert (trigger.kind, trigger.id, trigger.counter) == (TriggerKind.PRESS, None, 4)
    assert "duplicate_keys" in trigger.warnings


def test_the_same_said_twice_is_believed_with_a_warning() -> None:
    trigger = heard_raw('{"kind":"test","kind":"test","trigger":"a","trigger":"a"}')
    assert (trigger.kind, trigger.id) == (TriggerKind.TEST, "a")
    assert trigger.warnings == ("duplicate_keys",)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("NaN", "2.2"),
        ("Infinity", "2.2"),
        ("-Infinity", "2.2"),
        ("1e400", "2.2"),
        ("9999", "2.2"),
        ("true", "2.2"),
        ("48.8", "180.01"),
        ('"nan"', "2.2"),
        ('"forty"', "2.2"),
        ("[48.8]", "2.2"),
        ("1" * 5000, "2.2"),
        ("null", "2.2"),
        ('""', "2.2"),
        ("0", "0"),
        ("0.0", "-0.0"),
    ],
)
def test_an_impossible_place_costs_the_place_and_never_the_alert(lat: str, lon: str) -> None:
    trigger = heard_raw(
        f'{{"trigger":"a","kind":"duress","position":{{"lat":{lat},"lon":{lon},"radius_m":5}}}}'
    )
    assert (trigger.id, trigger.kind, trigger.position) == ("a", TriggerKind.DURESS, None)
    assert trigger.warnings


@pytest.mark.parametrize(
    "position",
    [
        '{"lat":48.1,"lon":2.2,"lat":43.3}',
        '{"lat":48.1,"lon":2.2},"position":{"lat":43.3,"lon":5.4}',
        '"48.1,2.2"',
        "[48.1,2.2]",
        "{}",
        "true",
    ],
)
def test_two_places_or_a_strange_one_are_no_place(position: str) -> None:
    trigger = heard_raw(f'{{"trigger":"a","kind":"press","position":{position}}}')
    assert trigger.position is None
    assert trigger.warnings


def test_no_position_is_no_reason_to_warn() -> None:
    assert heard(position=None).warnings == ()


def test_coordinates_written_as_text_are_read_with_a_warning() -> None:
    trigger = heard(position={"lat": "48.89", "lon": "-1.2e-05"})
    assert trigger.position == Position(48.89, -1.2e-05)
    assert trigger.warnings == ("number_as_text",)


@pytest.mark.parametrize("radius", [-1, 1e7, True, "wide", float("inf")])
def test_an_absurd_radius_leaves_the_place(radius: object) -> None:
    trigger = heard(position={"lat": 48.89, "lon": 2.2, "radius_m": radius})
    assert trigger.position == Position(48.89, 2.2)
    assert trigger.warnings == ("bad_radius",)


@pytest.mark.parametrize(
    ("said", "at", "warnings"),
    [
        ("2026-11-23T22:40:05Z", datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC), ()),
        ("2026-11-23T23:40:05+01:00", datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC), ()),
        ("2026-11-23T23:40:05.25+0100", datetime(2026, 11, 23, 22, 40, 5, 250000, UTC), ()),
        ("2026-11-23T22:40:05", datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC), ("naive_time",)),
        (1795473605, datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC), ()),
        (1795473605000, datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC), ()),
        ("2026-02-30T22:40:05Z", None, ("bad_time",)),
        ("9999-12-31T23:59:59-23:59", None, ("bad_time",)),
        ("0001-01-01T00:00:00+23:59", None, ("bad_time",)),
        ("yesterday", None, ("bad_time",)),
        ("2026-11-23\ud80022:40:05", None, ("bad_time",)),
        (True, None, ("bad_time",)),
        (1e300, None, ("bad_time",)),
        ({}, None, ("bad_time",)),
    ],
)
def test_moments(said: object, at: datetime | None, warnings: tuple[str, ...]) -> None:
    trigger = heard(at=said)
    assert (trigger.claimed_at, trigger.warnings) == (at, warnings)


@pytest.mark.parametrize("trigger_id", ["x" * 65, "a\u0000b", "a\ud800b", "a\nb", "\u202eabc"])
def test_an_id_that_cannot_be_kept_becomes_a_digest(trigger_id: str) -> None:
    trigger = heard(trigger=trigger_id)
    assert trigger.id is not None
    assert trigger.id.startswith("sha256:")
    assert len(trigger.id) == 47
    assert trigger.warnings == ("id_digested",)
    assert heard(trigger=trigger_id).id == trigger.id


def test_long_ids_that_share_their_beginning_stay_two() -> None:
    assert heard(trigger="x" * 64 + "1").id != heard(trigger="x" * 64 + "2").id
    assert heard(trigger="a\ud800").id != heard(trigger="a\ud801").id


def test_a_broken_byte_costs_its_string_and_not_the_alert() -> None:
    one = heard_raw(b'{"trigger":"a\xff","kind":"fall","position":{"lat":48.1,"lon":2.2}}')
    two = heard_raw(b'{"trigger":"a\xfe","kind":"fall"}')
    assert one.kind is TriggerKind.FALL
    assert one.position == Position(48.1, 2.2)
    assert one.id != two.id


@pytest.mark.parametrize("counter", [-1, 1.5, 2**32, True, "many", 10**30])
def test_a_bad_counter_is_dropped(counter: object) -> None:
    trigger = heard(counter=counter)
    assert (trigger.counter, trigger.warnings) == (None, ("bad_counter",))


@pytest.mark.parametrize("battery", [-1, 101, True, "full"])
def test_a_bad_battery_is_dropped(battery: object) -> None:
    trigger = heard(battery_pct=battery)
    assert (trigger.battery_pct, trigger.warnings) == (None, ("bad_battery_pct",))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"  ", "empty"),
        (b"help", "not_json"),
        (b"[]", "not_an_object"),
        (b'"press"', "not_an_object"),
        (b"17", "not_an_object"),
        (b"[" * 20_000, "too_large"),
        (b"[" * 15_000, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b'{"trigger":"' + b"x" * 16_384 + b'"}', "too_large"),
        (b'{"trigger":"a"', "not_json"),
        (b"\xff\xfe{\x00}\x00", "not_json"),
    ],
)
def test_what_is_no_json_object_is_unreadable(raw: bytes, why: str) -> None:
    meaning = alert_json.read(raw)
    assert isinstance(meaning, Unreadable)
    assert meaning.why == why


def test_brackets_inside_a_string_are_not_depth() -> None:
    assert heard_raw('{"trigger":"a","note":"%s\\"["}' % ("[" * 500)).id == "a"


def test_a_byte_order_mark_is_tolerated() -> None:
    assert heard_raw(b'\xef\xbb\xbf{"trigger":"a"}').id == "a"


def test_a_position_report_keeps_its_trigger_when_its_place_is_bad() -> None:
    good = position_json.read(b'{"trigger":"a","position":{"lat":48.1,"lon":2.2,"method":"wifi"}}')
    assert good == PositionReport(Position(48.1, 2.2, None, Method.WIFI), "a")
    bad = position_json.read(b'{"trigger":"a","position":{"lat":NaN,"lon":2.2}}')
    assert bad == PositionReport(None, "a", warnings=("position_impossible",))
    assert isinstance(position_json.read(b"[1]"), Unreadable)


def test_a_state_says_online_or_lost_and_never_a_place() -> None:
    said = (
        b'{"state":"online","session":7,"battery_pct":80,"radio":"4g\\u0000","rssi_dbm":-95,'
        b'"version":"1.2","position":{"lat":48.1,"lon":2.2}}'
    )
    assert state_json.read(said) == StateReport(
        state="online",
        session=7,
        battery_pct=80.0,
        radio="4g\ufffd",
        rssi_dbm=-95.0,
        version="1.2",
        warnings=("position_ignored", "text_cleaned"),
    )
    assert state_json.read(b'{"state":"lost","session":7}') == StateReport("lost", session=7)
    assert isinstance(state_json.read(b'{"state":"dancing"}'), Unreadable)
    assert state_json.read(b"") == Nothing("empty")
