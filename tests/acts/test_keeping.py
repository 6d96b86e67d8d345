"""A prosecutor keeps the traces of one alert beyond their day: eight days, or for a procedure."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from tests.acts.planted import (
    give_back,
    plant_grant,
    plant_referral,
    press_and_close,
    staff,
    to_the_day,
)
from tests.acts.remembered import places_of
from tests.walking import EXAMPLE, NANTERRE, Walk
from tests.world import World
from tgd.allocation import delegating, holding, keeping
from tgd.allocation.acting import NotThere
from tgd.database import transaction
from tgd.errors import Incomplete, NotAllowed, RecordAway, WrongState
from tgd.purge import purge
from tgd.records import KeptLonger
from tgd.rules.forgetting import Keeping, Obstacle, Stage
from tgd.store import calls

WHY = "mots d'autorisation"
POSITIONS, PROCEDURE = Keeping.POSITIONS, Keeping.PROCEDURE


@pytest.fixture
def walk(world: World) -> Walk:
    """Ana carries her handset; her alert of a moment ago is closed."""
    walk = Walk(world).settle_in()
    staff(walk)
    plant_referral(walk)
    plant_grant(walk)
    press_and_close(walk)
    return walk


def alert_of(walk: Walk) -> UUID:
    return next(a.id for a in walk.world.alerts() if a.lane == "real")


def keep(walk: Walk, what: Keeping, why: str = WHY, by: str = "Camille") -> None:
    keeping.keep(walk.session, walk.officer(by), alert_of(walk), what, why, walk.now)


def let_go(walk: Walk, what: Keeping) -> None:
    keeping.let_go(walk.session, walk.officer("Camille"), alert_of(walk), what, walk.now)


def where_she_was(walk: Walk) -> set[str]:
    return places_of(walk.session, "2.20711", walk.world.keys)


BOTH = {"alert_position.lon", "sighting.raw_sealed"}


def test_positions_are_kept_eight_days_by_camille_and_not_a_moment_longer(walk: Walk) -> None:
    keep(walk, POSITIONS)
    walk.world.wait(days=7, hours=23)
    assert purge(walk.session, walk.now).positions == 0
    assert where_she_was(walk) == BOTH
    walk.world.wait(hours=2)
    erased = purge(walk.session, walk.now)
    assert (erased.positions, erased.messages) == (1, 1)
    assert where_she_was(walk) == set()
    (line,) = walk.world.lines("PositionsKept")
    assert (line.who, line.alert) == ("Camille", alert_of(walk))
    assert WHY not in str(line.detail)


def test_what_camille_lets_go_is_erased_on_its_usual_day(walk: Walk) -> None:
    keep(walk, POSITIONS)
    walk.world.wait(days=4)
    purge(walk.session, walk.now)
    assert where_she_was(walk) == BOTH
    let_go(walk, POSITIONS)
    purge(walk.session, walk.now)
    assert where_she_was(walk) == set()
    with pytest.raises(WrongState, match="not kept longer"):
        let_go(walk, POSITIONS)
    assert [line.who for line in walk.world.lines("PositionsLetGo")] == ["Camille"]


def test_a_procedure_keeps_the_alert_and_her_file_until_camille_ends_it(walk: Walk) -> None:
    keep(walk, PROCEDURE, "procedure 26/1")
    give_back(walk)
    to_the_day(walk)
    said = purge(walk.session, walk.now)
    assert [one.obstacles for one in said.waiting] == [(Obstacle.LEGAL_HOLD,)]
    assert where_she_was(walk) == BOTH
    assert places_of(walk.session, "mots de note") == {"note.words"}
    let_go(walk, PROCEDURE)
    assert [one.stage for one, _ in purge(walk.session, walk.now).files] == [Stage.FILE]
    for words in ("2.20711", "mots de note", "procedure 26/1"):
        assert places_of(walk.session, words, walk.world.keys) == set(), words


def test_why_it_was_kept_is_forgotten_with_the_file(walk: Walk) -> None:
    keep(walk, POSITIONS)
    give_back(walk)
    walk.world.wait(days=3, minutes=1)
    assert [one.stage for one, _ in purge(walk.session, walk.now).files] == [Stage.PLATFORM]
    assert where_she_was(walk) == BOTH, "the authorisation outlives what the platform had"
    to_the_day(walk)
    purge(walk.session, walk.now)
    assert places_of(walk.session, WHY) == set()


@pytest.mark.parametrize("what", Keeping)
def test_it_needs_a_prosecutor_of_her_court_and_a_reason(walk: Walk, what: Keeping) -> None:
    for name in ("Greta", "Bruno", "Lea", "Sofia"):
        with pytest.raises(NotAllowed):
            keep(walk, what, by=name)
    with pytest.raises(NotAllowed, match="Another court"):
        keep(walk, what, by="Paul")
    with pytest.raises(Incomplete):
        keep(walk, what, " \n\x00")
    with pytest.raises(NotThere):
        keeping.keep(walk.session, walk.officer("Camille"), uuid4(), what, WHY, walk.now)
    keep(walk, what)
    with pytest.raises(WrongState, match="already"):
        keep(walk, what)
    with pytest.raises(NotAllowed, match="Another court"):
        keeping.let_go(walk.session, walk.officer("Paul"), alert_of(walk), what, walk.now)


def test_on_call_paul_keeps_the_positions_of_a_weekend_and_no_more(walk: Walk) -> None:
    delegating.delegate(
        walk.session, walk.officer("Camille"), "Paul", NANTERRE, walk.now,
        walk.now + timedelta(days=2), walk.now,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        keep(walk, PROCEDURE, by="Paul")
    keep(walk, POSITIONS, by="Paul")
    assert EXAMPLE in walk.officer("Paul").reach.courts


def test_what_is_gone_cannot_be_kept(walk: Walk) -> None:
    walk.world.wait(days=3, minutes=1)
    purge(walk.session, walk.now)
    for what in Keeping:
        with pytest.raises(WrongState, match="any more"):
            keep(walk, what)
    assert places_of(walk.session, WHY) == set()


def test_the_alert_of_a_stranger_is_kept_by_any_prosecutor(walk: Walk) -> None:
    walk.world.hear(walk.world.sms("+33639980066", "aidez moi pres du canal"))
    stranger = walk.world.alerts()[-1]
    end = ("UPDATE alert SET state = 'closed', outcome = 'other', reason = '', closed_by = 'Bruno',"
           " closed_at = opened_at, look_again_at = NULL WHERE id = :id")  # fmt: skip
    walk.session.connection().execute(text(end), {"id": stranger.id})
    paul = walk.officer("Paul")
    keeping.keep(walk.session, paul, stranger.id, POSITIONS, WHY, walk.now)
    walk.world.wait(days=7)
    purge(walk.session, walk.now)
    assert places_of(walk.session, "pres du canal", walk.world.keys) == {"sighting.raw_sealed"}
    walk.world.wait(days=1, minutes=1)
    purge(walk.session, walk.now)
    assert places_of(walk.session, "pres du canal", walk.world.keys) == set()


def recorded(walk: Walk, erase_at: datetime) -> UUID:
    """A call about Ana's alert was recorded."""
    found = uuid4()
    row = {"call": uuid4(), "id": found, "alert": alert_of(walk), "now": walk.now, "at": erase_at}
    for statement in (
        "INSERT INTO conversation (id, alert, wanted_by, wanted_at, listen_only, ended_at)"
        " VALUES (:call, :alert, 'Bruno', :now, false, :now)",
        "INSERT INTO recording (id, alert, conversation, reference, duration_s, kept_at, erase_at)"
        " VALUES (:id, :alert, :call, 'RE1', 12, :now, :at)",
    ):
        walk.session.connection().execute(text(statement), row)
    return found


def to_erase(walk: Walk) -> list[UUID]:
    return [one.id for one in calls.recordings_to_erase(walk.session, walk.now, 9)]


def test_a_recording_waits_for_the_end_of_the_procedure(walk: Walk) -> None:
    sound = recorded(walk, walk.now + timedelta(days=180))
    walk.world.wait(days=100)
    purge(walk.session, walk.now)
    keep(walk, PROCEDURE, "procedure 26/1")
    walk.world.wait(days=81)
    assert to_erase(walk) == []
    assert not calls.is_to_erase(walk.session, walk.now, sound)
    let_go(walk, PROCEDURE)
    assert to_erase(walk) == [sound]
    assert calls.is_to_erase(walk.session, walk.now, sound)


def test_a_procedure_that_holds_her_file_holds_its_recordings_and_eight_days_do_not(
    walk: Walk,
) -> None:
    sound = recorded(walk, walk.now + timedelta(days=1))
    keep(walk, POSITIONS)
    camille = walk.officer("Camille")
    holding.hold(walk.session, camille, walk.id, "procedure 26/1", walk.now)
    walk.world.wait(days=2)
    assert to_erase(walk) == []
    holding.end_hold(walk.session, camille, walk.id, walk.now)
    assert to_erase(walk) == [sound]


def test_an_act_at_the_moment_of_forgetting_waits_for_it_and_says_what_is_left(
    walk: Walk, engine: Engine
) -> None:
    walk.world.wait(days=3, minutes=1)
    walk.session.commit()
    with Session(engine) as turn:
        purge(turn, walk.now)
        with pytest.raises(RecordAway, match="55P03"):
            keep_at_once(walk, engine)
        turn.commit()
    with pytest.raises(WrongState, match="any more"):
        keep(walk, POSITIONS)
    assert walk.session.exec(select(KeptLonger)).all() == []


def keep_at_once(walk: Walk, engine: Engine) -> None:
    """Or give up."""
    with transaction(engine) as session:
        session.connection().execute(text("SET LOCAL lock_timeout = '200ms'"))
        keeping.keep(session, walk.officer("Camille"), alert_of(walk), POSITIONS, WHY, walk.now)
