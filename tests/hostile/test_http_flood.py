"""HTTP shares one loop with the listener for alerts: however much of it comes, presses go on.

How late they may be is said by decision 0041, with the figures of each kind of request, and printed
here; that everybody has a turn between two requests is held by `tests/channels/test_http_turns.py`.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from mqtt5 import PubAckPacket

from tests.channels.mqtt_house import Wire, alert
from tests.hostile.ground import ROOT, Ground, believed
from tests.hostile.http_flood import WORDS

EACH_S = 0.02
CALM, FEWEST = 60, 10


async def pressed(wire: Wire, name: str, go_on: Callable[[int], bool]) -> list[float]:
    """Seconds to the PUBACK of each press on one connection, shortest first."""
    took: list[float] = []
    while go_on(len(took)):
        since = time.monotonic()
        wire.say(alert(f"flood-{uuid4().hex}", len(took) + 1, topic=f"tgd/v1/{name}/alert"))
        assert int((await wire.hears(PubAckPacket)).reason_code) == 0
        took.append(time.monotonic() - since)
        await asyncio.sleep(EACH_S)
    return sorted(took)


def p99(took: list[float]) -> float:
    return took[int(len(took) * 0.99)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kinds", [["signature"], [*WORDS]], ids=["signatures", "all"])
async def test_a_flood_of_http_holds_no_press_up(ground: Ground, kinds: list[str]) -> None:
    name = ground.bella.handset
    async with ground.attacked(), believed(ground, ground.bella) as wire:
        calm = await pressed(wire, name, lambda n: n < CALM)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.hostile.http_flood", str(ground.ports["gateway"]), "6",
            *kinds, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await asyncio.sleep(1.5)  # it has begun
        flooded = await pressed(wire, name, lambda _: process.returncode is None)
        said, _ = await process.communicate()
    print(f"{said.decode().strip()}\np99 {p99(calm) * 1000:.0f} ms, beside the flood"
          f" {p99(flooded) * 1000:.0f} ms, at worst {flooded[-1] * 1000:.0f} ms")  # fmt: skip
    assert len(flooded) > FEWEST
    assert re.search(r"[1-9][0-9]{2,}", said.decode()), "no flood worth the name"
