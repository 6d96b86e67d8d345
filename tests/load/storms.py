"""Storms over the whole service as processes: what must hold is asserted, how long is reported."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

from simulators.fleet import Fleet, Plan
from simulators.fleet_member import Address
from simulators.handset_words import Card
from tests import promises
from tests.acceptance.running import Service, write_cards
from tests.bench.figures import share
from tests.bench.ground import moments, spans
from tests.load.sizes import BACK_S, TO_PLATFORM_S, TO_RECORD_S, Size

NOISY = 300
"""Cards of the bad messages: with few they would only take each other's place."""
SEEN = ("tgd_gateway_received_total{", "tgd_gateway_mqtt_events_total{")
PATIENCE_S = 120.0
"""For what is not asserted by the clock: a busy machine may take its time, but must end."""


async def storm(running: Service, size: Size) -> list[str]:
    """The fleet presses, each handset once, beside a flood of bad messages."""
    cards = await asyncio.to_thread(running.cards, size.presses + NOISY + 1)
    fleet = _fleet(running, cards[NOISY + 1 :], size.presses, size.seconds, "storm")
    async with _noise(running, cards[: NOISY + 1], size.bad_per_s) as noise:
        thrown, seen = noise.bad, await _seen(running)
        summary = await fleet.run()
        thrown, seen = noise.bad - thrown, await _seen(running) - seen
    assert (summary["lost"], summary["refused"]) == (0, 0), summary
    assert thrown > 0, "nothing was thrown while they pressed"
    assert seen - size.presses > thrown / 2, f"{thrown} were thrown, {seen} seen with the presses"
    await _until_told(running, fleet)
    _one_alert_each(running, fleet)
    promises.keep_safe(running.evidence(moments(fleet, "receipt")))
    return [
        f"bad messages beside: {thrown}, of {seen} connections and messages that we counted",
        *_times(running, fleet, limits=size.limits),
    ]


async def _seen(running: Service) -> int:
    """What the gateway itself has counted: messages that it heard, and connections that ended
    without one."""
    port = running.host.parts["gateway"].ports["gateway-health"]
    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/metrics") as reply:
            lines = (await reply.text()).splitlines()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(SEEN))


async def stuck(running: Service, size: Size) -> list[str]:
    """One handset goes on and on; the others are heard as if it did not."""
    mad, *others = await asyncio.to_thread(running.cards, 1 + 2 * size.seconds)
    pouring = _fleet(running, [mad], size.stuck_presses, size.seconds, "stuck")
    calm = _fleet(running, others, len(others), size.seconds, "calm")
    summaries = await asyncio.gather(pouring.run(), calm.run())
    assert [s["lost"] for s in summaries] == [0, 0], summaries
    await _until_told(running, calm)
    _one_alert_each(running, calm)
    question = "SELECT id, presses FROM alert WHERE handset = :handset"
    (alert,) = running.rows(question, handset=mad.handset)
    assert alert.presses == size.stuck_presses
    kept = running.rows("SELECT count(*) AS n FROM sighting WHERE alert = :id", id=alert.id)[0].n
    assert kept >= size.stuck_presses, "every message stays on record"
    told = [line for line in running.kept_at_platform() if line["alert"] == str(alert.id)]
    assert len({line["incident"] for line in told}) == 1
    promises.keep_safe(running.evidence(moments(calm, "receipt")))
    return [
        f"one handset, {size.stuck_presses} presses in {size.seconds} s: one alert, told"
        f" {len(told)} times",
        *_times(running, calm, limits=size.limits),
    ]


async def reconnect(running: Service, size: Size) -> list[str]:
    """The gateway is killed while all are connected and press; all come back by themselves."""
    cards = await asyncio.to_thread(running.cards, size.handsets)
    fleet = _fleet(running, cards, size.handsets, 8.0, "reconnect", stay_s=PATIENCE_S)
    running_fleet = asyncio.create_task(fleet.run())
    await _until_all_connected(fleet)
    await asyncio.sleep(2)  # a part of them has pressed, the others will
    killed = time.monotonic()
    os.kill(running.pid("gateway"), signal.SIGKILL)
    async with asyncio.timeout(30):
        while any(m.is_connected for m in fleet.members):
            await asyncio.sleep(0.05)
    await _until_all_connected(fleet)
    back_s = time.monotonic() - killed
    fleet.send_home()
    summary = await running_fleet
    assert summary["lost"] == 0, summary
    await _until_told(running, fleet)
    _one_alert_each(running, fleet)
    promises.keep_safe(running.evidence(moments(fleet, "receipt")))
    away = _turned_away(fleet)
    assert not away, Counter(away)
    assert not size.limits or back_s <= BACK_S, back_s
    return [f"{size.handsets} handsets connected again {back_s:.1f} s after the kill"]


def _fleet(
    running: Service, cards: Sequence[Card], presses: int, within_s: float, name: str,
    stay_s: float = 0.0,
) -> Fleet:  # fmt: skip
    plan = Plan(connect_per_s=500, presses=presses, press_within_s=within_s, repeat_s=10,
                wait_s=PATIENCE_S, stay_s=stay_s)  # fmt: skip
    address = Address(port=running.ports["mqtt"])
    return Fleet(cards, address, plan, ledger=running.folder / f"{name}.jsonl")


class _Noise:
    """What the other process says that it sent."""

    def __init__(self) -> None:
        self.bad = 0
        self.begun = asyncio.Event()


@asynccontextmanager
async def _noise(running: Service, cards: Sequence[Card], per_s: int) -> AsyncIterator[_Noise]:
    """As its own process: the noise must not make the fleet that is measured wait."""
    said = _Noise()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "fleet",
        "--cards", str(write_cards(running.folder / "noise.jsonl", cards)),
        "--mqtt", f"127.0.0.1:{running.ports['mqtt']}", "--bad-per-s", str(per_s),
        "--noisy", str(NOISY), "--stay-s", "3600", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    listening = asyncio.create_task(_listen(process, said))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await said.begun.wait()
        yield said
    finally:
        process.kill()
        await process.wait()
        await listening


async def _listen(process: asyncio.subprocess.Process, said: _Noise) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        said.bad = max(said.bad, json.loads(line).get("bad", 0))
        if said.bad:
            said.begun.set()


async def _until_told(running: Service, fleet: Fleet) -> None:
    """Until the spool is empty, the platform has all alerts of the record, and the fleet's among
    them: on a busy machine the record may have been slow, and a part waits in the spool."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            spooled = list(running.host.settings.spool.rglob("*.spool"))
            told = {line["alert"] for line in running.kept_at_platform()}
            alerts = {str(row.id) for row in running.rows("SELECT id FROM alert")}
            if not spooled and alerts <= told:
                break
            await asyncio.sleep(1)
    assert len(spans(running, fleet)) == len(fleet.cries)


async def _until_all_connected(fleet: Fleet) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not all(m.is_connected for m in fleet.members):
            await asyncio.sleep(0.05)


def _one_alert_each(running: Service, fleet: Fleet) -> None:
    """Every handset pressed once: as many alerts as presses, and no press without one."""
    names = [cry.press.trigger for cry in fleet.cries]
    (found,) = running.rows(
        "SELECT count(*) AS triggers, count(DISTINCT alert) AS alerts FROM alert_trigger"
        " WHERE trigger = ANY(:names)", names=names,
    )  # fmt: skip
    assert (found.triggers, found.alerts) == (len(names), len(names))


def _turned_away(fleet: Fleet) -> list[str]:
    """Connections that we refused or closed before a CONNACK; nobody listening is another thing."""
    failed = [line["why"] for line in fleet.ledger if line["event"] == "not_connected"]
    return [why for why in failed if "Connect call failed" not in why]


def _kept(running: Service, fleet: Fleet) -> dict[str, float]:
    """When the record first had each trigger: a receipt may come from the spool."""
    rows = running.rows(
        "SELECT t.trigger, extract(epoch FROM min(s.kept_at)) AS at FROM alert_trigger t"
        " JOIN sighting s ON s.trigger = t.id WHERE t.trigger = ANY(:names) GROUP BY t.trigger",
        names=[cry.press.trigger for cry in fleet.cries],
    )
    return {row.trigger: float(row.at) for row in rows}


def _times(running: Service, fleet: Fleet, *, limits: bool) -> list[str]:
    pressed, kept = moments(fleet, "pressed"), _kept(running, fleet)
    to_record = [kept[t] - at for t, at in pressed.items()]
    to_platform = spans(running, fleet)
    if limits:
        assert max(to_record) <= TO_RECORD_S, max(to_record)
        assert max(to_platform) <= TO_PLATFORM_S, max(to_platform)
    return [
        f"{len(found)} presses {where}: p50 {share(found, 0.5):.3f} s, p99 {share(found, 0.99):.3f}"
        f" s, last {max(found):.3f} s"
        for where, found in (("on record", to_record), ("at the platform", to_platform))
    ]
