"""What dispatch remembers of the record: who waits goes on waiting, what is in hands rests."""

from datetime import timedelta

from dispatch.adopting import adopt
from dispatch.blind_facts import BlindAlert, BlindDelivery, delivery_facts, facts, telling
from dispatch.remembering import remember
from dispatch.routing import plan
from tests.acts.dispatching import BRUNO, POLICY, answer, deliveries, turn
from tests.world import World
from tgd.alerts import acts
from tgd.rules.alert import reference
from tgd.rules.delivery import DeliveryState

KINDS = {d.name: d.kind for d in POLICY.destinations}


def due(alert: BlindAlert, world: World, after_s: float) -> list[str]:
    """The keys that the plan tells anew, so long after now."""
    known = delivery_facts(alert.deliveries.values())
    now = world.now + timedelta(seconds=after_s)
    return [tell.key for tell in plan(facts(alert, KINDS), known, POLICY, now).tell]


def test_what_nobody_has_taken_goes_on_from_where_it_was(world: World) -> None:
    """Ana's alert was told to the platform; 20 s after the press the others are due."""
    world.hear(world.press(world.give()))
    name = world.only_alert().id
    answer(world.session, world.now, *turn(world.session, world.now))
    remembered = remember(world.session)
    ana = remembered.untaken[name]
    assert (due(ana, world, 0), ana.is_told) == ([], False)
    rest = [f"{name}:opened:0:{told}" for told in ("other-platform", "duty")]
    assert due(ana, world, 20) == rest
    assert telling(ana, rest[0], world.now).reference == reference(world.only_alert().number)
    assert remembered.in_hands == frozenset()


def test_an_alert_that_came_back_keeps_its_round(world: World) -> None:
    """Bruno gave it back: the keys of the second time, and not those of the first again."""
    world.hear(world.press(world.give()))
    name = world.only_alert().id
    answer(world.session, world.now, *turn(world.session, world.now))
    acts.take(world.session, BRUNO, name, world.now)
    acts.release(world.session, BRUNO, name, world.now)
    world.session.commit()
    keys = due(remember(world.session).untaken[name], world, 20)
    assert keys
    assert {key.rpartition(":")[0] for key in keys} == {f"{name}:opened:1"}


def test_what_somebody_has_is_left_to_them(world: World) -> None:
    world.hear(world.press(world.give()))
    name = world.only_alert().id
    acts.take(world.session, BRUNO, name, world.now)
    world.session.commit()
    remembered = remember(world.session)
    assert (remembered.untaken, remembered.in_hands) == ({}, frozenset({name}))


def test_tests_and_what_is_over_are_not_remembered(world: World) -> None:
    world.hear(world.press(world.give(), kind="test"))
    assert remember(world.session).untaken == {}


def test_the_record_learns_only_what_it_did_not_do_itself(world: World) -> None:
    """What was told meanwhile is its own afterwards; the platform's line stands as it was."""
    world.hear(world.press(world.give()))
    name = world.only_alert().id
    answer(world.session, world.now, *turn(world.session, world.now))
    before = deliveries(world.session)["platform:opened"]
    ana = remember(world.session).untaken[name]
    was = (before.state, before.attempts, before.made_at)
    told = ana.told(BlindDelivery(
        f"{name}:opened:0:duty", "duty", 1, DeliveryState.RECEIVED, 1, world.now, None
    ))  # fmt: skip
    assert told.is_told
    assert adopt(world.session, {name: told}, world.now).done == {name}
    world.session.commit()
    after = deliveries(world.session)
    assert set(after) == {"platform:opened", "duty:opened"}
    assert (
        after["platform:opened"].state,
        after["platform:opened"].attempts,
        after["platform:opened"].made_at,
    ) == was
