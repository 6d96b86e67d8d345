"""Bad links: of handsets, gateway, dispatcher, record, platform, each fault that TCP knows; locks.

The link breaks under presses, stays bad for some seconds, and heals. Presses go on being taken;
afterwards everything is on record once, and told.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.campaign.outcome import Outcome, Say
from tests.campaign.town import Town, inhabited, switched, town

LINKS = ("gateway-record", "dispatch-record", "platform", "handsets")
MODES: dict[str, dict[str, float]] = {
    "refuse": {}, "reset": {}, "blackhole": {}, "lost_reply": {}, "lost_request": {},
    "pass": {"latency_s": 0.3, "jitter_s": 0.25},
}  # fmt: skip
"""`pass` with a latency is the slow link."""
SLOW = """
CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
CREATE TRIGGER be_slow BEFORE INSERT ON alert_trigger FOR EACH ROW EXECUTE FUNCTION be_slow()
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How often each of the faults, and how long it lasts."""

    times: int = 1
    bad_s: float = 2.5
    black_s: float = 2.5
    """The black hole before dispatch, whose statements have 8 s, and 3 s more to be given up."""
    locked_s: float = 5.0
    handsets: int = 40
    rate_per_s: float = 8.0


@asynccontextmanager
async def locked(made: Town) -> AsyncIterator[None]:
    """Somebody changes the form of a table by hand, at night."""
    with made.engine.begin() as connection:
        await asyncio.to_thread(
            connection.execute, text("LOCK TABLE alert IN ACCESS EXCLUSIVE MODE")
        )
        yield


@asynccontextmanager
async def slow(made: Town) -> AsyncIterator[None]:
    """Every new press takes the record longer than the gateway waits."""
    await asyncio.to_thread(_do, made, SLOW)
    try:
        yield
    finally:
        await asyncio.to_thread(_do, made, "DROP FUNCTION be_slow CASCADE")


def _do(made: Town, statement: str) -> None:
    """Again when the service's own statements and ours wait for each other in a ring."""
    for _ in range(20):
        try:
            with made.engine.begin() as connection:
                connection.execute(text(statement))
        except OperationalError:
            continue
        return
    raise AssertionError(f"twenty deadlocks: {statement[:40]}")


async def broken(made: Town, link: str, mode: str, size: Size) -> Counter[str]:
    """The link is bad for a while; what that did to those who used it."""
    way = made.links[link]
    before = Counter(way.felt)
    black = (link, mode) == ("dispatch-record", "blackhole")
    async with switched(way, mode, **MODES[mode]):
        await asyncio.sleep(max(size.bad_s, size.black_s) if black else size.bad_s)
    await asyncio.sleep(0.3)
    return way.felt - before


def told(felt: Counter[str]) -> str:
    """As a person reads it beside the fault."""
    if not felt:
        return "met nobody, not counted"
    units = {"cut": "connections", "held": "bytes", "lost": "bytes", "delayed": "bytes"}
    return ", ".join(f"{count} {units[what]} {what}" for what, count in sorted(felt.items()))


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """Every fault of every link in a random order, then the locked and the slow record."""
    faults = [(link, mode) for link in LINKS for mode in MODES] * size.times
    links = Outcome("F18", "links refused, reset, slow, black, lost", seed)
    record = Outcome("F17", "record locked, slow", seed, 2 * size.times)
    async with town(folder, seed, links=True, closes=True) as made:
        made.chance.shuffle(faults)
        async with inhabited(made, size.handsets, port=made.links["handsets"].port) as crowd:
            async with crowd.press_on(size.rate_per_s):
                for n, (link, mode) in enumerate(faults, 1):
                    felt = await broken(made, link, mode, size)
                    links.faults += bool(felt)
                    say(f"{n}/{len(faults)}: {link} {mode}: {told(felt)}")
                for _ in range(size.times):
                    for fault in (locked, slow):
                        async with fault(made):
                            await asyncio.sleep(size.locked_s)
                        say(f"record {fault.__name__}")
            await made.judge(links)
    links.facts["met nobody"] = len(faults) - links.faults
    record.judged = links.judged
    return [links, record]
