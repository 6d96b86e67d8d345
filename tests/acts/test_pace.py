"""The times of a shift come from the record: waiting ones count, tests and yesterday do not."""

from datetime import timedelta

from tests.world import World
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.rules.access import Role
from tgd.rules.alert import Verified
from tgd.rules.walk import Step
from tgd.store import pace

BRUNO = Actor("Bruno", Role.OPERATOR)


def seconds(*numbers: int) -> list[timedelta]:
    return [timedelta(seconds=n) for n in numbers]


def test_each_step_is_measured_from_the_one_before(world: World) -> None:
    """Ten people press; Bruno takes the n-th after n seconds, and one waits until now."""
    assert pace.paces(world.session, world.now) == []
    carried = [world.give(f"P{n}", number=f"+3363998010{n}") for n in range(10)]
    began = world.now
    for n in range(1, 10):
        world.now = began
        world.hear(world.press(carried[n]))
        alert = world.alerts()[-1].id
        acts.take(world.session, BRUNO, alert, began + timedelta(seconds=n))
    verified = began + timedelta(seconds=40)
    acts.verify(world.session, BRUNO, alert, Verified.DANGER, verified)
    asked = verified + timedelta(seconds=5)
    acts.request_intervention(world.session, BRUNO, alert, asked)
    acts.acknowledge(world.session, Actor("room"), alert, asked + timedelta(seconds=7))
    acts.request_intervention(world.session, BRUNO, alert, asked + timedelta(seconds=20))
    world.now = began
    world.hear(world.press(carried[0]))
    world.hear(world.press(world.give("Test", number="+33639980120"), kind="test"))
    found = {one.step: one for one in pace.paces(world.session, began + timedelta(seconds=90))}
    assert list(found) == [Step.TAKEN, Step.VERIFIED, Step.REQUESTED]
    taken = found[Step.TAKEN]
    assert [taken.alerts, taken.half, taken.most] == [10, *seconds(5, 9)]
    assert [found[Step.VERIFIED].half, found[Step.REQUESTED].most] == seconds(31, 5)
    waits = pace.paces(world.session, began + timedelta(hours=1))[0]
    assert waits.most == timedelta(seconds=9), "one of ten waits an hour: the nine were quick"
    assert pace.paces(world.session, began + timedelta(hours=13)) == []


def test_only_what_began_lately_is_a_flood(world: World) -> None:
    for n in range(3):
        world.hear(world.press(world.give(f"P{n}", number=f"+3363998010{n}")))
        world.wait(minutes=4)
    assert pace.opened_lately(world.session, world.now) == 2
