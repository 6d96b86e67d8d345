"""Somebody away from any screen is rung, presses 1, and the alert's log says who has it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from destination_peers import ACCOUNT, PUBLIC_URL, TOKEN
from sqlalchemy import Engine, text

from dispatch.answers import make_app
from dispatch.attempting import attempt
from dispatch.destinations import build
from dispatch.policy import read_policy
from dispatch.proving import Telephony
from dispatch.turn import Answered, claim, write_answers
from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_calls import Person
from tests.world import World
from tgd import clock
from tgd.database import open_record, transaction
from tgd.serving import serve
from tgd.telephone import TwilioTelephone

SALIMA = "+33639980101"
POLICY = read_policy(
    f"""
    [[destination]]
    name = "supervisor"
    kind = "voice"
    number = "{SALIMA}"

    [[step]]
    after_s = 0
    tell = ["supervisor"]
    """
)


@dataclass
class Ringing:
    """Ana's alert, the provider, and a turn of dispatch."""

    engine: Engine
    provider: SmsProvider
    telephone: TwilioTelephone
    alert: UUID

    async def turn(self) -> None:
        """Tell what is due, as the loop does."""
        told = build(POLICY, self.telephone, PUBLIC_URL)["supervisor"]
        with transaction(self.engine) as session:
            claimed = claim(session, POLICY, clock.now(), "w1")
        answers = [Answered(one, await attempt(told, one.telling, 3.0, 1)) for one in claimed]
        with transaction(self.engine) as session:
            write_answers(session, answers, clock.now())

    def ask(self, question: str) -> list[Any]:
        with self.engine.begin() as connection:
            return list(connection.execute(text(question)))


@pytest.fixture
async def salima(world: World, record_url: str) -> AsyncIterator[Ringing]:
    world.now = clock.now()
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    engine = open_record(record_url)
    served = await serve(
        make_app(engine, POLICY, Telephony(ACCOUNT, TOKEN, PUBLIC_URL)), "127.0.0.1:0"
    )
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN), ring_scale=0.01)
    await provider.start()
    provider.connect_customer(**{PUBLIC_URL: served.url})
    telephone = TwilioTelephone(ACCOUNT, TOKEN, provider.url, "+33199000010", timeout_s=2)
    yield Ringing(engine, provider, telephone, world.only_alert().id)
    await provider.stop()
    await telephone.close()
    await served.stop()
    engine.dispose()


async def ended(provider: SmsProvider) -> None:
    async with asyncio.timeout(10):
        while not provider.calls or not provider.calls[-1].ended_at:
            await asyncio.sleep(0.02)


async def test_salima_presses_1_and_the_log_names_her_line(salima: Ringing) -> None:
    salima.provider.people[SALIMA] = Person(SALIMA, answers=True, after_s=0, digits="1")
    await salima.turn()
    await ended(salima.provider)
    (alert,) = salima.ask("SELECT state, owner FROM alert")
    assert (alert.state, alert.owner) == ("taken", "supervisor")
    lines = salima.ask("SELECT who, act, detail FROM journal WHERE who = 'supervisor' ORDER BY seq")
    assert [line.act for line in lines] == ["AnswerHeard", "AlertAcknowledged"]
    assert lines[0].detail == {"destination": "supervisor", "state": "taken"}
    assert salima.provider.calls[0].heard[-1] == "Merci. C'est noté. Ouvrez la console."
    assert SALIMA not in str(salima.ask("SELECT j::text FROM journal j"))


@pytest.mark.parametrize("digits", [None, "2", "#"])
async def test_a_mailbox_and_another_key_take_nothing(salima: Ringing, digits: str | None) -> None:
    salima.provider.people[SALIMA] = Person(SALIMA, answers=True, after_s=0, digits=digits)
    await salima.turn()
    await ended(salima.provider)
    (alert,) = salima.ask("SELECT state, owner FROM alert")
    assert (alert.state, alert.owner) == ("open", None)


async def test_a_key_whose_signature_is_wrong_takes_nothing(salima: Ringing) -> None:
    await salima.provider.become("bad_signature")
    salima.provider.people[SALIMA] = Person(SALIMA, answers=True, after_s=0, digits="1")
    await salima.turn()
    await ended(salima.provider)
    assert salima.ask("SELECT owner FROM alert")[0].owner is None
    assert salima.provider.ledger_book.of("call_error"), "the provider was refused"


async def test_a_key_that_is_sent_twice_takes_it_once(salima: Ringing) -> None:
    await salima.provider.become("duplicate_webhooks")
    salima.provider.people[SALIMA] = Person(SALIMA, answers=True, after_s=0, digits="1")
    await salima.turn()
    await ended(salima.provider)
    assert len(salima.ask("SELECT 1 FROM journal WHERE act = 'AlertAcknowledged'")) == 1
