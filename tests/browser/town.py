"""The demonstration's court and a night's alerts on one record, and a console that shows them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import Engine, text
from sqlmodel import Session

from dispatch.conversing import claim, hear_leg, hear_recording
from dispatch.formats.conference import LegSaid, RecordingSaid
from tests.world import World
from tgd import accounts, clock, passwords, shifts
from tgd.alerts import acts, calling, exercising
from tgd.alerts.acts import Actor
from tgd.cli.demo import ACCOUNTS
from tgd.cli.demo_court import COURT, settle_court
from tgd.database import open_record, transaction
from tgd.listening import Listener
from tgd.rules.access import Role
from tgd.rules.alert import Outcome, Verified
from tgd.rules.calling import LegState, Party
from tgd.seal import Keys
from tgd.serving import serve
from tgd.settings import Settings
from tgd.store import nudges
from tgd.web.app import make_app
from tgd.web.console import Console

PASSWORD = "correct horse battery staple"
KEYS = Keys(bytes(range(32)))
BRUNO, SALIMA = Actor("bruno", Role.OPERATOR), Actor("salima", Role.SUPERVISOR)
PATIENCE_S = 30


@dataclass
class Town:
    """Everything that there is to be looked at, by the address of its page."""

    engine: Engine
    url: str = ""
    app: FastAPI = field(default_factory=FastAPI)
    sound: set[tuple[str, str]] = field(default_factory=set)
    """What has been looked at closely, and how."""
    alerts: dict[str, UUID] = field(default_factory=dict)
    files: dict[str, UUID] = field(default_factory=dict)
    """By the name of the person."""
    handsets: dict[str, str] = field(default_factory=dict)
    """One handset of each state."""

    def do(self, act: Any) -> Any:
        with transaction(self.engine) as session:
            return act(session)

    def ask(self, question: str, **values: Any) -> list[Any]:
        return self.do(lambda s: list(s.connection().execute(text(question), values)))

    def address(self, page: str) -> str:
        """Where the page is: the name in it is that of a person, or a state of a handset."""
        room, _, name = page.removeprefix("/").partition("/")
        known: dict[str, dict[str, Any]] = {
            "alerts": self.alerts, "files": self.files, "stock": self.handsets
        }  # fmt: skip
        one, _, part = name.partition("/")
        found = known.get(room, {}).get(one, one)
        return "/" + "/".join(str(word) for word in (room, found, part) if word)

    def state_of(self, name: str) -> str:
        """The state of this person's file."""
        return str(self.ask("SELECT state FROM case_file WHERE id = :f", f=self.files[name])[0][0])


@cache
def hash_once() -> str:
    return passwords.hashed(PASSWORD)


def settle(town: Town) -> None:
    """Accounts, a court with its files and stock, and one alert of each look."""
    town.do(_court)
    with transaction(town.engine) as session:
        town.alerts = _alerts(session, clock.now())
    rows = town.ask(
        "SELECT split_part(p.name, ' ', 1) AS name, f.id, f.state FROM case_file f"
        " JOIN protected_person p ON p.id = f.person"
        " WHERE f.court IS NOT NULL ORDER BY f.number"
    )
    town.files = {row.name: row.id for row in rows}
    found = town.ask(  # of the court whose people look: those of the other court are not theirs
        "SELECT h.id, h.state FROM handset h JOIN pool p ON p.code = h.pool WHERE p.court = :court"
        " ORDER BY h.id", court=COURT,
    )  # fmt: skip
    town.handsets = {row.state: row.id for row in found}


def _court(session: Session) -> None:
    for role, name in ACCOUNTS.items():
        plain = Role(role.partition("-")[0])
        accounts.make_account(
            session, name, plain, hash_once(), clock.now(), full_name=f"{name.title()} FICTIF",
            capacity="vice-procureure de la République" if plain is Role.PROSECUTOR else None,
        )  # fmt: skip
    settle_court(session, clock.now(), ACCOUNTS)


def _alerts(session: Session, now: datetime) -> dict[str, UUID]:
    """Ana's waits, Bella's is answered for, Chloé's waits for a second person, Diane's is a test,
    Emma's is closed, and a stranger's text message names nobody."""
    world = World(session, KEYS, now - timedelta(minutes=9))
    people = ("Ana", "Bella", "Chloe", "Diane", "Emma")
    carried = {name: world.give(name, number=f"+3363998009{n}") for n, name in enumerate(people)}
    found = {}
    for name in people:
        world.wait(minutes=1)
        world.hear(world.press(carried[name], kind="test" if name == "Diane" else "press"))
        found[name] = world.alerts()[-1].id
    world.hear(world.sms("+33639980098", "aidez moi il est devant la porte"))
    found["stranger"] = world.alerts()[-1].id
    for name in ("Bella", "Chloe", "Emma"):
        acts.take(session, BRUNO, found[name], world.now)
    acts.verify(session, BRUNO, found["Bella"], Verified.DANGER, world.now)
    acts.request_intervention(session, BRUNO, found["Bella"], world.now)
    acts.note(session, BRUNO, found["Bella"], "Elle parle bas, deux enfants avec elle.", world.now)
    acts.close(session, BRUNO, found["Chloe"], Outcome.ACCIDENTAL, "Sac à main.", world.now)
    acts.arrive(session, Actor("room"), found["Emma"], world.now)
    acts.close(session, BRUNO, found["Emma"], Outcome.MADE_SAFE, "La patrouille l’a vue.", now)
    _called(session, found["Bella"], now)
    shifts.start(session, SALIMA, now, heard_sound=True, telephone="01 99 00 00 21")
    flore = world.give("Flore", number="+33639980096", days=None, state="in_stock")
    exercising.announce(session, SALIMA, flore.handset, "240", world.now)
    world.hear(world.press(flore))
    found["Flore"] = world.alerts()[-1].id
    acts.take(session, BRUNO, found["Flore"], world.now)
    session.connection().execute(
        text("INSERT INTO technical_item (id, handset, kind, raised_at)"
             " VALUES (gen_random_uuid(), :h, 'silent', now())"), {"h": carried["Ana"].handset},
    )  # fmt: skip
    return found


def _called(session: Session, alert: UUID, now: datetime) -> None:
    """Bruno has called back, and it was recorded; now he listens again."""
    shifts.start(session, BRUNO, now, heard_sound=True, telephone="01 99 00 00 20")
    earlier = now - timedelta(minutes=1)
    first = calling.want_call(session, BRUNO, alert, earlier)
    claim(session, earlier)
    said = LegSaid("CA" + "1" * 32, LegState.NO_ANSWER)
    hear_leg(session, first, Party.OPERATOR, said, earlier)
    kept = RecordingSaid("RE" + "1" * 32, "CF" + "1" * 32, 42)
    hear_recording(session, first, kept, timedelta(days=180), earlier)
    calling.want_call(session, BRUNO, alert, now, listen_only=True)
    shifts.sit_at(session, BRUNO, now, "")


@contextmanager
def open_town(record_url: str, settings: Settings) -> Iterator[Town]:
    """The town on this record, its console in a thread with a loop of its own: the browser's
    driver has the loop of the tests."""
    engine = open_record(record_url, lane="work")
    town = Town(engine)
    try:
        settle(town)
        with served(record_url, settings, town):
            yield town
    finally:
        engine.dispose()


@contextmanager
def served(record_url: str, settings: Settings, town: Town) -> Iterator[None]:
    """A console with these settings on this record; its address is written into the town."""
    ready, ended = threading.Event(), asyncio.Event()
    loop: asyncio.AbstractEventLoop | None = None

    async def live() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        listener = Listener(record_url, (nudges.CONSOLE,))
        await listener.open()
        console = Console(settings, town.engine, listener, KEYS)
        await console.open()
        town.app = make_app(console)
        served = await serve(town.app, "127.0.0.1:0")
        town.url = served.url
        ready.set()
        await ended.wait()
        await console.hub.close()
        await served.stop()
        await console.close()
        await listener.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="console")
    thread.start()
    try:
        assert ready.wait(PATIENCE_S), "the console did not start"
        yield
    finally:
        if loop is not None:
            loop.call_soon_threadsafe(ended.set)
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
