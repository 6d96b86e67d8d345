"""Whose turn it is: fresh before stale, and nobody waits for a frozen twin or a wrong clock."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from dispatch.loop import Loop, _keep_time
from dispatch.turn import LEASE_MARGIN
from tests.acts.dispatching import BRUNO, POLICY, rows
from tests.world import World
from tgd import clock
from tgd.alerts import acts
from tgd.database import open_record
from tgd.listening import Listener
from tgd.rules.alert import Outcome, Verified
from tgd.store import dispatching as store


def test_a_fresh_press_is_told_before_those_that_lay_in_a_spool(
    world: World, session: Session
) -> None:
    ana, bella = world.give("Ana"), world.give("Bella", number="+33639980002")
    pressed_long_ago = replace(world.press(ana), received_at=world.now - timedelta(minutes=10))
    world.hear(pressed_long_ago)  # the record is back, and the spool is emptied
    world.wait(seconds=1)
    world.hear(world.press(bella))
    session.commit()
    (first,) = store.due_alerts(session, world.now, limit=1)
    assert first.handset == bella.handset


def test_a_twin_frozen_in_a_transaction_holds_an_alert_no_longer_than_a_lease(
    record_url: str,
) -> None:
    for lane in ("alerts", "work", "console"):
        engine = open_record(record_url, lane=lane)
        with engine.connect() as connection:
            held = connection.execute(
                text("SELECT setting FROM pg_settings WHERE name = :n"),
                {"n": "idle_in_transaction_session_timeout"},
            )
            assert timedelta(milliseconds=int(held.scalar_one())) <= LEASE_MARGIN
        engine.dispose()


def test_an_alert_from_the_future_shows_that_our_clock_is_behind(
    world: World, engine: Engine
) -> None:
    world.wait(hours=26)  # the gateway's machine, by mistake
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    ours = world.now - timedelta(hours=26)
    with Session(engine) as session:
        assert store.newest_moment(session, ours) == world.now
        assert store.newest_moment(session, world.now) is None


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of this test's own: what it goes forward no other test sees."""
    monkeypatch.setattr(clock, "_carried", clock.Carried(time.time(), time.monotonic()))


@pytest.mark.parametrize(("ahead_days", "goes_s"), [(400, 60), (0.0005, 43.2)])
def test_one_gateway_with_a_wrong_clock_takes_nobody_with_it(
    carried: None, ahead_days: float, goes_s: float
) -> None:
    """Again and again: a dispatcher whose machine and whose record agree stays with them."""
    before = clock.now()
    ahead_at = before + timedelta(days=ahead_days)
    for _ in range(5):
        _keep_time(ahead_at, clock.now() + clock.wrong_by())
    assert (clock.now() - before).total_seconds() == pytest.approx(goes_s, abs=2)


def test_a_dispatcher_that_is_behind_gateway_and_record_goes_with_them(carried: None) -> None:
    true = clock.now() + timedelta(hours=26)
    _keep_time(true, true + timedelta(milliseconds=3))
    assert abs(clock.now() - true) < timedelta(seconds=2)


@pytest.mark.parametrize("days", [4, -4])
def test_a_clock_that_the_record_contradicts_erases_nothing(
    world: World, engine: Engine, carried: None, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """A dispatcher whose machine booted four days ahead: her positions are not three days old."""
    true = clock.now()
    world.now = true - timedelta(hours=1)
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, "Vérifié au téléphone", world.now)
    world.session.commit()
    wrong = time.time() + days * 86_400
    monkeypatch.setattr(clock, "_carried", clock.Carried(wrong, time.monotonic()))
    monkeypatch.setattr(clock, "_now", lambda: true + timedelta(days=days))
    loop = Loop(engine, POLICY, {}, Listener("", ()), "w1")
    assert loop._purge_now().positions == 0
    assert rows(engine, "SELECT count(*) FROM alert_position") == [(1,)]
