"""What hangs or fails behind the door holds nobody else: locks, threads, files, connections."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from channel_ground import counted, open_door, until
from sqlalchemy import Engine, text

from gateway.door import Door, DoorLimits
from gateway.heard import Channel, Form, Heard, Kept
from tgd.database import open_record, transaction
from tgd.errors import NotKept, RecordAway
from tgd.seal import Keys
from tgd.spool import Spool

AWAY = "postgresql+psycopg://nobody@127.0.0.1:9/none"


def press(name: str, trigger: str = "t1") -> Heard:
    words = json.dumps({"trigger": trigger, "kind": "press"}).encode()
    return Heard(Channel.MQTT, Form.ALERT, name, False, uuid4().hex, words, datetime.now(UTC))


@contextmanager
def held(engine: Engine, name: str) -> Iterator[None]:
    """Somebody holds what every alert of this source has to wait for."""
    with engine.connect() as connection:
        connection.execute(
            text("SELECT pg_advisory_lock(hashtextextended(:n, 7467))"), {"n": f"mqtt:{name}"}
        )
        yield
        connection.execute(text("SELECT pg_advisory_unlock_all()"))


@contextmanager
def every_common_thread_busy() -> Iterator[None]:
    """Whatever else runs in the process has taken all threads of `asyncio.to_thread`."""
    over = threading.Event()
    loop = asyncio.get_running_loop()
    for _ in range(64):
        loop.run_in_executor(None, over.wait)
    try:
        yield
    finally:
        over.set()


@asynccontextmanager
async def hasty_door(url: str, folder: Path, keys: Keys) -> AsyncIterator[Door]:
    """A door that gives up on the record soon, so that threads pile up behind it."""
    engine = open_record(url, lane="alerts")
    door = Door(engine, Spool(folder / "spool", keys), keys, DoorLimits(record_s=0.1))
    await door.open()
    try:
        yield door
    finally:
        await door.close()
        engine.dispose()


async def spool(folder: Path, keys: Keys, *heard: Heard) -> None:
    """What a gateway without a record leaves behind."""
    async with open_door(AWAY, folder, keys) as door:
        receipts = await asyncio.gather(*(door.hear(one) for one in heard))
        assert {one.kept for one in receipts} == {Kept.SPOOL}


async def test_ana_is_kept_although_everything_else_waits_for_the_record(tmp_path, keys):
    """Look-ups, notices and probes that hang must never hold the spool."""
    async with open_door(AWAY, tmp_path, keys) as door:
        with every_common_thread_busy():
            async with asyncio.timeout(20):
                receipt = await door.hear(press("ana"))
        assert receipt.kept is Kept.SPOOL


async def test_transactions_that_do_not_end_do_not_hold_those_that_come(
    record_url, engine, tmp_path, keys
):
    """More stuck transactions than there are threads: the next one is spooled all the same."""
    with held(engine, "dora"):
        async with hasty_door(record_url, tmp_path, keys) as door:
            for number in range(6):
                receipt = await door.hear(press("dora", f"t{number}"))
                assert receipt.kept is Kept.SPOOL
                door.record_is_away = False
    async with open_door(record_url, tmp_path, keys):
        await until(lambda: counted(engine, "alert_trigger") == 6)


async def test_what_cannot_be_taken_in_does_not_hold_what_is_behind_it(
    record_url, engine, tmp_path, keys
):
    """Dora's source is locked by somebody for hours; Ana, spooled before her, is an alert now."""
    await spool(tmp_path, keys, press("ana"))
    await spool(tmp_path, keys, press("dora"), press("ana", "t2"))
    with held(engine, "dora"):
        async with open_door(record_url, tmp_path, keys) as door:
            await until(lambda: counted(engine, "alert_trigger", "source = 'mqtt:ana'") == 2)
            await until(lambda: not door.record_is_away)
            assert (await door.hear(press("bea"))).kept is not Kept.NOWHERE
            await until(lambda: counted(engine, "alert_trigger", "source = 'mqtt:bea'") == 1)
    assert list((tmp_path / "spool").glob("*.spool"))


async def test_a_file_that_cannot_be_read_does_not_hold_the_others(
    record_url, engine, tmp_path, keys
):
    await spool(tmp_path, keys, press("ana"))
    (tmp_path / "spool" / "99999999-unreadable.spool").mkdir()
    async with open_door(record_url, tmp_path, keys):
        await until(lambda: counted(engine, "alert") == 1)


async def test_two_gateways_never_share_a_spool(tmp_path, keys):
    """The second would throw away what the first is writing."""
    first = Spool(tmp_path / "spool", keys)
    first.open()
    with pytest.raises(NotKept, match="TGD_NODE"):
        Spool(tmp_path / "spool", keys).open()
    first.close()
    second = Spool(tmp_path / "spool", keys)
    second.open()
    second.close()


def test_a_record_without_a_free_connection_is_away_and_nothing_is_poison(record_url):
    """Nobody's words are to blame when all connections are in use."""
    engine = open_record(record_url, lane="alerts", connections=1)
    with engine.connect(), pytest.raises(RecordAway), transaction(engine) as session:
        session.connection()
    engine.dispose()
