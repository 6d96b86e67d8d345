"""What must be forgotten is, on its day and to the last word; what must stay stays."""

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from tests.acts.planted import (
    ENDS,
    PLANTED,
    plant_grant,
    plant_referral,
    press_and_close,
    somebody_else,
    staff,
    to_the_day,
    walked,
)
from tests.acts.remembered import places_of, rows_by_table
from tests.walking import NANTERRE, Walk
from tests.world import World
from tgd import journal
from tgd.allocation import holding
from tgd.errors import WrongState
from tgd.purge import Erased, look, purge
from tgd.records import SheetCopy
from tgd.rules.forgetting import Stage
from tgd.store import chain


@pytest.fixture
def walk(world: World) -> Walk:
    return Walk(world).settle_in()


@pytest.mark.parametrize("end", ENDS)
def test_every_end_reaches_an_erasure_that_leaves_not_one_of_her_words(walk: Walk, end: str):
    walked(walk, end)
    keys, s = walk.world.keys, walk.session
    planted = {words for words in PLANTED if places_of(s, words, keys)}
    assert {"Ana FICTIVE", "Hugo SEME", "mots de signalement"} <= planted
    assert len(planted) >= (9 if end in ("refused", "withdrawn before the hand-over") else 13)
    to_the_day(walk)
    somebody_else(walk)
    before = rows_by_table(s)
    erased = purge(s, walk.now)
    assert [(one.file, one.stage) for one, _ in erased.files] == [(walk.id, Stage.FILE)]
    assert {words: places_of(s, words, keys) for words in PLANTED} == {w: set() for w in PLANTED}
    file = walk.file()
    assert (file.state, file.number, file.court) == ("purged", 1, NANTERRE)
    assert file.counts is not None
    assert file.counts["referrals"] == 1
    her_rows_alone_have_changed(s, before, walk)
    the_journal_verifies(s)


def her_rows_alone_have_changed(s: Session, before: dict[str, set[str]], walk: Walk) -> None:
    """What is gone or new names her file, her person, one of her alerts, or is a handset's word."""
    after = rows_by_table(s)
    changed = {t for t in before if before[t] != after[t]}
    assert not changed & {"account", "court", "pool", "handset", "delivery", "clearance",
                          "alert_trigger", "handset_transfer"}  # fmt: skip
    bella = [row for rows in before.values() for row in rows if "Bella" in row]
    assert bella, "Bella is in the record"
    assert [row for row in bella if row not in set().union(*after.values())] == []
    assert after["journal"] > before["journal"]


def the_journal_verifies(s: Session) -> None:
    while journal.seal(s):
        continue
    found = journal.verify(chain.sealed_in_order(s), chain.count_unsealed(s))
    assert found.broken_at is None
    assert found.sealed > 10
    assert found.unsealed == 0


def test_a_second_turn_finds_nothing(walk: Walk):
    walked(walk, "returned")
    to_the_day(walk)
    assert purge(walk.session, walk.now).files
    before = rows_by_table(walk.session)
    assert purge(walk.session, walk.now) == Erased(0, 0, (), ())
    assert rows_by_table(walk.session) == before


def test_nothing_goes_a_moment_before_its_day(walk: Walk):
    walked(walk, "returned")
    to_the_day(walk)
    walk.world.wait(days=-1)
    purge(walk.session, walk.now)  # positions and what the platform had: their days are past
    before = rows_by_table(walk.session)
    walk.world.wait(hours=23, minutes=59)
    assert purge(walk.session, walk.now) == Erased(0, 0, (), ())
    assert rows_by_table(walk.session) == before
    assert places_of(walk.session, "mots de signalement")


def test_positions_and_the_messages_that_hold_them_go_after_three_days_while_she_carries_on(walk):
    staff(walk)
    plant_referral(walk)
    plant_grant(walk)
    press_and_close(walk)
    keys = walk.world.keys
    assert {"alert_position.lon", "sighting.raw_sealed"} <= places_of(walk.session, "2.20711", keys)
    walk.world.wait(days=2, hours=23)
    assert purge(walk.session, walk.now) == Erased(0, 0, (), ())
    walk.world.wait(hours=2)
    seen, erased = look(walk.session, walk.now), purge(walk.session, walk.now)
    assert (seen.positions, seen.messages) == (erased.positions, erased.messages) == (1, 2)
    assert places_of(walk.session, "2.20711", keys) == set()
    assert walk.file().state == "active"
    assert places_of(walk.session, "mots de note") == {"note.words"}


def test_the_position_of_an_alert_that_is_open_stays(walk: Walk):
    bella = walk.world.give("Bella", number="+33639980009")
    walk.world.hear(walk.world.press(bella))
    walk.world.wait(days=5)
    assert purge(walk.session, walk.now) == Erased(0, 0, (), ())
    assert places_of(walk.session, "2.20711", walk.world.keys)


def test_a_message_that_was_forgotten_is_still_heard_once(walk: Walk):
    bella = walk.world.give("Bella", number="+33639980009")
    said = walk.world.press(bella)
    walk.world.hear(said)
    walk.session.connection().execute(
        text("UPDATE alert SET state = 'closed', outcome = 'other', reason = 'for the story',"
             " closed_by = 'Bruno', closed_at = opened_at, look_again_at = NULL")
    )  # fmt: skip
    walk.world.wait(days=4)
    assert purge(walk.session, walk.now).messages == 1
    walk.world.hear(said)
    assert len(walk.world.alerts()) == 1
    assert len(walk.world.sightings()) == 1


def test_what_the_platform_had_goes_three_days_after_the_return(walk: Walk):
    walked(walk, "returned")
    s = walk.session
    walk.world.wait(days=3, minutes=1)
    erased = purge(s, walk.now)
    assert [(one.file, one.stage) for one, _ in erased.files] == [(walk.id, Stage.PLATFORM)]
    for words in ("17 rue des Mots-Semes", "Zephyrine", "mots de note", "mots de cloture",
                  "mots de releve"):  # fmt: skip
        assert places_of(s, words) == set(), words
    assert places_of(s, "mots de signalement") == {"referral.words"}
    assert places_of(s, "Ana FICTIVE") == {"protected_person.name", "decision.facts"}
    assert walk.file().state == "closed"
    assert s.exec(select(SheetCopy.erased_at)).all() == [None, None, None]
    holding.confirm_erased(s, walk.officer("Greta"), walk.id, walk.now)
    s.expire_all()
    assert set(s.exec(select(SheetCopy.erased_at)).all()) == {walk.now}
    with pytest.raises(WrongState):
        holding.confirm_erased(s, walk.officer("Greta"), walk.id, walk.now)
