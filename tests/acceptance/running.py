"""The whole service as real processes for a test, with a platform that keeps its own ledger.

What is promised is judged from outside: the handsets' ledger, the platform's ledger, the record.
"""

import asyncio
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from simulators.answering import Back
from simulators.handset_words import Card
from simulators.platform import Platform
from tests import evidence
from tests.evidence import Evidence, Noted
from tgd import clock
from tgd.cli.children import Part
from tgd.cli.up import Host, start_host, stop_host
from tgd.inventory import decide_on_paper
from tgd.keyring import open_keys
from tgd.ports import free_ports
from tgd.records import Allocation, Consent, Handset, ProtectedPerson
from tgd.rules.keys import secret_hash, sms_key
from tgd.settings import Settings

SECRET = "whsec_" + b64encode(b"a secret of thirty-two bytes, yes").decode()
LEDGER = "platform.jsonl"
SID, TOKEN, OUR_NUMBER = "AC" + "0123456789abcdef" * 2, "fictional-auth-token", "+33199000001"


async def until(holds: Callable[[], Any], seconds: float = 30, what: str = "") -> float:
    """Until the condition holds; how long that took; raises AssertionError."""
    since = time.monotonic()
    while not await asyncio.to_thread(holds):
        assert time.monotonic() - since < seconds, f"waited {seconds} s in vain {what}"
        await asyncio.sleep(0.05)
    return time.monotonic() - since


@dataclass
class Service:
    """A running service and the strangers around it."""

    host: Host
    platform: Platform | None
    folder: Path
    ports: dict[str, int]
    engine: Engine

    def rows(self, question: str, **values: Any) -> list[Any]:
        """What the record says, as soon as it is there to say it."""
        for _ in range(60):
            try:
                with self.engine.connect() as connection:
                    return list(connection.execute(text(question), values))
            except OperationalError:
                time.sleep(0.5)  # just killed
        raise TimeoutError("the record did not come back")

    def kept_at_platform(self) -> list[dict[str, Any]]:
        """The platform's own lines of what it has."""
        if self.platform is not None:
            return self.platform.ledger_book.of("kept")
        written = (self.folder / LEDGER).read_text().splitlines()
        lines = [json.loads(line) for line in written]
        return [x for x in lines if x["event"] == "kept" and not x["alert"].startswith("floor")]

    def evidence(
        self, receipted: Iterable[str], pressed: Iterable[str] | None = None,
        healed_at: datetime | None = None,
    ) -> Evidence:  # fmt: skip
        """What the promises are judged by: the record, the platform's own ledger, the handsets'.

        One moment of the record: the service goes on meanwhile, and the ledger is read after it.
        """
        with self.engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            now = connection.execute(text("SELECT clock_timestamp() AS now")).one().now
            record = evidence.ask(lambda q: list(connection.execute(text(q))))
        noted = [
            Noted(line["alert"], line["type"].split(".")[-2], line["key"],
                  datetime.fromisoformat(line["at"]))
            for line in self.kept_at_platform()
        ]  # fmt: skip
        made = None if pressed is None else frozenset(pressed)
        # texts, and who asks over HTTP, are counted elsewhere
        return Evidence(now=now, **record, ledgers={"platform": noted},
                        receipts=frozenset(receipted), pressed=made,
                        uncounted=("osmand:", "sms:"), healed_at=healed_at)  # fmt: skip

    def part(self, name: str) -> Part:
        """One of our processes."""
        return self.host.parts[name]

    def is_alive(self, name: str) -> bool:
        """Whether the part, or the record, runs now."""
        if name == "record":
            assert self.host.record is not None
            return self.host.record.is_alive()
        process = self.part(name).process
        return process is not None and process.returncode is None

    def record_pid(self) -> int:
        """The postmaster."""
        (found,) = (self.host.settings.data_dir / "record").rglob("postmaster.pid")
        return int(found.read_text().split("\n", 1)[0])

    def send(self, name: str, number: int) -> None:
        """A signal to the part, or to the record."""
        os.kill(self.record_pid() if name == "record" else self.pid(name), number)

    def pid(self, part: str) -> int:
        """The process id of one part now."""
        process = self.part(part).process
        assert process is not None
        return process.pid

    def cards(self, count: int) -> list[Card]:
        """So many enrolled handsets, each carried by a fictional person who agreed to all."""
        keys = open_keys(self.host.settings)
        cards = []
        first = self.rows("SELECT count(*) AS n FROM handset")[0].n
        with Session(self.engine) as session:
            owners: list[Any] = []
            rest: list[Any] = []
            for n in range(first, first + count):
                cards.append(_enrolled(owners, rest, n, keys.master))
            for rows in (owners, rest):  # all at once: thousands are enrolled in seconds
                session.add_all(rows)
                session.flush()
            session.add_all(_allocated(session, owners))
            session.commit()
        return cards


def _allocated(session: Session, owners: list[Any]) -> list[Allocation]:
    """Each person her handset, by a decision on paper."""
    now = clock.now()
    days = (now - timedelta(days=1), now + timedelta(days=180))
    return [
        Allocation(id=uuid4(), handset=handset.id, person=person.id, period=Range(*days),
                   decision=decide_on_paper(session, person.id, days, now))
        for handset, person in zip(owners[::2], owners[1::2], strict=True)
    ]  # fmt: skip


def _enrolled(owners: list[Any], rest: list[Any], n: int, master: bytes) -> Card:
    now = clock.now()
    handset, person, secret = f"h{uuid4().hex[:12]}", uuid4(), uuid4().hex
    number = f"+3363998{n:04d}" if n < 10_000 else None
    owners += [
        Handset(id=handset, state="issued", number=number, secret_hash=secret_hash(secret),
                enrolled_at=now),
        ProtectedPerson(id=person, name=f"Personne {n} FICTIVE", places=[]),
    ]  # fmt: skip
    rest += [
        Consent(id=uuid4(), person=person, scope=scope, given_at=now)
        for scope in ("device", "geolocation")
    ]
    return Card(handset, secret, sms_key(master, handset, 1).hex(), number or "+33639980000")


@asynccontextmanager
async def service(
    folder: Path,
    *,
    policy: str | Callable[[dict[str, int]], str] = "",
    lines: list[str] | None = None,
    parts: tuple[str, ...] = ("gateway", "dispatch"),
    platform_process: bool = False,
    ports: dict[str, int] | None = None,
    platform_words: tuple[str, ...] = (),
    **settings: Any,
) -> AsyncIterator[Service]:
    """The record and these parts on free ports, and a platform (here or as its own process).

    The policy may be made from the ports when they are chosen here.
    """
    ports = ports or named_ports("mqtt", "gateway", "answers", "console", "provider", "platform")
    async with AsyncExitStack() as stack:
        platform = None
        if platform_process:
            await stack.enter_async_context(_own_process(folder, ports, platform_words))
        else:
            platform = await stack.enter_async_context(platform_here(folder, ports))
        host = await _host(stack, folder, ports, policy, lines, parts, settings)
        engine = create_engine(host.record_url)
        stack.callback(engine.dispose)
        yield Service(host, platform, folder, ports, engine)


@asynccontextmanager
async def platform_here(folder: Path, ports: dict[str, int]) -> AsyncIterator[Platform]:
    back = Back(f"http://127.0.0.1:{ports['answers']}", "platform")
    platform = Platform(SECRET, back=back, port=ports["platform"], ledger=folder / LEDGER)
    await platform.start()
    try:
        yield platform
    finally:
        await platform.stop()


@asynccontextmanager
async def _own_process(
    folder: Path, ports: dict[str, int], words: tuple[str, ...]
) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "platform", "--secret", SECRET,
        "--port", str(ports["platform"]), "--ledger", str(folder / LEDGER),
        "--answers-url", f"http://127.0.0.1:{ports['answers']}", *words,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def _host(
    stack: AsyncExitStack, folder: Path, ports: dict[str, int],
    policy: str | Callable[[dict[str, int]], str], lines: list[str] | None,
    parts: tuple[str, ...], settings: dict[str, Any],
) -> Host:  # fmt: skip
    told = policy(ports) if callable(policy) else policy
    (folder / "policy.toml").write_text(told or only_platform(ports))
    read = settings_of(folder, ports, settings)
    kept = lines if lines is not None else []
    host = await start_host(read, kept.append, kept.append, only=parts)
    stack.push_async_callback(stop_host, host, kept.append)
    return host


def settings_of(folder: Path, ports: dict[str, int], more: dict[str, Any]) -> Settings:
    here = "127.0.0.1"
    said = {
        "data_dir": folder, "policy": folder / "policy.toml",
        "mqtt_listen": f"{here}:{ports['mqtt']}", "gateway_listen": f"{here}:{ports['gateway']}",
        "answers_listen": f"{here}:{ports['answers']}",
        "console_listen": f"{here}:{ports['console']}", "gateway_health_listen": f"{here}:0",
        "dispatch_health_listen": f"{here}:0", "console_health_listen": f"{here}:0",
        "auditor_health_listen": f"{here}:0",
        "twilio_account_sid": SID, "twilio_auth_token": TOKEN, "sms_numbers": OUR_NUMBER,
        "twilio_api_base": f"http://{here}:{ports['provider']}",
        "public_url": f"http://{here}:{ports['gateway']}",
        "answers_public_url": f"http://{here}:{ports['answers']}",
        "console_insecure_http": True, "reconcile_every_s": 2.0,
    }  # fmt: skip
    return Settings.model_validate(said | more)


def only_platform(ports: dict[str, int]) -> str:
    return f"""
[[destination]]
name = "platform"
kind = "webhook"
url = "http://127.0.0.1:{ports["platform"]}/alerts"
secret = "{SECRET}"
timeout_s = 3.0

[[step]]
after_s = 0
until = "closed"
tell = ["platform"]
"""


def named_ports(*names: str) -> dict[str, int]:
    """Free ports of loopback, all different."""
    return dict(zip(names, free_ports(len(names)), strict=True))


def write_cards(path: Path, cards: Sequence[Card]) -> Path:
    """Enrolments as the fleet's program reads them."""
    lines = [
        json.dumps({"handset": c.handset, "mqtt_secret": c.mqtt_secret, "sms_key": c.sms_key})
        for c in cards
    ]
    path.write_text("\n".join(lines))
    return path
