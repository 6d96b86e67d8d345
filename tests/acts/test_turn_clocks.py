"""A wrong clock hides no alert from the dispatchers: what is written too far ahead is due now."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from dispatch.resting import LONGEST_S, Rests
from dispatch.telling import Answer, Later, Sent
from dispatch.turn import Answered, claim, pauses, write_answers
from tests.acts.dispatching import POLICY, named, turn
from tests.world import World
from tgd import clock


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


class Dispatcher:
    """One of two, on a host whose clock is so far ahead."""

    def __init__(self, session: Session, worker: str, ahead: timedelta) -> None:
        self._session, self._worker, self._ahead = session, worker, ahead
        self._rests = Rests()

    def turn(self, true: datetime, said: Answer) -> list[str]:
        """What the loop does: claim, tell, write the answer; gives whom it told."""
        now = true + self._ahead
        claimed = claim(self._session, POLICY, now, self._worker, resting=self._rests.still())
        self._rests.begin((c.delivery, 10.0) for c in claimed)
        answered = [Answered(one, said) for one in claimed]
        write_answers(self._session, answered, now)
        self._rests.begin(pauses(answered, now))
        self._session.commit()
        return [c.destination for c in claimed]


@pytest.mark.parametrize("hours", [2, -2, 26, 0.1])
def test_two_dispatchers_whose_clocks_differ_do_not_ring_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """The telephone of duty is not answered for a minute: one dispatcher rings it each 30 s."""
    steady = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: steady[0])
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    one = Dispatcher(world.session, "w1", timedelta(0))
    other = Dispatcher(world.session, "w2", timedelta(hours=hours))
    rung = 0
    for _ in range(120):
        for who in (one, other):
            rung += who.turn(world.now, Sent(30)).count("duty")
        world.wait(seconds=0.5)
        steady[0] += 0.5
    assert 2 <= rung <= 2 * (60 / LONGEST_S + 1)


@pytest.mark.parametrize("hours", [2, -2])
def test_what_rests_is_told_again_when_its_pause_is_over_and_not_later(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """The clock of the only dispatcher is set while the platform is away."""
    steady = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: steady[0])
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    only = Dispatcher(world.session, "w1", timedelta(0))
    assert "platform" in only.turn(world.now, Later("refused", 3.0))
    only._ahead = timedelta(hours=hours)
    steady[0] += 2
    assert "platform" not in only.turn(world.now + timedelta(seconds=2), Later("refused"))
    steady[0] += 3
    assert "platform" in only.turn(world.now + timedelta(seconds=5), Later("refused"))
