"""What each act on the record costs per alert in CPU of ours and in statements, in batches of 100.

CPU time hardly depends on what else the machine does: this is the one to compare two versions by.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, event
from sqlmodel import Session

from dispatch.policy import read_policy
from dispatch.telling import Received
from dispatch.turn import Answered, Claimed, claim, write_answers
from gateway.heard import Channel, Form, Heard
from gateway.intake import take_in
from gateway.telemetry import keep_states
from simulators.handset_words import Card
from tests.acceptance.running import Service
from tests.bench.figures import Figure, Report
from tests.bench.ground import a_service, say
from tests.world import HERE
from tgd import clock, journal
from tgd.database import open_record, transaction
from tgd.keyring import open_keys
from tgd.rules.trigger import StateReport

BATCH = 100


async def measure(quick: bool) -> Report:
    """Intake, claim, answers, seal and states, one after the other, again and again."""
    async with a_service(parts=()) as running:
        rounds = 5 if quick else 25
        say(f"{rounds} rounds of {BATCH} alerts…")
        return await asyncio.to_thread(_rounds, running, rounds)


class Meter:
    """CPU and statements of one act after another."""

    def __init__(self, engine: Engine) -> None:
        self.cpu_ms: dict[str, list[float]] = {}
        self.statements: dict[str, int] = {}
        self._count = 0
        event.listen(engine, "after_cursor_execute", self._executed)

    def _executed(self, *said: Any) -> None:
        parameters = said[3]  # a list only where each row is a statement of its own
        self._count += len(parameters) if isinstance(parameters, list) else 1

    @contextmanager
    def act(self, name: str) -> Iterator[None]:
        """What is done inside is this act's."""
        begun, self._count = time.thread_time(), 0
        yield
        spent = (time.thread_time() - begun) * 1000 / BATCH
        self.cpu_ms.setdefault(name, []).append(spent)
        self.statements[name] = self._count


def _rounds(running: Service, rounds: int) -> Report:
    engine = open_record(running.host.record_url, lane="work")
    meter = Meter(engine)
    crew = running.cards(BATCH * rounds)
    for n in range(rounds):
        _one(engine, meter, running, crew[n * BATCH : (n + 1) * BATCH])
    engine.dispose()
    floor = statistics.median(meter.cpu_ms.pop("floor"))
    meter.statements.pop("floor")
    figures = [
        Figure(f"CPU of {name} per alert", statistics.median(spent), "ms", floor,
               "one row of a bulk insert with its commit")
        for name, spent in meter.cpu_ms.items()
    ]  # fmt: skip
    figures += [
        Figure(f"statements of {name} per {BATCH} alerts", count, "", 1, "one")
        for name, count in meter.statements.items()
    ]
    return Report(figures)


def _one(engine: Engine, meter: Meter, running: Service, crew: list[Card]) -> None:
    keys = open_keys(running.host.settings)
    policy = read_policy(
        (running.folder / "policy.toml").read_text(), running.folder, lambda path: path.read_text()
    )
    heard = [_heard(card) for card in crew]
    claimed: list[Claimed] = []

    def claim_all(session: Session) -> None:
        claimed.extend(claim(session, policy, clock.now(), "bench"))

    def answer(session: Session) -> None:
        written = write_answers(session, [Answered(c, Received("ok")) for c in claimed],
                                clock.now())  # fmt: skip
        assert written == BATCH, written

    def states(session: Session) -> None:
        now = clock.now()
        keep_states(session, [(c.handset, StateReport("online", 1, 63), now) for c in crew], now)

    acts: dict[str, Callable[[Session], object]] = {
        "floor": _floor,
        "intake": lambda session: take_in(session, heard, clock.now(), keys),
        "claim": claim_all,
        "answers": answer,
        "look once more": lambda session: claim(session, policy, clock.now(), "bench"),
        "sealing": journal.seal,
        "states": states,
    }
    for name, act in acts.items():
        with meter.act(name), transaction(engine) as session:
            act(session)


def _floor(session: Session) -> None:
    connection = session.connection()
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS floor (id uuid, words text)")
    rows = [(uuid4(), "x" * 200) for _ in range(BATCH)]
    connection.exec_driver_sql("INSERT INTO floor VALUES (%s, %s)", rows)


def _heard(card: Card) -> Heard:
    said = {"trigger": uuid4().hex, "counter": 1, "kind": "press", "battery_pct": 63,
            "at": clock.now().isoformat(), "position": HERE}  # fmt: skip
    raw = json.dumps(said).encode()
    return Heard(Channel.MQTT, Form.ALERT, card.handset, True, uuid4().hex, raw, clock.now())
