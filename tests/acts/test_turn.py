"""A turn of dispatch on a real record: leases, fences, and nothing lost when a worker dies."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text
from sqlmodel import Session

from dispatch.telling import Later, Received, Refused, Sent
from dispatch.turn import Answered, claim, free_dead, write_answers
from tests.acts.dispatching import (
    BRUNO,
    POLICY,
    acts_of,
    alert_now,
    answer,
    deliveries,
    named,
    rows,
    turn,
)
from tests.world import World
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.rules.alert import Outcome
from tgd.rules.delivery import DeliveryState


def pressed(world: World, name: str = "Ana", **said: object) -> None:
    number = f"+3363998{len(world.alerts()) + 1:04d}"
    world.hear(world.press(world.give(name, number=number), **said))
    world.session.commit()


def hold(connection: Connection, worker: str) -> None:
    """What a living worker's listener does for as long as it lives."""
    connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:w, 7468))"), {"w": worker})
    connection.commit()


def test_a_press_is_told_to_the_platform_and_then_looked_at_again(world: World) -> None:
    pressed(world)
    (told,) = turn(world.session, world.now)
    assert (told.destination, told.attempt, told.telling.topic) == ("platform", 1, "opened")
    assert told.telling.key == f"{world.only_alert().id}:opened:0:platform"
    assert turn(world.session, world.now) == []
    look = world.only_alert().look_again_at
    assert look is not None
    assert world.now < look <= world.now + timedelta(seconds=10)


def test_what_is_told_has_her_number_and_place_only_when_she_is_proven(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, verified=False))
    (told,) = turn(world.session, world.now)
    assert (told.telling.handset_number, told.telling.person) == (None, None)
    assert (told.telling.places, told.telling.handset) == ((), ana.handset)
    world.hear(world.press(ana))
    answer(world.session, world.now, told)
    world.wait(seconds=3)
    (told,) = turn(world.session, world.now)
    assert told.telling.topic == "updated"
    assert told.telling.handset_number == ana.number


def test_a_zombies_answer_changes_nothing(world: World) -> None:
    pressed(world)
    (told,) = turn(world.session, world.now, "first")
    world.wait(seconds=11)
    (again,) = turn(world.session, world.now, "second")
    assert (again.delivery, again.attempt) == (told.delivery, 2)
    assert again.token > told.token
    assert answer(world.session, world.now, told, said=Refused("no")) == 0
    (one,) = deliveries(world.session).values()
    assert (one.state, one.lease_owner) == ("pending", "second")
    assert answer(world.session, world.now, again) == 1
    assert answer(world.session, world.now, told, said=Later("late")) == 0
    (one,) = deliveries(world.session).values()
    assert one.state == "received"


def test_the_key_is_the_same_on_each_attempt(world: World) -> None:
    pressed(world)
    keys = set()
    for attempt in range(1, 8):
        (told,) = [c for c in turn(world.session, world.now) if c.destination == "platform"]
        assert told.attempt == attempt
        keys.add(told.telling.key)
        answer(world.session, world.now, told, said=Later("connect"))
        world.wait(seconds=6.1)
    assert len(keys) == 1


def test_two_dispatchers_never_claim_the_same(world: World, engine: Engine) -> None:
    for name in ("Ana", "Bea", "Clea", "Dea"):
        pressed(world, name)
    with Session(engine) as first, Session(engine) as second:
        mine = claim(first, POLICY, world.now, "w1", limit=2)
        theirs = claim(second, POLICY, world.now, "w2", limit=10)
        nothing = claim(world.session, POLICY, world.now, "w3")
        second.commit()
        first.commit()
    assert (len(mine), len(theirs), nothing) == (2, 2, [])
    assert len({c.telling.key for c in [*mine, *theirs]}) == 4


def test_many_dispatchers_at_once_tell_each_thing_once(world: World, engine: Engine) -> None:
    for number in range(12):
        pressed(world, f"P{number:02d}")

    def work(worker: str) -> list[str]:
        keys = []
        for _ in range(8):
            with Session(engine) as session:
                keys += [c.telling.key for c in claim(session, POLICY, world.now, worker, limit=3)]
                session.commit()
        return keys

    with ThreadPoolExecutor(4) as pool:
        told = [key for keys in pool.map(work, ["w1", "w2", "w3", "w4"]) for key in keys]
    assert len(told) == len(set(told)) == 12


def test_a_worker_that_dies_before_its_commit_has_claimed_nothing(
    world: World, engine: Engine
) -> None:
    pressed(world)
    with Session(engine) as dying:
        assert len(claim(dying, POLICY, world.now, "dying")) == 1
        dying.rollback()
    assert len(turn(world.session, world.now, "living")) == 1


def test_what_a_dead_worker_claimed_is_told_again_when_the_lease_ends(world: World) -> None:
    pressed(world)
    (lost,) = turn(world.session, world.now, "dying")
    world.wait(seconds=9)
    assert turn(world.session, world.now, "living") == []
    world.wait(seconds=2)
    (told,) = turn(world.session, world.now, "living")
    assert (told.telling.key, told.attempt) == (lost.telling.key, 2)


def test_a_dead_workers_lease_is_given_back_at_once_and_a_living_ones_is_not(
    world: World, engine: Engine
) -> None:
    pressed(world)
    with engine.connect() as dying:
        hold(dying, "dying")
        (lost,) = turn(world.session, world.now, "dying")
        assert free_dead(world.session, world.now, "living") == 0
        world.session.commit()
        dying.execute(text("SELECT pg_advisory_unlock_all()"))
        dying.commit()
    assert free_dead(world.session, world.now, "living") == 1
    world.session.commit()
    (told,) = turn(world.session, world.now, "living")
    assert told.telling.key == lost.telling.key
    assert answer(world.session, world.now, lost) == 0


def test_a_worker_never_takes_itself_for_dead(world: World) -> None:
    pressed(world)
    turn(world.session, world.now, "me")
    assert free_dead(world.session, world.now, "me") == 0


def test_told_and_then_dead_before_the_answer_was_written_is_told_again(world: World) -> None:
    pressed(world)
    (told,) = turn(world.session, world.now, "dying")
    write_answers(world.session, [Answered(told, Received("ok"))], world.now)
    world.session.rollback()
    world.wait(seconds=11)
    (again,) = turn(world.session, world.now, "living")
    assert again.telling.key == told.telling.key


def test_sent_is_not_delivered_and_is_told_again_when_nobody_acknowledges(world: World) -> None:
    pressed(world)
    (told,) = turn(world.session, world.now)
    answer(world.session, world.now, told, said=Sent(acknowledge_within_s=15))
    world.wait(seconds=14)
    assert turn(world.session, world.now) == []
    world.wait(seconds=2)
    (again,) = turn(world.session, world.now)
    assert (again.telling.key, again.attempt) == (told.telling.key, 2)


def test_a_refusal_is_tried_again_slowly_and_does_not_hold_the_next_step(world: World) -> None:
    pressed(world)
    (told,) = turn(world.session, world.now)
    answer(world.session, world.now, told, said=Refused("status_403"))
    world.wait(seconds=20)
    assert named(turn(world.session, world.now)) == ["duty:opened", "other-platform:opened"]
    world.wait(seconds=10)
    assert "platform:opened" in named(turn(world.session, world.now))


def platform_is_away(world: World) -> list[str]:
    """One turn: the platform does not answer, whoever else is told does."""
    told = turn(world.session, world.now)
    for one in told:
        away = one.destination == "platform"
        answer(world.session, world.now, one, said=Later("timeout") if away else Received("ok"))
    return [name for name in named(told) if name.startswith("platform")]


def test_what_is_closed_is_told_each_minute_to_a_platform_that_is_away(world: World) -> None:
    """Each five seconds while somebody may wait for it; then it makes room for what is new."""
    pressed(world)
    alert = world.alerts()[0].id
    for _ in range(6):
        assert platform_is_away(world) == ["platform:opened"]
        world.wait(seconds=7)
    acts.take(world.session, BRUNO, alert, world.now)
    acts.arrive(world.session, Actor("room"), alert, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.MADE_SAFE, "La patrouille l’a vue.", world.now)
    world.session.commit()
    assert "platform:opened" in platform_is_away(world)
    world.wait(seconds=7)
    assert "platform:opened" not in platform_is_away(world)
    world.wait(seconds=65)
    assert "platform:opened" in platform_is_away(world), "never given up"


def test_real_before_test(world: World) -> None:
    pressed(world, "Ana", kind="test")
    world.wait(seconds=5)
    pressed(world, "Bea")
    told = claim(world.session, POLICY, world.now, "w1", limit=1)
    assert [c.telling.lane for c in told] == ["real"]


def test_an_idle_owner_lapses_in_the_turn_and_it_rings_again(world: World) -> None:
    pressed(world)
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    (told,) = turn(world.session, world.now)
    answer(world.session, world.now, told)
    world.wait(seconds=60)
    assert turn(world.session, world.now) == []
    now = alert_now(world.session, alert)
    assert (now.state, now.owner, now.waits) == ("open", None, 1)
    assert "OwnershipLapsed" in acts_of(world.session, alert)
    world.wait(seconds=20)
    assert named(turn(world.session, world.now)) == ["duty:opened", "other-platform:opened"]


def test_taken_withdraws_what_was_to_ring(world: World) -> None:
    pressed(world)
    world.wait(seconds=20)
    told = turn(world.session, world.now)
    acts.take(world.session, BRUNO, world.only_alert().id, world.now)
    assert turn(world.session, world.now) == []
    states = {name: d.state for name, d in deliveries(world.session).items()}
    assert states["duty:opened"] == DeliveryState.WITHDRAWN
    duty = next(c for c in told if c.destination == "duty")
    assert answer(world.session, world.now, duty) == 0


@pytest.mark.parametrize("long", ["x" * 500, "é" * 200])
def test_a_talkative_peer_costs_nobody_an_answer(world: World, long: str) -> None:
    pressed(world)
    world.wait(seconds=20)
    told = turn(world.session, world.now)
    assert len(told) == 3
    said = [Answered(c, Received(said=long, reference=long)) for c in told]
    assert write_answers(world.session, said, world.now) == 3


def test_a_settled_delivery_holds_no_lease(world: World, engine: Engine) -> None:
    pressed(world)
    (told,) = turn(world.session, world.now)
    answer(world.session, world.now, told)
    assert rows(engine, "SELECT lease_owner, lease_until FROM delivery") == [(None, None)]
