"""A wrong clock hides no alert from the dispatchers: what is written too far ahead is due now."""

from datetime import timedelta

import pytest

from tests.acts.dispatching import named, turn
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
