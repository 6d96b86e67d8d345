"""A patrol sets out: known with its minutes, and nothing rests because of it."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.acts.dispatching import BRUNO, acts_of, alert_now
from tests.acts.test_hearing import everybody_is_told, hear
from tests.world import World
from tgd.alerts import acts
from tgd.rules.alert import Outcome, Verified


@pytest.fixture
def alert(world: World) -> UUID:
    """Ana has pressed, all destinations have been told, and Bruno has asked for the police."""
    world.hear(world.press(world.give("Ana")))
    everybody_is_told(world)
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.DANGER, world.now)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    return alert


def test_the_room_has_the_case_and_says_when_they_are_there(world: World, alert: UUID) -> None:
    hear(world, alert, "on_the_way", "cisu", by="nadia", minutes=7)
    seen = alert_now(world.session, alert)
    assert (seen.state, seen.owner) == ("acknowledged", "bruno")
    assert seen.on_the_way_at == world.now
    assert seen.expected_at == world.now + timedelta(minutes=7)
    assert acts_of(world.session, alert)[-1] == "PatrolOnTheWay"
    world.wait(minutes=5)
    hear(world, alert, "on_the_way", "cisu", by="nadia", id="later", minutes=9)
    assert alert_now(world.session, alert).expected_at == world.now + timedelta(minutes=9)
    hear(world, alert, "on_the_way", "cisu", by="nadia", id="unsure")
    assert alert_now(world.session, alert).expected_at is None


def test_nobody_closes_alone_because_a_patrol_drives(world: World, alert: UUID) -> None:
    hear(world, alert, "on_the_way", "cisu", by="nadia", minutes=1)
    closed = acts.close(
        world.session, BRUNO, alert, Outcome.ACCIDENTAL, "they drive there", world.now
    )
    assert (closed.state, closed.proposed_by) == ("acknowledged", "bruno")


def test_a_late_word_about_what_is_over_changes_nothing(world: World, alert: UUID) -> None:
    acts.arrive(world.session, BRUNO, alert, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.MADE_SAFE, "she is with them", world.now)
    hear(world, alert, "on_the_way", "cisu", by="nadia", minutes=1)
    assert alert_now(world.session, alert).on_the_way_at is None
