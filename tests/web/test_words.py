"""Every word of the console is there in French, typeset as French is."""

import re
from pathlib import Path

from babel.messages.pofile import read_po

from tests.web.words_used import acts_written, ids_used
from tgd.errors import WrongState
from tgd.rules.access import Role
from tgd.rules.alert import AlertState, Outcome, Verified
from tgd.rules.delivery import DeliveryState
from tgd.rules.doubt import Label, Trust
from tgd.rules.trigger import Method
from tgd.web import labels
from tgd.web.words import FOLDER, choose_language, read_words

with Path(FOLDER / "fr.po").open("rb") as _file:
    FRENCH = read_po(_file, locale="fr")


def test_every_id_of_pages_and_code_is_translated_and_none_is_left_over() -> None:
    translated = {m.id for m in FRENCH if m.id and m.string}
    assert ids_used() - translated == set()
    assert translated - ids_used() == set()
    assert not [m.id for m in FRENCH if m.id and m.fuzzy]


def test_placeholders_are_the_same_in_both_languages() -> None:
    for message in FRENCH:
        wanted = re.findall(r"%\(\w+\)s", str(message.id))
        assert sorted(re.findall(r"%\(\w+\)s", str(message.string))) == sorted(wanted)


def test_french_typography() -> None:
    for message in FRENCH:
        said = str(message.string) if message.id else ""
        assert not re.search(r" [:;!?»]|« |'", said), said
        assert not re.search(r"[^\u00a0\s]:|[^\u202f\s][;!?]", said), said


def test_every_state_label_and_role_has_its_words() -> None:
    for words, table in [
        (AlertState, labels.STATES), (Outcome, labels.OUTCOMES), (Verified, labels.FINDINGS),
        (Trust, labels.TRUSTS), (DeliveryState, labels.DELIVERIES), (Role, labels.ROLES),
        (Label, labels.LABELS), (Method, labels.METHODS),
    ]:  # fmt: skip
        assert set(words) == set(table)


def test_every_line_of_a_timeline_is_a_sentence() -> None:
    written = acts_written()
    assert written >= {"AlertOpened", "AnswerHeard", "DeliveryTold", "HandsetGiven"}
    assert written == set(labels.ACTS)


def test_a_machine_s_receipt_is_not_called_an_intervention() -> None:
    """The control room's machine has it: nobody has said yet that somebody goes."""
    for words in (labels.STATES[AlertState.ACKNOWLEDGED], labels.ACTS["InterventionAcknowledged"]):
        assert words == "Received by the control room"


def test_the_reader_chooses_the_language_and_the_setting_stands_behind() -> None:
    assert choose_language("en", "fr", "fr", "fr") == "en"
    assert choose_language(None, "en", "fr", "fr") == "en"
    assert choose_language("de", None, "de,en;q=0.8", "fr") == "en"
    assert choose_language(None, None, None, "fr") == "fr"


def test_a_refusal_that_nobody_translated_still_says_its_kind_in_french() -> None:
    said = read_words().sentence("fr", WrongState("“take” is not possible here."))
    assert said == "Cet acte n’est pas possible dans l’état présent."
