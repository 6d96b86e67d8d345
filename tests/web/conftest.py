"""A console over real HTTP on a real record, and people who sign in to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from gateway.heard import Heard
from gateway.intake import take_in
from tests.world import Carried, World
from tgd import accounts, clock, passwords
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.database import transaction
from tgd.listening import Listener
from tgd.records import ProtectedPerson
from tgd.rules.access import Role
from tgd.seal import Keys
from tgd.serving import Served, serve
from tgd.settings import Settings
from tgd.store import nudges
from tgd.web.app import make_app
from tgd.web.console import Console

PASSWORD = "correct horse battery staple"
NAME = "Ana SENTINELLE"
PLACE = "Rue du Repère"
WORDS = "parle peu, deux enfants"
NUMBER = "+33639980077"
LAT, LON = "48.89234", "2.20711"
FULL_DISK, BROKEN_RULE = "53100", "23514"
"""What PostgreSQL says of a disk without room, and of a row that breaks a rule."""

PEOPLE = {
    "Bruno": Role.OPERATOR, "Berthe": Role.OPERATOR, "Sami": Role.SUPERVISOR,
    "Sonia": Role.SUPERVISOR, "Camille": Role.PROSECUTOR, "Corg": Role.CONTROL_ROOM,
    "Lise": Role.ASSOCIATION, "Stock": Role.STOCK_MANAGER, "Dpo": Role.AUDITOR,
    "Root": Role.ADMIN,
}  # fmt: skip


@cache
def hash_once() -> str:
    return passwords.hashed(PASSWORD)


@dataclass
class Browser:
    """One person's browser; follows no redirect by itself."""

    name: str
    client: httpx.AsyncClient
    form_token: str = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, **more)

    async def json(self, path: str) -> Any:
        return (await self.client.get(path, headers={"accept": "application/json"})).json()

    async def post(self, path: str, *, json: bool = False, **fields: str) -> httpx.Response:
        headers = {"accept": "application/json"} if json else {"sec-fetch-site": "same-origin"}
        sent = {"form_token": self.form_token} | fields
        return await self.client.post(path, data=sent, headers=headers)

    async def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        reply = await self.client.post("/login", data={"name": self.name, "password": password})
        if reply.status_code == 303:
            self.form_token = (await self.json("/api/session"))["form_token"]
        return reply


@dataclass
class House:
    """The console, its record, and a world that speaks to it at the present moment."""

    engine: Engine
    keys: Keys
    console: Console
    served: Served
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, name: str = "") -> Browser:
        client = httpx.AsyncClient(base_url=self.served.url, timeout=15)
        self.browsers.append(client)
        return Browser(name, client)

    async def signed_in(self, name: str) -> Browser:
        browser = self.browser(name)
        assert (await browser.sign_in()).status_code == 303
        return browser

    def do(self, act: Callable[[Session], Any]) -> Any:
        with transaction(self.engine) as session:
            return act(session)

    def hear(self, *heard: Heard) -> None:
        self.do(lambda session: take_in(session, heard, clock.now(), self.keys))

    def world(self, session: Session) -> World:
        return World(session, self.keys, clock.now())

    def give(self, name: str = "Ana", **more: Any) -> Carried:
        def given(session: Session) -> Carried:
            carried = self.world(session).give(name, **more)
            for person in session.exec(select(ProtectedPerson)):
                person.name, person.note = NAME, WORDS
                person.places = [{"label": PLACE, "city": "Sentinelle-sur-Mer"}]
            return carried

        return self.do(given)

    def press(self, carried: Carried, **said: Any) -> UUID:
        self.do(lambda s: self.world(s).hear(self.world(s).press(carried, **said)))
        return self.newest()

    def text(self, number: str, words: str | bytes) -> UUID:
        self.do(lambda s: self.world(s).hear(self.world(s).sms(number, words)))
        return self.newest()

    def newest(self) -> UUID:
        return self.ask("SELECT id FROM alert ORDER BY number DESC LIMIT 1")[0].id

    def ask(self, question: str, **values: Any) -> list[Any]:
        return self.do(lambda s: list(s.connection().execute(text(question), values)))

    @contextmanager
    def refusing(self, table: str, sqlstate: str) -> Iterator[None]:
        """The record itself refuses every new row of this table, as it would with this fault."""
        with self.engine.begin() as session:
            session.execute(text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'; END $$;"
                f" CREATE TRIGGER refusing BEFORE INSERT ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION refuse()"
            ))  # fmt: skip
        yield
        with self.engine.begin() as session:
            session.execute(text("DROP FUNCTION refuse() CASCADE"))

    def close(self, alert: UUID) -> None:
        """Bruno takes it and somebody on the scene made her safe."""
        bruno, now = Actor("Bruno", Role.OPERATOR), clock.now()

        def closed(session: Session) -> None:
            acts.take(session, bruno, alert, now)
            acts.arrive(session, Actor("room"), alert, now)
            acts.close(session, bruno, alert, acts.Outcome.MADE_SAFE, "la patrouille l'a vue", now)

        self.do(closed)

    def idle(self, name: str, **time: float) -> None:
        """This person did nothing for so long."""
        self.ask(
            "UPDATE web_session SET seen_at = seen_at - CAST(:t AS interval)"
            " WHERE account = :name RETURNING 1", name=name, t=timedelta(**time),
        )  # fmt: skip


@pytest.fixture
async def house(
    engine: Engine, record_url: str, keys: Keys, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """A console that runs; settings may be changed by parametrising the fixture."""
    given = {"console_insecure_http": True} | getattr(request, "param", {})
    settings = Settings.model_validate(given)
    with transaction(engine) as session:
        for name, role in PEOPLE.items():
            accounts.make_account(session, name, role, hash_once(), clock.now())
    listener = Listener(record_url, (nudges.CONSOLE,))
    await listener.open()
    console = Console(settings, engine, listener, keys)
    await console.open()
    served = await serve(make_app(console), "127.0.0.1:0")
    made = House(engine, keys, console, served)
    yield made
    await asyncio.gather(*(browser.aclose() for browser in made.browsers))
    await console.hub.close()
    await served.stop()
    await console.close()
    await listener.close()
