"""Who decides for a court on call: by whom, from when to when, and what it does not carry."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from tests.walking import EXAMPLE, NANTERRE, REASONS, Walk
from tests.world import World
from tgd.allocation import courts, deciding, delegating, holding
from tgd.allocation.acting import NotThere
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.records import Clearance, Deadline, Journal
from tgd.rules.allocation import DecisionKind
from tgd.rules.delegation import LONGEST, Standing, fits, standing

SEVEN, EIGHT = datetime(2026, 11, 24, 19, 0), datetime(2026, 11, 25, 8, 0)
"""A night by the clock of Nanterre, the day after the story begins."""


@pytest.fixture
def walk(world: World) -> Walk:
    return Walk(world).settle_in().until("find")


def delegate(walk: Walk, by: str = "Camille", to: str = "Paul", court: str = NANTERRE,
             begins: datetime = SEVEN, ends: datetime = EIGHT) -> Clearance:  # fmt: skip
    return delegating.delegate(walk.session, walk.officer(by), to, court, begins, ends, walk.now)


def grant(walk: Walk, who: str) -> object:
    return deciding.decide(
        walk.session, walk.officer(who), walk.id, DecisionKind.GRANT, REASONS, walk.now
    )


def test_paul_decides_in_his_night_and_neither_before_nor_after(walk: Walk) -> None:
    given = delegate(walk)
    assert (given.given_by, given.account, given.kind) == ("Camille", "Paul", "on_call")
    for moment in (given.begins_at - timedelta(seconds=1), given.ends_at):
        walk.world.now = moment
        with pytest.raises(NotThere):
            grant(walk, "Paul")
    walk.world.now = given.ends_at - timedelta(seconds=1)
    signed = grant(walk, "Paul")
    assert isinstance(signed, deciding.Decision)
    assert (signed.by, signed.on_call) == ("Paul", True)


def test_the_hours_are_those_of_the_court_s_clock(walk: Walk) -> None:
    given = delegate(walk)
    assert given.begins_at.isoformat() == "2026-11-24T18:00:00+00:00"
    far = delegate(walk, by="Paul", to="Camille", court=EXAMPLE)  # La Réunion is at UTC+4
    assert far.begins_at.isoformat() == "2026-11-24T15:00:00+00:00"


def test_ended_by_camille_it_is_over_at_once(walk: Walk) -> None:
    given = delegate(walk)
    walk.world.now = given.begins_at + timedelta(hours=1)
    assert NANTERRE in walk.officer("Paul").reach.courts
    delegating.end_delegation(walk.session, walk.officer("Cyril"), given.id, walk.now)
    with pytest.raises(NotThere):
        grant(walk, "Paul")
    with pytest.raises(WrongState):
        delegating.end_delegation(walk.session, walk.officer("Camille"), given.id, walk.now)
    walk.session.refresh(given)
    assert (given.revoked_at, given.revoked_by) == (walk.now, "Cyril")
    lines = walk.session.exec(select(Journal).where(Journal.act.startswith("Delegation"))).all()
    assert [(line.who, line.act) for line in lines] == [
        ("Camille", "DelegationGiven"), ("Cyril", "DelegationEnded"),
    ]  # fmt: skip
    assert {line.detail["delegation"] for line in lines} == {str(given.id)}


def test_a_delegation_is_not_handed_on_and_holds_no_file(walk: Walk) -> None:
    walk.world.now = delegate(walk).begins_at
    paul = walk.officer("Paul")
    with pytest.raises(NotThere):
        delegate(walk, by="Paul", to="Cyril")
    with pytest.raises(NotThere):
        courts.clear(walk.session, paul, "Cyril", walk.now + LONGEST, walk.now, court=NANTERRE)
    with pytest.raises(NotAllowed):
        holding.hold(walk.session, paul, walk.id, "procedure 26/1", walk.now)


@pytest.mark.parametrize("who", ["Greta", "Lea", "Sofia", "Bruno"])
def test_only_a_prosecutor_of_the_court_delegates(walk: Walk, who: str) -> None:
    with pytest.raises(NotAllowed):
        delegate(walk, by=who)


@pytest.mark.parametrize(("to", "error"), [("Greta", Incomplete), ("Lea", Incomplete),
                                           ("nobody", Incomplete)])  # fmt: skip
def test_only_to_a_prosecutor(walk: Walk, to: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        delegate(walk, to=to)


def test_not_for_somebody_else_s_court(walk: Walk) -> None:
    with pytest.raises(NotThere):
        delegate(walk, court=EXAMPLE)
    with pytest.raises(NotThere):
        delegate(walk, court="TJ-NOWHERE")
    given = delegate(walk, by="Paul", to="Camille", court=EXAMPLE)
    for delegation in (given.id, uuid4()):
        with pytest.raises(NotThere):
            delegating.end_delegation(walk.session, walk.officer("Cyril"), delegation, walk.now)


def test_a_standing_clearance_is_not_ended_as_a_delegation(walk: Walk) -> None:
    standing_one = walk.session.exec(select(Clearance).where(Clearance.account == "Cyril")).one()
    with pytest.raises(NotThere):
        delegating.end_delegation(walk.session, walk.officer("Camille"), standing_one.id, walk.now)


def test_twice_the_same_hours_is_said(walk: Walk) -> None:
    given = delegate(walk)
    with pytest.raises(WrongState):
        delegate(walk, begins=SEVEN + timedelta(hours=2), ends=EIGHT + timedelta(hours=2))
    delegating.end_delegation(walk.session, walk.officer("Camille"), given.id, walk.now)
    delegate(walk)
    delegate(walk, begins=EIGHT, ends=EIGHT + timedelta(hours=4))


def test_nobody_is_reminded_of_the_end_of_a_night(walk: Walk) -> None:
    given = delegate(walk)
    assert walk.session.exec(select(Deadline).where(Deadline.clearance == given.id)).all() == []


@pytest.mark.parametrize(
    ("begin_h", "hours", "allowed"),
    [(0, 13, True), (-5, 13, True), (-20, 13, False), (0, 0, False), (5, -1, False),
     (0, 168, True), (0, 168.01, False)],
)  # fmt: skip
def test_which_periods_fit(world: World, begin_h: float, hours: float, allowed: bool) -> None:
    begins_at = world.now + timedelta(hours=begin_h)
    assert fits(begins_at, begins_at + timedelta(hours=hours), world.now) is allowed


def test_how_it_stands(world: World) -> None:
    now, hour = world.now, timedelta(hours=1)
    assert standing(now + hour, now + 2 * hour, None, now) is Standing.COMING
    assert standing(now, now + hour, None, now) is Standing.RUNNING
    assert standing(now - hour, now, None, now) is Standing.OVER
    assert standing(now - hour, now + hour, now, now) is Standing.ENDED
