"""What each outgoing format says, and what it never says."""

import json
import math
import xml.etree.ElementTree as ET
from datetime import UTC
from typing import Any

import pytest
from telling_samples import ALERT, CORSICA, FIX, HOME, NOTES, telling, variants

from dispatch.blind_facts import LABEL as SPOOLED
from dispatch.formats import cap, cisu, cloudevents, words
from dispatch.formats.delivery_id import alert_of, destination_of, to_distribution_id, to_key
from dispatch.telling import Topic
from tgd.rules.doubt import Label
from tgd.rules.trigger import Method, Position

GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ROOM = "fr.police.cic92"


def envelope(**changes: Any) -> Any:
    topic = changes.pop("topic", Topic.OPENED)
    return json.loads(cisu.compose(telling(topic, **changes), recipient=ROOM))


def message_of(said: Any) -> Any:
    return said["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]


def case(**changes: Any) -> Any:
    return message_of(envelope(**changes))["createCase"]


def cap_of(**changes: Any) -> dict[str, str]:
    """The leaves of the CAP message by tag, the last of each."""
    topic = changes.pop("topic", Topic.OPENED)
    root = ET.fromstring(cap.compose(telling(topic, **changes), recipient=ROOM))
    return {one.tag.rpartition("}")[2]: one.text or "" for one in root.iter()}


def test_the_same_telling_gives_the_same_bytes() -> None:
    for one in variants():
        assert cloudevents.compose(one) == cloudevents.compose(one)
        assert cisu.compose(one, recipient=ROOM) == cisu.compose(one, recipient=ROOM)
        assert cap.compose(one, recipient=ROOM) == cap.compose(one, recipient=ROOM)


def test_a_room_hears_what_was_found_and_written_and_nobody_else_does() -> None:
    """The patrol must know that he is armed; a platform and an SMS have no need of it."""
    more: dict[str, Any] = {"finding": "silent", "notes": NOTES}
    first, *written = case(topic=Topic.REQUESTED, **more)["initialAlert"]["notes"]
    assert "levée de doute : silence au rappel" in first["freetext"]
    assert written[0] == {
        "creation": "2026-11-23T22:40:05+01:00",
        "freetext": "Téléassisteur : Il est armé.\nLes enfants sont là.",
    }
    assert len(written[1]["freetext"]) == cisu.LONGEST_NOTE
    asked = telling(Topic.REQUESTED, **more)
    others = [
        cloudevents.compose(asked), cap.compose(asked, recipient=ROOM),
        *(words.text(asked, language).encode() for language in words.VOICES),
    ]  # fmt: skip
    assert not any(word in other for word in (b"arm", b"silen") for other in others)


def test_a_platform_hears_opaque_ids_and_no_number() -> None:
    said = json.loads(cloudevents.compose(telling(places=(HOME,))))
    assert said["id"] == f"{ALERT}:opened:1:control-room-92"
    assert said["type"] == "org.tgd.alert.opened.v1"
    assert (said["source"], said["subject"]) == ("/tgd", ALERT)
    assert said["time"] == "2026-11-23T21:40:06.987Z"
    assert said["data"]["position"]["radius_m"] == 12.0
    assert said["data"]["handset"] == "h-7f3a"
    assert "639980001" not in json.dumps(said)
    assert "rue des Essais" not in json.dumps(said)


def test_a_broken_radius_or_letter_never_keeps_an_alert_back() -> None:
    broken = Position(48.89, 2.2, radius_m=math.nan)
    odd = telling(position=broken, labels=("odd\ud800\x00",))
    assert json.loads(cloudevents.compose(odd))["data"]["position"]["radius_m"] is None
    assert json.loads(cisu.compose(odd, recipient=ROOM))
    assert ET.fromstring(cap.compose(odd, recipient=ROOM)) is not None


@pytest.mark.parametrize(
    ("topic", "outcome", "kind"),
    [
        (Topic.OPENED, None, "Report"),
        (Topic.REQUESTED, None, "Report"),
        (Topic.UPDATED, None, "Update"),
        (Topic.CLOSED, "accidental", "Cancel"),
        (Topic.CLOSED, "made_safe", "Update"),
        (Topic.CLOSED, None, "Update"),
    ],
)
def test_only_a_false_alarm_cancels_a_case(topic: Topic, outcome: str | None, kind: str) -> None:
    said = envelope(topic=topic, outcome=outcome)
    assert said["distributionKind"] == kind
    assert message_of(said)["kind"] == kind
    assert cap_of(topic=topic, outcome=outcome)["msgType"] == kind.replace("Report", "Alert")


def test_dates_have_an_offset_and_neither_z_nor_fraction() -> None:
    said = envelope()
    assert said["dateTimeSent"] == "2026-11-23T22:40:06+01:00"
    assert said["dateTimeExpires"] == "2026-11-24T22:40:06+01:00"
    assert cisu.stamp(FIX.at, UTC) == "2026-11-23T21:40:05-00:00" if FIX.at else False
    assert cap_of()["onset"] == "2026-11-23T22:40:05+01:00"


def test_real_is_actual_and_a_test_an_exercise() -> None:
    assert envelope()["distributionStatus"] == "Actual"
    assert envelope(lane="test")["distributionStatus"] == "Exercise"
    assert cap_of(lane="test")["status"] == "Exercise"


def test_one_case_for_the_whole_life_of_an_alert() -> None:
    cases = {case(topic=topic)["caseId"] for topic in Topic}
    assert cases == {"fr.justice.tgd.AL-000042"}
    ids = {envelope(topic=topic)["distributionID"] for topic in Topic}
    assert len(ids) == len(Topic)


def test_a_fix_is_told_with_its_worth() -> None:
    where = case(places=(HOME,))["location"]
    assert where["geometry"]["point"]["coord"] == {"lat": 48.89, "lon": 2.2, "precision": "EXACTE"}
    assert "city" not in where, "the city of her home is not where she is"
    assert where["freetext"].startswith("Lieux connus")
    note = case()["initialAlert"]["notes"][0]["freetext"]
    assert "rayon 12 m, méthode gnss" in note
    assert cisu.precision(Position(48.0, 2.0, radius_m=20, method=Method.CELL)) == "RUE"
    assert cisu.precision(Position(48.0, 2.0, radius_m=3000)) == "VILLE"
    assert cisu.precision(Position(48.0, 2.0)) == "INCONNUE"


def test_without_a_fix_the_place_is_a_hint_and_said_to_be_one() -> None:
    where = case(position=None, places=(HOME,))["location"]
    assert "geometry" not in where
    assert where["city"] == {"name": "Nanterre", "inseeCode": "92050"}
    assert "Position inconnue" in where["freetext"]
    assert "non confirmés" in where["freetext"]
    bare = case(position=None)["location"]
    assert (bare["country"], bare["freetext"]) == ("FR", "Position inconnue.")


def test_a_corsican_code_is_not_forced_into_digits() -> None:
    city = case(position=None, places=(CORSICA,))["location"]["city"]
    assert city == {"name": "Ajaccio", "detail": "INSEE 2A004"}


def test_nobody_is_invited_to_ring_the_handset() -> None:
    caller = case()["initialAlert"]["caller"]
    assert caller["callerContact"]["detail"] == "+33639980001"
    assert "callbackContact" not in caller
    assert case(handset_number=None)["initialAlert"]["caller"]["callerContact"]["detail"] == (
        "inconnu"
    )


def test_the_nature_of_the_facts_is_the_published_one_unless_the_policy_says_otherwise() -> None:
    assert case()["qualification"]["whatsHappen"]["code"] == "C02.15.04"
    body = cisu.compose(
        telling(), recipient=ROOM, nature_code="C02.15.07", nature_label="Téléphone grave danger"
    )
    asked = message_of(json.loads(body))["createCase"]["qualification"]["whatsHappen"]
    assert asked == {"code": "C02.15.07", "label": "Téléphone grave danger"}


def test_doubts_are_told_in_the_words_of_the_room() -> None:
    note = case(labels=("unsigned", "a_word_of_tomorrow"))["initialAlert"]["notes"][0]["freetext"]
    assert "message non signé" in note
    assert "a_word_of_tomorrow" in note


def test_cap_goes_to_one_address_and_refers_to_its_opening() -> None:
    first = f"{ALERT}:opened:0:control-room-92"
    opened, ended = cap_of(key=first), cap_of(topic=Topic.CLOSED, outcome="accidental")
    assert (opened["scope"], opened["addresses"]) == ("Private", ROOM)
    assert "references" not in opened
    assert ended["references"] == f"fr.justice.tgd,{opened['identifier']},{opened['sent']}"
    assert cap_of()["circle"] == "48.890000,2.200000 0.012"
    assert "circle" not in cap_of(position=None)
    for name in ("identifier", "sender"):
        assert not set(opened[name]) & set(" ,<&")


def test_a_second_round_of_ringing_is_no_duplicate_of_the_first() -> None:
    rounds = [f"{ALERT}:opened:{number}:control-room-92" for number in range(3)]
    assert len({cap_of(key=key)["identifier"] for key in rounds}) == 3
    assert len({envelope(key=key)["distributionID"] for key in rounds}) == 3


def test_a_key_comes_back_from_its_distribution_id() -> None:
    key = f"{ALERT}:opened:1:control-room-92"
    id = to_distribution_id(key, "fr.justice.tgd")
    assert id == f"fr.justice.tgd_{ALERT}.opened.1.control-room-92"
    assert to_key(id) == key
    assert to_key(to_distribution_id(key, "fr.justice_of.tgd")) == key
    assert (alert_of(key), destination_of(key)) == (ALERT, "control-room-92")
    for stranger in ("", "fr.justice.tgd_", "fr.fire.sdisZ_1", f"{id}\n", f"{id}.more.and.more"):
        assert to_key(stranger) is None
    with pytest.raises(ValueError, match="no key"):
        to_distribution_id("a.b:opened:1:x", "fr.justice.tgd")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("topic", list(Topic))
def test_a_text_names_nobody_and_fits_one_part(topic: Topic, language: words.Language) -> None:
    said = words.text(telling(topic, places=(HOME,)), language)
    assert "AL-000042" in said
    assert len(said) <= 160
    assert set(said) <= GSM_7
    for secret in ("639980001", "Nanterre", "48.89", "p-91c0", "h-7f3a"):
        assert secret not in said
        assert secret not in words.say(telling(topic, places=(HOME,)), language)


def test_a_call_is_said_twice_and_asks_for_one_key() -> None:
    url = "https://tgd.example/answers/v1/supervisor/keypad?key=a%3Aopened%3A1%3Ab&x=1"
    root = ET.fromstring(words.call_twiml(telling(), "fr", url))
    gather = root[0]
    assert (gather.tag, gather.get("numDigits"), gather.get("action")) == ("Gather", "1", url)
    said = gather.findall("Say")
    assert [one.get("language") for one in said] == ["fr-FR", "fr-FR"]
    assert said[0].text == said[1].text
    assert "A L, 0 0 0 0 4 2" in (said[0].text or "")
    assert "Appuyez sur 1" in (said[0].text or "")
    assert ET.fromstring(words.heard_twiml("en")).tag == "Response"
    assert ET.fromstring(words.no_key_twiml("fr")).tag == "Response"


@pytest.mark.parametrize("label", [*Label, SPOOLED])
def test_a_room_reads_every_doubt_in_its_own_words(label: str) -> None:
    note = case(labels=(str(label),))["initialAlert"]["notes"][0]["freetext"]
    assert cisu.WORDS[label] in note
    assert "_" not in note.partition("à savoir")[2]
