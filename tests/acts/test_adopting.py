"""What was told from the spool becomes the record's own: same keys, same alert, nothing new."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from dispatch.adopting import adopt
from dispatch.blind_facts import BlindAlert, BlindDelivery
from dispatch.hearing import hear_answer
from dispatch.turn import claim
from gateway.heard import Heard
from tests.acts.dispatching import BRUNO, POLICY, acts_of, deliveries, named, rows, said, turn
from tests.world import World
from tgd.alerts import acts
from tgd.rules.alert import Outcome, Verified
from tgd.rules.delivery import DeliveryState


def spooled(heard: Heard, alert: UUID) -> Heard:
    """The same message, out of the spool."""
    return replace(heard, alert=alert, spooled=True)


def told(
    world: World, alert: UUID, state: DeliveryState = DeliveryState.RECEIVED, name: str = "platform"
) -> BlindAlert:
    """Dispatch told this while the record was away."""
    key = f"{alert}:opened:0:{name}"
    delivery = BlindDelivery(key, name, 0, state, 1, world.now, None, "received", "INC-1")
    return BlindAlert(alert, None, "mqtt", "press", world.now).told(delivery)


def test_the_press_opens_the_very_alert_that_was_told(world: World) -> None:
    name = uuid4()
    world.hear(spooled(world.press(world.give()), name))
    found = adopt(world.session, {name: told(world, name)}, world.now)
    assert (found.done, found.faults) == ({name}, [])
    assert world.only_alert().id == name
    assert turn(world.session, world.now) == [], "the platform has it: nothing is told as new"
    world.wait(seconds=3)
    (rest,) = turn(world.session, world.now)
    assert (rest.telling.topic, rest.telling.merges) == ("updated", ())
    assert rest.telling.person, "what could not be said from the spool is said now"
    assert "DeliveryToldBlind" in acts_of(world.session, name)


def test_a_second_adoption_changes_nothing(world: World) -> None:
    name = uuid4()
    world.hear(spooled(world.press(world.give()), name))
    adopt(world.session, {name: told(world, name)}, world.now)
    before = world.only_alert().updates
    adopt(world.session, {name: told(world, name)}, world.now)
    assert world.only_alert().updates == before
    assert acts_of(world.session, name).count("DeliveryToldBlind") == 1


def test_what_is_not_drained_yet_waits(world: World) -> None:
    name = uuid4()
    assert adopt(world.session, {name: told(world, name)}, world.now).done == set()


def test_what_was_being_told_is_told_again_under_its_key(world: World) -> None:
    name = uuid4()
    world.hear(spooled(world.press(world.give()), name))
    adopt(world.session, {name: told(world, name, DeliveryState.PENDING)}, world.now)
    (again,) = turn(world.session, world.now)
    assert (again.telling.key, again.attempt) == (f"{name}:opened:0:platform", 2)


def test_a_press_of_an_open_alert_is_named_as_the_same(world: World) -> None:
    ana, name = world.give(), uuid4()
    world.hear(world.press(ana))
    alert = world.only_alert().id
    world.hear(spooled(world.press(ana), name))
    blind = told(world, name).told(
        BlindDelivery(f"{name}:opened:0:duty", "duty", 1, DeliveryState.SENT, 1, world.now, None)
    )
    assert adopt(world.session, {name: blind}, world.now).done == {name}
    world.wait(seconds=3)
    claimed = turn(world.session, world.now)
    assert {c.telling.merges for c in claimed} == {(str(name),)}
    assert {c.telling.alert for c in claimed} == {str(alert)}
    states = {d.key: d.state for d in deliveries(world.session).values()}
    assert states[f"{name}:opened:0:duty"] == "withdrawn", "the open alert rings by itself"


def test_who_took_it_under_the_other_name_has_taken_the_alert(world: World) -> None:
    ana, name = world.give(), uuid4()
    world.hear(world.press(ana))
    world.hear(spooled(world.press(ana), name))
    adopt(world.session, {name: told(world, name)}, world.now)
    heard = said(f"{name}:opened:0:platform", "taken", by="agent-7")
    hear_answer(world.session, "platform", "webhook", heard, world.now)
    assert world.only_alert().owner == "platform/agent-7"


def test_the_end_is_told_also_when_it_came_before_the_adoption(world: World) -> None:
    name = uuid4()
    world.hear(spooled(world.press(world.give()), name))
    acts.take(world.session, BRUNO, name, world.now)
    acts.verify(world.session, BRUNO, name, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, name, Outcome.ACCIDENTAL, "Erreur de manipulation", world.now)
    adopt(world.session, {name: told(world, name)}, world.now)
    assert named(turn(world.session, world.now)) == ["platform:closed"]


def test_a_name_that_became_another_alert_opens_none_later(world: World) -> None:
    """Her first press joined, its keys went there, that alert was closed: the next press of the
    same outage cannot be told under keys that another alert has."""
    ana, name = world.give(), uuid4()
    world.hear(world.press(ana))
    first = world.only_alert().id
    world.hear(spooled(world.press(ana), name))
    adopt(world.session, {name: told(world, name)}, world.now)
    acts.take(world.session, BRUNO, first, world.now)
    acts.verify(world.session, BRUNO, first, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, first, Outcome.ACCIDENTAL, "Erreur de manipulation", world.now)
    world.hear(spooled(world.press(ana), name))
    _, second = world.alerts()
    assert second.id != name
    claimed = [c for c in turn(world.session, world.now) if c.telling.alert == str(second.id)]
    assert named(claimed) == ["platform:opened"]


def test_a_closed_alert_never_gets_a_second_press_under_its_id(world: World) -> None:
    ana, name = world.give(), uuid4()
    world.hear(spooled(world.press(ana), name))
    acts.take(world.session, BRUNO, name, world.now)
    acts.verify(world.session, BRUNO, name, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, name, Outcome.ACCIDENTAL, "Erreur de manipulation", world.now)
    world.hear(spooled(world.press(ana), name))
    first, second = world.alerts()
    assert (first.id, first.state) == (name, "closed")
    assert (second.id != name, second.state) == (True, "open")


def test_a_commit_that_was_cut_off_is_the_alert_that_was_told(world: World) -> None:
    """The same message is on record under another id: what was told is merged into it."""
    ana, name = world.give(), uuid4()
    press = world.press(ana)
    world.hear(press)
    world.hear(spooled(press, name))
    assert adopt(world.session, {name: told(world, name)}, world.now).done == {name}
    (merge,) = rows(world.session.get_bind(), "SELECT count(*) FROM alert_merge")  # type: ignore[arg-type]
    assert world.only_alert().presses == 1
    assert merge == (0,), "not yet committed: only this session sees it"


def test_an_alert_that_is_being_told_from_the_spool_waits_for_the_end_of_it(world: World) -> None:
    name = uuid4()
    world.hear(spooled(world.press(world.give()), name))
    assert claim(world.session, POLICY, world.now, "w1", busy={name}) == []
    world.wait(seconds=1)
    assert len(claim(world.session, POLICY, world.now, "w1")) == 1


@pytest.mark.parametrize("broken", ["x" * 200, "\x00"])
def test_one_that_no_table_takes_holds_no_other(
    world: World, session: Session, broken: str
) -> None:
    ana, bella = uuid4(), uuid4()
    world.hear(spooled(world.press(world.give("Ana")), ana))
    world.hear(spooled(world.press(world.give("Bella", number="+33639980002")), bella))
    wrong = BlindDelivery(broken, "platform", 0, DeliveryState.SENT, 1, world.now, None)
    both = {ana: told(world, ana).told(wrong), bella: told(world, bella)}
    found = adopt(session, both, world.now)
    assert [fault.what for fault in found.faults] == ["adoption_failed"]
    world.wait(seconds=3)
    keys = {c.telling.key for c in turn(session, world.now)}
    assert keys == {f"{ana}:opened:0:platform", f"{bella}:updated:1:platform"}


def test_a_turn_takes_over_only_so_many_and_plans_no_other_of_them(world: World) -> None:
    first, second = sorted([uuid4(), uuid4()])
    for name, number, alert in (("Ana", 1, first), ("Bella", 2, second)):
        carried = world.give(name, number=f"+3363998000{number}")
        world.hear(spooled(world.press(carried), alert))
    both = {first: told(world, first), second: told(world, second)}
    found = adopt(world.session, both, world.now, most=1)
    assert found.done == {second}, "the newest"
    busy = both.keys() - found.done
    assert claim(world.session, POLICY, world.now, "w1", busy=busy) == []
    assert adopt(world.session, {first: both[first]}, world.now).done == {first}
    world.wait(seconds=3)
    topics = [c.telling.topic for c in claim(world.session, POLICY, world.now, "w1")]
    assert topics == ["updated", "updated"]
