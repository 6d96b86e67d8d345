"""Dora is nobody we know: what she said, and what was written about it, is forgotten as well."""

import json
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from gateway.heard import Channel, Form, Heard
from tests.acts.planted import leave_and_come, staff
from tests.acts.remembered import places_of, rows_by_table
from tests.acts.test_purge import the_journal_verifies
from tests.walking import Walk
from tests.world import World
from tgd import shifts
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.allocation import keeping
from tgd.errors import WrongState
from tgd.purge import Erased, look, purge
from tgd.records import HandOver, Journal, Note
from tgd.rules.access import Role
from tgd.rules.alert import Outcome, Verified
from tgd.rules.forgetting import Keeping
from tgd.store.purging import Recorded
from tgd.store.purging_nobody import erase_words

BRUNO, SALIMA = Actor("Bruno", Role.OPERATOR), Actor("Salima", Role.SUPERVISOR)
NUMBER = "+33639980066"
SAID = "je suis au 12 quai des Ombres"
PLANTED = (NUMBER, "33639980066", SAID, "quai des Ombres", "mots de note", "mots de releve",
           "mots de cloture", "mots du terminal", "mots d'autorisation")  # fmt: skip


@pytest.fixture
def walk(world: World) -> Walk:
    walk = Walk(world).settle_in()
    staff(walk)
    return walk


def newest(walk: Walk) -> UUID:
    return walk.world.alerts()[-1].id


def close(walk: Walk, alert: UUID) -> None:
    """Bruno takes it, writes about it, leaves his shift in words, and closes it with Salima."""
    acts.take(walk.session, BRUNO, alert, walk.now)
    acts.note(walk.session, BRUNO, alert, "mots de note", walk.now)
    acts.verify(walk.session, BRUNO, alert, Verified.SAFE_VOICE, walk.now)
    leave_and_come(walk, BRUNO)
    acts.close(walk.session, BRUNO, alert, Outcome.ACCIDENTAL, "mots de cloture", walk.now)


def by_text(walk: Walk) -> UUID:
    walk.world.hear(walk.world.sms(NUMBER, SAID))
    return newest(walk)


def by_mqtt(walk: Walk) -> UUID:
    """A device that nobody enrolled calls itself by a number, and its press by words."""
    said = {"trigger": "mots du terminal", "kind": "press", "text": SAID}
    raw = json.dumps(said).encode()
    walk.world.hear(
        Heard(Channel.MQTT, Form.ALERT, NUMBER, False, uuid4().hex, raw, walk.now)
    )  # fmt: skip
    return newest(walk)


@pytest.mark.parametrize("press", [by_text, by_mqtt])
def test_three_days_after_its_closing_not_one_word_of_it_is_left(walk: Walk, press) -> None:
    alert = press(walk)
    close(walk, alert)
    keys, s = walk.world.keys, walk.session
    there = {words for words in PLANTED if places_of(s, words, keys)}
    assert there >= {NUMBER, SAID, "mots de note", "mots de releve", "mots de cloture"}
    walk.world.wait(days=2, hours=23, minutes=59)
    purge(s, walk.now)
    assert {w for w in PLANTED if places_of(s, w, keys)} == there
    walk.world.wait(minutes=2)
    seen, erased = look(s, walk.now), purge(s, walk.now)
    assert (seen.nobodys, erased.nobodys) == (1, 1)
    assert {w: places_of(s, w, keys) for w in PLANTED} == {w: set() for w in PLANTED}
    (kept,) = walk.world.alerts()
    assert (kept.state, kept.outcome, kept.source) == ("closed", "accidental", f"forgotten:{alert}")
    assert (kept.opened_at, kept.closed_by) == (kept.pressed_at, "Bruno")
    the_journal_of_it(walk)
    before = rows_by_table(s)
    assert purge(s, walk.now) == Erased(0, 0, (), ())
    assert rows_by_table(s) == before


def the_journal_of_it(walk: Walk) -> None:
    """Counts, and no words; the chain verifies as before."""
    the_journal_verifies(walk.session)
    found = select(Journal).where(Journal.act == "DataPurged").order_by(col(Journal.seq))
    lines = walk.session.exec(found).all()
    assert [line.detail["what"] for line in lines] == ["positions", "nobody"]
    rows = lines[1].detail["rows"]
    assert (rows["alerts"], rows["notes"], rows["shifts"], rows["presses"]) == (1, 1, 1, 1)


def test_what_is_open_keeps_its_words_however_old(walk: Walk) -> None:
    alert = by_text(walk)
    acts.take(walk.session, BRUNO, alert, walk.now)
    acts.note(walk.session, BRUNO, alert, "mots de note", walk.now)
    walk.world.wait(days=30)
    assert purge(walk.session, walk.now) == Erased(0, 0, (), ())
    assert places_of(walk.session, SAID, walk.world.keys) == {"sighting.raw_sealed"}


def test_a_handset_that_nobody_holds_keeps_its_name_and_loses_the_words(walk: Walk) -> None:
    spare = walk.world.give("Spare", number="+33639980009", days=None)
    walk.world.hear(walk.world.press(spare))
    close(walk, newest(walk))
    walk.world.wait(days=3, minutes=1)
    assert purge(walk.session, walk.now).nobodys == 1
    assert places_of(walk.session, "mots de") == set()
    assert walk.world.only_alert().source == f"handset:{spare.handset}"


def test_a_person_s_alert_waits_for_her_file(walk: Walk) -> None:
    bella = walk.world.give("Bella", number="+33639980009")
    walk.world.hear(walk.world.press(bella))
    close(walk, newest(walk))
    walk.world.wait(days=9)
    assert purge(walk.session, walk.now).nobodys == 0
    assert places_of(walk.session, "mots de note") == {"note.words"}


@pytest.mark.parametrize(("what", "days"), [(Keeping.POSITIONS, 8), (Keeping.PROCEDURE, 90)])
def test_a_prosecutor_keeps_it_longer_and_then_it_goes(
    walk: Walk, what: Keeping, days: int
) -> None:
    alert = by_text(walk)
    close(walk, alert)
    camille = walk.officer("Camille")
    keeping.keep(walk.session, camille, alert, what, "mots d'autorisation", walk.now)
    walk.world.wait(days=days, minutes=-1)
    assert purge(walk.session, walk.now) == Erased(0, 0, (), ())
    assert places_of(walk.session, SAID, walk.world.keys) == {"sighting.raw_sealed"}
    walk.world.wait(minutes=2)
    if what is Keeping.PROCEDURE:
        assert purge(walk.session, walk.now).nobodys == 0
        keeping.let_go(walk.session, camille, alert, what, walk.now)
    assert purge(walk.session, walk.now).nobodys == 1
    keys = walk.world.keys
    assert {w for w in PLANTED if places_of(walk.session, w, keys)} == set()


def test_nothing_is_written_about_it_afterwards(walk: Walk) -> None:
    alert = by_text(walk)
    close(walk, alert)
    acts.note(walk.session, BRUNO, alert, "encore un mot", walk.now)
    walk.world.wait(days=3, minutes=1)
    purge(walk.session, walk.now)
    with pytest.raises(WrongState, match="nothing more is"):
        acts.note(walk.session, BRUNO, alert, "mots de note", walk.now)
    assert walk.session.exec(select(Note)).all() == []


def test_words_of_a_shift_that_left_nothing_open_are_nobody_s_too(walk: Walk) -> None:
    shifts.hand_over(walk.session, BRUNO, "mots de releve", walk.now)
    walk.world.wait(days=4)
    purge(walk.session, walk.now)
    assert places_of(walk.session, "mots de releve"), "the next shift has not read it"
    left = walk.session.exec(select(HandOver.id)).one()
    shifts.confirm(walk.session, SALIMA, left, walk.now, read=shifts.lines(walk.session, left))
    purge(walk.session, walk.now)
    assert places_of(walk.session, "mots de releve") == set()


def test_words_of_a_shift_about_an_alert_that_a_procedure_needs_stay(walk: Walk) -> None:
    bella = walk.world.give("Bella", number="+33639980009")
    walk.world.hear(walk.world.press(bella))
    hers, stranger = newest(walk), by_text(walk)
    close(walk, stranger)
    keeping.keep(
        walk.session, walk.officer("Camille"), hers, Keeping.PROCEDURE, "procedure 26/1", walk.now
    )
    walk.world.wait(days=4)
    assert purge(walk.session, walk.now).nobodys == 1
    assert places_of(walk.session, "mots de releve") == {"hand_over.words"}
    assert places_of(walk.session, NUMBER) == set()


def test_a_late_twin_of_the_same_text_is_still_heard_once(walk: Walk) -> None:
    said = walk.world.sms(NUMBER, SAID, sid="SM1")
    walk.world.hear(said)
    close(walk, newest(walk))
    walk.world.wait(days=4)
    purge(walk.session, walk.now)
    walk.world.hear(said)
    assert len(walk.world.alerts()) == 1
    walk.world.hear(walk.world.sms(NUMBER, "aidez moi encore"))
    assert [a.state for a in walk.world.alerts()] == ["closed", "open"]


def test_so_many_are_forgotten_at_once_and_the_rest_after_them(walk: Walk) -> None:
    for _ in range(3):
        close(walk, by_text(walk))
        walk.world.wait(minutes=1)
    walk.world.wait(days=3)
    turns = [erase_words(walk.session, Recorded.by(walk.now), walk.now, 2) for _ in range(3)]
    assert [turn.get("alerts", 0) for turn in turns] == [2, 1, 0]
    assert places_of(walk.session, NUMBER) == set()
