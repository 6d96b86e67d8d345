"""A record that keeps the connection and says nothing any more is given up, by our own clock."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine, make_url, text

from simulators.proxy import FaultProxy
from tgd import database
from tgd.database import open_record, transaction
from tgd.errors import RecordAway


@pytest.fixture
async def link(record_url: str) -> AsyncIterator[FaultProxy]:
    """A proxy on the way to the record: it answers TCP, whatever happens behind it."""
    one = FaultProxy(make_url(record_url).port or 5432)
    await one.start()
    yield one
    await one.stop()


def ask(engine: Engine) -> int:
    with transaction(engine) as session:
        session.execute(text("SELECT 1"))
        return session.execute(text("SELECT pg_backend_pid()")).scalar_one()


@pytest.mark.timeout(30)
async def test_a_call_that_hangs_behind_a_proxy_ends_and_the_next_one_is_well(
    record_url: str, link: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.LANE_TIMEOUTS_MS, "dispatch", 500)
    monkeypatch.setattr(database, "GRACE_S", 0.2)
    through = make_url(record_url).set(host="127.0.0.1", port=link.port)
    engine = open_record(through.render_as_string(hide_password=False), lane="dispatch")
    try:
        first = await asyncio.to_thread(ask, engine)
        await link.switch("blackhole")
        with pytest.raises(RecordAway):
            await asyncio.to_thread(ask, engine)
        await link.switch("pass")
        assert await asyncio.to_thread(ask, engine) != first, "nothing is asked on the old one"
    finally:
        engine.dispose()


def test_what_the_server_itself_gives_up_keeps_its_connection(
    record_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.LANE_TIMEOUTS_MS, "dispatch", 100)
    engine = open_record(record_url, lane="dispatch", connections=1)
    try:
        first = ask(engine)
        with pytest.raises(RecordAway), transaction(engine) as session:
            session.execute(text("SELECT pg_sleep(30)"))
        assert ask(engine) == first
    finally:
        engine.dispose()


def test_what_comes_back_after_the_end_is_closed(record_url: str) -> None:
    """A door that closes does not wait for a transaction that it has given up."""
    engine = open_record(record_url)
    late = engine.connect()
    used = late.connection.dbapi_connection
    engine.dispose()
    assert used is not None
    late.execute(text("SELECT 1"))  # it ends in its own time
    late.close()
    assert used.closed  # type: ignore[attr-defined]
