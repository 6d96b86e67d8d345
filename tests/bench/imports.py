"""What a process imports before it can start, and how long that takes: `python -X importtime`."""

import asyncio
import re
import statistics
import sys
import time

from tests.bench.figures import Figure, Report
from tests.bench.ground import say

MODULES = {"gateway": "gateway.__main__", "dispatch": "dispatch.__main__",
           "console": "tgd.web.__main__", "tgd": "tgd.cli"}  # fmt: skip
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")
ROWS = 12


async def measure(quick: bool) -> Report:
    """Each by itself, with warm file caches; the median of some starts."""
    times = 2 if quick else 5
    floor_s = await _median("pass", times)
    report = Report()
    for name, module in MODULES.items():
        say(f"{name}: {times} starts…")
        await _run(["-c", f"import {module}"])
        took_s = await _median(f"import {module}", times)
        report.figures.append(
            Figure(f"start and imports of {name}", took_s * 1000, "ms", floor_s * 1000,
                   "a Python that does nothing")
        )  # fmt: skip
        said = await _run(["-X", "importtime", "-c", f"import {module}"])
        report.tables.append((f"{name}: imports that cost most by package", _by_package(said)))
    return report


async def _median(code: str, times: int) -> float:
    spans = []
    for _ in range(times):
        begun = time.perf_counter()
        await _run(["-c", code])
        spans.append(time.perf_counter() - begun)
    return statistics.median(spans)


async def _run(words: list[str]) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said = (await process.stderr.read()).decode()
    assert await process.wait() == 0, said
    return said


def _by_package(said: str) -> list[tuple[str, ...]]:
    """The modules' own milliseconds, added up by package."""
    spent: dict[str, float] = {}
    count: dict[str, int] = {}
    for own, _, _, name in LINE.findall(said):
        package = name.partition(".")[0]
        spent[package] = spent.get(package, 0.0) + int(own) / 1000
        count[package] = count.get(package, 0) + 1
    most = sorted(spent.items(), key=lambda one: -one[1])[:ROWS]
    rows = [(f"{ms:7.1f}", str(count[name]), name) for name, ms in most]
    total = (f"{sum(spent.values()):7.1f}", str(sum(count.values())), "in all")
    return [("ms", "modules", "package"), *rows, total]
