"""Three thousand connections from nineteen addresses that never finish; who has a handset comes in.

Some say nothing, some half a packet, some half a TLS handshake, some speak and never read.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from mqtt5 import ConnAckPacket, ConnectPacket, PubAckPacket

from gateway.mqtt_direct import Limits
from simulators.proxy import FaultProxy
from tests.channels.mqtt_house import Wire, alert
from tests.hostile.ground import Ground, believed
from tests.hostile.half_open import CALLS, Siege
from tests.world import Carried

LASTS_S = 8.0
"""Longer than a CONNECT may take, so that the first ones are late as well."""
FLIGHT_S = 0.7
"""On a radio that is nearly gone: from the first byte to the CONNECT pass 2 s."""
BACK_WITHIN_S = 15.0
LEFT_OPEN = 10
"""Of the record's pool, and of Ana's last press."""
ENDED = ("connection_refused", "half_open_sent_away", "lost_before_connect")


@pytest.mark.timeout(120)
async def test_thousands_of_half_open_calls_turn_no_known_handset_away(ground: Ground) -> None:
    gateway, before = ground.parts["gateway"], await counted(ground)
    descriptors = gateway.descriptors()
    async with (
        ground.attacked(presses=10) as witness,
        believed(ground, ground.bella) as bella,
        slow_radio(ground) as far,
    ):
        with Siege(ground) as siege:
            async with asyncio.timeout(30):
                while siege.called < CALLS:
                    await asyncio.sleep(0.1)
            since, slow_s, most = time.monotonic(), 0.0, 0.0
            while time.monotonic() - since < LASTS_S:
                slow_s = max(slow_s, await slow_press(ground, ground.cora, far))
                most = max(most, (await counted(ground))["half_open"])
                assert await bella.still_talks(), "who was connected is sent away"
            assert 0 < most <= Limits().half_open
        after = await counted(ground)
    ended = sum(after[word] - before[word] for word in ENDED)
    print(f"{siege.called} calls, {siege.sent_away} sent away, {ended:.0f} counted; at most"
          f" {most:.0f} half open; Ana waited {witness.longest_s:.2f} s at worst, over a slow"
          f" radio {slow_s:.2f} s")  # fmt: skip
    assert siege.called > CALLS
    assert ended > CALLS / 2
    assert await comes_back(ground, descriptors), gateway.descriptors()


async def counted(ground: Ground) -> dict[str, float]:
    """What the gateway says of itself: its listener's words, and who stands in its door."""
    found = dict.fromkeys((*ENDED, "half_open"), 0.0)
    for line in await ground.metrics("gateway"):
        name, _, value = line.rpartition(" ")
        if name == "tgd_gateway_mqtt_half_open":
            found["half_open"] = float(value)
        elif name.startswith("tgd_gateway_mqtt_events_total{"):
            found[name.split('"')[1]] = float(value)
    return found


async def comes_back(ground: Ground, descriptors: int) -> bool:
    until = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < until:
        standing = (await counted(ground))["half_open"]
        if not standing and ground.parts["gateway"].descriptors() <= descriptors + LEFT_OPEN:
            return True
        await asyncio.sleep(0.2)
    return False


async def slow_press(ground: Ground, carried: Carried, port: int) -> float:
    """One press over TLS; the connection must last from the first time on."""
    since = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ground.trusting)
    wire, name = Wire(reader, writer), carried.handset
    try:
        wire.say(ConnectPacket(name, password=carried.secret.encode()))
        assert int((await wire.hears(ConnAckPacket)).reason_code) == 0
        wire.say(alert(f"slow-{uuid4().hex}", topic=f"tgd/v1/{name}/alert"))
        assert int((await wire.hears(PubAckPacket)).reason_code) == 0
    finally:
        wire.hang_up()
    return time.monotonic() - since


@asynccontextmanager
async def slow_radio(ground: Ground) -> AsyncIterator[int]:
    """A way to the listener with TLS on which every flight takes its time."""
    proxy = FaultProxy(ground.ports["mqtts"])
    proxy.latency_s = FLIGHT_S
    await proxy.start()
    try:
        yield proxy.port
    finally:
        await proxy.stop()
