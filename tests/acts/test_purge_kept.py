"""What keeps a file from being forgotten, what another file needs, and what is left of one."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from tests.acts.planted import PLANTED, give_back, plant_grant, press_and_close, to_the_day, walked
from tests.acts.remembered import places_of
from tests.walking import LEAD, NANTERRE, Walk
from tests.world import World
from tgd import inventory
from tgd.allocation import holding, referring
from tgd.allocation.acting import NotThere, officer
from tgd.database import transaction
from tgd.errors import NotAllowed, WrongState
from tgd.purge import Erased, purge
from tgd.records import CaseFile, Consent, Deadline, Journal
from tgd.rules.access import Role
from tgd.rules.forgetting import Obstacle, Stage
from tgd.rules.handset import ConsentScope, HandsetState


@pytest.fixture
def walk(world: World) -> Walk:
    return Walk(world).settle_in()


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
    device = select(Consent).where(Consent.person == person, Consent.scope == ConsentScope.DEVICE)
    assert s.exec(device).first() is not None
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
