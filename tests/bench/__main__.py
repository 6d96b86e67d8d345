"""`make bench`: the alert path's figures, each as a ratio to the floor measured in the same run.

Machines differ and are noisy: the ratios are what to compare. Nothing here asserts.
"""

import argparse
import asyncio
import json
import platform as machine
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulators.fleet import Fleet, Plan
from simulators.fleet_member import Address
from tests.acceptance.running import Service, service
from tests.bench import floors
from tests.conftest import reachable_folder


@dataclass
class Figure:
    """One line of the report."""

    name: str
    value: float
    unit: str
    floor: float
    floor_is: str

    @property
    def ratio(self) -> float:
        """How many times the floor (for a rate: how much of it)."""
        return self.value / self.floor if self.floor else 0.0


async def main(arguments: argparse.Namespace) -> None:
    """Start the service, measure, print."""
    print(f"{machine.machine()}, {machine.python_implementation()} {machine.python_version()}")
    figures: list[Figure] = []
    with reachable_folder() as folder:
        async with service(folder, platform_process=True) as running:
            await asyncio.sleep(1)
            ground = await floors.measure(running)
            figures += await latency(running, ground, arguments.rate, arguments.seconds)
            figures += await burst(running, ground, arguments.burst)
    _print(figures, as_json=arguments.json)


async def latency(
    running: Service, ground: floors.Floors, rate: float, seconds: float
) -> list[Figure]:
    """Press → platform at a steady rate; every press by another handset."""
    count = int(rate * seconds)
    fleet = await _press(running, count, seconds)
    spans = sorted(_spans(running, fleet))
    if len(spans) < count:
        print(f"only {len(spans)} of {count} presses were told", file=sys.stderr)
    floor_is = "TCP round trip + one commit + one direct POST to the platform"
    return [
        Figure(f"press → platform p50 at {rate:g}/s", _at(spans, 0.50) * 1000, "ms",
               ground.path_ms, floor_is),
        Figure(f"press → platform p99 at {rate:g}/s", _at(spans, 0.99) * 1000, "ms",
               ground.path_p99_ms, floor_is),
    ]  # fmt: skip


async def burst(running: Service, ground: floors.Floors, count: int) -> list[Figure]:
    """Everybody presses at once: stored (receipt) and told per second."""
    fleet = await _press(running, count, 0.0)
    pressed = min(_moments(fleet, "pressed").values())
    stored = max(_moments(fleet, "receipt").values()) - pressed
    told_at = _told(running)
    alerts = _alerts(running)
    told = max(told_at[alerts[t]] for t in _moments(fleet, "pressed") if t in alerts) - pressed
    return [
        Figure(f"stored per second, {count} at once", count / stored, "/s",
               ground.rows_per_s, "bulk insert of one row each, 100 a commit"),
        Figure(f"told per second, {count} at once", count / told, "/s",
               ground.posts_per_s, "direct signed POSTs to the platform, 32 at a time"),
    ]  # fmt: skip


async def _press(running: Service, count: int, within_s: float) -> Fleet:
    cards = running.cards(count)
    ledger = running.folder / f"fleet-{time.monotonic_ns()}.jsonl"
    plan = Plan(connect_per_s=200, presses=count, press_within_s=within_s, repeat_s=20, wait_s=60)
    fleet = Fleet(cards, Address("127.0.0.1", running.ports["mqtt"]), plan, ledger=ledger)
    await fleet.run()
    await _until_told(running)
    return fleet


async def _until_told(running: Service) -> None:
    async with asyncio.timeout(60):
        while {str(r.id) for r in running.rows("SELECT id FROM alert")} - set(_told(running)):
            await asyncio.sleep(0.2)


def _moments(fleet: Fleet, event: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in fleet.ledger:
        if line["event"] == event:
            found.setdefault(line["trigger"], _seconds(line["at"]))
    return found


def _told(running: Service) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in running.kept_at_platform():
        found.setdefault(line["alert"], _seconds(line["at"]))
    return found


def _alerts(running: Service) -> dict[str, str]:
    rows = running.rows("SELECT trigger, alert FROM alert_trigger")
    return {row.trigger: str(row.alert) for row in rows}


def _spans(running: Service, fleet: Fleet) -> list[float]:
    told, alerts = _told(running), _alerts(running)
    pressed = _moments(fleet, "pressed")
    return [told[alerts[t]] - at for t, at in pressed.items() if alerts.get(t) in told]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _print(figures: list[Figure], *, as_json: bool) -> None:
    for f in figures:
        if as_json:
            line: dict[str, Any] = {"name": f.name, "value": round(f.value, 3), "unit": f.unit}
            print(json.dumps(line | {"floor": round(f.floor, 3), "ratio": round(f.ratio, 3)}))
        else:
            print(f"{f.name:36} {f.value:10.2f} {f.unit:3}   {f.ratio:6.2f} × {f.floor:.2f}"
                  f" ({f.floor_is})")  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rate", type=float, default=20.0, help="presses per second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--burst", type=int, default=1000, help="presses at once")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_arguments()))
