"""A record that dies in the moment between the receipt and the telling takes no alert with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from channel_ground import counted, open_door, until
from sqlalchemy import Engine, make_url, text
from sqlmodel import Session

from gateway import fresh as fresh_calls
from gateway.door import Door
from gateway.fresh import FRESH, Fresh
from gateway.heard import Kept, Receipt
from simulators.proxy import FaultProxy, Mode
from tests.world import World
from tgd import clock, ids
from tgd.rules.spooled import SpooledCall
from tgd.seal import Keys
from tgd.spool import SpoolView


@asynccontextmanager
async def door_on(
    record_url: str, folder: Path, keys: Keys
) -> AsyncIterator[tuple[Door, FaultProxy]]:
    """A door whose way to the record can be cut."""
    there = make_url(record_url)
    way = FaultProxy(there.port or 5432)
    await way.start()
    url = there.set(host="127.0.0.1", port=way.port).render_as_string(hide_password=False)
    try:
        async with open_door(url, folder / "1", keys) as door:
            yield door, way
    finally:
        await way.stop()


def calls(folder: Path, keys: Keys) -> list[SpooledCall]:
    """What dispatch may read in the spools of this host."""
    return SpoolView(folder, keys).new_calls()


async def test_what_was_kept_a_moment_ago_is_kept_again(
    record_url: str, world: World, session: Session, engine: Engine, tmp_path: Path, keys: Keys
) -> None:
    """Ana has her receipt, the record dies, nobody else presses: dispatch finds her in the spool
    under the alert that she has; when the record is back nothing is there twice."""
    ana = world.give("Ana")
    world.now = clock.now()
    session.commit()
    async with door_on(record_url, tmp_path, keys) as (door, way):
        receipt = await door.hear(world.press(ana))
        assert (receipt.kept, counted(engine, "alert")) == (Kept.RECORD, 1)
        await way.switch(Mode.REFUSE)
        await until(lambda: calls(tmp_path / "1", keys))
        (call,) = calls(tmp_path / "1", keys)
        with engine.connect() as connection:
            (alert,) = connection.execute(text("SELECT id, handset FROM alert")).all()
        assert (call.alert, call.handset) == (alert.id, alert.handset)
        again = await door.hear(world.press(ana))
        assert again.kept is Kept.SPOOL
        await until(lambda: len(calls(tmp_path / "1", keys)) == 2)
        assert {c.alert for c in calls(tmp_path / "1", keys)} == {alert.id}, "and no second alert"
        await way.switch(Mode.PASS)
        await until(lambda: not list((tmp_path / "1/spool").glob("*.spool")))
    assert (counted(engine, "alert"), counted(engine, "alert_trigger")) == (1, 2)
    assert (counted(engine, "sighting"), counted(engine, "alert_merge")) == (2, 0)


async def test_a_press_on_an_alert_that_somebody_has_is_not_told_anew(
    record_url: str, world: World, session: Session, engine: Engine, tmp_path: Path, keys: Keys
) -> None:
    ana = world.give("Ana")
    world.now = clock.now()
    session.commit()
    async with door_on(record_url, tmp_path, keys) as (door, way):
        await door.hear(world.press(ana))
        with engine.begin() as connection:
            connection.execute(text("UPDATE alert SET state = 'taken', owner = 'bruno'"))
        receipt = await door.hear(world.press(ana))
        assert (receipt.kept, receipt.alert) == (Kept.RECORD, None)
        await way.switch(Mode.REFUSE)
        await until(lambda: calls(tmp_path / "1", keys))
    assert len(calls(tmp_path / "1", keys)) == 1, "the first press was said when nobody had it"


def test_after_some_seconds_dispatch_has_told_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, now = Fresh(), clock.monotonic()
    heard = world.press(world.give("Ana"))
    kept.remember([heard, heard], [Receipt(Kept.RECORD, "t", alert=ids.new(world.now)), None])
    assert kept
    monkeypatch.setattr(fresh_calls.clock, "monotonic", lambda: now + FRESH.total_seconds() + 1)
    assert (bool(kept), kept.take()) == (False, [])
