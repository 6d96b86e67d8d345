"""Those who press during a campaign, and a probe that asks each second whether a press is taken."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from gateway.formats.osmand import derived_id
from simulators.fleet import Fleet, Plan
from simulators.fleet_member import Address, Cry
from simulators.handset_words import Card
from tgd.rules.doubt import TriggerKind

A_LONG_TIME_S = 1e6
REPEAT_S = 3.0


class Crowd:
    """Handsets that stay connected and press when told; each repeats until its receipt."""

    def __init__(
        self, cards: Sequence[Card], port: int, seed: int, ledger: Path, host: str = "127.0.0.1"
    ) -> None:
        plan = Plan(repeat_s=REPEAT_S, wait_s=60, stay_s=A_LONG_TIME_S)
        self.fleet = Fleet(cards, Address(host, port), plan, seed=seed, ledger=ledger)
        self._chance = random.Random(seed)
        self._turn = 0
        self._tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> "Crowd":
        self._tasks = [asyncio.create_task(self.fleet.run())]
        await self.connected(60)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in reversed(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connected(self, seconds: float) -> float:
        """Until every handset is connected; how long that took; raises TimeoutError."""
        since = time.monotonic()
        async with asyncio.timeout(seconds):
            while not all(m.is_connected for m in self.fleet.members):
                await asyncio.sleep(0.05)
        return time.monotonic() - since

    def press(self) -> Cry:
        """The next handset presses."""
        self._turn += 1
        return self.fleet.members[self._turn % len(self.fleet.members)].press()

    def press_on(self, rate_per_s: float) -> "Pressing":
        """Go on pressing at random moments until the block ends."""
        return Pressing(self, rate_per_s, self._chance)

    async def settle(self, seconds: float = 60) -> None:
        """Until every press has its receipt; raises TimeoutError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.waiting():
                    await asyncio.sleep(0.05)
        assert not self.waiting(), (
            f"{len(self.waiting())} presses never received: {self.fleet.counts}"
        )

    def waiting(self) -> list[str]:
        """Triggers that nobody has confirmed yet."""
        return [c.press.trigger for c in self.fleet.cries if c.receipt_s is None]

    def told_received(self, *, by_puback: bool) -> set[str]:
        """What the handsets were told is kept; a broker's PUBACK says nothing of us."""
        words = ("receipt", "puback") if by_puback else ("receipt",)
        return {line["trigger"] for line in self.fleet.ledger if line["event"] in words}


class Pressing:
    """`async with crowd.press_on(10):` presses meanwhile."""

    def __init__(self, crowd: Crowd, rate_per_s: float, chance: random.Random) -> None:
        self._crowd, self._rate_per_s, self._chance = crowd, rate_per_s, chance

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._press())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _press(self) -> None:
        while True:
            self._crowd.press()
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) / self._rate_per_s)


class Probe:
    """Each second one SOS over HTTP on a fresh connection; one that is not taken costs a second.

    With several gateways it is enough that one takes it, as for a telephone with two addresses.
    """

    def __init__(self, urls: Sequence[str], card: Card) -> None:
        self._urls, self._card = urls, card
        self.asked = 0
        self.accepted: set[str] = set()
        """Which SOS were answered with 2xx, by the name that the record gives them."""
        self._task: asyncio.Task[None] | None = None

    @property
    def seconds_without(self) -> int:
        """Seconds in which nobody would have been heard."""
        return self.asked - len(self.accepted)

    async def __aenter__(self) -> "Probe":
        self._task = asyncio.create_task(self._each_second())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Ask no more; what was asked last is answered, or not, by now."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _each_second(self) -> None:
        while True:
            next_s = time.monotonic() + 1
            self.asked += 1
            at_ms = time.time_ns() // 10**6
            if await self._ask(str(at_ms)):
                at = datetime.fromtimestamp(at_ms / 1000, UTC)
                named = derived_id(self._card.handset, at, TriggerKind.PRESS)
                self.accepted.add(str(named))
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    async def _ask(self, at: str) -> bool:
        limit = aiohttp.ClientTimeout(total=1 / len(self._urls))
        form = {"id": self._card.handset, "timestamp": at, "alarm": "sos"}
        headers = {"Authorization": f"Bearer {self._card.mqtt_secret}"}
        async with aiohttp.ClientSession(timeout=limit, headers=headers) as http:
            for url in self._urls:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with http.post(f"{url}/devices/osmand", data=form) as reply:
                        if 200 <= reply.status < 300:
                            return True
        return False
