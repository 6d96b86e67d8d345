"""Signs of life go on whatever one batch or one look for silence does."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text

from gateway.heard import Channel, Form, Heard, Kept
from gateway.lifesigns import LifeSigns
from tgd.database import open_record


def state(name: str) -> Heard:
    return Heard(
        Channel.MQTT, Form.STATE, name, True, uuid4().hex, b'{"state":"online","session":1}',
        datetime.now(UTC),
    )  # fmt: skip


async def test_signs_that_cannot_be_kept_do_not_end_the_hearing_of_signs(world, session, engine):
    ana = world.give("Ana")
    session.commit()
    signs = LifeSigns(engine)
    await signs.open()
    async with asyncio.timeout(30):
        assert (await signs.hear(state("\ud800"))).kept is Kept.NOWHERE
        assert (await signs.hear(state(ana.handset))).kept is Kept.RECORD
    await signs.close()


async def test_the_look_for_silence_outlives_a_record_that_has_no_tables(cluster):
    engine = open_record(cluster)  # the administration's own database: no table of ours
    signs = LifeSigns(engine)
    await signs.open()
    await asyncio.sleep(0.5)
    assert [task.get_name() for task in signs._tasks if task.done()] == []
    await signs.close()
    engine.dispose()


async def test_an_open_connection_is_written_down_as_a_sign_of_life(world, session, engine):
    ana = world.give("Ana")
    session.commit()
    signs = LifeSigns(engine, lambda: {ana.handset})
    await signs.open()
    asked = text("SELECT state, heard_at > now() - interval '1 minute' FROM handset_status")
    async with asyncio.timeout(30):
        while True:
            with engine.connect() as connection:
                if (found := connection.execute(asked).one_or_none()) is not None:
                    break
            await asyncio.sleep(0.05)
    assert tuple(found) == ("online", True)
    await signs.close()
