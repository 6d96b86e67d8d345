"""What the benches of the alert path share: a fleet that presses, and when each press was where."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from simulators.fleet import Fleet, Plan
from simulators.fleet_member import Address
from simulators.handset_words import Card
from tests.acceptance.running import Service, service
from tests.conftest import reachable_folder


@asynccontextmanager
async def a_service(**asked: Any) -> AsyncIterator[Service]:
    """Record, gateway and dispatch as processes, and the platform as another one."""
    with reachable_folder() as folder:
        async with service(folder, platform_process=True, **asked) as running:
            await asyncio.sleep(1)
            yield running


def say(words: str) -> None:
    """Progress; on stderr, so that the figures stand alone on stdout."""
    print(f"  {words}", file=sys.stderr, flush=True)


async def press(
    running: Service, count: int, within_s: float, *, port: int = 0, cards: Sequence[Card] = ()
) -> Fleet:
    """So many handsets press once each, and all is told before this returns."""
    crew = list(cards) or await asyncio.to_thread(running.cards, count)
    ledger = running.folder / f"fleet-{time.monotonic_ns()}.jsonl"
    plan = Plan(connect_per_s=300, presses=count, press_within_s=within_s, repeat_s=20, wait_s=60)
    fleet = Fleet(crew, Address(port=port or running.ports["mqtt"]), plan, ledger=ledger)
    await fleet.run()
    await _until_told(running, fleet)
    return fleet


async def _until_told(running: Service, fleet: Fleet) -> None:
    async with asyncio.timeout(60):
        while len(spans(running, fleet)) < len(fleet.cries):
            await asyncio.sleep(0.2)


def moments(fleet: Fleet, event: str) -> dict[str, float]:
    """When each trigger first was there, in seconds since 1970, by the fleet's own ledger."""
    found: dict[str, float] = {}
    for line in fleet.ledger:
        if line["event"] == event:
            found.setdefault(line["trigger"], seconds(line["at"]))
    return found


def told(running: Service) -> dict[str, float]:
    """When the platform first had each alert, by its own ledger."""
    found: dict[str, float] = {}
    for line in running.kept_at_platform():
        found.setdefault(line["alert"], seconds(line["at"]))
    return found


def spans(running: Service, fleet: Fleet) -> list[float]:
    """Seconds from each press to the platform, as far as it is there."""
    told_at, alert_of = told(running), alerts(running, fleet)
    pressed = moments(fleet, "pressed")
    return [told_at[alert_of[t]] - at for t, at in pressed.items() if alert_of.get(t) in told_at]


def alerts(running: Service, fleet: Fleet) -> dict[str, str]:
    """Which alert each of the fleet's triggers belongs to."""
    names = [cry.press.trigger for cry in fleet.cries]
    question = "SELECT trigger, alert FROM alert_trigger WHERE trigger = ANY(:names)"
    return {row.trigger: str(row.alert) for row in running.rows(question, names=names)}


def seconds(at: str) -> float:
    """A ledger's moment in seconds since 1970."""
    return datetime.fromisoformat(at).timestamp()
