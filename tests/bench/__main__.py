"""`make bench`: figures of the service, each beside the floor measured in the same run.

Machines differ and are noisy: the ratios are what to compare. Nothing here asserts.
"""

import argparse
import asyncio
import json
import sys
import time

from tests.bench import (
    acts,
    burst,
    escalation,
    figures,
    footprint,
    heartbeats,
    imports,
    latency,
    lists,
    mosquitto,
    painted,
    profile,
    stock_import,
    stored,
)
from tests.bench.ground import say

BENCHES = {
    "acts": acts.measure,
    "latency": latency.measure,
    "painted": painted.measure,
    "burst": burst.measure,
    "mosquitto": mosquitto.measure,
    "heartbeats": heartbeats.measure,
    "escalation": escalation.measure,
    "stored": stored.measure,
    "lists": lists.measure,
    "import": stock_import.measure,
    "footprint": footprint.measure,
    "imports": imports.measure,
    "profile": profile.measure,
}
LIMIT_S = 300
"""No bench takes longer; one that does is told of and the others go on."""
ALL_LIMIT_S = 700
"""Nor do all together: what is left then is reported as not measured."""


async def main(asked: argparse.Namespace) -> int:
    """Those that are asked for, one after the other; 1 when one of them could not be measured."""
    where = figures.machine_line()
    print(json.dumps(where) if asked.json else ", ".join(f"{k} {v}" for k, v in where.items()))
    failed = 0
    ends = time.monotonic() + ALL_LIMIT_S
    for name in asked.names or list(BENCHES):
        begun = time.monotonic()
        print(f"{name}: {sys.modules[BENCHES[name].__module__].__doc__}".rstrip(), file=sys.stderr)
        try:
            async with asyncio.timeout(min(LIMIT_S, ends - begun)):
                report = await BENCHES[name](asked.quick)
        except Exception as error:  # noqa: BLE001 one that fails must not cost the others
            failed = 1
            say(f"NOT measured: {type(error).__name__}: {error}")
            report = figures.Report(notes=[f"Not measured: {type(error).__name__}."])
        _print(name, report, as_json=asked.json)
        say(f"took {time.monotonic() - begun:.0f} s")
    return failed


def _print(name: str, report: figures.Report, *, as_json: bool) -> None:
    lines = figures.lines_of(name, report) if as_json else ["", name, *figures.words_of(report)]
    print("\n".join(lines), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work at all?")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_arguments())))
