"""What must be forgotten is, on its day and to the last word; what must stay stays."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from tests.acts.remembered import places_of, rows_by_table
from tests.walking import LEAD, NANTERRE, REASONS, SHEET, Walk
from tests.world import HERE, Carried, World
from tgd import accounts, inventory, journal, shifts
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.allocation import deciding, holding, referring, returning, sheets, stock
from tgd.allocation.acting import NotThere, NotYet, officer
from tgd.database import transaction
from tgd.errors import NotAllowed, WrongState
from tgd.purge import Erased, look, purge
from tgd.records import CaseFile, Deadline, Decision, HandOver, Journal, SheetCopy
from tgd.rules.access import Role
from tgd.rules.alert import Outcome, Verified
from tgd.rules.allocation import DecisionKind
from tgd.rules.forgetting import Obstacle, Stage
from tgd.rules.handset import ConsentScope, HandsetState, IncidentKind
from tgd.store import chain, files

PLANTED = (
    "Ana FICTIVE", "Zephyrine", "17 rue des Mots-Semes", "06 39 98 00 77", "Hugo SEME",
    "mots de signalement", "mots de suivi", "mots de note", "mots de releve", "mots de cloture",
    "mots de perte", "mots de grille", "mots d'avis", "mots de preuve", "mots de temoin",
    "mots du motif", "2.20711",
)  # fmt: skip
"""Words and places that only Ana's story holds."""
HER_SHEET = SHEET | {
    "name": "Ana FICTIVE", "telephones": ["06 39 98 00 77"], "children": ["Zephyrine"],
    "places": [{"label": "17 rue des Mots-Semes", "city": "Nanterre", "insee": "92050"}],
}  # fmt: skip
MOTIF = f"{REASONS} mots du motif"


@pytest.fixture
def walk(world: World) -> Walk:
    return Walk(world).settle_in()


def plant_referral(walk: Walk) -> None:
    s, now = walk.session, walk.now
    seen = referring.refer(
        s, walk.officer("Lea"), NANTERRE, "Ana FICTIVE", "mots de signalement", now,
        contact="06 39 98 00 77",
    )  # fmt: skip
    walk.file_id = seen.id
    referring.assess(s, walk.officer("Lea"), walk.id, "grid/1", {"other": "mots de grille"}, now)
    walk.advise()
    s.connection().execute(text("UPDATE opinion SET words = 'mots d''avis'"))
    walk.open()
    walk.find()
    s.connection().execute(text("UPDATE condition_record SET evidence = 'mots de preuve'"))
    referring.describe_restrained_person(
        s, walk.officer("Greta"), walk.id, "Hugo SEME", {"notes": "Hugo SEME"}, now
    )


def plant_grant(walk: Walk) -> None:
    """Granted, prepared, handed over: with her sheet, her consents and a note of follow-up."""
    signed = deciding.decide(
        walk.session, walk.officer("Camille"), walk.id, DecisionKind.GRANT, MOTIF, walk.now
    )
    assert not isinstance(signed, deciding.NotYet | deciding.AlreadyDecided)
    for step in (walk.reserve, walk.provision, walk.consent):
        step()
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, HER_SHEET, walk.now)
    for step in (walk.press, walk.test, walk.hand_over):
        walk.world.wait(minutes=1)
        step()
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "mots de suivi", walk.now)


def press_and_close(walk: Walk, ring: str = "mots de note") -> None:
    """She presses; Bruno takes it, notes, leaves his shift in words, closes it with a reason."""
    s, bruno = walk.session, Actor("Bruno", Role.OPERATOR)
    walk.world.wait(minutes=1)
    carried = Carried(walk.handset, "", "", counter=walk.now.toordinal())
    walk.world.hear(walk.world.press(carried, position=HERE))
    alert = next(a for a in walk.world.alerts() if a.state != "closed" and a.lane == "real").id
    acts.take(s, bruno, alert, walk.now)
    acts.note(s, bruno, alert, ring, walk.now)
    acts.verify(s, bruno, alert, Verified.SAFE_VOICE, walk.now)
    leave_and_come(walk, bruno)
    acts.close(s, bruno, alert, Outcome.ACCIDENTAL, "mots de cloture", walk.now)


def leave_and_come(walk: Walk, bruno: Actor) -> None:
    shifts.hand_over(walk.session, bruno, "mots de releve", walk.now)
    left = walk.session.exec(select(HandOver.id).where(col(HandOver.confirmed_at).is_(None))).one()
    shifts.confirm(walk.session, Actor("Salima", Role.SUPERVISOR), left, walk.now)


def lose_and_replace(walk: Walk) -> None:
    """Her handset is lost, its replacement handed over."""
    second = walk.order("+33639980022")
    stock.report_incident(
        walk.session, walk.officer("Greta"), walk.handset, IncidentKind.LOST, "mots de perte",
        walk.now, replacement=second,
    )  # fmt: skip
    walk.handset = second
    walk.provision()
    for step in (walk.press, walk.test, walk.hand_over):
        walk.world.wait(minutes=1)
        step()


def renew(walk: Walk) -> None:
    walk.world.wait(days=170)
    signed = deciding.renew(walk.session, walk.officer("Camille"), walk.id, MOTIF, walk.now)
    assert not isinstance(signed, deciding.NotYet)


def give_back(walk: Walk) -> None:
    walk.withdraw()
    walk.world.wait(minutes=1)
    given = returning.take_back(
        walk.session, walk.officer("Greta"), walk.id, "mots de temoin", walk.now
    )
    assert not isinstance(given, NotYet)


def gone_for_good(walk: Walk) -> None:
    """Lost and never found: the file is settled without the handset."""
    stock.report_incident(
        walk.session, walk.officer("Greta"), walk.handset, IncidentKind.LOST, "mots de perte",
        walk.now,
    )  # fmt: skip
    walk.withdraw()
    settled = returning.settle(walk.session, walk.officer("Greta"), walk.id, MOTIF, walk.now)
    assert not isinstance(settled, NotYet)


def refuse(walk: Walk) -> None:
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, HER_SHEET, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "mots de suivi", walk.now)
    said = MOTIF + " Refused against the advice, for it rests on nothing that was shown."
    signed = deciding.decide(
        walk.session, walk.officer("Camille"), walk.id, DecisionKind.REFUSE, said, walk.now
    )
    assert isinstance(signed, Decision), signed


def withdraw_before(walk: Walk) -> None:
    """Withdrawn while the handset was only being prepared."""
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, HER_SHEET, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "mots de suivi", walk.now)
    walk.grant()
    walk.consent()
    walk.withdraw()


def expire(walk: Walk) -> None:
    walk.live_until((walk.now + timedelta(days=200)).date())
    assert walk.file().state == "expired"
    given = returning.take_back(
        walk.session, walk.officer("Greta"), walk.id, "mots de temoin", walk.now
    )
    assert not isinstance(given, NotYet)


ENDS: dict[str, list[Callable[[Walk], None]]] = {
    "returned": [plant_grant, press_and_close, give_back],
    "renewed and returned": [plant_grant, press_and_close, renew, give_back],
    "replaced and returned": [plant_grant, press_and_close, lose_and_replace, give_back],
    "expired and returned": [plant_grant, press_and_close, expire],
    "settled without the handset": [plant_grant, press_and_close, gone_for_good],
    "withdrawn before the hand-over": [withdraw_before],
    "refused": [refuse],
}


def somebody_else(walk: Walk) -> None:
    """Bella's handset by the shortcut, her press with a position, closed today: she stays."""
    bella = walk.world.give("Bella", number="+33639980009")
    walk.world.hear(walk.world.press(bella, position=HERE | {"lat": 48.1, "lon": 2.9}))
    alert = next(a for a in walk.world.alerts() if a.state != "closed" and a.lane == "real").id
    bruno = Actor("Bruno", Role.OPERATOR)
    acts.take(walk.session, bruno, alert, walk.now)
    acts.note(walk.session, bruno, alert, "Bella se tait.", walk.now)


def staff(walk: Walk) -> None:
    accounts.make_account(walk.session, "Salima", Role.SUPERVISOR, "no hash", walk.now)


def walked(walk: Walk, end: str) -> Walk:
    staff(walk)
    plant_referral(walk)
    for step in ENDS[end]:
        walk.world.wait(minutes=1)
        step(walk)
    return walk


def to_the_day(walk: Walk) -> None:
    """The moment at which the file is due."""
    purge_at = walk.file().purge_at
    assert purge_at is not None
    walk.world.now = purge_at


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
    assert places_of(s, "Ana FICTIVE") == {"protected_person.name"}
    assert walk.file().state == "closed"
    assert s.exec(select(SheetCopy.erased_at)).all() == [None, None, None]
    holding.confirm_erased(s, walk.officer("Greta"), walk.id, walk.now)
    s.expire_all()
    assert set(s.exec(select(SheetCopy.erased_at)).all()) == {walk.now}
    with pytest.raises(WrongState):
        holding.confirm_erased(s, walk.officer("Greta"), walk.id, walk.now)


def test_an_open_alert_a_running_allocation_and_a_procedure_hold_everything_back(walk: Walk):
    walked(walk, "returned")
    s, file_id = walk.session, walk.id
    to_the_day(walk)
    purge_held(walk, Obstacle.LEGAL_HOLD)
    alert = s.connection().execute(text("SELECT id FROM alert WHERE lane = 'real'")).scalar_one()
    reopen = "UPDATE alert SET state = :state, look_again_at = :at WHERE id = :id"
    s.connection().execute(text(reopen), {"state": "open", "at": walk.now, "id": alert})
    assert obstacles_of(walk) == (Obstacle.ALERT_OPEN,)
    s.connection().execute(text(reopen), {"state": "closed", "at": None, "id": alert})
    s.connection().execute(text("UPDATE allocation SET ended_at = NULL"))
    assert obstacles_of(walk) == (Obstacle.CARRIES,)
    s.connection().execute(text("UPDATE allocation SET ended_at = upper(period)"))
    assert [one.file for one, _ in purge(s, walk.now).files] == [file_id]


def purge_held(walk: Walk, why: Obstacle) -> None:
    s, camille = walk.session, walk.officer("Camille")
    with pytest.raises(NotAllowed):
        holding.hold(s, walk.officer("Greta"), walk.id, "procedure 26/1", walk.now)
    holding.hold(s, camille, walk.id, "procedure 26/1", walk.now)
    with pytest.raises(WrongState):
        holding.hold(s, camille, walk.id, "procedure 26/2", walk.now)
    before = {words: places_of(s, words, walk.world.keys) for words in PLANTED}
    assert obstacles_of(walk) == (why,)
    assert {words: places_of(s, words, walk.world.keys) for words in PLANTED} == before
    assert {"alert_position.lon", "sighting.raw_sealed"} <= before["2.20711"]
    holding.end_hold(s, camille, walk.id, walk.now)
    with pytest.raises(WrongState):
        holding.end_hold(s, camille, walk.id, walk.now)


def obstacles_of(walk: Walk) -> tuple[Obstacle, ...]:
    said = purge(walk.session, walk.now)
    assert said.files == ()
    (one,) = said.waiting
    return one.obstacles


def test_a_person_with_another_file_keeps_what_that_file_needs(walk: Walk):
    """Her first file is erased while the second runs: it keeps her name, consents and sheet."""
    walked(walk, "returned")
    s, first, handset = walk.session, walk.id, walk.handset
    person = walk.file().person
    walk.wipe()
    walk.prove()
    walk.restock()
    walk.world.wait(days=100)
    again = referring.refer(
        s, walk.officer("Camille"), NANTERRE, "", "Il est revenu.", walk.now, person=person
    )
    walk.file_id, walk.handset = again.id, handset
    referring.entrust(s, walk.officer("Camille"), walk.id, LEAD, walk.now)
    walk.open()
    walk.find()
    plant_grant(walk)
    press_and_close(walk, ring="Elle est en lieu sur.")
    second = s.get(CaseFile, first)
    assert second is not None
    walk.world.now = second.purge_at
    erased = purge(s, walk.now)
    assert [(one.file, one.stage) for one, _ in erased.files] == [(first, Stage.FILE)]
    assert places_of(s, "mots de signalement") == places_of(s, "mots de note") == set()
    assert places_of(s, "Elle est en lieu sur.") == {"note.words"}
    assert "protected_person.name" in places_of(s, "Ana FICTIVE")
    assert places_of(s, "17 rue des Mots-Semes") == {"case_sheet.sheet", "protected_person.places"}
    assert files.last_consent(s, person, ConsentScope.DEVICE) is not None
    assert walk.file().state == "active"
    give_back(walk)
    to_the_day(walk)
    assert [one.file for one, _ in purge(s, walk.now).files] == [walk.id]
    assert {w: places_of(s, w, walk.world.keys) for w in PLANTED} == {w: set() for w in PLANTED}


def test_a_file_of_the_shortcut_is_forgotten_as_well(walk: Walk):
    bella = walk.world.give("Bella", number="+33639980009")
    inventory.set_state(walk.session, bella.handset, HandsetState.RETURNED, walk.now)
    walk.world.wait(days=200)
    assert [one.stage for one, _ in purge(walk.session, walk.now).files] == [Stage.FILE]
    assert places_of(walk.session, "Bella FICTIVE") == set()


def test_a_purged_file_is_an_empty_shell_that_nobody_acts_on(walk: Walk):
    walked(walk, "returned")
    to_the_day(walk)
    purge(walk.session, walk.now)
    for act in (walk.withdraw, walk.describe, walk.open, walk.find):
        with pytest.raises(WrongState):
            act()
    with pytest.raises(WrongState):
        holding.hold(walk.session, walk.officer("Camille"), walk.id, "procedure 26/1", walk.now)
    open_ones = select(Deadline).where(
        Deadline.case_file == walk.id, col(Deadline.settled_at).is_(None)
    )
    assert walk.session.exec(open_ones).all() == []


def test_each_erasure_is_a_line_with_counts_and_without_words(walk: Walk):
    walked(walk, "returned")
    walk.world.wait(days=3, minutes=1)
    purge(walk.session, walk.now)
    to_the_day(walk)
    purge(walk.session, walk.now)
    lines = walk.session.exec(
        select(Journal).where(Journal.act == "DataPurged").order_by(col(Journal.seq))
    ).all()
    assert [line.detail["what"] for line in lines] == ["positions", "platform", "file"]
    assert lines[0].detail["rows"] == {"positions": 1, "messages": 2}
    assert lines[1].detail["rows"]["notes"] == 1
    counts = lines[2].detail["counts"]
    assert (counts["decisions"], counts["handsets"], counts["alerts"]) == (2, 1, 1)
    assert {type(n) for line in lines for n in line.detail["rows"].values()} == {int}


def test_a_person_who_is_forgotten_is_not_known_any_more(walk: Walk):
    walked(walk, "returned")
    person = walk.file().person
    to_the_day(walk)
    purge(walk.session, walk.now)
    with pytest.raises(NotThere):
        referring.refer(
            walk.session, walk.officer("Camille"), NANTERRE, "", "Il revient.", walk.now,
            person=person,
        )  # fmt: skip


def test_who_opens_a_file_at_the_moment_of_forgetting_waits_and_no_file_has_an_empty_name(
    walk: Walk, engine: Engine
):
    walked(walk, "returned")
    person, now = walk.file().person, walk.file().purge_at
    walk.world.now = now
    walk.session.commit()

    def refer(session: Session) -> None:
        camille = officer(session, "Camille", Role.PROSECUTOR, now)
        referring.refer(session, camille, NANTERRE, "", "Il revient.", now, person=person)

    with ThreadPoolExecutor(1) as other, Session(engine) as first:
        refer(first)  # her second file, not committed yet
        erased = other.submit(purge_in_one, engine, now)
        waits_for_a_lock(engine)
        first.commit()
        assert [one.stage for one, _ in erased.result(20).files] == [Stage.FILE]
    assert places_of(walk.session, "mots de signalement") == set()
    assert places_of(walk.session, "Ana FICTIVE") == {"protected_person.name"}


def purge_in_one(engine: Engine, now: datetime) -> Erased:
    with transaction(engine) as session:
        return purge(session, now)


def waits_for_a_lock(engine: Engine) -> None:
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND wait_event_type = 'Lock'")  # fmt: skip
    for _ in range(400):
        with engine.connect() as connection:
            if connection.execute(asked).scalar_one():
                return
        time.sleep(0.025)
    raise AssertionError("the purge did not wait")
