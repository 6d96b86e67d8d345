"""R14: the clocks of gateway and dispatch are set back, forward, or run wild under live alerts.

By libfaketime in each process, while the monotonic clock and everybody else's stay true. One press
before the step and one after it: both are told at once, and escalate when the policy says.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulators.fleet_member import Cry
from simulators.platform import Platform
from tests.acceptance.running import SECRET
from tests.campaign.crowd import Crowd
from tests.campaign.outcome import Outcome, Say, worst
from tests.campaign.town import Town, inhabited, town, until
from tgd.ports import free_port

FOUND = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
LIBRARY = FOUND[0] if FOUND else None
STEPS = {"-2 h": "-7200", "+26 h": "+93600", "+400 d": "+34560000", "x60": "+0 x60"}
AFTER_S = 5.0
EARLY_S = 2.0
MISSED_S = 20.0
TRUE = "+0"


@dataclass(frozen=True, slots=True)
class Size:
    """Rounds; in each the clock of one part, or of both, is set."""

    rounds: int = 10


def _policy(ports: dict[str, int]) -> str:
    return "".join(
        f"""
[[destination]]
name = "{name}"
kind = "webhook"
url = "http://127.0.0.1:{ports[name]}/alerts"
secret = "{SECRET}"

[[step]]
after_s = {after_s}
until = "{until_}"
tell = ["{name}"]
"""
        for name, after_s, until_ in (("platform", 0, "closed"), ("second", AFTER_S, "taken"))
    )


def _faked(folder: Path) -> dict[str, str]:
    assert LIBRARY is not None, "libfaketime is not installed"
    return {
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_TIMESTAMP_FILE": str(folder / "PART.time"),
    }  # fmt: skip


def set_clock(made: Town, part: str, step: str) -> None:
    """From now on; whole at once."""
    beside = made.folder / f"{part}.new"
    beside.write_text(step + "\n")
    beside.rename(made.folder / f"{part}.time")


def _told_at(platform: Platform, alert: str) -> float | None:
    for line in platform.ledger_book.of("kept"):
        if line["alert"] == alert:
            return datetime.fromisoformat(line["at"]).timestamp()
    return None


@dataclass(frozen=True, slots=True)
class Escalated:
    """One press: how early (from the press) or late (from its receipt) its escalation came."""

    early_s: float
    late_s: float


async def _escalated(made: Town, second: Platform, cry: Cry) -> Escalated:
    assert made.platform is not None
    first = made.platform

    def alert() -> str:
        rows = made.rows("SELECT alert FROM alert_trigger WHERE trigger = :t", t=cry.press.trigger)
        return str(rows[0].alert) if rows else ""

    await until(
        lambda: (a := alert()) and _told_at(first, a) and _told_at(second, a), 60, "to escalate"
    )
    again = _told_at(second, alert())
    assert again is not None
    assert cry.receipt_s is not None
    pressed = cry.press.at.timestamp()
    receipt = pressed + cry.receipt_s - cry.pressed_s
    return Escalated(pressed + AFTER_S - again, again - receipt - AFTER_S)


async def _round(
    made: Town, crowd: Crowd, second: Platform, who: tuple[str, ...], step: str, pause_s: float
) -> list[Escalated]:
    """A press, the step, a press."""
    before = crowd.press()
    await until(lambda: before.receipt_s is not None)
    await asyncio.sleep(pause_s)
    for part in who:
        set_clock(made, part, step)
    after = crowd.press()
    found = await asyncio.gather(*(_escalated(made, second, cry) for cry in (before, after)))
    for part in who:
        set_clock(made, part, TRUE)
    return list(found)


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """A round without a step first: how late this machine is by itself."""
    outcome = Outcome("R14", "clock set, or running wild", seed, size.rounds)
    whos = [("dispatch",), ("gateway", "dispatch"), ("gateway",)]
    plan = [(who, name) for who in whos for name in STEPS]
    found: list[Escalated] = []
    async with AsyncExitStack() as stack:
        second = Platform(SECRET, port=free_port())
        await second.start()
        stack.push_async_callback(second.stop)
        made = await stack.enter_async_context(_clocked_town(folder, seed, second.port))
        crowd = await stack.enter_async_context(inhabited(made, 2 * size.rounds + 2, probes=False))
        chance = made.chance
        alone_s = worst([x.late_s for x in await _round(made, crowd, second, (), TRUE, 0.5)])
        for n in range(size.rounds):
            who, name = plan[n % len(plan)]
            found += await _round(made, crowd, second, who, STEPS[name], chance.uniform(0.5, 1.5))
            say(f"{n + 1}/{size.rounds}: {name} at {' and '.join(who)}")
        await made.judge(outcome)
    outcome.facts |= {"s early, worst": worst([x.early_s for x in found]),
                      "s late, worst": worst([x.late_s for x in found]),
                      "s late without a step": alone_s}  # fmt: skip
    _judge(found)
    return [outcome]


def _judge(found: list[Escalated]) -> None:
    """Early is no matter of how busy this machine is. Late is, by seconds: that is reported; who
    waits for a clock that was set back waits for hours."""
    for one in found:
        assert one.early_s <= EARLY_S, f"escalated {one.early_s:.1f} s early"
        assert one.late_s <= MISSED_S, f"escalated {one.late_s:.1f} s late"


def _clocked_town(folder: Path, seed: int, second: int) -> AbstractAsyncContextManager[Town]:
    for part in ("gateway", "dispatch"):
        (folder / f"{part}.time").write_text(TRUE + "\n")

    def policy(ports: dict[str, int]) -> str:
        return _policy(ports | {"second": second})

    return town(folder, seed, policy=policy, environment=_faked(folder))
