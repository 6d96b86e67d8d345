"""The provider's webhook never came; its list has the text, and the alert is raised from there."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from channel_ground import (
    ACCOUNT,
    OUR_NUMBER,
    PUBLIC_URL,
    TOKEN,
    BrokenDoor,
    counted,
    open_door,
    served,
    until,
)

from gateway.door import Door
from gateway.heard import Kept, Receipt
from gateway.reconciler import Reconciler
from gateway.sms import SmsAccount, sms_router
from simulators.sms_provider import Account, Mode, SmsProvider
from tgd import clock
from tgd import telephone as telephone_of_provider
from tgd.database import open_record
from tgd.errors import NotKept
from tgd.ports import free_ports
from tgd.rules.sms_list import InboundSms
from tgd.telephone import TelephoneLater, TwilioTelephone

ANA, DORA = "+33639980001", "+33639980099"
SMS_ACCOUNT = SmsAccount(ACCOUNT, TOKEN, (OUR_NUMBER,), PUBLIC_URL)


@pytest.fixture
async def provider() -> AsyncIterator[SmsProvider]:
    one = SmsProvider(Account(sid=ACCOUNT, token=TOKEN), step_s=0.01)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def telephone(provider) -> AsyncIterator[TwilioTelephone]:
    one = TwilioTelephone(ACCOUNT, TOKEN, provider.url)
    yield one
    await one.close()


@pytest.fixture
async def door(record_url, tmp_path, keys) -> AsyncIterator[Door]:
    async with open_door(record_url, tmp_path, keys) as opened:
        yield opened


async def test_texts_whose_webhook_was_dropped_are_found_in_the_list(
    provider, telephone, door, engine, world
):
    async with served(sms_router(door.hear, engine, SMS_ACCOUNT)) as line:
        provider.connect_customer(PUBLIC_URL + "/sms/twilio", **{PUBLIC_URL: line.url})
        provider.hear(ANA, OUR_NUMBER, "aidez moi")
        await until(lambda: counted(engine, "sighting") == 1)
        await provider.become(Mode.DROP_WEBHOOKS)
        for number in range(20):
            provider.hear(f"+336399802{number:02}", OUR_NUMBER, "")
        provider.hear(DORA, "+33199000099", "not for us")
        reconciler = Reconciler(telephone, [OUR_NUMBER], door.hear, engine, 30)
        assert await reconciler.look() == 20
        assert await reconciler.look() == 0
    assert len(world.alerts()) == 21
    assert {alert.presses for alert in world.alerts()} == {1}


async def test_a_second_gateway_finds_nothing_left_to_do(provider, telephone, door, engine, world):
    provider.hear(ANA, OUR_NUMBER, "aidez moi")
    first = Reconciler(telephone, [OUR_NUMBER], door.hear, engine, 30)
    second = Reconciler(telephone, [OUR_NUMBER], door.hear, engine, 30)
    assert [await first.look(), await second.look()] == [1, 0]
    assert world.only_alert().presses == 1


async def test_a_provider_that_fails_is_asked_again(provider, telephone, door, engine, world):
    await provider.become(Mode.HTTP_500)
    reconciler = Reconciler(telephone, [OUR_NUMBER], door.hear, engine, 0.1)
    with pytest.raises(TelephoneLater):
        await reconciler.look()
    provider.hear(ANA, OUR_NUMBER, "aidez moi")
    await reconciler.open()
    await provider.become(Mode.OK)
    await until(lambda: counted(engine, "alert") == 1)
    await reconciler.close()


@asynccontextmanager
async def listing(reply: Callable[[web.Request], Any]) -> AsyncIterator[TwilioTelephone]:
    """A provider whose list is whatever this gives."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(reply(request))

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    one = TwilioTelephone(ACCOUNT, TOKEN, f"http://127.0.0.1:{port}")
    try:
        yield one
    finally:
        await one.close()
        await runner.cleanup()


def entry(number: int) -> dict[str, Any]:
    return {"sid": f"SM{number:032x}", "from": ANA, "to": OUR_NUMBER, "body": "aidez moi",
            "direction": "inbound", "date_sent": None}  # fmt: skip


async def test_one_damaged_entry_of_the_list_keeps_no_other_from_being_heard(engine):
    damaged = [None, {"sid": {}, "body": 5}, entry(1) | {"sid": None}, entry(2), entry(3)]
    door = BrokenDoor(Receipt(Kept.SPOOL, None))
    async with listing(lambda _: {"messages": damaged}) as inbox:
        reconciler = Reconciler(inbox, [OUR_NUMBER], door.hear, engine, 30)
        assert [await reconciler.look(), await reconciler.look()] == [3, 0]


async def test_a_list_that_goes_in_a_circle_ends(engine):
    asked = []

    def circle(request: web.Request) -> Any:
        asked.append(request.path_qs)
        n = len(asked) % 3
        return {"messages": [entry(n)], "next_page_uri": f"/2010-04-01/again?Page={n}"}

    door = BrokenDoor(Receipt(Kept.SPOOL, None))
    async with listing(circle) as inbox:
        assert await Reconciler(inbox, [OUR_NUMBER], door.hear, engine, 30).look() == 3
    assert len(asked) == 4


async def test_a_list_without_an_end_ends(engine, monkeypatch):
    monkeypatch.setattr(telephone_of_provider, "MOST_PAGES", 20)
    asked = []

    def endless(request: web.Request) -> Any:
        asked.append(request.path_qs)
        return {"messages": [entry(len(asked))], "next_page_uri": f"/on?Page={len(asked)}"}

    door = BrokenDoor(Receipt(Kept.SPOOL, None))
    async with listing(endless) as inbox:
        assert await Reconciler(inbox, [OUR_NUMBER], door.hear, engine, 30).look() == 20
    assert len(asked) == 20


class _List:
    """The provider's list, as it is asked for."""

    def __init__(self, *messages: InboundSms) -> None:
        self.messages = list(messages)
        self.asked_since: list[datetime] = []

    async def inbound_since(self, numbers: Sequence[str], since: datetime) -> list[InboundSms]:
        self.asked_since.append(since)
        return self.messages


def sms(number: int) -> InboundSms:
    return InboundSms(f"SM{number:032x}", ANA, OUR_NUMBER, "aidez moi", None)


async def test_what_could_not_be_kept_is_looked_for_again(engine):
    listed, door = _List(sms(1)), BrokenDoor(NotKept())
    reconciler = Reconciler(listed, [OUR_NUMBER], door.hear, engine, 30)
    with pytest.raises(NotKept):
        await reconciler.look()
    door.answer = Receipt(Kept.SPOOL, None)
    assert await reconciler.look() == 1


async def test_without_the_record_each_text_is_heard_once():
    away = open_record("postgresql+psycopg://nobody@127.0.0.1:9/none")
    listed, door = _List(sms(1), sms(2)), BrokenDoor(Receipt(Kept.SPOOL, None))
    reconciler = Reconciler(listed, [OUR_NUMBER], door.hear, away, 30)
    assert [await reconciler.look(), await reconciler.look()] == [2, 0]
    away.dispose()


async def test_after_an_outage_it_looks_back_to_the_last_text_that_is_kept(engine, world, session):
    now = datetime.now(UTC)
    listed, door = _List(), BrokenDoor(Receipt(Kept.RECORD, None))
    await Reconciler(listed, [OUR_NUMBER], door.hear, engine, 30).look()
    assert now - listed.asked_since[-1] < timedelta(hours=25), "nothing is kept: one day"
    for days, expected in ((3, timedelta(days=3, hours=1)), (30, timedelta(days=7, hours=1))):
        session.connection().exec_driver_sql("TRUNCATE sighting")
        world.now = now - timedelta(days=days)
        world.hear(world.sms(ANA, "aidez moi"))
        session.commit()
        reconciler = Reconciler(listed, [OUR_NUMBER], door.hear, engine, 30)
        await reconciler.look()
        assert expected - timedelta(hours=2) < now - listed.asked_since[-1] < expected
        listed.messages = [replace(sms(1), sent_at=now)]
        await reconciler.look()
        await reconciler.look()
        assert listed.asked_since[-1] == now - timedelta(minutes=10)
        listed.messages = []


@pytest.mark.parametrize("ahead_h", [2, 20, -20])
async def test_a_gateway_whose_clock_is_wrong_finds_what_the_provider_has(
    engine, monkeypatch, ahead_h: int
):
    """The provider's clock says when a text came; ours may be hours ahead for weeks."""
    monkeypatch.setattr(clock, "_now", lambda: datetime.now(UTC) + timedelta(hours=ahead_h))

    class Dated(_List):
        """Answers as the provider does: what came since then."""

        async def inbound_since(self, numbers: Sequence[str], since: datetime) -> list[InboundSms]:
            listed = await super().inbound_since(numbers, since)
            return [one for one in listed if one.sent_at is None or one.sent_at >= since]

    listed, door = Dated(), BrokenDoor(Receipt(Kept.RECORD, None))
    reconciler = Reconciler(listed, [OUR_NUMBER], door.hear, engine, 30)
    found = []
    for number in range(1, 4):
        listed.messages.append(replace(sms(number), sent_at=datetime.now(UTC)))
        found.append(await reconciler.look())
    assert found == [1, 1, 1]
