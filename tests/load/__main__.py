"""`python -m tests.load [--long] [NAME…]` and `python -m tests.load soak --minutes 30`."""

import argparse
import asyncio
import sys
import time
import traceback

from tests.acceptance.running import service
from tests.conftest import reachable_folder
from tests.load import storms
from tests.load.sizes import LONG, SHORT, Size
from tests.load.soak import soak

STORMS = {"storm": storms.storm, "stuck": storms.stuck, "reconnect": storms.reconnect}


async def main(asked: argparse.Namespace) -> int:
    """1 when a promise was broken or, in the long size, a limit of the goal was passed."""
    broken = 0
    size = LONG if asked.long else SHORT
    for name in asked.names or list(STORMS):
        begun = time.monotonic()
        print(f"{name}…", flush=True)
        try:
            lines = await soak(asked.minutes) if name == "soak" else await _storm(name, size)
        except (AssertionError, TimeoutError) as error:
            broken = 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            lines = [f"BROKEN at {where.name}, line {where.lineno}: {where.line} {error}"]
        lines.append(f"took {time.monotonic() - begun:.0f} s")
        print("\n".join(f"  {line}" for line in lines), flush=True)
    return broken


async def _storm(name: str, size: Size) -> list[str]:
    with reachable_folder() as folder:
        async with service(folder, platform_process=True) as running:
            return await STORMS[name](running, size)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*STORMS, "soak"]))
    parser.add_argument("--long", action="store_true", help="the goal's sizes and its limits")
    parser.add_argument("--minutes", type=int, default=30, help="of the soak")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {*STORMS, "soak"}:
        parser.error(f"no such storm: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_arguments())))
