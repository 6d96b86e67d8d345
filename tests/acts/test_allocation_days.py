"""The days that a decision stands on: Camille mistypes one, and nothing is signed."""

from datetime import date, timedelta

import pytest

from tests.acts.allocating import (
    decide,
    made_walk,  # noqa: F401  (a fixture)
)
from tests.walking import REASONS, Walk
from tgd.allocation import deciding, equipping, releasing
from tgd.allocation.acting import NotYet
from tgd.errors import Incomplete
from tgd.records import Decision
from tgd.rules.allocation import DecisionKind
from tgd.rules.guards import Missing

TODAY = date(2026, 11, 24)
"""Of the court: in Greenwich it is still the 23rd, an hour before midnight."""


@pytest.fixture
def today(walk: Walk) -> date:
    """The court's own day, which Greenwich has not reached yet."""
    walk.until("find")
    walk.world.wait(minutes=30)
    assert walk.now.date() < TODAY
    return TODAY


@pytest.mark.parametrize("days", [-1, -365, 32, 9 * 365])
def test_a_first_day_that_is_over_or_far_ahead_is_signed_by_nobody(
    walk: Walk, today: date, days: int
) -> None:
    with pytest.raises(Incomplete, match="within 31 days"):
        decide(walk, "Camille", DecisionKind.GRANT, begins_on=today + timedelta(days=days))
    assert (walk.file().state, walk.file().ends_at) == ("decision_pending", None)


@pytest.mark.parametrize("days", [0, 1, 31])
def test_today_and_the_month_after_it_are_signed(walk: Walk, today: date, days: int) -> None:
    begins_on = today + timedelta(days=days)
    signed = decide(walk, "Camille", DecisionKind.GRANT, begins_on=begins_on)
    assert isinstance(signed, Decision)
    assert walk.file().begins_on == begins_on


def test_nothing_is_handed_over_before_the_decision_has_begun(walk: Walk, today: date) -> None:
    """Greta has everything ready on the eve; she waits for midnight at the court."""
    decide(walk, "Camille", DecisionKind.GRANT, begins_on=today + timedelta(days=1))
    for step in (walk.reserve, walk.provision, walk.consent, walk.describe, walk.press, walk.test):
        walk.world.wait(minutes=1)
        step()
    greta = walk.officer("Greta")
    refused = equipping.hand_over(walk.session, greta, walk.id, walk.now)
    assert refused == NotYet((Missing.DECISION_BEGUN,))
    walk.world.wait(days=1)
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == ()
    walk.hand_over()


@pytest.mark.parametrize("days", [-1, -400])
def test_a_day_of_release_that_is_over_is_announced_by_nobody(walk: Walk, days: int) -> None:
    walk.until("hand_over")
    camille, over = walk.officer("Camille"), walk.now.date() + timedelta(days=days)
    with pytest.raises(Incomplete, match="his release is over"):
        releasing.expect_release(walk.session, camille, walk.id, over, walk.now)
    with pytest.raises(Incomplete, match="his release is over"):
        deciding.suspend(walk.session, camille, walk.id, over, REASONS, walk.now)
    assert (walk.file().state, walk.file().release_on) == ("active", None)
