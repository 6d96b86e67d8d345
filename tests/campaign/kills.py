"""R1, R3, R4: gateway, record and dispatcher are killed, at every named step and at random times.

Each life of a part is armed with one kill point, or ends at a moment that the seed chose, its
start included. The platform's agent takes and closes, so that there is always something to do.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.campaign import points
from tests.campaign.outcome import Outcome, Say
from tests.campaign.town import Town, inhabited, switched, town, until


@dataclass(frozen=True, slots=True)
class Size:
    """How many deaths of each part; those of the kill points first, the rest at random."""

    gateway: int = 60
    dispatch: int = 40
    record: int = 5
    passages: tuple[int, ...] = (1, 2, 7)
    rate_per_s: float = 12.0
    handsets: int = 40


@dataclass(frozen=True, slots=True)
class Death:
    """How one life ends: at the n-th passage of a point, or so many seconds after its birth."""

    point: str = ""
    passages: int = 1
    after_s: float = 0.0

    @property
    def kill_at(self) -> str:
        """As the setting says it."""
        return f"{self.point}:{self.passages}" if self.point else ""

    def __str__(self) -> str:
        return self.kill_at or f"{self.after_s:.2f} s after its start"


def deaths(part: str, count: int, size: Size, made: Town) -> list[Death]:
    """Every point with every number of passages, and random ones; in a random order."""
    chance = made.chance
    named = [Death(point, n) for n in size.passages for point in points.of(part)]
    assert count == 0 or count >= len(named), f"{part} has {len(named)} named deaths"
    random_ones = [Death(after_s=chance.uniform(0.0, 2.5)) for _ in range(count - len(named))]
    every = [*named, *random_ones][:count]
    chance.shuffle(every)
    return every


async def die(made: Town, part: str, plan: list[Death], say: Say) -> None:
    """One life after the other."""
    for n, death in enumerate(plan, 1):
        before = made.part(part).process
        assert before is not None
        made.arm(part, death.kill_at)
        if n == 1:
            before.kill()  # its successor is the first that is armed
        await made.next_life(part, before)
        process = made.part(part).process
        assert process is not None
        if n < len(plan):
            made.arm(part, plan[n].kill_at)
        else:
            made.arm(part, "")
        await _dies(made, part, process, death)
        say(f"{part} {n}/{len(plan)}: {death}")


async def _dies(made: Town, part: str, process: Process, death: Death) -> None:
    if not death.point:
        await asyncio.sleep(death.after_s)
        if process.returncode is None:
            process.kill()
        await process.wait()
        return
    async with _reachable(made, part, process, death):
        try:
            await asyncio.wait_for(process.wait(), 120)
        except TimeoutError:
            raise AssertionError(f"nothing passed {death}") from None
    assert process.returncode == -9, f"{part} ended by itself with {process.returncode}"


@asynccontextmanager
async def _reachable(made: Town, part: str, process: Process, death: Death) -> AsyncIterator[None]:
    """Some steps are taken only while the record is away, or when it has come back."""
    link = made.links[f"{part}-record"]
    if death.point in points.WHILE_AWAY:
        async with switched(link, "refuse"):
            yield
    elif death.point in points.ON_RETURN:
        await _fill_spool(made, process, death.passages)
        yield
    else:
        async with nullcontext():
            yield


async def _fill_spool(made: Town, process: Process, batches: int) -> None:
    """So many batches wait; then the record is back."""
    link = made.links["gateway-record"]
    folder = made.host.settings.spool
    async with switched(link, "refuse"):
        await until(
            lambda: len(list(folder.rglob("*.spool"))) >= batches or process.returncode is not None,
            40, "for the spool to fill",
        )  # fmt: skip


async def kill_record(made: Town, count: int, say: Say) -> None:
    """At random moments, while it has things to do."""
    chance = made.chance
    for n in range(1, count + 1):
        await asyncio.sleep(chance.uniform(1.0, 4.0))
        await until(lambda: made.is_alive("record"), 60)
        made.kill("record")
        say(f"record {n}/{count}")
    await until(lambda: made.is_alive("record"), 60)


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """All three beside each other, under one crowd; judged together at the end."""
    outcomes = [
        Outcome("R1", "gateway killed", seed, size.gateway),
        Outcome("R4", "dispatcher killed", seed, size.dispatch),
        Outcome("R3", "record killed", seed, size.record),
    ]
    async with town(folder, seed, links=True, closes=True) as made:
        async with inhabited(made, size.handsets) as crowd:
            async with crowd.press_on(size.rate_per_s):
                async with asyncio.TaskGroup() as dying:
                    for part in ("gateway", "dispatch"):
                        plan = deaths(part, getattr(size, part), size, made)
                        dying.create_task(die(made, part, plan, say))
                await kill_record(made, size.record, say)
            whole = Outcome("all", "", seed, sum(one.faults for one in outcomes))
            await made.judge(whole, seconds=240)
    for one in outcomes:
        one.judged, one.facts = whole.judged, whole.facts
    return [one for one in outcomes if one.faults]
