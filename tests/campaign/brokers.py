"""R2 and R9: a real broker is killed, again and again, and then is away for a while.

A broker's PUBACK promises nothing; handsets repeat until the receipt. Two gateways listen there,
each in its own session, so every press is heard twice and counts once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaign.outcome import Outcome, Say
from tests.campaign.town import Town, inhabited, town
from tests.channels.broker_ground import Mosquitto


@dataclass(frozen=True, slots=True)
class Size:
    """How many kills, how many handsets come back at once, after how long."""

    kills: int = 20
    storms: int = 1
    handsets: int = 500
    away_s: float = 10.0
    rate_per_s: float = 10.0


@asynccontextmanager
async def broker_town(
    folder: Path, seed: int, **more: Any
) -> AsyncIterator[tuple[Town, Mosquitto]]:
    """Two gateways at one broker, with its shipped configuration."""
    broker = Mosquitto(folder)
    try:
        url = broker.url("gateway-1")
        async with town(folder, seed, gateways=2, mqtt_url=url, mqtt_listen="", **more) as made:
            made.by_puback = False
            yield made, broker
    finally:
        broker.kill()


async def kill_broker(made: Town, broker: Mosquitto, count: int, say: Say) -> None:
    """At random moments, away for up to a second."""
    chance = made.chance
    for n in range(1, count + 1):
        await asyncio.sleep(chance.uniform(0.3, 1.5))
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        await asyncio.to_thread(broker.start)
        say(f"broker {n}/{count}")


async def storm(made: Town, broker: Mosquitto, size: Size, say: Say) -> float:
    """The broker is away; all come back together; how long until the last one is connected."""
    assert made.crowd is not None
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(size.away_s)
    await asyncio.to_thread(broker.start)
    took_s = await made.crowd.connected(60)
    say(f"{size.handsets} handsets back in {took_s:.1f} s")
    return took_s


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """Kills, then storms, under one crowd."""
    kills = Outcome("R2", "broker killed", seed, size.kills)
    storms = Outcome("R9", f"broker away {size.away_s:.0f} s", seed, size.storms)
    async with broker_town(folder, seed) as (made, broker):
        async with inhabited(made, size.handsets, port=broker.port) as crowd:
            async with crowd.press_on(size.rate_per_s):
                await kill_broker(made, broker, size.kills, say)
                back_s = [await storm(made, broker, size, say) for _ in range(size.storms)]
            await made.judge(storms)
    kills.judged = storms.judged
    storms.facts["s until all were back"] = max(back_s, default=0.0)
    return [one for one in (kills, storms) if one.faults]
