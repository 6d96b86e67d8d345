"""Canaries on a real record: kept like any press, told to nobody; no other press becomes one."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from dispatch.policy import read_policy
from dispatch.turn import claim
from tests import evidence, promises
from tests.acts.dispatching import turn
from tests.evidence import Evidence
from tests.walking import Walk
from tests.world import Carried, World
from tgd import ids, inventory
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.allocation import stock
from tgd.errors import Refusal, WrongState
from tgd.inventory import NotThere, Overlaps
from tgd.rules.access import Role
from tgd.rules.handset import HandsetState
from tgd.rules.trigger import TriggerKind
from tgd.store import auditing, canaries
from tgd.store import console as pages

BRUNO = Actor("bruno", Role.OPERATOR)


def lanes(world: World) -> list[tuple[str, str, int]]:
    return sorted((a.lane, a.state, a.presses) for a in world.alerts())


def judge(world: World) -> Evidence:
    """The safety checker, on what the record holds now."""
    world.session.commit()
    ask = world.session.connection().execute
    laid = Evidence(now=world.now, **evidence.ask(lambda q: list(ask(text(q)))), ledgers={})
    promises.keep_safe(laid)
    return laid


def test_an_hour_of_canaries_is_sixty_presses_on_record_and_nothing_to_do(world: World) -> None:
    """Each is heard, kept and counted; nobody is told, nothing is open, no page shows it."""
    canary = world.canary()
    for _ in range(60):
        receipts = world.hear(world.press(canary))
        assert [r.state for r in receipts] == ["received"]
        world.wait(seconds=60)
    assert lanes(world) == [("canary", "closed", 60)]
    assert len(world.triggers()) == len(world.sightings()) == 60
    assert turn(world.session, world.now) == []
    assert judge(world).deliveries == []
    since = world.now - timedelta(days=1)
    assert pages.live_rows(world.session, since, [world.only_alert().id]) == []
    assert pages.closed_rows(world.session, 10) == []
    assert auditing.seen(world.session, world.now).alerts == ()


def test_also_a_policy_that_tells_everybody_everything_tells_nobody_of_a_canary(
    world: World,
) -> None:
    policy = read_policy(
        """
        [[destination]]
        name = "platform"
        kind = "webhook"
        url = "https://platform.example/alerts"
        secret = "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ=="
        lane_test = true

        [[step]]
        after_s = 0
        until = "closed"
        tell = ["platform"]
        """
    )
    world.hear(*(world.press(world.canary(), kind=kind) for kind in TriggerKind))
    for _ in range(5):
        assert claim(world.session, policy, world.now, "w1") == []
        world.wait(minutes=10)
    assert {lane for lane, _, _ in lanes(world)} == {"canary"}
    judge(world)


def test_ana_who_presses_beside_the_canary_with_its_very_trigger_is_an_alert(world: World) -> None:
    """A canary's trigger id, counter and message take nothing away from hers, in either order."""
    ana, bella = world.give("Ana"), world.give("Bella", number="+33639980002")
    canary, trigger = world.canary(), uuid4().hex
    world.hear(world.press(ana, trigger=trigger))
    world.hear(world.press(canary, trigger=trigger), world.press(bella, trigger=trigger))
    assert lanes(world) == [("canary", "closed", 1), ("real", "open", 1), ("real", "open", 1)]
    assert sorted(c.destination for c in turn(world.session, world.now)) == ["platform"] * 2
    judge(world)


def test_dora_who_says_that_she_is_the_canary_is_heard(world: World) -> None:
    """Its name, its trigger, its number: without its secret that is a stranger who needs help."""
    canary = world.canary()
    real = world.press(canary)
    said = json.loads(real.raw)
    world.hear(real)
    world.hear(world.press(canary, trigger=said["trigger"], verified=False))
    dora = Carried(canary.handset, "+33639980077", "", canary.counter)
    world.hear(world.sms("+33639980077", dora.signed_sms(world.keys)[:-3] + "AAA"))
    world.hear(world.mqtt("stranger", b'{"kind": "canary", "lane": "canary", "canary": true}'))
    assert [lane for lane, _, _ in lanes(world)] == ["canary", "real", "real", "real"]
    assert len(turn(world.session, world.now)) == 3, "each of hers is told"
    (shown,) = [a for a in world.alerts() if a.lane == "canary"]
    assert shown.presses == 1, "and none of it passed for a canary"
    judge(world)


def test_the_same_canary_again_is_no_second_one(world: World) -> None:
    """A copy of an old message does not keep a dead channel alive."""
    canary = world.canary()
    first = world.press(canary, trigger="once")
    world.hear(first)
    world.wait(minutes=5)
    world.hear(world.press(canary, trigger="once"), first)
    assert lanes(world) == [("canary", "closed", 1)]
    last = canaries.pressed_last(world.session, [canary.handset, "canaryunheard"])
    assert last == {canary.handset: world.now - timedelta(minutes=5)}


def test_a_signed_sms_of_a_canary_counts_and_an_unsigned_one_rings(world: World) -> None:
    canary = world.canary()
    world.hear(world.sms("+33639980999", canary.signed_sms(world.keys)))
    assert [lane for lane, _, _ in lanes(world)] == ["canary"]
    world.hear(world.sms("+33639980999", "canary"))
    assert [lane for lane, _, _ in lanes(world)] == ["canary", "real"]


def test_what_lay_in_a_spool_counts_from_the_moment_of_the_press(world: World) -> None:
    canary = world.canary()
    late = world.press(canary)
    world.wait(minutes=10)
    world.hear(world.mqtt(canary.handset, late.raw))
    pressed = canaries.pressed_last(world.session, [canary.handset])
    assert pressed == {canary.handset: late.received_at}


def test_nobody_can_be_given_a_canary(world: World) -> None:
    """Not by the command line, not by a court, not by who writes into the tables."""
    canary = world.canary().handset
    days = (world.now, world.now + timedelta(days=9))
    with pytest.raises(Overlaps, match="given to nobody"):
        inventory.give(world.session, canary, "Ana FICTIVE", [], days, world.now)
    world.session.rollback()
    canary = world.canary().handset
    with pytest.raises(WrongState, match="only be retired"):
        inventory.set_state(world.session, canary, HandsetState.IN_STOCK, world.now)
    walk = Walk(world).settle_in()
    with pytest.raises(NotThere):
        stock.transfer(world.session, walk.officer("Sofia"), canary, "nanterre", world.now)
    inventory.set_state(world.session, canary, HandsetState.RETIRED, world.now)
    assert not canaries.is_enrolled(world.session, canary)


@pytest.mark.parametrize("words", [
    "UPDATE handset SET is_canary = true WHERE id = :ana",
    "UPDATE handset SET is_canary = false WHERE id = :canary",
    "UPDATE handset SET state = 'issued' WHERE id = :canary",
    "UPDATE handset SET state = 'reserved' WHERE id = :canary",
    "UPDATE allocation SET handset = :canary WHERE handset = :ana",
    "UPDATE alert SET state = 'open', look_again_at = now() WHERE lane = 'canary'",
    "UPDATE alert SET look_again_at = now() WHERE lane = 'canary'",
    "UPDATE alert SET lane = 'canary' WHERE lane = 'real'",
    "UPDATE alert SET lane = 'canary', state = 'closed', look_again_at = NULL, person = NULL,"
    " outcome = 'test', closed_by = 'x', reason = 'x', closed_at = now() WHERE lane = 'real'",
    "UPDATE alert SET trust = 'unverified' WHERE lane = 'canary'",
])  # fmt: skip
def test_the_record_itself_refuses_a_canary_in_somebody_s_hands_and_an_open_one(
    world: World, words: str
) -> None:
    ana, canary = world.give("Ana"), world.canary()
    world.hear(world.press(ana), world.press(canary))
    world.session.commit()
    with pytest.raises(IntegrityError, match="canary"):
        world.session.connection().execute(
            text(words), {"ana": ana.handset, "canary": canary.handset}
        )
    world.session.rollback()


@pytest.mark.parametrize("act", [
    lambda session, alert, now: acts.take(session, BRUNO, alert, now),
    lambda session, alert, now: acts.request_intervention(session, BRUNO, alert, now),
    lambda session, alert, now: acts.acknowledge(session, Actor("room"), alert, now),
    lambda session, alert, now: acts.arrive(session, Actor("room"), alert, now),
])  # fmt: skip
def test_nobody_acts_on_a_canary(world: World, act: Callable[..., object]) -> None:
    world.hear(world.press(world.canary()))
    with pytest.raises(Refusal):
        act(world.session, world.only_alert().id, world.now)


def test_the_safety_checker_would_see_a_canary_that_somebody_was_told_of(
    world: World, session: Session
) -> None:
    world.hear(world.press(world.canary()))
    alert = world.only_alert().id
    judge(world)
    session.connection().execute(
        text(
            "INSERT INTO delivery (id, key, alert, destination, topic, round, state, attempts,"
            " lease_token, made_at) VALUES (:id, :key, :alert, 'room', 'opened', 0, 'pending', 0,"
            " 0, now())"
        ),
        {"id": ids.new(world.now), "key": f"{alert}:opened:0:room", "alert": alert},
    )
    with pytest.raises(AssertionError, match="told of the canary"):
        judge(world)
