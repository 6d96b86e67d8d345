"""How long each process takes to start and how much memory it holds, alone and in `tgd up`."""

import asyncio
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.acceptance.contract_ground import Up
from tests.acceptance.running import Service, named_ports
from tests.bench import memory
from tests.bench.figures import Figure, Report
from tests.bench.ground import a_service, say
from tests.conftest import reachable_folder
from tgd.cli.children import Part
from tgd.cli.up import _parts
from tgd.settings import as_environment

SETTLES_S = 2.0
IS_FLOOR = "a Python that does nothing"


async def measure(quick: bool) -> Report:
    """Parts one by one, then everything as one host runs it: first with an empty folder."""
    floor = await asyncio.to_thread(_bare, 3 if quick else 7)
    report = Report()
    async with a_service(parts=()) as running:
        for part in _parts(running.host.settings):
            say(f"{part.name}…")
            report.figures += await _part(running, part, floor)
        held_mb = memory.shared_mb(memory.server_of(running.folder))
        report.figures.append(
            Figure("memory of the record with all connected (PSS)", held_mb, "MB", floor.held_mb,
                   IS_FLOOR)
        )  # fmt: skip
    report.figures += await asyncio.to_thread(_whole, floor)
    return report


@dataclass(frozen=True, slots=True)
class _Floor:
    took_ms: float
    held_mb: float


def _bare(times: int) -> _Floor:
    """A Python that says one word and stays until its stdin ends."""
    code = "import sys; print('there', flush=True); sys.stdin.read()"
    took, held = [], []
    for _ in range(times):
        begun = time.perf_counter()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", code], **pipes) as bare:  # type: ignore[call-overload]
            bare.stdout.readline()
            took.append((time.perf_counter() - begun) * 1000)
            held.append(memory.own_mb(bare.pid))
            bare.stdin.close()
    return _Floor(statistics.median(took), statistics.median(held))


async def _part(running: Service, part: Part, floor: _Floor) -> list[Figure]:
    url = {"TGD_DATABASE_URL": running.host.record_url}
    part.environment = as_environment(running.host.settings) | url
    begun = time.perf_counter()
    await running.host.children.start(part)
    took_ms = (time.perf_counter() - begun) * 1000
    await asyncio.sleep(SETTLES_S)
    assert part.process is not None
    held_mb = memory.own_mb(part.process.pid)
    return [
        Figure(f"start of {part.name} until it listens", took_ms, "ms", floor.took_ms, IS_FLOOR),
        Figure(f"memory of {part.name} (RSS)", held_mb, "MB", floor.held_mb, IS_FLOOR),
    ]


def _whole(floor: _Floor) -> list[Figure]:
    """`tgd up`: the first start makes the record, the second finds it."""
    found = []
    with reachable_folder() as folder:
        ports = named_ports("mqtt", "gateway", "answers", "console")
        settings = {"TGD_DATA_DIR": str(folder), "TGD_CONSOLE_INSECURE_HTTP": "true"}
        settings |= {f"TGD_{k.upper()}_LISTEN": f"127.0.0.1:{p}" for k, p in ports.items()}
        settings |= {f"TGD_{k}_HEALTH_LISTEN": "127.0.0.1:0" for k in
                     ("GATEWAY", "DISPATCH", "CONSOLE")}  # fmt: skip
        for which in ("first", "next"):
            say(f"tgd up, {which} start…")
            begun = time.perf_counter()
            host = Up(settings)
            try:
                host.wait()
                took_ms = (time.perf_counter() - begun) * 1000
                found.append(
                    Figure(f"{which} start of tgd up until all listen", took_ms, "ms",
                           floor.took_ms, IS_FLOOR)
                )  # fmt: skip
                time.sleep(SETTLES_S)
                pids = {*memory.family(host.pid), *memory.server_of(folder)}
                held_mb = memory.shared_mb(pids)
            finally:
                host.end()
    found.append(
        Figure("memory of tgd up, everything (PSS)", held_mb, "MB", floor.held_mb, IS_FLOOR)
    )
    return found
