"""An outage for tests: the record killed and left dead, Ana pressing, ledgers outside."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from simulators.handset import Handset, Settings
from simulators.handset_words import Card
from simulators.sms_provider import Account, Person, SmsProvider
from tests.acceptance.contract_ground import family_of
from tests.acceptance.running import SECRET, SID, TOKEN, Service, until

SUPERVISOR = "+33639980901"


def policy(ports: dict[str, int], supervisor_after_s: float = 4) -> str:
    """The platform at once, then the supervisor's telephone until somebody takes it."""
    return f"""
[[destination]]
name = "platform"
kind = "webhook"
url = "http://127.0.0.1:{ports["platform"]}/alerts"
secret = "{SECRET}"
timeout_s = 2.0

[[destination]]
name = "supervisor"
kind = "voice"
number = "{SUPERVISOR}"

[[step]]
after_s = 0
until = "closed"
tell = ["platform"]

[[step]]
after_s = {supervisor_after_s}
until = "taken"
tell = ["supervisor"]
"""


@asynccontextmanager
async def pressing(running: Service, card: Card) -> AsyncIterator[Handset]:
    """A handset switched on and connected."""
    handset = Handset(card, Settings(mqtt_port=running.ports["mqtt"]))
    await handset.start()
    await handset.connected()
    try:
        yield handset
    finally:
        await handset.stop()


@asynccontextmanager
async def provider(running: Service, *people: Person) -> AsyncIterator[SmsProvider]:
    """The telephone network, with these people behind their numbers."""
    account = Account(SID, TOKEN, f"http://127.0.0.1:{running.ports['gateway']}/sms/twilio")
    there = SmsProvider(account, port=running.ports["provider"])
    there.people = {person.number: person for person in people}
    await there.start()
    try:
        yield there
    finally:
        await there.stop()


async def kill_record(running: Service) -> None:
    """SIGKILL to PostgreSQL; nobody starts it again."""
    running.send("record", signal.SIGKILL)
    await until(lambda: not running.is_alive("record"))


@contextmanager
def frozen_record(running: Service) -> Iterator[None]:
    """SIGSTOP to every process of PostgreSQL: it takes connections and answers nothing."""
    first = running.record_pid()
    family = [first, *family_of(first)]
    for one in family:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in family:
            os.kill(one, signal.SIGCONT)


async def bring_back(running: Service) -> None:
    """Start it again, and wait until the spool is empty."""
    assert running.host.record is not None
    await asyncio.to_thread(running.host.record.restart_if_dead)
    await until(lambda: not list(running.host.settings.spool.rglob("*.spool")), 60)


async def kill_part(running: Service, part: str) -> None:
    """SIGKILL; the host starts it again."""
    await until(lambda: running.is_alive(part))
    first = running.pid(part)
    os.kill(first, signal.SIGKILL)
    await until(lambda: running.is_alive(part) and running.pid(part) != first)


def openings(running: Service) -> list[dict[str, Any]]:
    """What the platform was told as new, by its own ledger."""
    return [x for x in running.kept_at_platform() if x["type"].endswith("alert.opened.v1")]


@contextmanager
def armed(running: Service, part: str, point: str) -> Iterator[None]:
    """The part's next life dies at this kill point; the lives after it do not."""
    one = running.host.parts[part]
    before, one.environment = one.environment, one.environment | {"TGD_KILL_AT": point}
    try:
        yield
    finally:
        one.environment = before
