"""Signs of life: presence, batteries and silence become technical items, never alerts."""

import hashlib
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway.formats.state_json import read
from gateway.telemetry import find_silent, find_untested, keep_states, note_connected
from tests.world import World
from tgd import technical
from tgd.alerts.acts import Actor
from tgd.rules.access import Role
from tgd.rules.trigger import StateReport


def report(world: World, handset: str, state: str = "online", **said: Any) -> None:
    """A handset says how it is."""
    keep_states(world.session, [(handset, StateReport(state, **said), world.now)], world.now)


def status(world: World, handset: str) -> Any:
    rows = world.session.connection().execute(
        text("SELECT * FROM handset_status WHERE handset = :h"), {"h": handset}
    )
    return rows.one()


def to_mend(world: World) -> list[tuple[str, str]]:
    rows = world.session.connection().execute(
        text("SELECT handset, kind FROM technical_item WHERE settled_at IS NULL ORDER BY kind")
    )
    return [(row.handset, row.kind) for row in rows]


def test_birth_and_will_tell_presence_and_what_is_missing_stays_known(world: World) -> None:
    ana = world.give("Ana")
    report(world, ana.handset, session=7, battery_pct=80, radio="4g", rssi_dbm=-90, version="1.2")
    world.wait(minutes=3)
    report(world, ana.handset, "lost", session=7)
    seen = status(world, ana.handset)
    assert (seen.state, seen.session, seen.battery_pct, seen.radio) == ("lost", 7, 80, "4g")
    assert (seen.version, seen.heard_at) == ("1.2", world.now)


def test_a_late_will_of_an_older_session_does_not_make_her_lost(world: World) -> None:
    ana = world.give("Ana")
    report(world, ana.handset, session=7)
    report(world, ana.handset, session=8)
    report(world, ana.handset, "lost", session=7)
    assert (status(world, ana.handset).state, status(world, ana.handset).session) == ("online", 8)


def test_a_handset_that_counts_its_sessions_anew_is_heard(world: World) -> None:
    ana = world.give("Ana")
    report(world, ana.handset, session=900, version="1.2")
    report(world, ana.handset, "lost", session=900)
    world.wait(hours=1)
    report(world, ana.handset, session=1, version="2.0")
    seen = status(world, ana.handset)
    assert (seen.state, seen.session, seen.version) == ("online", 1, "2.0")
    assert seen.heard_at == world.now
    report(world, ana.handset, "lost", session=1)
    assert status(world, ana.handset).state == "lost", "its own Will counts too"


def test_a_low_battery_is_one_item_and_goes_when_it_is_charged(world: World) -> None:
    ana = world.give("Ana")
    report(world, ana.handset, battery_pct=14)
    report(world, ana.handset, battery_pct=9)
    assert to_mend(world) == [(ana.handset, "low_battery")]
    report(world, ana.handset, battery_pct=20)
    assert to_mend(world) == [(ana.handset, "low_battery")], "it must not flutter at the edge"
    report(world, ana.handset, battery_pct=64)
    assert to_mend(world) == []


def test_half_an_hour_of_silence_is_one_item_until_she_is_heard(world: World) -> None:
    ana, bella = world.give("Ana"), world.give("Bella", number="+33639980002")
    report(world, ana.handset)
    report(world, bella.handset)
    world.wait(minutes=29)
    assert find_silent(world.session, world.now) == 0
    report(world, bella.handset)
    world.wait(minutes=2)
    assert find_silent(world.session, world.now) == 1
    assert find_silent(world.session, world.now) == 0
    assert to_mend(world) == [(ana.handset, "silent")]
    report(world, ana.handset)
    assert to_mend(world) == []


def test_a_handset_that_was_never_heard_is_silent_half_an_hour_after_it_was_given(
    world: World,
) -> None:
    ana = world.give("Ana", days=(0, 100))
    bella = world.give("Bella", number="+33639980002", days=(-3, 100))
    report(world, world.give("Chloe", number="+33639980003", days=None).handset)
    assert find_silent(world.session, world.now) == 1
    assert to_mend(world) == [(bella.handset, "silent")]
    world.wait(minutes=29)
    assert find_silent(world.session, world.now) == 0
    world.wait(minutes=2)
    assert find_silent(world.session, world.now) == 1
    assert (ana.handset, "silent") in to_mend(world)


def test_a_handset_that_is_connected_and_says_nothing_is_not_silent(world: World) -> None:
    ana, bella = world.give("Ana"), world.give("Bella", number="+33639980002")
    report(world, ana.handset, session=7, battery_pct=80)
    for _ in range(10):
        world.wait(minutes=4)
        note_connected(world.session, [ana.handset, bella.handset, "hstranger"], world.now)
    seen = status(world, ana.handset)
    assert (seen.state, seen.session, seen.battery_pct) == ("online", 7, 80)
    assert (status(world, bella.handset).state, seen.heard_at) == ("online", world.now)
    assert find_silent(world.session, world.now) == 0
    world.wait(minutes=31)
    assert find_silent(world.session, world.now) == 2
    note_connected(world.session, [ana.handset], world.now)
    assert to_mend(world) == [(bella.handset, "silent")]


@pytest.mark.parametrize("state", ["in_stock", "returned", "provisioned"])
def test_a_handset_that_nobody_carries_may_be_silent(world: World, state: str) -> None:
    ana = world.give("Ana", state=state, days=None)
    report(world, ana.handset)
    world.wait(hours=5)
    assert find_silent(world.session, world.now) == 0


def test_none_of_it_is_an_alert(world: World) -> None:
    ana = world.give("Ana")
    report(world, ana.handset, "lost", battery_pct=2)
    world.now += timedelta(days=2)
    find_silent(world.session, world.now)
    assert world.alerts() == []
    assert to_mend(world) == [(ana.handset, "low_battery"), (ana.handset, "silent")]


def test_fifteen_days_without_a_test_is_one_item_until_she_tests(world: World) -> None:
    ana = world.give("Ana")
    assert find_untested(world.session, world.now) == 1
    assert find_untested(world.session, world.now) == 0
    assert to_mend(world) == [(ana.handset, "test_missed")]
    world.hear(world.press(ana, kind="test", verified=False))
    find_untested(world.session, world.now)
    assert len(to_mend(world)) == 1, "a test that nobody proved shows nothing of this handset"
    world.hear(world.press(ana, kind="test"))
    assert find_untested(world.session, world.now) == 0
    assert to_mend(world) == []
    world.wait(days=14)
    assert find_untested(world.session, world.now) == 0
    world.wait(days=2)
    assert find_untested(world.session, world.now) == 1


def test_a_handset_given_a_week_ago_or_not_carried_misses_no_test(world: World) -> None:
    world.give("Ana", days=(-7, 100))
    world.give("Bea", number="+33639980002", state="returned")
    world.give("Chloe", number="+33639980003", days=None)
    assert find_untested(world.session, world.now) == 0


def test_another_sim_card_is_an_item_and_a_label_until_a_human_settles_it(world: World) -> None:
    ana = world.give("Ana")
    report(world, ana.handset, sim="a" * 64)
    report(world, ana.handset)
    report(world, ana.handset, sim="a" * 64)
    assert to_mend(world) == []
    report(world, ana.handset, sim="b" * 64)
    report(world, ana.handset, sim="b" * 64)
    assert to_mend(world) == [(ana.handset, "sim_changed")]
    world.hear(world.press(ana))
    alert = world.only_alert()
    assert (alert.state, alert.labels) == ("open", ["sim_changed"]), "it is heard all the same"
    (item,) = world.session.connection().execute(text("SELECT id FROM technical_item")).all()
    technical.settle(world.session, Actor("bruno", Role.OPERATOR), item.id, world.now)
    bea = world.give("Bea", number="+33639980002")
    bea.handset, bea.counter = ana.handset, 7
    world.session.connection().execute(
        text("UPDATE alert SET state = 'closed', outcome = 'other', closed_by = 'bruno',"
             " reason = 'close', closed_at = now()")
    )  # fmt: skip
    world.hear(world.press(bea))
    assert world.alerts()[-1].labels == []


@pytest.mark.parametrize("seed", range(8))
def test_what_is_said_in_one_batch_is_kept_as_if_said_one_after_the_other(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    crew = [world.give(name, number=f"+3363998000{n}") for n, name in enumerate(["Ana", "Bea"])]
    crew += [world.give(name, number=f"+3363998001{n}") for n, name in enumerate(["Cleo", "Dee"])]
    alone = {one.handset: twin.handset for one, twin in zip(crew[:2], crew[2:], strict=True)}
    said = [
        (
            chance.choice(list(alone)),
            StateReport(
                chance.choice(["online", "lost"]),
                session=chance.choice([None, 0, 7, 8, 9]),
                battery_pct=chance.choice([None, 5.0, 60.0]),
                radio=chance.choice([None, "2g", "4g"]),
                version=chance.choice([None, "1", "2"]),
            ),
            world.now + timedelta(seconds=chance.randrange(60)),
        )
        for _ in range(chance.choice([3, 40]))
    ]
    keep_states(world.session, said, world.now)
    for handset, one, heard_at in said:
        keep_states(world.session, [(alone[handset], one, heard_at)], world.now)
    for handset in {handset for handset, _, _ in said}:
        together, apart = status(world, handset), status(world, alone[handset])
        assert together[1:] == apart[1:]


def test_two_cards_in_one_batch_are_seen(world: World) -> None:
    ana = world.give("Ana")
    said = [(ana.handset, StateReport("online", sim=sim * 64), world.now) for sim in "ab"]
    keep_states(world.session, said, world.now)
    assert to_mend(world) == [(ana.handset, "sim_changed")]


def test_the_number_of_a_card_is_never_kept() -> None:
    said = read(b'{"state": "online", "sim": "8933010000000000001"}')
    assert isinstance(said, StateReport)
    assert said.sim == hashlib.sha256(b"8933010000000000001").hexdigest()
    nothing = read(b'{"state": "online", "sim": ""}')
    assert isinstance(nothing, StateReport)
    assert nothing.sim is None
