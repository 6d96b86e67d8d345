"""Clocks that step, and hosts that do not agree: never late, at worst early."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.routing import plan
from dispatch.telling import Topic
from tests.rules.night_of_plans import EXAMPLE, HUMANS, OPENED, Night, opened
from tgd.rules.alert import AlertState

STEPS = [timedelta(hours=h) for h in (-26, -2, 2, 26)]


@pytest.mark.parametrize("ahead", STEPS, ids=str)
def test_a_gateway_whose_clock_is_wrong_delays_no_human(ahead: timedelta) -> None:
    """It wrote the opening; the dispatcher's clock is right."""
    night = Night(opened(opened_at=OPENED + ahead, waiting_since=OPENED + ahead))
    night.until(90)
    assert night.rung() >= HUMANS


def test_a_gateway_whose_clock_is_a_little_ahead_changes_nothing() -> None:
    """The steps count from our own first telling."""
    ahead = timedelta(seconds=50)
    night = Night(opened(opened_at=OPENED + ahead, waiting_since=OPENED + ahead))
    night.until(90)
    assert 40 <= (night.first_s("supervisor") or 0) <= 42
    assert 60 <= (night.first_s("control-room-92") or 0) <= 62


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_of_the_dispatchers_clock_delays_no_human(step: timedelta) -> None:
    """Thirty seconds after the press; everybody outside is rung at the next look or on time."""
    night = Night()
    night.until(30)
    night.now += step
    made = plan(night.alert, list(night.deliveries.values()), EXAMPLE, night.now)
    assert {tell.destination for tell in made.tell} >= {"supervisor", "control-room-92"}


def test_a_small_difference_of_clocks_rings_nobody_early() -> None:
    """Three seconds, as hosts without a time server may have."""
    apart = timedelta(seconds=3)
    night = Night(opened(opened_at=OPENED + apart, waiting_since=OPENED + apart))
    night.until(30)
    assert night.rung() & HUMANS == set()


@pytest.mark.parametrize("step", [s for s in STEPS if s < timedelta()], ids=str)
def test_a_step_back_keeps_no_sleeping_owner(step: timedelta) -> None:
    night = Night()
    night.taken()
    assert plan(night.alert, [], EXAMPLE, night.now + step).lapse


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_end_is_told_once_whatever_the_clock_says(step: timedelta) -> None:
    """Of a dispatcher a day ahead it ended yesterday: they are told, and told again if need be."""
    night = Night(deaf=frozenset({"platform"}))
    night.until(2)
    night.deaf = frozenset()
    night.until(10)
    night.taken()
    night.closed()
    night.deaf = frozenset({"platform"})
    night.now += step
    night.look()
    (one,) = [d for d in night.deliveries.values()
              if d.destination == "platform" and d.topic is Topic.CLOSED]  # fmt: skip
    assert one.attempts == 1
    assert night.look().withdraw == ()


@pytest.mark.parametrize("step", [s for s in STEPS if s < timedelta()], ids=str)
def test_a_step_back_lets_no_retry_wait(step: timedelta) -> None:
    night = Night(deaf=frozenset({"platform"}))
    night.look()
    made = plan(night.alert, list(night.deliveries.values()), EXAMPLE, night.now + step)
    assert [key.rpartition(":")[2] for key in made.again] == ["platform"]


def test_what_was_taken_a_moment_ago_by_another_clock_does_not_lapse() -> None:
    night = Night()
    night.taken()
    ahead = replace(night.alert, acted_at=OPENED + timedelta(seconds=5), state=AlertState.TAKEN)
    assert not plan(ahead, [], EXAMPLE, OPENED).lapse
