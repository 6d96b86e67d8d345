"""Everybody attacks at once for some time, by every way in, while real handsets press on.

Afterwards every promise is judged, and what the service said is read: no stack, nobody's name,
number, place or secret; it has not grown.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulators.handset_words import Card
from tests.acceptance.running import SECRET, TOKEN
from tests.campaign.consoles import PASSWORD, Operator, p99_s, staffed
from tests.campaign.outcome import Outcome, Say
from tests.campaign.town import Town, inhabited, town
from tests.hostile.attackers import EVERYBODY, PLACE, Attacker, ByForms
from tests.hostile.naughty import MARK

PARTS = ("gateway", "dispatch", "console")
LARGEST_GROWTH_MIB = 150
"""More by one campaign is a leak; each process is about 120 when it is calm."""
NEVER_SAID = ("Traceback", "panicked", "FICTIVE", "3363998", PLACE, TOKEN, SECRET, PASSWORD, MARK)
OF_OTHERS = ("reconciler_failed",)
"""The SMS provider is not there, and whoever looks for it says so."""


@dataclass(frozen=True, slots=True)
class Size:
    """For how long, how many of each attacker, and who presses meanwhile."""

    seconds: float = 20.0
    each: int = 2
    handsets: int = 8
    rate_per_s: float = 2.0
    calm_s: float = 4.0


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """Calm, then attacks; both are judged at the end."""
    outcome = Outcome("–", "hostile input by every way in", seed)
    async with town(folder, seed) as made, staffed(made, 1) as (mad,):
        stolen = made.cards(3)
        async with inhabited(made, size.handsets) as crowd:
            async with crowd.press_on(size.rate_per_s):
                await asyncio.sleep(size.calm_s)
                calm, before = len(crowd.fleet.cries), memory(made)
                path = {name: made.pid(name) for name in PARTS}
                attackers = await _attacked(made, size, seed, stolen, mad)
                grown = {name: mib - before[name] for name, mib in memory(made).items()}
            say(_seen(attackers))
            cries = list(crowd.fleet.cries)
            made.knows = {f"handset:{m.card.handset}" for m in crowd.fleet.members}
            await made.judge(outcome)
        assert path == {name: made.pid(name) for name in PARTS}, "a process has died"
        is_quiet(made.log, [card.mqtt_secret for card in stolen])
    assert max(grown.values()) < LARGEST_GROWTH_MIB, grown
    outcome.faults = sum(one.thrown for one in attackers)
    outcome.facts |= {
        "p99 s to a receipt, calm": p99_s(cries[:calm]), "attacked": p99_s(cries[calm:]),
        "grown MiB": max(grown.values()),
    }  # fmt: skip
    return [outcome]


def _seen(attackers: list[Attacker]) -> str:
    """What was thrown by each way, and how often each answer came."""
    seen: dict[str, Counter[object]] = {}
    for one in attackers:
        seen.setdefault(one.name, Counter()).update(one.seen)
    return "; ".join(f"{name}: {dict(found.most_common())}" for name, found in seen.items())


def is_quiet(log: list[str], secrets: list[str]) -> None:
    """Nothing that was said is a stack, or tells of anybody."""
    for line in log:
        bad = [word for word in (*NEVER_SAID, *secrets) if word in line]
        assert not bad, f"said {bad}: {line[:500]}"
        event = str(json.loads(line).get("event", "")) if line.startswith("{") else ""
        assert not event.endswith("_failed") or event in OF_OTHERS, line[:500]


async def _attacked(
    made: Town, size: Size, seed: int, stolen: list[Card], mad: Operator
) -> list[Attacker]:
    """All of them until the time is over; the first fault that one finds ends it."""
    everybody = [kind(made, seed + n, stolen) for kind, n in _shares(size)]
    for one in everybody:
        if isinstance(one, ByForms):
            one.cookie, one.token = mad.seat()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as attacking:
        for one in everybody:
            attacking.create_task(one.go_on(over))
        attacking.create_task(_end_after(size.seconds, over))
    return everybody


def _shares(size: Size) -> Iterator[tuple[type[Attacker], int]]:
    """So many of each; most of those who wait for answers that never come."""
    for kind in EVERYBODY:
        for n in range(size.each * kind.share):
            yield kind, n


async def _end_after(seconds: float, over: asyncio.Event) -> None:
    await asyncio.sleep(seconds)
    over.set()


def memory(made: Town) -> dict[str, float]:
    """MiB that each process has in memory."""
    found = {}
    for name in PARTS:
        status = Path(f"/proc/{made.pid(name)}/status").read_text()
        (line,) = [x for x in status.splitlines() if x.startswith("VmRSS")]
        found[name] = int(line.split()[1]) / 1024
    return found
