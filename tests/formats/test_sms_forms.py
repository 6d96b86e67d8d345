"""An SMS in any form, cut or garbled, is a call for help; only a signed one may ask for less."""

from datetime import UTC, datetime

import pytest

from gateway.formats import sms
from tgd.rules.keys import is_authentic, mac_of
from tgd.rules.trigger import Method, Position, Trigger, TriggerKind, Unreadable

KEY = bytes(range(32))
BEFORE_MAC = (
    "TGD1;h-4f2a;17;P;lt=48.89123;lg=2.24567;rd=12;top=20261123224005;pm=G;bt=63;id=0199-a1;"
)
SIGNED = BEFORE_MAC + mac_of(KEY, BEFORE_MAC.encode())

# From the published AML descriptions: the first two by the maker of a phone system (the second
# announces 126 for its 127 characters), the third by the French network, the fourth by an early
# implementation with a 16-digit IMEI.
AML_WITHOUT_PLACE = (
    'A"ML=1;lt=+00.00000;lg=+000.00000;rd=N;top=20220131173734;lc=0;pm=N;'
    "si=234159000000000;ei=123456789012345;mcc=234;mnc=15;ml=127"
)
AML_OFF_BY_ONE = (
    'A"ML=1;lt=+51.53321;lg=-0.12601;rd=14;top=20220131171748;lc=68;pm=W;'
    "si=234159000000000;ei=123456789012345;mcc=234;mnc=15;ml=126"
)
AML_FRENCH = (
    'A"ML=1;lt=+48.902963;lg=+2.516582;rd=1964;top=20220210134654;lc=95;pm=G;'
    "si=234302543446355;ei=357365093474415;mcc=208;mnc=01;ml=131"
)
AML_EARLY = (
    'A"ML=1;lt=+54.76397;lg=-0.18305;rd=50;top=20130717141935;lc=90;pm=W;'
    "si=123456789012345;ei=1234567890123456;mcc=234;mnc=30;ml=128"
)
# The published vector of a data SMS, unpacked.
AML_DATA_SMS = (
    'A"ML=1;lt=37.42175;lg=-122.08461;rd=20;top=20150613010948;lc=68;pm=G;'
    "si=987654231;ei=358239059042542;mcc=310;mnc=260;ml=123"
)
# The published example of version 2.
AML_V2 = (
    'A"ML=2;en=+15555555555;et=1593187189;lo=-37.42175,-122.08461,2000.1;lt=-9999;lc=68;'
    "lz=-100.1,100.1;ls=G;ei=358239059042542;nc=310260;hc=310260;lg=en-US"
)


def heard(text: str) -> Trigger:
    meaning = sms.read(text.encode())
    assert isinstance(meaning, Trigger)
    return meaning


def signed(before: str) -> str:
    return before + mac_of(KEY, before.encode())


# --- the signed form ---


def test_the_signed_form_is_read_whole_and_authentic() -> None:
    trigger = heard(SIGNED)
    at = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
    assert trigger == Trigger(
        kind=TriggerKind.PRESS,
        id="0199-a1",
        counter=17,
        position=Position(48.89123, 2.24567, 12.0, Method.GNSS, at),
        battery_pct=63.0,
        handset="h-4f2a",
        signed_text=BEFORE_MAC.encode(),
        mac=SIGNED[-16:],
    )
    assert is_authentic(trigger, KEY)
    assert len(SIGNED) <= 160


@pytest.mark.parametrize("length", range(161))
def test_a_message_cut_anywhere_is_still_a_call_and_never_a_wrong_place(length: int) -> None:
    trigger = heard(SIGNED[:length])
    assert trigger.kind is TriggerKind.PRESS
    if length < len(SIGNED):
        assert trigger.warnings
        assert not is_authentic(trigger, KEY)
    if trigger.position is not None:
        assert trigger.position.lat == 48.89123
        assert abs(trigger.position.lon - 2.24567) < 1e-4
        assert trigger.position.radius_m in (None, 12.0)
    assert trigger.id in (None, "0199-a1")
    assert trigger.counter in (None, 17)
    assert trigger.handset in (None, "h-4f2a")
    assert trigger.battery_pct in (None, 63.0)


@pytest.mark.parametrize("length", range(161))
def test_a_test_that_was_cut_is_never_less_than_a_call(length: int) -> None:
    whole = signed(BEFORE_MAC.replace(";P;", ";T;"))
    trigger = heard(whole[:length])
    expected = TriggerKind.TEST if length >= len(whole) else TriggerKind.PRESS
    assert trigger.kind is expected


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("P", TriggerKind.PRESS),
        ("T", TriggerKind.TEST),
        ("F", TriggerKind.FALL),
        ("D", TriggerKind.DURESS),
        ("C", TriggerKind.CANCEL),
        ("t", TriggerKind.TEST),
        ("Test", TriggerKind.TEST),
        ("CANCEL", TriggerKind.CANCEL),
        ("duress", TriggerKind.DURESS),
    ],
)
def test_t_is_a_letter_or_a_word(said: str, kind: TriggerKind) -> None:
    assert heard(signed(f"TGD1;h;1;{said};")).kind is kind


@pytest.mark.parametrize("said", ["T", "C", "test", "cancel"])
def test_whoever_asks_for_less_must_sign(said: str) -> None:
    trigger = heard(f"TGD1;h;1;{said};bt=50;")
    assert trigger.kind is TriggerKind.PRESS
    assert {"mac_missing", "kind_unsigned"} <= set(trigger.warnings)


@pytest.mark.parametrize("said", ["1795473605", "20261123224005", "1795473605000"])
def test_t_may_be_a_time_and_k_the_kind(said: str) -> None:
    at = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
    trigger = heard(signed(f"TGD1;h;1;{said};"))
    assert (trigger.kind, trigger.claimed_at, trigger.id) == (TriggerKind.PRESS, at, None)
    assert heard(signed(f"TGD1;h;1;{said};k=T;")).kind is TriggerKind.TEST
    assert heard(signed(f"TGD1;h;1;{said};k=duress;")).kind is TriggerKind.DURESS


def test_any_other_t_is_the_trigger_id() -> None:
    trigger = heard(signed("TGD1;h;1;0199-a1;"))
    assert (trigger.kind, trigger.id) == (TriggerKind.PRESS, "0199-a1")
    assert heard(signed("TGD1;h;1;0199-a1;id=other;")).id == "other"


def test_two_kinds_are_a_press() -> None:
    assert heard(signed("TGD1;h;1;T;k=P;")).kind is TriggerKind.PRESS
    assert heard(signed("TGD1;h;1;1795473605;k=T;k=P;")).kind is TriggerKind.PRESS


def test_what_stands_behind_the_signature_is_not_read() -> None:
    trigger = heard(SIGNED + ";lt=43.29;lg=5.37")
    assert not is_authentic(trigger, KEY)
    assert is_authentic(heard(SIGNED + ";"), KEY)
    assert is_authentic(heard(f"\ufeff {SIGNED}\r\n"), KEY)
    assert is_authentic(heard(BEFORE_MAC + SIGNED[-16:].lower()), KEY)


@pytest.mark.parametrize("cut", ["TGD1;ABCDEFGHIJKLMNOP", "TGD1;h;1;ABCDEFGHIJKLMNOP"])
def test_only_what_follows_the_first_four_parts_is_a_signature(cut: str) -> None:
    trigger = heard(cut)
    assert (trigger.mac, trigger.signed_text) == (None, None)
    assert "mac_missing" in trigger.warnings


def test_a_signed_form_of_impossible_length_is_words() -> None:
    trigger = heard(signed(BEFORE_MAC + "x" * 1600 + ";"))
    assert trigger.warnings == ("free_text", "text_cut")


@pytest.mark.parametrize("place", ["lt=48.1;lt=43.2;lg=2.2", "lt=0;lg=0", "lt=48.1;lg=2.2;pm=N"])
def test_a_doubtful_place_costs_the_place_only(place: str) -> None:
    trigger = heard(signed(f"TGD1;h;1;D;{place};"))
    assert (trigger.kind, trigger.position) == (TriggerKind.DURESS, None)
    assert is_authentic(trigger, KEY)


# --- AML ---


def test_no_position_does_not_put_ana_in_the_gulf_of_guinea() -> None:
    assert heard(AML_WITHOUT_PLACE) == Trigger()
    assert heard(AML_WITHOUT_PLACE.replace("rd=N", "rd=20")).position is None
    assert heard(AML_WITHOUT_PLACE.replace("pm=N", "pm=G")).position is None


def test_a_wrong_length_only_warns() -> None:
    trigger = heard(AML_OFF_BY_ONE)
    at = datetime(2022, 1, 31, 17, 17, 48, tzinfo=UTC)
    assert trigger.position == Position(51.53321, -0.12601, 14.0, Method.WIFI, at)
    assert trigger.warnings == ("ml_wrong",)


def test_the_french_sample_is_read() -> None:
    at = datetime(2022, 2, 10, 13, 46, 54, tzinfo=UTC)
    assert heard(AML_FRENCH) == Trigger(
        position=Position(48.902963, 2.516582, 1964.0, Method.GNSS, at)
    )


def test_other_published_samples_are_read() -> None:
    early = heard(AML_EARLY).position
    unpacked = heard(AML_DATA_SMS + "@").position
    assert (early.lat, early.lon, early.radius_m) == (54.76397, -0.18305, 50.0)
    assert (unpacked.lat, unpacked.lon, unpacked.radius_m) == (37.42175, -122.08461, 20.0)


def test_in_version_2_lt_is_a_time_and_lg_a_language() -> None:
    trigger = heard(AML_V2)
    assert trigger.claimed_at == datetime(2020, 6, 26, 15, 59, 49, tzinfo=UTC)
    found_at = datetime(2020, 6, 26, 13, 13, 10, tzinfo=UTC)
    assert trigger.position == Position(-37.42175, -122.08461, 2000.1, Method.GNSS, found_at)
    assert trigger.warnings == ()


def test_a_version_that_nobody_knows_gives_no_place() -> None:
    trigger = heard(AML_FRENCH.replace("ML=1", "ML=7"))
    assert (trigger.position, "unknown_version" in trigger.warnings) == (None, True)


def test_the_header_must_come_first() -> None:
    assert heard("see " + AML_FRENCH).warnings == ("free_text",)


def test_a_quote_that_a_gateway_changed_is_tolerated() -> None:
    trigger = heard(AML_FRENCH.replace('"', "”"))
    assert trigger.position is not None
    assert "odd_header" in trigger.warnings


@pytest.mark.parametrize("sample", [AML_FRENCH, AML_EARLY, AML_V2, AML_OFF_BY_ONE])
def test_an_aml_text_cut_anywhere_never_gives_a_wrong_place(sample: str) -> None:
    whole = heard(sample).position
    for length in range(len(sample)):
        cut = heard(sample[:length]).position
        if cut is not None:
            assert abs(cut.lat - whole.lat) < 1e-3
            assert abs(cut.lon - whole.lon) < 1e-3
            assert cut.radius_m in (None, whole.radius_m)


@pytest.mark.parametrize("sample", [AML_FRENCH, AML_V2])
def test_who_owns_the_telephone_is_not_kept(sample: str) -> None:
    kept = repr(heard(sample))
    for personal in ("234302543446355", "357365093474415", "358239059042542", "15555555555"):
        assert personal not in kept


# --- any other text ---


@pytest.mark.parametrize("text", ["TEST", "test", "help me", "STOP", "TGD", "A", "👋", "k=T;T;"])
def test_words_are_a_call_for_help(text: str) -> None:
    assert heard(text) == Trigger(text=text, warnings=("free_text",))


def test_an_empty_text_is_a_call_for_help() -> None:
    assert heard("") == heard(" \r\n") == Trigger(warnings=("empty",))


def test_a_text_is_made_harmless_and_cut_but_heard() -> None:
    trigger = heard("help\u0000" + "x" * 2000)
    assert len(trigger.text) == 1600
    assert trigger.text.startswith("help\ufffdx")
    assert trigger.warnings == ("free_text", "text_cleaned", "text_cut")


def test_bytes_that_are_no_text_are_unreadable() -> None:
    assert sms.read(b"\xff\xfe") == Unreadable("not_text")
