"""A wrong clock hides no alert from the dispatchers: what is written too far ahead is due now."""

from datetime import timedelta

import pytest

from dispatch.telling import Sent
from tests.acts.dispatching import answer, named, turn
from tests.world import World


@pytest.mark.parametrize("hours", [3 / 3600, 50 / 3600, 2, 26])
def test_an_alert_of_a_gateway_whose_clock_is_ahead_is_told_at_once(
    world: World, hours: float
) -> None:
    dispatchers = world.now
    world.wait(hours=hours)
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    assert "platform:opened" in named(turn(world.session, dispatchers))


def test_an_alert_that_is_planned_is_looked_at_again_after_a_step_back(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    turn(world.session, world.now)
    assert turn(world.session, world.now + timedelta(seconds=1)) == []
    assert "duty:opened" in named(turn(world.session, world.now - timedelta(hours=2)))


@pytest.mark.xfail(
    reason="known, not mended: no pause holds between two clocks that differ (decision 0012)",
    strict=True,
    raises=AssertionError,
)
def test_two_dispatchers_whose_clocks_differ_ring_a_telephone_as_often_as_one(
    world: World,
) -> None:
    """The telephone of duty is not answered for a minute; the second dispatcher is two hours
    ahead. Alone, the first one rings it three times at most."""
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    rings = 0
    for _ in range(60):
        for worker, ahead in (("w1", timedelta(0)), ("w2", timedelta(hours=2))):
            now = world.now + ahead
            claimed = turn(world.session, now, worker)
            rings += sum(c.destination == "duty" for c in claimed)
            answer(world.session, now, *claimed, said=Sent(30))
        world.wait(seconds=1)
    assert rings <= 6
