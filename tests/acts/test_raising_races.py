"""Two gateways hear the same handset at the same moment: one alert, one trigger, nothing lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine

from gateway.heard import Form, Heard
from gateway.intake import take_in
from tests.acts.dispatching import BRUNO, rows
from tests.world import World
from tgd.alerts import acts
from tgd.database import transaction
from tgd.errors import SomebodyWasFaster
from tgd.rules.alert import Outcome, Verified
from tgd.seal import Keys

ROUNDS = 20


def at_once(*acts_: Callable[[], object]) -> list[object]:
    """All of them, as near to the same moment as threads can."""
    gate = threading.Barrier(len(acts_))

    def one(act: Callable[[], object]) -> object:
        gate.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts_)) as pool:
        return [f.result(30) for f in [pool.submit(one, act) for act in acts_]]


def gateway(engine: Engine, keys: Keys, now: datetime, *batch: Heard) -> Callable[[], int]:
    def take() -> int:
        with transaction(engine) as session:
            return len(take_in(session, batch, now, keys))

    return take


@pytest.mark.parametrize("copies", [1, 2, 3, 4, 5])
def test_the_same_press_at_two_gateways_is_one_alert(
    world: World, engine: Engine, copies: int
) -> None:
    ana = world.give("Ana")
    world.session.commit()
    for number in range(ROUNDS):
        heard = [world.press(ana, trigger=f"t{number}", counter=number) for _ in range(copies)]
        same = [world.press(ana, trigger=f"t{number}", counter=number) for _ in range(copies)]
        at_once(
            gateway(engine, world.keys, world.now, *heard),
            gateway(engine, world.keys, world.now, *same),
        )
    assert rows(engine, "SELECT count(*), max(presses) FROM alert") == [(1, ROUNDS)]
    assert rows(engine, "SELECT count(*) FROM alert_trigger") == [(ROUNDS,)]
    assert rows(engine, "SELECT count(*) FROM sighting") == [(2 * copies * ROUNDS,)]


def test_presses_and_positions_of_two_people_never_wait_for_each_other_in_a_ring(
    world: World, engine: Engine
) -> None:
    ana, bea = world.give("Ana"), world.give("Bea", number="+33639980002")
    world.hear(world.press(ana), world.press(bea))
    world.session.commit()
    where = b'{"position": {"lat": 48.8, "lon": 2.2}}'
    for _ in range(ROUNDS):
        at_once(
            gateway(engine, world.keys, world.now, world.press(ana),
                    world.mqtt(bea.handset, where, form=Form.POSITION)),
            gateway(engine, world.keys, world.now, world.press(bea),
                    world.mqtt(ana.handset, where, form=Form.POSITION)),
        )  # fmt: skip
    assert rows(engine, "SELECT DISTINCT presses FROM alert") == [(ROUNDS + 1,)]


def test_a_press_while_it_is_being_closed_joins_it_before_or_opens_a_new_one(
    world: World, engine: Engine
) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana))
    world.session.commit()
    for number in range(ROUNDS):
        (alert,) = [a.id for a in world.alerts() if a.state != "closed"]
        acts.take(world.session, BRUNO, alert, world.now)
        acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
        world.session.commit()
        world.wait(seconds=1)

        def close(alert: object = alert) -> None:
            try:
                with transaction(engine) as session:
                    acts.close(session, BRUNO, alert, Outcome.ACCIDENTAL, "pressed in a bag",
                               world.now)  # type: ignore[arg-type]  # fmt: skip
            except SomebodyWasFaster:
                pass

        at_once(close, gateway(engine, world.keys, world.now, world.press(ana)))
        triggers = rows(engine, "SELECT count(*) FROM alert_trigger")
        assert triggers == [(number + 2,)]
        assert [a for a in world.alerts() if a.state != "closed"], "a press was closed unseen"


def test_what_a_stranger_counted_in_her_name_never_swallows_her_press(world: World) -> None:
    ana = world.give("Ana")
    forged = ana.signed_sms(world.keys)[:-3] + "AAA"
    world.hear(world.sms(ana.number, forged))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, "nothing happened", world.now)
    world.wait(minutes=5)
    ana.counter -= 1
    world.hear(world.sms(ana.number, ana.signed_sms(world.keys)))
    assert [a.state for a in world.alerts()] == ["closed", "open"]


def test_nor_one_that_carries_an_id(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.mqtt(ana.handset, b'{"kind": "press", "counter": 1}', verified=False))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, "nothing happened", world.now)
    world.wait(minutes=5)
    world.hear(world.press(ana))
    assert [(a.state, a.trust) for a in world.alerts()][1:] == [("open", "verified")]
