"""The word of duress is never refused: not in a test, not while somebody else closes."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.heard import Form
from tests.acts.dispatching import BERTA, BRUNO, CAMILLE, SONIA, acts_of, named, rows, turn
from tests.acts.test_raising_races import at_once
from tests.world import HERE, World
from tgd.alerts import acts, duress
from tgd.database import transaction
from tgd.errors import NotAllowed, Refusal, SomebodyWasFaster, WrongState
from tgd.records import Alert
from tgd.rules.alert import Outcome, Verified

WHY = "elle dit que tout va bien"


def a_test_of_ana(world: World, **said: Any) -> Alert:
    """Ana presses a test, and Bruno has it."""
    ana = world.give("Ana")
    world.hear(world.press(ana, kind="test", **said))
    alert = world.only_alert()
    assert alert.lane == "test"
    acts.take(world.session, BRUNO, alert.id, world.now)
    return alert


def by_lane(world: World) -> dict[str, Alert]:
    return {alert.lane: alert for alert in world.alerts()}


def test_in_a_test_it_opens_a_real_alert_that_everybody_is_told_of(world: World) -> None:
    test = a_test_of_ana(world)
    assert named(turn(world.session, world.now)) == ["platform:opened"]
    world.wait(seconds=5)
    duress.hear_duress(world.session, BRUNO, test.id, world.now)
    real = by_lane(world)["real"]
    assert (real.owner, real.state, real.verified) == (BRUNO.name, "requested", "danger")
    assert real.labels == ["duress"]
    assert (by_lane(world)["test"].state, by_lane(world)["test"].outcome) == ("closed", "test")
    assert [position.lat for position in world.positions(real.id)] == [HERE["lat"]]
    assert {t.alert for t in world.triggers()} == {real.id}
    told = turn(world.session, world.now)
    real_told = [one for one in told if one.telling.alert == str(real.id)]
    assert named(real_told) == ["platform:opened", "room:requested"]
    assert {one.telling.lane for one in real_told} == {"real"}
    assert "AlertBecameReal" in acts_of(world.session, test.id)
    assert "AlertOpened" in acts_of(world.session, real.id)


def test_beside_a_real_alert_of_somebody_else_it_reaches_that_one(world: World) -> None:
    test = a_test_of_ana(world)
    ana = world.give("Bea", number="+33639980002")
    world.hear(world.press(ana, kind="test"))
    world.hear(world.press(ana))
    bea_test, bea_real = world.alerts()[1:]
    acts.take(world.session, BRUNO, bea_test.id, world.now)
    acts.take(world.session, BERTA, bea_real.id, world.now)
    duress.hear_duress(world.session, BRUNO, bea_test.id, world.now)
    world.session.expire_all()
    assert (bea_real.owner, bea_real.labels) == (BERTA.name, ["duress"])
    assert bea_real.requested_at == world.now
    assert bea_test.state == "closed"
    assert test.state == "taken", "another person's test goes on"


def test_beside_a_real_alert_of_nobody_bruno_has_it_then(world: World) -> None:
    test = a_test_of_ana(world)
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    real = world.alerts()[1]
    real.source, real.handset = test.source, test.handset
    world.session.flush()
    duress.hear_duress(world.session, BRUNO, test.id, world.now)
    world.session.expire_all()
    assert (real.owner, real.state) == (BRUNO.name, "requested")


def test_the_next_press_joins_the_alert_that_became_real(world: World) -> None:
    test = a_test_of_ana(world)
    real = duress.make_real(world.session, SONIA, test.id, world.now)
    assert (real.owner, real.state) == (BRUNO.name, "taken")
    handset = test.handset
    again = world.give("Bea", number="+33639980002")
    again.handset, again.counter = str(handset), 5
    world.hear(world.press(again))
    assert [a.presses for a in world.alerts() if a.lane == "real"] == [2]


def test_who_may_not_take_alerts_makes_none_real_and_a_closed_one_stays_so(world: World) -> None:
    test = a_test_of_ana(world)
    with pytest.raises(NotAllowed):
        duress.make_real(world.session, CAMILLE, test.id, world.now)
    acts.close(world.session, BRUNO, test.id, Outcome.TEST, "reçu par MQTT, 3 s", world.now)
    with pytest.raises(WrongState, match="closed already"):
        duress.make_real(world.session, BRUNO, test.id, world.now)
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    with pytest.raises(WrongState, match="real already"):
        duress.make_real(world.session, BRUNO, world.alerts()[1].id, world.now)


def test_a_closing_that_was_proposed_before_is_proposed_no_more(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert()
    acts.take(world.session, BRUNO, alert.id, world.now)
    acts.verify(world.session, BRUNO, alert.id, Verified.SILENT, world.now)
    acts.close(world.session, BRUNO, alert.id, Outcome.ACCIDENTAL, WHY, world.now)
    assert world.only_alert().proposed_by == BRUNO.name
    duress.hear_duress(world.session, BRUNO, alert.id, world.now)
    with pytest.raises(WrongState, match="proposed"):
        acts.countersign(world.session, SONIA, alert.id, world.now)
    assert world.only_alert().state == "requested"


def proven(act: Callable[[], Any]) -> str:
    """`done`, or the kind of the refusal."""
    try:
        act()
    except Refusal as refusal:
        return type(refusal).__name__
    return "done"


def in_one(engine: Engine, act: Callable[[Any], Any]) -> Callable[[], str]:
    def once() -> Any:
        with transaction(engine) as session:
            return act(session)

    return lambda: proven(once)


@pytest.mark.parametrize("turn_", range(10))
def test_one_hears_duress_while_the_other_countersigns_the_closing(
    world: World, engine: Engine, turn_: int
) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    world.session.commit()
    heard, closed = at_once(
        in_one(engine, lambda s: duress.hear_duress(s, BRUNO, alert, world.now)),
        in_one(engine, lambda s: acts.countersign(s, SONIA, alert, world.now)),
    )
    ((state, labels, requested),) = rows(
        engine, "SELECT state, labels, requested_at IS NOT NULL FROM alert"
    )
    lost = {SomebodyWasFaster.__name__, WrongState.__name__}
    if heard == "done":
        assert closed in lost
        assert (state, labels, requested) == ("requested", ["duress"], True)
    else:
        assert (heard in lost, closed, state) == (True, "done", "closed")


@pytest.mark.parametrize("turn_", range(10))
def test_one_hears_duress_in_a_test_while_she_presses_for_real(
    world: World, engine: Engine, turn_: int
) -> None:
    test = a_test_of_ana(world)
    carried = world.give("Bea", number="+33639980002")
    carried.handset, carried.counter = str(test.handset), 5
    press = world.press(carried)
    world.session.commit()

    def heard_by_gateway(session: Any) -> None:
        World(session, world.keys, world.now).hear(press)

    results = at_once(
        in_one(engine, lambda s: duress.hear_duress(s, BRUNO, test.id, world.now)),
        in_one(engine, heard_by_gateway),
    )
    assert results[1] == "done"
    found = rows(engine, "SELECT lane, state, requested_at IS NOT NULL FROM alert ORDER BY lane")
    assert results[0] == "done"
    assert found == [("real", "requested", True), ("test", "closed", False)]


@pytest.mark.parametrize("first", ["press", "test"])
def test_a_test_beside_a_real_alert_takes_no_position_from_it(world: World, first: str) -> None:
    ana = world.give("Ana")
    for kind in (first, "press" if first == "test" else "test"):
        world.hear(world.press(ana, kind=kind, position=None))
        world.wait(seconds=1)
    where = b'{"position": {"lat": 48.8, "lon": 2.2, "radius_m": 9, "method": "gnss"}}'
    world.hear(world.mqtt(ana.handset, where, form=Form.POSITION))
    assert len(world.positions(by_lane(world)["real"].id)) == 1
    assert world.positions(by_lane(world)["test"].id) == []
