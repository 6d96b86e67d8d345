"""Dora's position is not ours to keep without her agreement: no digit of it survives a strike."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats import READERS
from gateway.formats.striking import STRUCK, strike, without_coordinates
from gateway.heard import Form
from tgd.rules.trigger import Nothing, PositionReport, StateReport, Trigger, Unreadable

LAT, LON = "48.8912399", "2.2456788"
DIGITS = ("8912399", "2456788", "48.8", "48,8", "2.24")

SPELLINGS = st.sampled_from(
    [LAT, LON, f'"{LAT}"', f'"{LAT},{LON}"', f"[{LAT},{LON}]", f'{{"lat":{LAT},"x":["{LON}"]}}']
)
JSON_NAMES = {
    Form.ALERT: "kind at position battery_pct counter lat lon note gps",
    Form.POSITION: "at position battery_pct lat lon note gps",
    Form.STATE: "session battery_pct rssi_dbm radio version position lat lon note",
    Form.OSMAND: "location coords lat lon timestamp accuracy batt extras alarm note",
    Form.OWNTRACKS: "lat lon acc alt batt inregions SSID BSSID tst note desc event _id tid topic",
}
STARTS = {
    Form.ALERT: ['{"trigger":"a1"'],
    Form.POSITION: ['{"trigger":"a1"'],
    Form.STATE: ['{"state":"online"'],
    Form.OSMAND: ['{"device_id":"d1"', '{"device_id":"d1","alarm":"sos"'],
    Form.OWNTRACKS: [
        '{"_type":"location","tid":"do"',
        '{"_type":"location","t":"u"',
        '{"_type":"transition","desc":"SOS"',
        '{"_type":"waypoint"',
        '{"_type":"lwt"',
    ],
}


@st.composite
def with_coordinates(draw: st.DrawFn) -> tuple[Form, bytes]:
    """A readable JSON message with her coordinates anywhere, in any spelling, doubled or nested."""
    form = draw(st.sampled_from(list(JSON_NAMES)))
    name = st.sampled_from(JSON_NAMES[form].split())
    facts = draw(st.lists(st.tuples(name, SPELLINGS), max_size=8))
    start = draw(st.sampled_from(STARTS[form]))
    return form, (start + "".join(f',"{n}":{v}' for n, v in facts) + "}").encode()


def assert_no_coordinate(struck: bytes) -> None:
    for digits in DIGITS:
        assert digits not in struck.decode()


@settings(max_examples=600, deadline=None)
@given(with_coordinates())
def test_no_digit_of_a_coordinate_survives_in_json(said: tuple[Form, bytes]) -> None:
    form, raw = said
    if not isinstance(READERS[form](raw), Unreadable):
        assert_no_coordinate(strike(form, raw))


@settings(max_examples=300, deadline=None)
@given(st.permutations(["lt", "lg", "rd", "top", "bt", "lo", "lz", "x", "gps", "LT", "lc", "et"]))
def test_no_digit_survives_in_a_text_message(names: list[str]) -> None:
    pairs = ";".join(f"{n}={LAT if i % 2 else LON}" for i, n in enumerate(names))
    for head in ("TGD1;d1;17;P;", 'A"ML=1;', 'A"ML=2;', 'A"ML=9;', "help ", "", "TGD2;"):
        assert_no_coordinate(strike(Form.SMS, f"{head}{pairs};ABCDEFGHIJKLMNOP".encode()))
        assert_no_coordinate(strike(Form.SMS, f"{head}{pairs}".encode()))


@given(st.permutations(["lat", "lon", "lat", "accuracy", "altitude", "location", "batt", "x"]))
def test_no_digit_survives_in_a_form(names: list[str]) -> None:
    pairs = "&".join(f"{n}={LAT if i % 2 else LON}" for i, n in enumerate(names))
    for head in ("id=d1&alarm=sos&", "id=d1&"):
        assert_no_coordinate(strike(Form.OSMAND, (head + pairs).encode()))


MESSAGES = [
    (
        Form.ALERT,
        '{"trigger":"a1","counter":17,"kind":"duress","at":"2026-11-23T22:40:05.5Z",'
        f'"position":{{"lat":{LAT},"lon":{LON}}},"battery_pct":63}}',
    ),
    (Form.ALERT, '{"trigger":"' + "x" * 70 + '","kind":"test"}'),
    (Form.SMS, f"TGD1;d1;17;T;lt={LAT};lg={LON};rd=12;pm=G;bt=63;id=a1;ABCDEFGHIJKLMNOP"),
    (Form.SMS, f"TGD1;d1;17;20261123224005;k=C;lt={LAT};lg={LON};ABCDEFGHIJKLMNOP"),
    (Form.SMS, f"TGD1;;;;lt={LAT};lg={LON};"),
    (Form.SMS, f'A"ML=1;lt={LAT};lg={LON};rd=12;top=20261123224005;pm=G'),
    (Form.SMS, f'A"ML=2;et=1795473605;lo={LAT},{LON},12.0;ls=G;lc=68'),
    (Form.OSMAND, f"id=d1&timestamp=1795473605&lat={LAT}&lon={LON}&alarm=sos&batt=63"),
    (Form.OSMAND, f'{{"id":"dé 1","timestamp":1795473605862,"lat":{LAT},"alarm":"fallDown"}}'),
    (Form.OWNTRACKS, f'{{"_type":"location","t":"u","lat":{LAT},"lon":{LON},"tst":1795473605}}'),
    (
        Form.OWNTRACKS,
        f'{{"_type":"transition","event":"enter","desc":"SOS","lat":{LAT},"lon":{LON},"_id":"7"}}',
    ),
]


@pytest.mark.parametrize(("form", "text"), MESSAGES)
def test_a_struck_call_is_the_same_call_without_its_place(form: Form, text: str) -> None:
    before = READERS[form](text.encode())
    struck = strike(form, text.encode())
    after = READERS[form](struck)
    assert isinstance(before, Trigger)
    assert isinstance(after, Trigger)
    assert_no_coordinate(struck)
    for name in ("kind", "id", "counter", "claimed_at", "battery_pct", "handset"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.position is None
    assert (after.mac is None) == (before.mac is None)
    assert strike(form, struck) == struck


def test_the_true_signature_does_not_survive() -> None:
    # Who has the key could try every place in town against it.
    struck = strike(Form.SMS, MESSAGES[2][1].encode())
    assert b"ABCDEFGHIJKLMNOP" not in struck


def test_other_messages_stay_what_they_were() -> None:
    online = b'{"state":"online","session":7,"battery_pct":80,"radio":"4g","rssi_dbm":-95.0}'
    assert READERS[Form.STATE](strike(Form.STATE, online)) == StateReport(
        "online", 7, 80.0, "4g", -95.0
    )
    report = f'{{"trigger":"a1","position":{{"lat":{LAT},"lon":{LON}}}}}'.encode()
    assert json.loads(strike(Form.POSITION, report)) == {"trigger": "a1", "position": None}
    assert READERS[Form.POSITION](strike(Form.POSITION, report)) == PositionReport(None, "a1")
    card = b'{"_type":"card","name":"Dora"}'
    assert READERS[Form.OWNTRACKS](strike(Form.OWNTRACKS, card)) == Nothing("card")
    assert strike(Form.OWNTRACKS, b"") == b""
    assert strike(Form.SMS, b" ") == b""


def test_what_nobody_can_read_is_given_back_for_the_seal() -> None:
    for form in Form:
        raw = b"\xff\xfe 48.8912399"
        assert isinstance(READERS[form](raw), Unreadable)
        assert strike(form, raw) == raw


@pytest.mark.parametrize(
    "words",
    [
        "help me! imei:359586015829802 lat:48.8912 long:2.24",
        "A*68 2234.4026,N,11354.3277,E",
        "48°53'28.4\"N 2°14'44.4\"E",
        "http://maps.google.com/?q=48.8912,2.2456 vite",
        "geo:48.8912,2.2456",
        "maps.app.goo.gl/abc123",
        "///filled.count.soap",
        "8FW4V75V+8Q",
        "lt=48;lg=2",
        "48,8912 / 2,2456",
    ],
)
def test_a_machine_s_place_in_free_words_is_struck(words: str) -> None:
    left = without_coordinates(words)
    assert STRUCK in left
    for part in ("48", "2.24", "2234", "11354", "goo", "filled", "V75V", "28.4", "8912"):
        assert part not in left


def test_a_person_s_words_stay() -> None:
    words = "au secours 12, rue des Lilas, code 4271, 3e étage, appelez le 06 39 98 00 01"
    assert without_coordinates(words) == words
    assert strike(Form.SMS, words.encode()) == words.encode()
