"""What may not be kept is in no file: not in a table, not in its log of changes, not in the spool.

Searched in the raw files of a real record, as text and as the eight bytes of a number.
"""

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from gateway.door import Door
from gateway.heard import Channel, Form, Heard
from tests.conftest import reachable_folder
from tests.world import Carried, World
from tgd import clock
from tgd.database import open_record
from tgd.embedded import EmbeddedRecord
from tgd.rules.keys import mac_of, sms_key
from tgd.seal import Keys
from tgd.spool import Spool

LAT, LON = 48.8714236, 2.1938457
WORDS = "TournesolSentinelle"
AS_TEXT = [b"48.8714", b"48,8714", b"2.19384", b"2,19384", b"8714236", b"1938457", WORDS.encode()]
AS_NUMBERS = [struct.pack(order + "d", n) for order in "<>" for n in (LAT, LON)]
PLACE = {"lat": LAT, "lon": LON, "radius_m": 12, "method": "gnss"}
FORMS = ("mqtt", "mqtt_position", "tgd1", "aml", "free_text", "osmand", "owntracks", "garbage")


def messages(world: World, carried: Carried, *, verified: bool = True) -> dict[str, Heard]:
    """The same place said in every form, and words beside it."""
    carried.counter += 1
    press = {"trigger": f"t{carried.counter}", "counter": carried.counter, "kind": "press",
             "position": PLACE, "note": WORDS, "at": world.now.isoformat()}  # fmt: skip
    owntracks = {"_type": "location", "t": "u", "lat": LAT, "lon": LON, "tid": "an",
                 "tst": int(world.now.timestamp()), "desc": WORDS}  # fmt: skip
    osmand = {"id": carried.handset, "lat": LAT, "lon": LON, "alarm": "sos", "note": WORDS,
              "timestamp": int(world.now.timestamp())}  # fmt: skip
    short = f"TGD1;{carried.handset};{carried.counter};P;lt=+{LAT};lg=+{LON};rd=12;"
    signed = short + mac_of(sms_key(world.keys.master, carried.handset, 1), short.encode())
    aml = f'A"ML=1;lt=+{LAT};lg=+{LON};rd=12;top=20261123224005;lc=90;pm=G'
    mqtt, http = carried.handset, Channel.HTTP
    return {
        "mqtt": world.mqtt(mqtt, json.dumps(press).encode(), verified=verified),
        "mqtt_position": world.mqtt(
            mqtt, json.dumps({"position": PLACE, "note": WORDS}).encode(),
            verified=verified, form=Form.POSITION,
        ),
        "tgd1": world.sms(carried.number, signed if verified else short + "A" * 16),
        "aml": world.sms(carried.number, aml),
        "free_text": world.sms(carried.number, f"{WORDS} je suis a {LAT},{LON}"),
        "osmand": Heard(http, Form.OSMAND, mqtt, verified, f"o{carried.counter}",
                        urlencode(osmand).encode(), world.now),
        "owntracks": Heard(http, Form.OWNTRACKS, mqtt, verified, f"w{carried.counter}",
                           json.dumps(owntracks).encode(), world.now),
        "garbage": world.mqtt(mqtt, f"\\x00{{{LAT} {LON} {WORDS}".encode(), verified=verified),
    }  # fmt: skip


@contextmanager
def own_record() -> Iterator[tuple[Path, Engine, EmbeddedRecord]]:
    """A record whose files nobody else writes."""
    with reachable_folder() as folder:
        record = EmbeddedRecord(folder / "pg", durable=False)
        engine = open_record(record.start())
        try:
            SQLModel.metadata.create_all(engine)
            yield folder, engine, record
        finally:
            engine.dispose()
            record.stop()


def found(folder: Path, needles: list[bytes]) -> set[bytes]:
    """Which of these bytes stand in any file."""
    seen: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            whole = path.read_bytes()
            seen |= {needle for needle in needles if needle in whole}
    return seen


def search(keys: Keys, *stories: Callable[[World], None]) -> set[bytes]:
    """What is found after these stories were committed and the server has written all it had."""
    with own_record() as (folder, engine, record):
        with Session(engine) as session:
            world = World(session, keys, clock.now())
            for story in stories:
                story(world)
                session.commit()
        engine.dispose()
        record.stop()  # an orderly stop is a checkpoint; the log of changes stays beside it
        assert list(folder.rglob("pg_wal/0*"))
        assert found(folder, [b"alert_trigger"]), "the search sees the files"
        return found(folder, [*AS_TEXT, *AS_NUMBERS])


def no_agreement(world: World) -> None:
    world.hear(*messages(world, world.give("Ana", geolocation=False)).values())
    kept = {(s.form, s.struck) for s in world.sightings()}
    assert {("alert", True), ("sms", True), ("osmand", True), ("alert", False)} <= kept


def no_alert(world: World) -> None:
    """A position alone, with her agreement and without an alert."""
    said = messages(world, world.give("Bea", number="+33639980002"))
    world.hear(said["mqtt_position"])


def unknown(world: World) -> None:
    dora = Carried("hdora00000000", "+33639980099", "nobody's")
    world.hear(*messages(world, dora, verified=False).values())


def not_proven(world: World) -> None:
    clea = world.give("Clea", number="+33639980003", geolocation=False)
    world.hear(*messages(world, clea, verified=False).values())


def agreed(world: World) -> None:
    world.hear(messages(world, world.give("Dea", number="+33639980004"))["mqtt"])


def test_no_file_holds_a_place_that_may_not_be_kept_nor_anybodys_words(keys: Keys) -> None:
    assert search(keys, no_agreement, no_alert, unknown, not_proven) == set()


def test_a_place_that_may_be_kept_is_found_so_that_the_search_is_one(keys: Keys) -> None:
    seen = search(keys, agreed)
    assert seen & set(AS_NUMBERS), "in the table, as numbers"
    assert seen & set(AS_TEXT) == set(), "the message itself is sealed"


@pytest.mark.parametrize("form", FORMS)
async def test_nor_does_a_file_of_the_spool(
    world: World, keys: Keys, tmp_path: Path, form: str
) -> None:
    nowhere = open_record("postgresql+psycopg://nobody@127.0.0.1:1/none", lane="alerts")
    door = Door(nowhere, Spool(tmp_path / "spool", keys), keys)
    await door.open()
    try:
        await door.hear(messages(world, world.give("Ana"))[form])
        files = list((tmp_path / "spool").glob("*.spool"))
        assert len(files) == (0 if form == "mqtt_position" else 1)
        assert found(tmp_path, [*AS_TEXT, *AS_NUMBERS]) == set()
    finally:
        await door.close()
        nowhere.dispose()
