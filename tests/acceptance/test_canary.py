"""The canary as a process: a deaf channel is said, its return ends the alarm, nobody else hears."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from simulators.handset_words import Card
from simulators.proxy import FaultProxy, Mode
from tests.acceptance.blind_ground import bring_back, kill_record, openings, pressing
from tests.acceptance.running import Service, named_ports, service, until
from tests.acceptance.test_auditor import ACCEPTED, Duty, _health, duty
from tests.promises import keep_safe
from tgd import clock, ids, inventory

PARTS = ("gateway", "dispatch", "canary", "auditor")
EVERY_S, LOST_AFTER_S = 1.0, 5.0
WITHIN_S = 30
PORTS = ("mqtt", "gateway", "answers", "console", "provider", "platform", "way")


@dataclass
class Watched:
    """A service with a canary that presses through a bad network, and somebody on duty."""

    running: Service
    outside: Duty
    way: FaultProxy
    canary: str

    def heard(self) -> int:
        """How many of its presses the record has."""
        rows = self.running.rows("SELECT presses FROM alert WHERE lane = 'canary'")
        return sum(row.presses for row in rows)

    def real(self) -> int:
        """How many alerts there are that somebody would be told of."""
        return int(self.running.rows("SELECT count(*) AS n FROM alert WHERE lane = 'real'")[0].n)

    async def more_are_heard(self) -> None:
        """It is heard again, or still."""
        before = self.heard()
        await until(lambda: self.heard() >= before + 2, WITHIN_S)

    async def is_well(self) -> None:
        """The auditor's health says that nothing is wrong."""
        port = self.running.host.parts["auditor"].ports["auditor-health"]
        async with asyncio.timeout(WITHIN_S):
            while (await _health(port))[0] != 200:
                await asyncio.sleep(0.2)


@asynccontextmanager
async def watched(
    folder: Path, *, secret: str = "the-secret-of-it", channel: str = "mqtt", **more: Any
) -> AsyncIterator[Watched]:
    """Running, and the canary enrolled; `secret` is what the process believes it to be."""
    ports, canary = named_ports(*PORTS), ids.new_canary()
    way = FaultProxy(ports["mqtt" if channel == "mqtt" else "gateway"], port=ports["way"])
    await way.start()
    address = f"{channel}://{canary}:{secret}@127.0.0.1:{ports['way']}"
    async with duty() as outside:
        settings = {
            f"canary_{channel}": address, "canary_every_s": EVERY_S,
            "canary_lost_after_s": LOST_AFTER_S, "canary_health_listen": "127.0.0.1:0",
            "auditor_url": f"{outside.url}/findings", "auditor_accepts": ACCEPTED,
        }  # fmt: skip
        async with service(folder, parts=PARTS, ports=ports, **settings | more) as running:
            with Session(running.engine) as session, session.begin():
                inventory.enroll(
                    session, None, clock.now(), secret="the-secret-of-it", canary=canary
                )
            try:
                yield Watched(running, outside, way, canary)
            finally:
                await way.stop()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("channel", ["mqtt", "http"])
async def test_a_channel_that_is_cut_is_said_and_ends_when_it_is_back(
    open_folder: Path, channel: str
) -> None:
    """Every process is well and the way to the listener is not: only a canary can see that."""
    async with watched(open_folder, channel=channel) as w:
        await w.more_are_heard()
        await w.is_well()
        w.outside.findings.clear()
        await w.way.switch(Mode.BLACKHOLE)
        await until(lambda: w.outside.has("canary_lost"), WITHIN_S)
        assert set(w.outside.findings) == {"canary_lost"}, "and nothing else is wrong"
        await w.way.switch(Mode.PASS)
        await w.more_are_heard()
        await w.is_well()
        assert (w.real(), openings(w.running)) == (0, [])
        keep_safe(w.running.evidence([]))


@pytest.mark.timeout(180)
async def test_a_gateway_that_hangs_is_said_by_its_canary_too(open_folder: Path) -> None:
    async with watched(open_folder) as w:
        await w.more_are_heard()
        os.kill(w.running.pid("gateway"), signal.SIGSTOP)
        try:
            await until(lambda: w.outside.has("canary_lost", "part_silent"), WITHIN_S)
        finally:
            os.kill(w.running.pid("gateway"), signal.SIGCONT)
        await w.more_are_heard()
        await w.is_well()
        assert (w.real(), openings(w.running)) == (0, [])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("channel", ["mqtt", "http"])
async def test_a_canary_that_nobody_believes_does_not_press(
    open_folder: Path, channel: str
) -> None:
    """Somebody gave it a wrong secret: an alarm, and not an alert of a stranger each minute."""
    async with watched(open_folder, secret="another-secret", channel=channel) as w:
        await until(lambda: w.outside.has("canary_lost"), WITHIN_S)
        assert (w.heard(), w.real(), openings(w.running)) == (0, 0, [])


@pytest.mark.timeout(180)
async def test_while_the_record_is_away_a_press_of_a_canary_is_told_to_nobody(
    open_folder: Path,
) -> None:
    """It presses into the outage, as Ana does: hers is told from the spool, and its is not."""
    async with watched(open_folder, canary_every_s=3600) as w:
        await until(lambda: w.heard() == 1, WITHIN_S)
        (ana,) = w.running.cards(1)
        canary = Card(w.canary, "the-secret-of-it", "00")
        async with pressing(w.running, ana) as hers, pressing(w.running, canary) as its:
            await kill_record(w.running)
            presses = [await its.press(), await hers.press()]
            await until(lambda: len(openings(w.running)) == 1, WITHIN_S)
            await bring_back(w.running)
            await until(lambda: w.heard() == 2, WITHIN_S)
            await until(lambda: w.real() == 1, WITHIN_S)
        assert len(openings(w.running)) == 1
        keep_safe(w.running.evidence(presses))
