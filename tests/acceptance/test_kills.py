"""Killed at any moment, nothing that was acknowledged is lost: real processes, ledgers outside.

Every kill is a SIGKILL. What the handsets were told is compared with the record and with the
platform's own ledger, never with what the service says of itself.
"""

import asyncio
import random
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulators.fleet import Fleet, Plan
from simulators.fleet_member import Address
from simulators.handset_words import Card
from tests import promises
from tests.acceptance.running import Service, service, until
from tests.seeds import seed
from tgd.cli.up import watch

SEED = seed()
ROOT = Path(__file__).parents[2]


def all_told(running: Service) -> bool:
    """The spool is empty, and the platform has everything that is on record."""
    if list(running.host.settings.spool.rglob("*.spool")):
        return False
    told = {line["alert"] for line in running.kept_at_platform()}
    rows = running.rows("SELECT id FROM alert")
    return {str(row.id) for row in rows} <= told


def fleet_of(running: Service, cards: list[Card], presses: int, within_s: float) -> Fleet:
    plan = Plan(presses=presses, press_within_s=within_s, repeat_s=1.0, wait_s=40)
    address = Address("127.0.0.1", running.ports["mqtt"])
    return Fleet(cards, address, plan, seed=SEED, ledger=running.folder / "fleet.jsonl")


def receipted(fleet: Fleet) -> set[str]:
    return {line["trigger"] for line in fleet.ledger if line["event"] == "receipt"}


def acknowledged(fleet: Fleet) -> set[str]:
    """What the handsets were told by PUBACK: on the own listener that means committed."""
    return {
        line["trigger"]
        for line in fleet.ledger
        if line["event"] == "puback" and not line.get("reason_code")
    }


async def kill_now_and_then(running: Service, plan: list[str], within_s: float) -> list[str]:
    """SIGKILL the named parts, at random moments within the window; the host starts them again."""
    chance = random.Random(SEED)
    moments = sorted(chance.uniform(0.5, within_s) for _ in plan)
    chance.shuffle(plan)
    begun = time.monotonic()
    done = []
    for moment, part in zip(moments, plan, strict=True):
        await asyncio.sleep(max(0.0, begun + moment - time.monotonic()))
        await kill(running, part)
        done.append(part)
    return done


async def kill(running: Service, part: str) -> None:
    """SIGKILL to what has this name now, until it is known to be dead: no death counts twice."""
    await until(lambda: running.is_alive(part), 20)
    if part == "record":
        first = running.record_pid()
        running.send(part, signal.SIGKILL)
        await until(lambda: not running.is_alive(part) or running.record_pid() != first, 20)
        return
    process = running.part(part).process
    assert process is not None
    process.kill()
    await process.wait()


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_when_parts_are_killed(open_folder: Path) -> None:
    """24 kills of gateway, dispatch and record while 150 handsets press over MQTT."""
    print(f"seed {SEED}")
    async with service(open_folder) as running, watched(running):
        cards = running.cards(150)
        fleet = fleet_of(running, cards, presses=300, within_s=40)
        kills = ["gateway"] * 10 + ["dispatch"] * 8 + ["record"] * 6
        killing = asyncio.create_task(kill_now_and_then(running, kills, 40))
        summary = await fleet.run()
        done = await killing
        assert len(done) >= 20, done
        await until(lambda: all_told(running), 60)
        promises.keep(running.evidence(receipted(fleet) | acknowledged(fleet)))
        assert summary["lost"] == 0, summary


def kill_points() -> list[str]:
    """Every kill point of the alert's path, read from the source so that none is forgotten."""
    names = set()
    for room in ("gateway", "dispatch", "tgd"):
        for file in (ROOT / room).rglob("*.py"):
            names |= set(re.findall(r'killpoint\.reach\("([a-z_]+)"\)', file.read_text()))
    return sorted(names)


def test_every_step_of_the_path_has_a_kill_point() -> None:
    assert {"door_before_record", "door_before_commit", "door_after_commit", "door_after_kept",
            "dispatch_before_claimed", "dispatch_after_claimed", "dispatch_after_told",
            "dispatch_before_answered", "spool_before_rename"} <= set(kill_points())  # fmt: skip


POINTS = [p for p in kill_points() if p.startswith(("door_", "dispatch_"))]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", POINTS)
async def test_killed_between_hearing_and_committing(open_folder: Path, point: str) -> None:
    """The process dies at this very step, at its first and at its third passage."""
    async with service(open_folder, kill_at=f"{point}:2") as running, watched(running):
        fleet = fleet_of(running, running.cards(6), presses=6, within_s=1.5)
        disarm = asyncio.create_task(_disarm_after_death(running, point))
        summary = await fleet.run()
        await disarm
        await until(lambda: all_told(running), 30)
        promises.keep(running.evidence(receipted(fleet) | acknowledged(fleet)))
        assert summary["lost"] == 0


async def _disarm_after_death(running: Service, point: str) -> None:
    """The part that died at the point is started again without it."""
    part = running.host.parts["gateway" if point.startswith("door") else "dispatch"]
    first = part.process
    assert first is not None
    for one in running.host.parts.values():
        one.environment = one.environment | {"TGD_KILL_AT": ""}
    async with asyncio.timeout(40):
        assert await first.wait() == -signal.SIGKILL, f"nothing passed {point}"


@asynccontextmanager
async def watched(running: Service) -> AsyncIterator[None]:
    """The host keeps the record alive meanwhile, as `tgd up` does."""
    stop = asyncio.Event()
    task = asyncio.create_task(watch(running.host, stop))
    try:
        yield
    finally:
        stop.set()
        await task
