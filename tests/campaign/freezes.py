"""R7: a gateway and a dispatcher are frozen (SIGSTOP), taken over, and woken again as zombies.

Two of each work on one record. Frozen at a named step, in the middle of a transaction too, or at
a random moment; what a zombie writes after it was taken over changes nothing.
"""

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaign import points
from tests.campaign.brokers import broker_town
from tests.campaign.outcome import Outcome, Say, worst
from tests.campaign.town import Town, inhabited, until

TWINS = {"gateway": ("gateway", "gateway-2"), "dispatch": ("dispatch", "dispatch-2")}
NOT_HERE = (*points.WHILE_AWAY, *points.ON_RETURN, "answers_before_commit")
"""Steps that need an outage, or that only one of the twins takes."""


@dataclass(frozen=True, slots=True)
class Size:
    """Rounds; in each one gateway and one dispatcher are frozen together."""

    rounds: int = 10
    handsets: int = 60
    rate_per_s: float = 8.0


def _plan(made: Town, rounds: int) -> list[dict[str, str]]:
    """Who is frozen where in each round; an empty place is a random moment."""
    chance = made.chance
    plan = []
    for n in range(rounds):
        one = {}
        for kind, names in TWINS.items():
            named = [p for p in points.of(kind) if p not in NOT_HERE]
            at = named[n // 2 % len(named)] if n % 2 == 0 else ""
            one[chance.choice(names)] = at
        plan.append(one)
    return plan


def _is_frozen(pid: int) -> bool:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    return words.split()[0] == "T"


async def _freeze(made: Town, name: str, point: str) -> None:
    """At its next passage, or now."""
    if not point:
        await asyncio.sleep(made.chance.uniform(0.0, 1.0))
        made.send(name, signal.SIGSTOP)
        return
    before = made.part(name).process
    made.arm(name, f"{point}:1:stop")
    made.kill(name)
    await made.next_life(name, before)
    made.arm(name, "")
    await until(lambda: _is_frozen(made.pid(name)), 40, f"for {name} to reach {point}")


def _settled(made: Town) -> dict[Any, Any]:
    """What destinations have confirmed: nothing of it may change when a zombie wakes."""
    return {
        row.id: tuple(row)
        for row in made.rows(
            "SELECT id, lease_token, attempts, received_at FROM delivery"
            " WHERE state IN ('received', 'taken')"
        )
    }


async def _round(made: Town, victims: dict[str, str]) -> float:
    """Freeze, be taken over, wake; gives how long it took until the twins had told everything."""
    await asyncio.gather(*(_freeze(made, name, point) for name, point in victims.items()))
    frozen_s = time.monotonic()
    assert made.crowd is not None
    cries = [made.crowd.press() for _ in range(3)]
    await until(lambda: all(c.receipt_s for c in cries), 40, "for a receipt by the twin")
    held = _pending(made)
    await until(lambda: not held & _pending(made), 40, "for the twin to tell what was held")
    took_s = time.monotonic() - frozen_s
    before = _settled(made)
    for name in victims:
        made.send(name, signal.SIGCONT)
    await asyncio.sleep(1.5)
    after = _settled(made)
    changed = [str(i) for i, row in before.items() if after.get(i) != row]
    assert changed == [], f"a zombie changed {changed}"
    return took_s


def _pending(made: Town) -> set[Any]:
    """What is being told, or waits to be told: that of the frozen one among it."""
    return {row.id for row in made.rows("SELECT id FROM delivery WHERE state = 'pending'")}


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """One round after the other, under presses."""
    outcome = Outcome("R7", "gateway and dispatcher frozen, woken", seed, 2 * size.rounds)
    took: list[float] = []
    async with broker_town(folder, seed, dispatchers=2, closes=True) as (made, broker):
        async with inhabited(made, size.handsets, port=broker.port) as crowd:
            async with crowd.press_on(size.rate_per_s):
                for n, victims in enumerate(_plan(made, size.rounds), 1):
                    took.append(await _round(made, victims))
                    say(f"round {n}/{size.rounds}: {victims} taken over in {took[-1]:.1f} s")
            await made.judge(outcome)
            told_twice = len(made.platform.ledger_book.of("duplicate")) if made.platform else 0
    outcome.facts |= {"s to take over, worst": worst(took), "told again, merged": told_twice}
    return [outcome]
