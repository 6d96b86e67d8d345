"""Where the CPU time of gateway and dispatch goes while a thousand press at once."""

import json
from pathlib import Path

from tests.acceptance.running import Service
from tests.bench.figures import Report
from tests.bench.ground import a_service, press, say
from tgd.cli.children import Part
from tgd.settings import as_environment

LISTENERS = {
    "gateway": ("gateway", "gateway-health", "mqtt"),
    "dispatch": ("answers", "dispatch-health"),
}
ROWS = 18
OURS = ("gateway", "dispatch", "tgd")


async def measure(quick: bool) -> Report:
    """Both run under a sampler; the burst takes longer than without, the shares are what count."""
    async with a_service(parts=()) as running:
        files = {name: await _start(running, name) for name in LISTENERS}
        count = 300 if quick else 1000
        say(f"warm: 200 at once, then 3 times {count} at once, sampled…")
        await press(running, 200, 0.0)
        for _ in range(3):
            await press(running, count, 0.0)
        await running.host.children.stop()
        tables = []
        for name, file in files.items():
            found = json.loads(file.read_text())
            tables += [_table(name, "own", found), _table(name, "within", found)]
    return Report(tables=tables)


async def _start(running: Service, name: str) -> Path:
    out = running.folder / f"{name}.json"
    part = Part(name, "tests.bench.sampled", (str(out), name), listeners=LISTENERS[name])
    part.environment = as_environment(running.host.settings) | {
        "TGD_DATABASE_URL": running.host.record_url
    }
    running.host.parts[name] = await running.host.children.start(part)
    return out


def _table(
    name: str, what: str, found: dict[str, dict[str, float]]
) -> tuple[str, list[tuple[str, ...]]]:
    """The functions with most CPU of their own; or ours with most within them."""
    total = sum(found["own"].values()) or 1.0
    chosen = [
        (function, spent)
        for function, spent in sorted(found[what].items(), key=lambda one: -one[1])
        if what == "own" or function.startswith(OURS)
    ][:ROWS]
    heading = {
        "own": f"{name}: functions by CPU of their own, of {total:.1f} s",
        "within": f"{name}: our functions by CPU within them",
    }[what]
    rows = [(f"{100 * spent / total:5.1f} %", function) for function, spent in chosen]
    return heading, [("share", "function"), *rows]
