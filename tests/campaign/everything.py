"""R5: `tgd up` with all that is below it is killed at one moment; started again, it goes on alone.

What starts it again is what systemd would be: it knows one command, and no human looks.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine

from simulators.platform import Platform
from tests.acceptance.contract_ground import Up, family_of, lives
from tests.acceptance.running import LEDGER, SECRET, named_ports, only_platform, settings_of
from tests.campaign.outcome import Outcome, Say, worst
from tests.campaign.town import Town, inhabited, until
from tgd.cli.children import Children
from tgd.cli.up import Host
from tgd.embedded.running import url_if_running
from tgd.settings import as_environment


@dataclass(frozen=True, slots=True)
class Size:
    """How often."""

    kills: int = 5
    handsets: int = 40
    rate_per_s: float = 8.0


def kill_everything(up: Up) -> int:
    """Every process below `tgd up`, and itself, at once; how many they were."""
    family = family_of(up.pid) | {up.pid}
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    up.end(signal.SIGKILL)
    return len(family)


@asynccontextmanager
async def alone(folder: Path, seed: int) -> AsyncIterator[tuple[Town, list[Up]]]:
    """A town of one program; the list's last one runs now."""
    ports = named_ports("mqtt", "gateway", "answers", "console", "provider", "platform")
    ports["gateway1"] = ports["gateway"]
    platform = Platform(SECRET, port=ports["platform"], ledger=folder / LEDGER)
    await platform.start()
    (folder / "policy.toml").write_text(only_platform(ports))
    read = settings_of(folder, ports, {})
    ups = [Up(as_environment(read))]
    try:
        await until(lambda: ups[0].ready, 180, "for tgd up")
        url = url_if_running(read.data_dir / "record")
        assert url is not None
        engine = create_engine(url)
        host = Host(read, Children(lambda line: None), None, url, {})
        yield Town(host, platform, folder, ports, engine, seed), ups
        engine.dispose()
    finally:
        await asyncio.to_thread(ups[-1].end)
        await platform.stop()


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """Kill, start, again."""
    outcome = Outcome("R5", "everything killed at once", seed, size.kills)
    back: list[float] = []
    async with alone(folder, seed) as (made, ups):
        chance = made.chance
        async with inhabited(made, size.handsets) as crowd:
            async with crowd.press_on(size.rate_per_s):
                for n in range(1, size.kills + 1):
                    await asyncio.sleep(chance.uniform(0.5, 2.0))
                    count = kill_everything(ups[-1])
                    since = time.monotonic()
                    ups.append(Up(ups[-1].settings))
                    cry = crowd.press()
                    await until(lambda cry=cry: cry.receipt_s is not None, 120, "to be back")
                    back.append(time.monotonic() - since)
                    say(f"{n}/{size.kills}: {count} processes, heard again after {back[-1]:.1f} s")
            await until(lambda: ups[-1].ready, 180)
            await made.judge(outcome)
    outcome.facts["s until heard again, worst"] = worst(back)
    assert not any(lives(up.pid) for up in ups), "something outlived its end"
    return [outcome]
