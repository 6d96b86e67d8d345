"""What humans do with an alert: one winner, an end with reasons, and four eyes where it is due."""

import pytest

from tests.acts.dispatching import BERTA, BRUNO, CAMILLE, SONIA, acts_of
from tests.world import World
from tgd.alerts import acts
from tgd.errors import NotAllowed, SomebodyWasFaster, WrongState
from tgd.rules.alert import Outcome, Verified

WHY = "pressed in a bag"


def test_one_winner_and_only_a_supervisor_takes_over(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    with pytest.raises(NotAllowed):
        acts.take(world.session, CAMILLE, alert, world.now)
    assert acts.take(world.session, BRUNO, alert, world.now).owner == "bruno"
    with pytest.raises(SomebodyWasFaster):
        acts.take(world.session, BERTA, alert, world.now)
    assert acts.take(world.session, SONIA, alert, world.now).owner == "sonia"
    assert acts_of(world.session, alert).count("AlertAcknowledged") == 2


def test_two_operators_get_two_alerts(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    one = acts.take_next(world.session, BRUNO, world.now)
    other = acts.take_next(world.session, BERTA, world.now)
    assert one is not None
    assert other is not None
    assert one.id != other.id
    assert acts.take_next(world.session, SONIA, world.now) is None


def test_what_is_closed_is_taken_by_nobody_not_even_its_owner(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    closed = acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert closed.state == "closed"
    for actor in (BRUNO, SONIA):
        with pytest.raises(WrongState):
            acts.take(world.session, actor, alert, world.now)


def test_a_voice_heard_before_the_newest_press_lets_nobody_close_alone(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    world.wait(seconds=30)
    world.hear(world.press(ana))
    proposed = acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert (proposed.state, proposed.proposed_by) == ("verified", "bruno")
    world.hear(world.press(ana))
    with pytest.raises(WrongState):
        acts.countersign(world.session, SONIA, alert, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert acts.countersign(world.session, SONIA, alert, world.now).state == "closed"
