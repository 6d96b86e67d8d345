"""No bytes make a reader raise, and nothing that it gives can break a text column or a sum."""

import dataclasses
import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.formats import READERS
from gateway.heard import Form
from tgd.rules.keys import is_authentic, mac_of
from tgd.rules.trigger import (
    MAX_ID,
    Method,
    Nothing,
    Position,
    PositionReport,
    StateReport,
    Trigger,
    TriggerKind,
    Unreadable,
    is_plausible,
)

FORMS = list(Form)
KEY = bytes(range(32))
VALID = [
    b'{"trigger":"a1","counter":17,"kind":"test","at":"2026-11-23T22:40:05Z","position":'
    b'{"lat":48.89,"lon":2.2,"radius_m":12,"method":"gnss","at":"2026-11-23T22:40:01Z"}}',
    b'{"state":"online","session":7,"battery_pct":80,"radio":"4g","rssi_dbm":-95,"version":"1"}',
    b"TGD1;h-1;17;P;lt=48.89123;lg=2.24567;rd=12;top=20261123224005;pm=G;bt=63;id=a;"
    b"ABCDEFGHIJKLMNOP",
    b'A"ML=1;lt=+48.902963;lg=+2.516582;rd=1964;top=20220210134654;lc=95;pm=G;ml=131',
    b'A"ML=2;et=1593187189;lo=-37.42175,-122.08461,2000.1;lt=-9999;lc=68;ls=G;lg=en-US',
    b"id=4711&timestamp=1795473605&lat=48.89&lon=2.24&accuracy=5.5&batt=63.0&alarm=sos",
    b'{"device_id":"1","location":[{"timestamp":"2026-11-23T22:40:05.862Z","coords":'
    b'{"latitude":48.89,"longitude":2.24,"accuracy":5},"battery":{"level":0.6},"alarm":"sos"}]}',
    b'{"_type":"location","t":"u","lat":48.89,"lon":2.24,"acc":12,"batt":63,"tst":1795473605}',
    b'{"_type":"transition","event":"enter","desc":"SOS","tst":1795473605,"lat":1,"lon":2}',
    b'{"_type":"lwt","tst":1795473605}',
]

KNOWN_NAMES = st.sampled_from(
    [
        "trigger",
        "counter",
        "kind",
        "at",
        "position",
        "battery_pct",
        "lat",
        "lon",
        "radius_m",
        "method",
        "state",
        "session",
        "radio",
        "rssi_dbm",
        "version",
        "_type",
        "t",
        "tst",
        "tid",
        "_id",
        "acc",
        "batt",
        "desc",
        "event",
        "location",
        "coords",
        "latitude",
        "longitude",
        "accuracy",
        "timestamp",
        "battery",
        "level",
        "alarm",
        "device_id",
        "id",
        "extras",
        "topic",
    ]
)
TEXTS = st.one_of(
    st.sampled_from(["press", "test", "sos", "u", "location", "lost", "transition", "lwt", "NaN"]),
    st.text(st.characters(codec=None), max_size=80),
    st.datetimes().map(str),
    st.integers().map(str),
    st.floats().map(str),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KNOWN_NAMES, inner, max_size=5),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KNOWN_NAMES, VALUES, max_size=8).map(lambda v: json.dumps(v).encode())


@st.composite
def twisted(draw: st.DrawFn) -> bytes:
    """A valid message with a piece cut out, doubled, or replaced by other bytes."""
    whole = draw(st.sampled_from(VALID))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    middle = draw(st.one_of(st.binary(max_size=12), st.just(whole[start:end] * 2)))
    return whole[:start] + middle + whole[end:]


@st.composite
def pairs(draw: st.DrawFn) -> bytes:
    """Forms and SMS made of known names with any value."""
    head, link = draw(st.sampled_from([("TGD1;h;1;P;", ";"), ('A"ML=1;', ";"), ('A"ML=2;', ";")]))
    if draw(st.booleans()):
        head, link = "id=1&", "&"
    names = st.sampled_from(
        [
            "lt",
            "lg",
            "rd",
            "top",
            "pm",
            "bt",
            "id",
            "k",
            "et",
            "lo",
            "ls",
            "lc",
            "lat",
            "lon",
            "timestamp",
            "alarm",
        ]
    )
    parts = draw(st.lists(st.tuples(names, TEXTS), max_size=8))
    whole = head + link.join(f"{name}={value}" for name, value in parts)
    return whole.encode("utf-8", "surrogatepass")


ANY = st.one_of(st.binary(), st.text().map(str.encode), twisted(), OBJECTS, pairs())


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=400, deadline=None)
@given(raw=ANY)
@example(raw=b"[" * 16_000)
@example(raw=b'"\\"' * 5_000)
@example(raw=b"\\" * 16_000)
@example(raw=b'{"lat":' + b"9" * 5_000 + b"}")
@example(raw=b"1e999999999")
@example(raw=b'{"trigger":"\\ud800\\u0000","at":"\\ud800"}')
@example(raw=b"id=%00%FF%ED%A0%80&timestamp=1e400&alarm=sos")
@example(raw=b"TGD1;" + b";" * 1_590)
@example(raw=b'A"ML=2;et=253402300799;lt=99999999;lo=1,2,3')
def test_any_bytes_give_a_meaning_that_can_be_kept(form: Form, raw: bytes) -> None:
    meaning = READERS[form](raw)
    assert isinstance(meaning, Trigger | PositionReport | StateReport | Nothing | Unreadable)
    assert_can_be_kept(meaning)


def assert_can_be_kept(value: object) -> None:
    """PostgreSQL takes every text and number in it; every moment is aware and in reason."""
    match value:
        case str():
            assert "\x00" not in value
            value.encode("utf-8")
        case float():
            assert math.isfinite(value)
        case int():
            assert 0 <= value < 2**53
        case datetime():
            assert value.tzinfo is UTC
            assert 1900 < value.year < 2300
        case tuple():
            for item in value:
                assert_can_be_kept(item)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                assert_can_be_kept(getattr(value, field.name))
    if isinstance(value, Position):
        assert is_plausible(value.lat, value.lon)
        assert value.radius_m is None or 0 < value.radius_m <= 1_000_000
    if isinstance(value, Trigger):
        assert len(value.id or "") <= MAX_ID
        assert len(value.handset or "") <= MAX_ID
        assert is_authentic(value, KEY) in (True, False)


@settings(deadline=None)
@given(text=st.text())
def test_every_text_message_is_a_call_for_help(text: str) -> None:
    meaning = READERS[Form.SMS](text.encode())
    assert isinstance(meaning, Trigger)
    assert meaning.kind not in {TriggerKind.TEST, TriggerKind.CANCEL} or meaning.mac is not None


@settings(deadline=None)
@given(raw=OBJECTS)
def test_every_object_on_the_alert_topic_is_a_call_for_help(raw: bytes) -> None:
    assert isinstance(READERS[Form.ALERT](raw), Trigger)


# --- what is composed here is read as it was meant ---

IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=3, max_size=64)
LATS = st.floats(-90, 90).map(lambda v: round(v, 5)).filter(lambda v: abs(v) > 0.001)
LONS = st.floats(-180, 180).map(lambda v: round(v, 5))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
RADII = st.integers(1, 5000)
PERCENTS = st.integers(0, 100)


@given(IDS, st.integers(0, 2**32 - 1), st.sampled_from(TriggerKind), MOMENTS, LATS, LONS, RADII)
def test_an_alert_makes_the_round_trip(
    trigger: str, counter: int, kind: TriggerKind, at: datetime, lat: float, lon: float, radius: int
) -> None:
    said = {
        "trigger": trigger,
        "counter": counter,
        "kind": kind.value,
        "at": at.isoformat().replace("+00:00", "Z"),
        "position": {"lat": lat, "lon": lon, "radius_m": radius, "method": "fused"},
        "battery_pct": 50,
    }
    assert READERS[Form.ALERT](json.dumps(said).encode()) == Trigger(
        kind=kind,
        id=trigger,
        counter=counter,
        claimed_at=at,
        position=Position(lat, lon, float(radius), Method.FUSED),
        battery_pct=50.0,
    )


@given(IDS, st.integers(0, 2**32 - 1), st.sampled_from("PTFDC"), MOMENTS, LATS, LONS, RADII, IDS)
def test_a_signed_text_makes_the_round_trip(
    handset: str, counter: int, t: str, at: datetime, lat: float, lon: float, radius: int, id_: str
) -> None:
    before = (
        f"TGD1;{handset};{counter};{t};lt={lat:.5f};lg={lon:.5f};rd={radius};"
        f"top={at:%Y%m%d%H%M%S};pm=W;bt=50;id={id_};"
    )
    trigger = READERS[Form.SMS]((before + mac_of(KEY, before.encode())).encode())
    assert isinstance(trigger, Trigger)
    assert is_authentic(trigger, KEY)
    assert trigger.kind.value[0].upper() == t
    assert (trigger.handset, trigger.counter, trigger.id) == (handset, counter, id_)
    assert trigger.position == Position(lat, lon, float(radius), Method.WIFI, at)
    assert trigger.warnings == ()


@given(LATS, LONS, RADII, MOMENTS, PERCENTS)
def test_the_free_apps_make_the_round_trip(
    lat: float, lon: float, radius: int, at: datetime, batt: int
) -> None:
    position = Position(lat, lon, float(radius), at=at)
    form = f"id=7&lat={lat}&lon={lon}&accuracy={radius}&timestamp={at.timestamp()}&batt={batt}"
    said = {"lat": lat, "lon": lon, "acc": radius, "tst": int(at.timestamp()), "batt": batt}
    assert READERS[Form.OSMAND](form.encode()) == PositionReport(position, None, "7", float(batt))
    assert READERS[Form.OWNTRACKS](json.dumps(said | {"_type": "location"}).encode()) == (
        PositionReport(position, battery_pct=float(batt))
    )
