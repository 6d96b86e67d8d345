"""What comes again is not lost in what was done before: another press, another request."""

from datetime import timedelta
from uuid import UUID

import pytest

from dispatch.hearing import hear_answer
from tests.acts.dispatching import BRUNO, alert_now, answer, named, said, turn
from tests.world import Carried, World
from tgd.alerts import acts
from tgd.rules.alert import Verified


@pytest.fixture
def ana(world: World) -> Carried:
    carried = world.give("Ana")
    world.hear(world.press(carried))
    world.session.commit()
    return carried


def everybody(world: World, seconds: int, step: int = 10) -> list[str]:
    """Who is told what in that time, while all have what they are told."""
    told: list[str] = []
    for _ in range(seconds // step):
        now = turn(world.session, world.now)
        told += named(now)
        answer(world.session, world.now, *now)
        world.wait(seconds=step)
    return told


def bruno_asks(world: World) -> UUID:
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.DANGER, world.now)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    world.session.commit()
    return alert


def test_another_press_after_a_pause_is_seen_to_within_a_minute(world: World, ana: Carried) -> None:
    alert = bruno_asks(world)
    everybody(world, 600)
    assert alert_now(world.session, alert).owner == "bruno"
    world.hear(world.press(ana))
    world.session.commit()
    assert alert_now(world.session, alert).pressed_again_at == world.now
    told = everybody(world, 180)
    assert "duty:opened" in told
    assert alert_now(world.session, alert).waits == 1


def test_the_owner_who_does_something_about_it_keeps_it(world: World, ana: Carried) -> None:
    alert = bruno_asks(world)
    everybody(world, 600)
    world.hear(world.press(ana))
    world.wait(seconds=30)
    acts.note(world.session, BRUNO, alert, "Rappelée : il est devant la porte.", world.now)
    world.session.commit()
    assert "duty:opened" not in everybody(world, 180)
    assert alert_now(world.session, alert).owner == "bruno"


def test_a_button_that_is_stuck_is_not_another_cry_each_time(world: World, ana: Carried) -> None:
    alert = bruno_asks(world)
    for _ in range(40):
        world.wait(seconds=30)
        world.hear(world.press(ana))
    world.session.commit()
    now = alert_now(world.session, alert)
    assert (now.presses, now.pressed_again_at) == (41, None)


def test_several_presses_count_from_the_first_that_nobody_saw_to(
    world: World, ana: Carried
) -> None:
    alert = bruno_asks(world)
    world.wait(minutes=10)
    first = world.now
    for _ in range(3):
        world.hear(world.press(ana))
        world.wait(seconds=70)
    world.session.commit()
    assert alert_now(world.session, alert).pressed_again_at == first


def test_a_second_request_is_told_and_waits_for_an_answer_of_its_own(
    world: World, ana: Carried
) -> None:
    alert = bruno_asks(world)
    (first,) = [c for c in turn(world.session, world.now) if c.telling.topic == "requested"]
    answer(world.session, world.now, first)
    for state in ("received", "on_scene"):
        hear_answer(
            world.session, "room", "cisu", said(first.telling.key, state, id=state), world.now
        )
    world.session.commit()
    world.wait(minutes=20)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    world.session.commit()
    asked = [c for c in turn(world.session, world.now) if c.telling.topic == "requested"]
    assert [c.telling.key for c in asked] == [first.telling.key.replace(":0:", ":1:")]
    answer(world.session, world.now, *asked)
    late = said(first.telling.key, "received", id="of the first")
    hear_answer(world.session, "room", "cisu", late, world.now)
    assert alert_now(world.session, alert).acknowledged_at < world.now, "no answer to the second"
    world.wait(seconds=1)
    hear_answer(world.session, "room", "cisu", said(asked[0].telling.key, "received", id="2"),
                world.now)  # fmt: skip
    now = alert_now(world.session, alert)
    assert (now.acknowledged_at, now.requests) == (world.now, 2)
    world.wait(seconds=60)
    there = said(asked[0].telling.key, "on_scene", id="there again")
    hear_answer(world.session, "room", "cisu", there, world.now)
    assert world.now - alert_now(world.session, alert).on_scene_at < timedelta(seconds=1)
