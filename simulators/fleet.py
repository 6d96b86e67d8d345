"""Thousands of handsets in one process: a connect storm, presses, life signs, and a summary."""

import asyncio
import random
import resource
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.fleet_member import Address, Cry, Member
from simulators.fleet_noise import Noise
from simulators.handset_words import Card, Fix
from simulators.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Plan:
    """What the fleet does, in this order: connect all, press all, wait for receipts."""

    connect_per_s: float | None = None
    """None: a storm, everybody at once."""
    presses: int = 0
    """How many in all, over the handsets in turn."""
    press_within_s: float = 0.0
    """All within this window, at random moments; 0: at once."""
    kind: str = "press"
    repeat_s: float = 5.0
    """Unconfirmed presses are sent again at this interval."""
    heartbeat_s: float | None = None
    bad_per_s: float = 0.0
    noisy: int = 1
    """How many of the last cards the bad messages use."""
    wait_s: float = 30.0
    """How long to wait for all connections, and again for all receipts."""
    stay_s: float = 0.0
    """How long to stay connected afterwards, unless sent home before."""


def read_cards(path: Path) -> list[Card]:
    """Enrolments, one JSON object a line; raises ValueError for a line that is none."""
    return [Card.read(line) for line in path.read_text().splitlines() if line.strip()]


class Fleet:
    """`summary = await Fleet(cards, address, plan).run()`."""

    def __init__(
        self,
        cards: Sequence[Card],
        address: Address,
        plan: Plan,
        *,
        seed: int | None = None,
        ledger: Path | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
        fix: Fix | None = None,
    ) -> None:
        """With `bad_per_s`, the last cards make the noise and press nothing."""
        if not cards:
            raise ValueError("a fleet needs at least one enrolment")
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self.ledger_book = Ledger(ledger, each_fsync=False)
        self._chance = random.Random(seed)
        self._progress = progress
        self._home = asyncio.Event()
        quiet = len(cards) - (plan.noisy if plan.bad_per_s else 0)
        crew, noisy = cards[:quiet], cards[quiet:]
        self.members = [
            Member(card, address, self, random.Random(self._chance.random()), fix=fix)
            for card in crew
        ]
        self._noise = Noise(address, noisy, self._chance, self._note_bad) if noisy else None

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Pressed, puback, receipt, connected, disconnected: one line each."""
        return self.ledger_book.lines

    @property
    def cries(self) -> list[Cry]:
        """Every press so far, in the order in which they were made."""
        cries = [cry for member in self.members for cry in member.cries.values()]
        return sorted(cries, key=lambda cry: cry.pressed_s)

    def on_event(self, event: str, handset: str, **facts: object) -> None:
        """Called by every member."""
        self.counts[event] += 1
        self.ledger_book.write(event, handset=handset, **facts)

    def _note_bad(self, kind: str) -> None:
        self.counts["bad"] += 1
        self.ledger_book.write("bad", kind=kind)

    async def run(self) -> dict[str, Any]:
        """The whole plan; returns the summary. Ends every connection."""
        _allow_many_connections(len(self.members) + 100)
        beside = [asyncio.create_task(self._keep_time())]
        if self._noise:
            beside.append(asyncio.create_task(self._noise.make(self.plan.bad_per_s)))
        lives = await self._connect_all()
        try:
            await self._press_all()
            await self._until(lambda: all(c.receipt_s is not None for c in self.cries))
            with suppress(TimeoutError):
                async with asyncio.timeout(self.plan.stay_s):
                    await self._home.wait()
        finally:
            for member in self.members:
                member.leave()
            for task in [*lives, *beside]:
                task.cancel()
            await asyncio.gather(*lives, *beside, return_exceptions=True)
            self.ledger_book.close()
        return self.summary()

    def send_home(self) -> None:
        """Whoever stays connected after the receipts need stay no longer."""
        self._home.set()

    async def _connect_all(self) -> list[asyncio.Task[None]]:
        lives = []
        for member in self.members:
            lives.append(asyncio.create_task(member.live()))
            if self.plan.connect_per_s:
                await asyncio.sleep(1 / self.plan.connect_per_s)
        await self._until(lambda: all(m.is_connected for m in self.members))
        return lives

    async def _press_all(self) -> None:
        loop, window_s = asyncio.get_running_loop(), self.plan.press_within_s
        moments_s = sorted(self._chance.uniform(0, window_s) for _ in range(self.plan.presses))
        began_s = loop.time()
        for turn, moment_s in enumerate(moments_s):
            wait_s = began_s + moment_s - loop.time()
            if wait_s > 0 or turn % 200 == 0:
                await asyncio.sleep(max(wait_s, 0))
            self.members[turn % len(self.members)].press(self.plan.kind)

    async def _until(self, done: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.plan.wait_s):
                while not done():
                    await asyncio.sleep(0.1)

    async def _keep_time(self) -> None:
        """Every second: repeat, beat, ping, tell, and bring the ledger to the disk."""
        second = 0
        while True:
            await asyncio.sleep(1)
            second += 1
            for turn, member in enumerate(self.members):
                self._remind(member, second, turn)
            if self._progress:
                self._progress({"second": second, **self.counts})
            await asyncio.to_thread(self.ledger_book.flush)

    def _remind(self, member: Member, second: int, turn: int) -> None:
        """Each member at its own second, so that reminders are no storm themselves."""
        if (second + turn) % max(1, round(self.plan.repeat_s)) == 0:
            member.repeat_all()
        if (second + turn) % max(1, member.keep_alive_s // 2) == 0:
            member.ping()
        if self.plan.heartbeat_s and (second + turn) % max(1, round(self.plan.heartbeat_s)) == 0:
            member.beat()

    def summary(self) -> dict[str, Any]:
        """Counts and latencies in milliseconds; `lost`: pressed, and no receipt ever came."""
        cries = self.cries
        acknowledged = [c for c in cries if c.puback_s is not None]
        receipted = [c for c in cries if c.receipt_s is not None]
        return {
            "handsets": len(self.members),
            "connected": self.counts["connected"],
            "not_connected": self.counts["not_connected"],
            "disconnected": self.counts["disconnected"],
            "pressed": len(cries),
            "acknowledged": len(acknowledged),
            "refused": sum(c.refused is not None for c in cries),
            "receipted": len(receipted),
            "lost": len(cries) - len(receipted),
            "attempts": sum(c.attempts for c in cries),
            "bad": self.counts["bad"],
            "puback_ms": _percentiles(
                [(c.puback_s or 0) - (c.first_sent_s or 0) for c in acknowledged]
            ),
            "receipt_ms": _percentiles([(c.receipt_s or 0) - c.pressed_s for c in receipted]),
        }


def _percentiles(seconds: list[float]) -> dict[str, float] | None:
    if not seconds:
        return None
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else None
    p50, p99 = (cuts[49], cuts[98]) if cuts else (seconds[0], seconds[0])
    shown = {"p50": p50, "p99": p99, "max": max(seconds)}
    return {name: round(value * 1000, 2) for name, value in shown.items()}


def _allow_many_connections(wanted: int) -> None:
    """One file descriptor per handset; raises OSError when the system allows fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise OSError(f"this system allows {hard} connections, the fleet needs {wanted}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
