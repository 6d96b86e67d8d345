"""Whose turn it is: fresh before stale, and nobody waits for a frozen twin or a wrong clock."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text
from sqlmodel import Session

from dispatch.turn import LEASE_MARGIN
from tests.world import World
from tgd.database import open_record
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
