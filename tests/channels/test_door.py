"""The door on a real record: what is answered for is durable, and one message spoils no other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from gateway.door import Door, DoorLimits
from gateway.heard import Channel, Form, Heard, Kept
from tests.channels.channel_ground import counted, open_door, until
from tests.world import Carried, World
from tgd import clock
from tgd.database import open_record
from tgd.errors import NotKept
from tgd.seal import Keys
from tgd.spool import Spool


@pytest.fixture
def ana(world: World, session: Session) -> Carried:
    carried = world.give("Ana")
    world.now = clock.now()
    session.commit()
    return carried


@pytest.fixture
async def door(record_url: str, tmp_path: Path, keys: Keys) -> AsyncIterator[Door]:
    async with open_door(record_url, tmp_path, keys) as opened:
        yield opened


@pytest.fixture
async def patient(engine: Engine, tmp_path: Path, keys: Keys) -> AsyncIterator[Door]:
    """A door with time to write long errors down as a test prints them."""
    opened = Door(engine, Spool(tmp_path / "spool", keys), keys, DoorLimits(record_s=30))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def lonely(tmp_path: Path, keys: Keys) -> AsyncIterator[Door]:
    """A door whose record is nowhere."""
    engine = open_record("postgresql+psycopg://nobody@127.0.0.1:1/none", lane="alerts")
    opened = Door(engine, Spool(tmp_path / "spool", keys), keys)
    await opened.open()
    yield opened
    await opened.close()
    engine.dispose()


def refuse_source(engine: Engine, table: str, needle: str, unless: str = "false") -> None:
    """The record itself refuses rows of one source."""
    with engine.begin() as connection:
        connection.execute(text(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.source LIKE '%{needle}%' AND NOT ({unless}) THEN"
            " RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$"
        ))  # fmt: skip
        connection.execute(text(
            f"CREATE TRIGGER poison BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION poison()"
        ))  # fmt: skip


async def test_a_hundred_at_once_are_all_in_the_record(
    door: Door, ana: Carried, world: World, engine: Engine
) -> None:
    receipts = await asyncio.gather(*(door.hear(world.press(ana)) for _ in range(100)))
    assert {r.kept for r in receipts} == {Kept.RECORD}
    assert counted(engine, "sighting") == counted(engine, "alert_trigger") == 100


async def test_a_poison_message_is_kept_unread_and_spoils_no_neighbour(
    patient: Door, ana: Carried, world: World, engine: Engine
) -> None:
    refuse_source(engine, "alert", "hpoison", "'undecodable' = ANY(NEW.labels)")
    poison = world.mqtt("hpoison", b'{"trigger": "x", "kind": "press"}', verified=False)
    heard = [world.press(ana), poison, world.press(ana)]
    receipts = await asyncio.gather(*(patient.hear(h) for h in heard))
    assert [r.kept for r in receipts] == [Kept.RECORD] * 3
    assert counted(engine, "alert", "'undecodable' = ANY(labels)") == 1
    assert counted(engine, "alert_trigger") == 3


async def test_what_no_table_takes_waits_in_the_spool_and_the_others_do_not(
    patient: Door, ana: Carried, world: World, engine: Engine, tmp_path: Path
) -> None:
    refuse_source(engine, "alert", "hpoison")
    poison = world.mqtt("hpoison", b'{"trigger": "x"}', verified=False)
    heard = [world.press(ana), poison, world.press(ana)]
    receipts = await asyncio.gather(*(patient.hear(h) for h in heard))
    assert {r.kept for r in receipts} <= {Kept.RECORD, Kept.SPOOL}
    await patient.hear(world.press(ana))
    await until(lambda: counted(engine, "alert_trigger", "source = 'handset:hana000000000'") == 3)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER poison ON alert"))
    await until(lambda: not list((tmp_path / "spool").glob("*.spool")))
    assert counted(engine, "alert") == 2


async def test_a_locked_record_is_spooled_for_and_drained_when_it_is_free(
    door: Door, ana: Carried, world: World, engine: Engine, tmp_path: Path
) -> None:
    with engine.connect() as locker:
        locker.execute(text("LOCK TABLE alert IN ACCESS EXCLUSIVE MODE"))
        receipt = await door.hear(world.press(ana, trigger="spooled"))
        assert (receipt.kept, receipt.trigger) == (Kept.SPOOL, "spooled")
        locker.rollback()
    await until(lambda: counted(engine, "alert_trigger") == 1)
    await until(lambda: not list((tmp_path / "spool").glob("*.spool")))
    assert counted(engine, "alert") == 1


SENTINEL = b'{"trigger": "s", "position": {"lat": 41.98765, "lon": 3.45678}, "say": "+33639987777"}'


async def test_nothing_can_be_read_in_the_spool(lonely: Door, world: World, tmp_path: Path) -> None:
    await lonely.hear(world.mqtt("hana", SENTINEL))
    await lonely.hear(world.sms("+33639987777", "41.98765 aidez-moi"))
    raw = b"".join(f.read_bytes() for f in (tmp_path / "spool").iterdir())
    assert raw
    for word in (b"41.98765", b"639987777", b"aidez", b"hana"):
        assert word not in raw


@pytest.mark.parametrize(
    ("form", "raw"),
    [
        (Form.POSITION, b'{"position": {"lat": 41.98765, "lon": 3.45678}}'),
        (Form.OSMAND, b"id=hana&lat=41.98765&lon=3.45678"),
        (Form.OWNTRACKS, b'{"_type": "location", "lat": 41.98765, "lon": 3.45678, "tst": 1}'),
    ],
)
async def test_a_position_alone_is_never_spooled(
    lonely: Door, tmp_path: Path, form: Form, raw: bytes
) -> None:
    heard = Heard(Channel.HTTP, form, "hana", True, uuid4().hex, raw, clock.now())
    assert (await lonely.hear(heard)).kept is Kept.NOWHERE
    assert list((tmp_path / "spool").iterdir()) == []


async def test_without_record_and_spool_there_is_no_receipt(
    lonely: Door, world: World, tmp_path: Path
) -> None:
    (tmp_path / "spool").rmdir()
    (tmp_path / "spool").write_bytes(b"in the way")
    with pytest.raises(NotKept):
        await lonely.hear(world.sms("+33639980001", "help"))


async def test_what_waited_in_the_spool_is_taken_in_by_the_next_life(
    lonely: Door, ana: Carried, world: World, record_url: str, engine: Engine, tmp_path: Path
) -> None:
    await lonely.hear(world.press(ana))
    await lonely.close()
    async with open_door(record_url, tmp_path, world.keys):
        await until(lambda: counted(engine, "alert") == 1)


def test_fresh_presses_are_drained_first_and_a_torn_file_is_no_message(
    tmp_path: Path, keys: Keys
) -> None:
    spool = Spool(tmp_path, keys)
    for number in range(3):
        spool.append([{"n": number}])
    (tmp_path / "torn.part").write_bytes(b"half")
    spool.open()
    assert [spool.read(p)[0]["n"] for p in spool.waiting()] == [2, 1, 0]
    assert not (tmp_path / "torn.part").exists()


@pytest.mark.parametrize("broken", [b"", b"!!", bytes(range(60))])
def test_a_damaged_file_is_put_aside_and_kept(tmp_path: Path, keys: Keys, broken: bytes) -> None:
    spool = Spool(tmp_path, keys)
    spool.append([{"n": 1}])
    (path,) = spool.waiting()
    path.write_bytes(broken)
    assert spool.read(path) == []
    assert (spool.damaged(), spool.waiting()) == (1, [])
    assert path.with_suffix(".damaged").read_bytes() == broken


def test_what_another_key_could_not_read_is_read_with_the_right_one(
    tmp_path: Path, keys: Keys
) -> None:
    """A restore brought the wrong key: nothing is lost, at the next start it is there again."""
    Spool(tmp_path, keys).append([{"n": 1}])
    wrong = Spool(tmp_path, Keys(bytes(32)))
    assert [wrong.read(path) for path in wrong.waiting()] == [[]]
    right = Spool(tmp_path, keys)
    right.open()
    assert [right.read(path) for path in right.waiting()] == [[{"n": 1}]]
    right.close()


async def test_an_orderly_close_keeps_what_waits_and_then_refuses(
    record_url: str, ana: Carried, world: World, engine: Engine, tmp_path: Path, keys: Keys
) -> None:
    opened = create_engine(record_url)
    door = Door(opened, Spool(tmp_path, keys), keys, DoorLimits(batch=3))
    await door.open()
    hearing = [asyncio.create_task(door.hear(world.press(ana))) for _ in range(20)]
    await asyncio.sleep(0)
    await door.close()
    receipts = await asyncio.wait_for(asyncio.gather(*hearing), 5)
    assert {r.kept for r in receipts} <= {Kept.RECORD, Kept.SPOOL}
    assert counted(engine, "alert_trigger") == 20
    with pytest.raises(NotKept):
        await asyncio.wait_for(door.hear(world.press(ana)), 5)
    opened.dispose()
