"""A disk changes what lies in the spool: read as it was written or put aside, never in silence."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from structlog.testing import capture_logs

from gateway.door import Door
from gateway.heard import Kept
from tests.channels.channel_ground import counted, open_door, until
from tests.world import World
from tgd import clock
from tgd.database import open_record
from tgd.seal import Keys
from tgd.spool import Spool, SpoolView

BATCH = [{"channel": "mqtt", "raw": b"\x00sealed\xff", "n": 1}, {"channel": "sms", "n": 2}]


def changed(whole: bytes, at: int) -> list[bytes]:
    """What a disk makes of one byte: another, a bit, nothing, all before it, all behind it."""
    byte = whole[at]
    others = [whole[:at] + bytes([b]) + whole[at + 1 :] for b in (0, 255, byte ^ 1, byte ^ 32)]
    return [*others, whole[:at] + whole[at + 1 :], whole[:at], whole[at + 1 :]]


def test_a_change_of_any_byte_is_noticed_by_whoever_drains_and_whoever_looks(
    tmp_path: Path, keys: Keys
) -> None:
    spool = Spool(tmp_path / "gateway-1", keys)
    spool.open()
    spool.append(BATCH)
    (path,) = spool.waiting()
    whole = path.read_bytes()
    damaged = 0
    for raw in (raw for at in range(len(whole)) for raw in changed(whole, at)):
        path.write_bytes(raw)
        view = SpoolView(tmp_path, keys)
        with capture_logs() as said:
            view.new_calls()
            found = spool.read(path)
        if found:  # a bit that base64 does not use
            assert found == BATCH
            assert (said, view.unreadable) == ([], 0)
            continue
        damaged += 1
        assert {one["event"] for one in said} == {"spool_not_understood", "spool_file_damaged"}
        assert view.unreadable == 1
        aside = path.with_suffix(".damaged")
        assert aside.read_bytes() == raw
        aside.unlink()
    spool.close()
    assert damaged > 6.9 * len(whole)


@pytest.mark.parametrize("word", ["empty", "cut", "changed", "a folder", "of another name"])
async def test_a_door_over_damage_opens_hears_and_takes_in_what_is_sound(
    record_url: str, engine: Engine, world: World, session: Session, tmp_path: Path, keys: Keys,
    word: str,
) -> None:  # fmt: skip
    ana, bella = world.give("Ana"), world.give("Bella", number="+33639980002")
    world.now = clock.now()
    session.commit()
    away = open_record("postgresql+psycopg://nobody@127.0.0.1:1/none", lane="alerts")
    lonely = Door(away, Spool(tmp_path / "spool", keys), keys)
    await lonely.open()
    assert (await lonely.hear(world.press(ana))).kept is Kept.SPOOL
    (broken,) = (tmp_path / "spool").glob("*.spool")
    assert (await lonely.hear(world.press(bella))).kept is Kept.SPOOL
    await lonely.close()
    away.dispose()
    _damage(broken, word)

    with capture_logs() as said:
        async with open_door(record_url, tmp_path, keys) as door:
            assert (await door.hear(world.sms("+33639980003", "aide"))).kept is Kept.RECORD
            await until(lambda: counted(engine, "alert") == 2)
    events = {one["event"] for one in said if one["log_level"] in ("error", "critical")}
    assert events == ({"spool_file_not_learnt", "spool_file_stays"} if word == "a folder" else
                      {"spool_file_damaged"})  # fmt: skip


def _damage(path: Path, word: str) -> None:
    whole = path.read_bytes()
    if word == "a folder":
        path.unlink()
        path.mkdir()
    elif word == "of another name":
        path.rename(path.with_name("0" + path.name))
    else:
        other = whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]
        path.write_bytes({"empty": b"", "cut": whole[:-9], "changed": other}[word])
