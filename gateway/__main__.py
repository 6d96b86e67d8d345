"""The gateway's process: reads the settings and lives until it is told to stop."""

import asyncio
import sys

from gateway.house import open_house
from tgd import killpoint, settings
from tgd.living import live


def main() -> int:
    """Console script `tgd-gateway`; gives the exit code."""
    return live("gateway", run)


async def run(stop: asyncio.Event) -> None:
    """Open everything, wait, close everything; raises TgdError when it cannot start."""
    read = settings.read()
    killpoint.arm(read.kill_at)
    async with open_house(read):
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
