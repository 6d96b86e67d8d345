"""R15: the record's disk is full, the spool's, and both; in a mount namespace of its own.

Each is a tmpfs, filled to the last byte. With one of them full, presses are taken by the other;
with both, nobody is told that anything is kept. When there is room again all goes on by itself.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.campaign.outcome import Outcome, Say
from tests.campaign.town import Town, inhabited, left_dead, town, until

INSIDE = "CAMPAIGN_HAS_ITS_OWN_MOUNTS"
SIZES_MB = {"record": 300, "spool": 8}


@dataclass(frozen=True, slots=True)
class Size:
    """How often each of the three, and for how long."""

    times: int = 1
    full_s: float = 6.0
    handsets: int = 30
    rate_per_s: float = 8.0


def why_not() -> str | None:
    """Why this machine cannot show it; None when it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True,
        check=False,
    )  # fmt: skip
    return None if tried.returncode == 0 else "this kernel gives no mount namespace"


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left in this file system until the block ends."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in (1 << 20, 4096, 1):
            with suppress(OSError):
                while file.write(b"\0" * piece) == piece:
                    pass
    try:
        yield
    finally:
        ballast.unlink()


def _exhaust(made: Town) -> None:
    """Until the record needs new room for its log, and there is none."""
    for _ in range(40):
        try:
            with made.engine.connect() as connection:
                connection.execute(text("SELECT pg_switch_wal()"))
                connection.execute(text("CREATE TABLE room AS SELECT generate_series(1, 9999)"))
                connection.execute(text("DROP TABLE room"))
                connection.commit()
        except DBAPIError:
            return


async def record_full(made: Town, size: Size, say: Say) -> None:
    """Presses go to the spool; the record comes back by itself."""
    with full(made.host.settings.data_dir / "record"):
        await asyncio.to_thread(_exhaust, made)
        await asyncio.sleep(size.full_s)
        await _is_heard(made)
    took_s = await until(lambda: made.is_alive("record") and made.all_told(), 60, "for the record")
    say(f"record's disk full {size.full_s:.0f} s: told {took_s:.1f} s after there was room")


async def spool_full(made: Town, size: Size, say: Say) -> None:
    """The record takes what comes; while it is away too, nobody is told a lie."""
    with full(made.host.settings.spool):
        await asyncio.sleep(size.full_s)
        await _is_heard(made)
    say(f"spool's disk full {size.full_s:.0f} s: the record heard all")


async def both_full(made: Town, size: Size, say: Say) -> None:
    """No receipt and 503; afterwards the handsets' repetitions arrive."""
    spool = made.host.settings.spool
    with full(spool), full(made.host.settings.data_dir / "record"):
        async with left_dead(made):
            await asyncio.sleep(1.0)
            assert made.crowd is not None
            cry = made.crowd.press()
            said = [await _ask(made) for _ in range(3)]
            assert said == [503] * 3, f"nothing keeps, and it says {said}"
            await asyncio.sleep(size.full_s)
            assert cry.receipt_s is None, "a receipt although nothing keeps"
            assert cry.puback_s is None, "a PUBACK although nothing keeps"
    took_s = await until(lambda: cry.receipt_s is not None, 60, "for the repetition")
    say(f"both full: 503 and no receipt; heard {took_s:.1f} s after there was room")


async def _is_heard(made: Town) -> None:
    assert made.crowd is not None
    cry = made.crowd.press()
    await until(lambda: cry.receipt_s is not None, 15, "for a receipt with one disk full")


async def _ask(made: Town) -> int:
    """An SOS over HTTP of somebody unknown; what it is answered."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        url = f"http://127.0.0.1:{made.ports['gateway']}/devices/osmand"
        async with http.post(url, data={"id": "dora", "alarm": "sos"}) as reply:
            return reply.status


@asynccontextmanager
async def _mounted(folder: Path) -> AsyncIterator[Path]:
    for name, size_mb in SIZES_MB.items():
        (folder / name).mkdir(mode=0o755)
        words = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=755", "none"]
        subprocess.run([*words, str(folder / name)], check=True)
    try:
        yield folder
    finally:
        for name in SIZES_MB:
            subprocess.run(["umount", "--lazy", str(folder / name)], check=True)


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """In this process when its mounts are its own, else in a child that has its own."""
    if INSIDE not in os.environ:
        return await _run_apart(size, seed, say)
    outcome = Outcome("R15", "disk full: record's, spool's, both", seed, 3 * size.times)
    async with _mounted(folder), town(folder, seed, spool_dir=folder / "spool") as made:
        async with inhabited(made, size.handsets) as crowd:
            async with crowd.press_on(size.rate_per_s):
                for _ in range(size.times):
                    for fault in (spool_full, record_full, both_full):
                        await fault(made, size, say)
            await made.judge(outcome)
    return [outcome]


async def _run_apart(size: Size, seed: int, say: Say) -> list[Outcome]:
    words = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m",
             "tests.campaign", "disks", "--seed", str(seed), "--json",
             *(f"--size={k}={v}" for k, v in asdict(size).items())]  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        *words, env=os.environ | {INSIDE: "1"}, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    outcomes = []
    async for raw in child.stdout:
        line = raw.decode().rstrip()
        found = Outcome.read(line)
        if found is None:
            say(line)
        else:
            outcomes.append(found)
    assert await child.wait() == 0, "the campaign in its own mounts failed"
    return outcomes
