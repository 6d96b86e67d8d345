"""Twenty alerts a second for a long time, taken and closed: does anything grow or get slower?"""

import asyncio
import statistics
from dataclasses import dataclass

from simulators.fleet import Fleet, Plan
from simulators.fleet_member import Address, Cry
from tests import promises
from tests.acceptance.running import Service, service
from tests.bench import memory
from tests.bench.figures import share
from tests.bench.ground import moments, say
from tests.conftest import reachable_folder

PER_S = 20
HANDSETS = 600
"""Each presses every half minute; by then its alert has been taken and closed."""
AGENT = ("--auto-take", "1", "--auto-close", "4")
SETTLED_AFTER_MIN = 5
"""Until then caches, lists of what is over and the pools of connections fill."""
JUDGED_FROM_MIN = 15
PARTS = ("gateway", "dispatch")


@dataclass(frozen=True, slots=True)
class Minute:
    """What was seen at the end of one minute."""

    number: int
    rss_mb: dict[str, float]
    descriptors: dict[str, int]
    connections: int
    idle_in_transaction: int
    open_alerts: int
    p99_ms: float

    def words(self) -> str:
        """One line of the report."""
        parts = "  ".join(
            f"{part} {self.rss_mb[part]:.1f} MB {self.descriptors[part]} fd" for part in PARTS
        )
        return (
            f"minute {self.number:3}  {parts}  record: {self.connections} connections,"
            f" {self.idle_in_transaction} idle in transaction  {self.open_alerts} open"
            f"  receipt p99 {self.p99_ms:.0f} ms"
        )


async def soak(minutes: int) -> list[str]:
    """The whole soak; gives the slopes. AssertionError when a promise was broken."""
    with reachable_folder() as folder:
        async with service(folder, platform_process=True, platform_words=AGENT) as running:
            cards = await asyncio.to_thread(running.cards, HANDSETS)
            plan = Plan(connect_per_s=100, presses=PER_S * 60 * minutes,
                        press_within_s=60.0 * minutes, repeat_s=5, wait_s=60)  # fmt: skip
            fleet = Fleet(cards, Address(port=running.ports["mqtt"]), plan)
            pressing = asyncio.create_task(fleet.run())
            seen = await _watch(running, fleet, minutes)
            summary = await pressing
            await asyncio.sleep(10)  # the last ones are taken and closed
            assert summary["lost"] == 0, summary
            promises.keep_safe(running.evidence(moments(fleet, "receipt")))
            say("\n".join([f"{summary['pressed']} presses, 0 lost", *_slopes(seen)]))
            judge(seen)
            return [f"{summary['pressed']} presses, 0 lost", *_slopes(seen)]


def judge(seen: list[Minute]) -> None:
    """AssertionError when something grows (RELIABILITY R13); of few minutes nobody can say so."""
    if len(seen) < JUDGED_FROM_MIN:
        return
    settled = seen[SETTLED_AFTER_MIN:]
    for part in PARTS:
        mb = slope([m.rss_mb[part] for m in settled]) * 10
        assert mb < 1.0, f"{part} grows by {mb:.2f} MB in 10 minutes"
        held = slope(floors([m.descriptors[part] for m in settled])) * 2
        assert held < 1.0, f"{part} holds {held:.1f} descriptors more in 10 minutes"
    joined = slope([float(m.connections) for m in settled]) * 10
    assert joined < 1.0, f"the record has {joined:.1f} connections more in 10 minutes"
    half = len(settled) // 2
    early = statistics.fmean(m.p99_ms for m in settled[:half])
    late = statistics.fmean(m.p99_ms for m in settled[half:])
    assert late < 1.2 * early, f"receipt p99 was {early:.0f} ms, then {late:.0f} ms"
    held = max(m.open_alerts for m in settled)
    assert held < HANDSETS / 2, f"{held} alerts were open at once: nobody ended them"
    assert not any(m.idle_in_transaction for m in seen), "a transaction was idle for over a second"


async def _watch(running: Service, fleet: Fleet, minutes: int) -> list[Minute]:
    seen: list[Minute] = []
    counted = 0
    for number in range(1, minutes + 1):
        await asyncio.sleep(60)
        cries = fleet.cries
        seen.append(await asyncio.to_thread(_minute, running, number, cries[counted:]))
        counted = len(cries)
        say(seen[-1].words())
    return seen


def _minute(running: Service, number: int, cries: list[Cry]) -> Minute:
    waited = [c.receipt_s - c.pressed_s for c in cries if c.receipt_s is not None]
    (record,) = running.rows(
        "SELECT count(*) AS n, count(*) FILTER (WHERE state = 'idle in transaction' AND"
        " now() - state_change > interval '1 second') AS idle"
        " FROM pg_stat_activity WHERE datname = current_database()"
    )
    return Minute(
        number,
        {part: memory.own_mb(running.pid(part)) for part in PARTS},
        {part: memory.descriptors(running.pid(part)) for part in PARTS},
        record.n,
        record.idle,
        running.rows("SELECT count(*) AS n FROM alert WHERE state <> 'closed'")[0].n,
        share(waited, 0.99) * 1000,
    )


def _slopes(seen: list[Minute]) -> list[str]:
    """After the first minutes, in which caches fill; all of it when there are few."""
    settled = seen[SETTLED_AFTER_MIN:] if len(seen) > SETTLED_AFTER_MIN + 2 else seen
    lines = []
    for part in PARTS:
        rss = slope([m.rss_mb[part] for m in settled]) * 10
        held = slope(floors([m.descriptors[part] for m in settled])) * 2
        lines.append(f"{part}: {rss:+.2f} MB and {held:+.2f} descriptors in 10 minutes")
    lines.append(f"receipt p99: {slope([m.p99_ms for m in settled]) * 10:+.1f} ms in 10 minutes")
    idle = max(m.idle_in_transaction for m in seen)
    lines.append(f"most idle in transaction for over a second: {idle}")
    return [*lines, f"slopes over {len(settled)} of {len(seen)} minutes"]


def floors(values: list[int]) -> list[float]:
    """The least of each five minutes: a leak raises it, a moment with many connections does not."""
    return [float(min(values[n : n + 5])) for n in range(0, len(values), 5)]


def slope(values: list[float]) -> float:
    """Least squares, per step; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    above = sum((n - middle) * (value - mean) for n, value in enumerate(values))
    return above / sum((n - middle) ** 2 for n in range(len(values)))
