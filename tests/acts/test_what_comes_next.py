"""What the record says that comes next is what dispatch then does, and never something older."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.acts.dispatching import BRUNO, POLICY, alert_now, answer, deliveries, turn
from tests.world import World
from tgd.alerts import acts
from tgd.rules.alert import Outcome, Verified
from tgd.rules.coming import Coming, left, tones_of

DUTY = (("other-platform", "webhook"), ("duty", "voice"))


def pressed(world: World, **said: Any) -> Any:
    world.hear(world.press(world.give(), **said))
    world.session.commit()
    return world.only_alert().id


def said(world: World, alert: Any) -> Coming | None:
    """What a console would show now."""
    return left(alert_now(world.session, alert))


def test_ana_presses_and_each_step_is_announced_until_bruno_takes_it(world: World) -> None:
    alert = pressed(world)
    opened = world.now
    assert said(world, alert) is None, "nobody has planned it yet"
    answer(world.session, world.now, *turn(world.session, world.now))
    assert said(world, alert) == Coming(opened + timedelta(seconds=20), DUTY, tone=1)
    world.now = opened + timedelta(seconds=20)
    told = turn(world.session, world.now)
    assert {c.destination for c in told} == {name for name, _ in DUTY}
    assert said(world, alert) == Coming(opened + timedelta(seconds=40), tone=2)
    answer(world.session, world.now, *told)
    world.now = opened + timedelta(seconds=41)
    turn(world.session, world.now)
    room = (("room", "cisu"),)
    assert said(world, alert) == Coming(opened + timedelta(seconds=60), room, tone=3)
    acts.take(world.session, BRUNO, alert, world.now)
    world.session.commit()
    assert said(world, alert) is None, "what was planned for nobody is not shown to Bruno"
    turn(world.session, world.now)
    assert said(world, alert) == Coming(world.now + timedelta(seconds=60), lapse=True)


def test_an_act_puts_the_lapse_off_a_finding_ends_it_a_closing_ends_all(world: World) -> None:
    alert = pressed(world)
    acts.take(world.session, BRUNO, alert, world.now)
    answer(world.session, world.now, *turn(world.session, world.now))
    world.wait(seconds=30)
    acts.note(world.session, BRUNO, alert, "Elle parle bas.", world.now)
    turn(world.session, world.now)
    assert said(world, alert) == Coming(world.now + timedelta(seconds=60), lapse=True)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    turn(world.session, world.now)
    assert said(world, alert) is None
    acts.release(world.session, BRUNO, alert, world.now)
    turn(world.session, world.now)
    assert said(world, alert) == Coming(world.now + timedelta(seconds=20), DUTY, tone=1)
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, "Sac à main, dit-elle.", world.now)
    assert said(world, alert) is None
    turn(world.session, world.now)
    row = alert_now(world.session, alert)
    assert (row.next_at, row.next_step) == (None, None)


def test_a_lapse_is_announced_and_then_the_wait_begins_anew(world: World) -> None:
    alert = pressed(world)
    acts.take(world.session, BRUNO, alert, world.now)
    turn(world.session, world.now)
    world.wait(seconds=60)
    turn(world.session, world.now)
    row = alert_now(world.session, alert)
    assert (row.owner, left(row)) == (None, None)
    turn(world.session, world.now)
    assert said(world, alert) == Coming(world.now + timedelta(seconds=20), DUTY, tone=1)


def test_a_look_that_changes_nothing_writes_nothing_anew(world: World) -> None:
    alert = pressed(world)
    answer(world.session, world.now, *turn(world.session, world.now))
    turn(world.session, world.now)
    before = alert_now(world.session, alert).plans
    world.wait(seconds=5)
    world.session.execute(text("UPDATE alert SET look_again_at = :now"), {"now": world.now})
    assert turn(world.session, world.now) == []
    row = alert_now(world.session, alert)
    assert (row.plans, before) == (before, 1)
    assert row.look_again_at is not None
    assert row.look_again_at > world.now


def test_a_test_press_announces_no_tone_and_no_telephone(world: World) -> None:
    alert = pressed(world, kind="test")
    turn(world.session, world.now)
    assert said(world, alert) == Coming(
        world.now + timedelta(seconds=20), (("other-platform", "webhook"),)
    )


def test_a_dead_dispatcher_leaves_what_is_overdue_standing(world: World) -> None:
    """Nobody looks any more: what should have come is still what is shown, not nothing."""
    alert = pressed(world)
    turn(world.session, world.now)
    found = said(world, alert)
    world.wait(minutes=10)
    assert said(world, alert) == found
    assert len(deliveries(world.session)) == 1


def test_the_tones_are_those_of_the_policy_and_known_before_any_plan(world: World) -> None:
    alert = pressed(world)
    assert tones_of(alert_now(world.session, alert)) == (20, 40, 60)
    turn(world.session, world.now)
    assert tones_of(alert_now(world.session, alert)) == POLICY.console.tones_s
    assert alert_now(world.session, alert).tones_s == [20, 40, 60]


def test_the_record_takes_no_step_without_its_moment(world: World) -> None:
    pressed(world)
    with pytest.raises(IntegrityError, match="alert_next_step_has_a_moment"):
        world.session.execute(text("UPDATE alert SET next_step = '{}'"))
