"""Ana presses, Bruno has it; the provider, the dispatcher's calls and its answers are real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from destination_peers import ACCOUNT, PUBLIC_URL, TOKEN
from sqlalchemy import Engine, text
from twilio.request_validator import RequestValidator

from dispatch.answers import make_app
from dispatch.calls import Calls
from dispatch.policy import Policy
from dispatch.proving import Telephony
from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_calls import Person
from tests.acts.dispatching import BRUNO
from tests.world import Carried, World
from tgd import accounts, clock, shifts
from tgd.alerts import acts, calling
from tgd.database import open_record, transaction
from tgd.listening import Listener
from tgd.serving import serve
from tgd.store import nudges
from tgd.telephone import TwilioTelephone

DESK, OURS = "+33199000021", "+33199000010"
SORRY = "Bonjour, vous avez demandé à être appelée."
CRIES = "des cris"


@dataclass
class Line:
    """One alert that Bruno has, and every party of a call about it."""

    world: World
    engine: Engine
    provider: SmsProvider
    calls: Calls
    http: httpx.AsyncClient
    ana: Carried
    alert: UUID
    url: str
    alerts: list[UUID] = field(default_factory=list)

    def person(self, number: str, **more: Any) -> None:
        """Who is behind a number."""
        self.provider.people[number] = Person(
            number, **({"answers": True, "after_s": 0, "talks_s": 0.3} | more)
        )

    def want(self, *, listen_only: bool = False) -> UUID:
        """Bruno presses "call" on the sheet."""
        with transaction(self.engine) as session:
            return calling.want_call(
                session, BRUNO, self.alert, clock.now(), listen_only=listen_only
            )

    def speak(self) -> None:
        """Bruno, who only listens, presses "speak"."""
        with transaction(self.engine) as session:
            calling.want_to_speak(session, BRUNO, self.alert, clock.now())

    async def over(self, conversation: UUID) -> None:
        """Turns of the dispatcher until the call is over."""
        async with asyncio.timeout(20):
            while not self.ask("SELECT 1 FROM conversation WHERE ended_at IS NOT NULL"
                               " AND id = :id", id=conversation):  # fmt: skip
                await self.calls.turn()
                await asyncio.sleep(0.02)

    async def until(self, question: str, **values: Any) -> list[Any]:
        """Turns until the record says so."""
        async with asyncio.timeout(20):
            while not (found := self.ask(question, **values)):
                await self.calls.turn()
                await asyncio.sleep(0.02)
        return found

    def ask(self, question: str, **values: Any) -> list[Any]:
        """Rows of the record."""
        with self.engine.begin() as connection:
            return list(connection.execute(text(question), values))

    def keep_for_a_procedure(self, hold: UUID) -> None:
        """A prosecutor keeps all of the alert."""
        self.ask("INSERT INTO kept_longer (id, alert, what, reason, by, begun_at) VALUES"
                 " (:id, :alert, 'procedure', 'procedure 26/1', 'Camille', now()) RETURNING 1",
                 id=hold, alert=self.alert)  # fmt: skip

    def legs(self, conversation: UUID) -> dict[str, str]:
        """The two states as the sheet shows them."""
        found = self.ask(
            "SELECT party, state FROM call_leg WHERE conversation = :c", c=conversation
        )
        return {row.party: row.state for row in found}

    def rung(self) -> list[str]:
        """The numbers that rang, in their order."""
        return [call.to for call in self.provider.calls]

    async def form(
        self, conversation: UUID, what: str, token: str = TOKEN, signed_for: str | None = None,
        **form: str,
    ) -> httpx.Response:  # fmt: skip
        """What the provider (or somebody who says so) posts."""
        path = f"/answers/v1/calls/{conversation}/{what}"
        fields = {"AccountSid": ACCOUNT} | form
        signature = RequestValidator(token).compute_signature(
            PUBLIC_URL + (signed_for or path), fields
        )
        return await self.http.post(
            path, content=urlencode(fields),
            headers={"X-Twilio-Signature": signature,
                     "Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip


@asynccontextmanager
async def line(world: World, record_url: str, policy: Policy) -> AsyncIterator[Line]:
    """Everything on 127.0.0.1; Bruno is on shift at his desk and has Ana's alert."""
    world.now = clock.now()
    accounts.make_account(world.session, BRUNO.name, BRUNO.role, "no hash", world.now)
    shifts.start(world.session, BRUNO, world.now, heard_sound=True, telephone=DESK)
    ana = world.give("Ana")
    world.hear(world.press(ana))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    world.session.commit()
    engine = open_record(record_url)
    telephony = Telephony(ACCOUNT, TOKEN, PUBLIC_URL)
    served = await serve(
        make_app(engine, policy, telephony, None, timedelta(days=30)), "127.0.0.1:0"
    )
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN), ring_scale=0.01)
    await provider.start()
    provider.connect_customer(**{PUBLIC_URL: served.url})
    telephone = TwilioTelephone(ACCOUNT, TOKEN, provider.url, OURS, timeout_s=2)
    calls = Calls(
        engine,
        telephone,
        Listener(record_url, (nudges.CALLS,)),
        PUBLIC_URL,
        records=True,
        keys=world.keys,
    )
    async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
        made = Line(world, engine, provider, calls, http, ana, alert, record_url)
        made.person(DESK, says=SORRY)
        made.person(ana.number, says=CRIES)
        yield made
    await provider.stop()
    await telephone.close()
    await served.stop()
    engine.dispose()
