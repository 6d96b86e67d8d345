"""How many signs of life are kept per second: states, each acknowledged after its commit."""

import asyncio
import json
import time

import mqtt5

from simulators.fleet_member import QOS_1, Wire
from simulators.handset_words import Card
from tests.bench import floors
from tests.bench.figures import Figure, Report
from tests.bench.ground import a_service, say

WINDOW = 16
"""States of one handset on their way; below the listener's Receive Maximum."""


async def measure(quick: bool) -> Report:
    """Many handsets at once, each as fast as its acknowledgements allow."""
    async with a_service(parts=("gateway",)) as running:
        say("floors…")
        rows_per_s = await asyncio.to_thread(floors.rows, running)
        crew = await asyncio.to_thread(running.cards, 50 if quick else 200)
        each = 40 if quick else 200
        say(f"{len(crew)} handsets say {each} states each…")
        beaters = [Beater(card, each) for card in crew]
        for one in beaters:
            await one.connect(running.ports["mqtt"])
        begun = time.perf_counter()
        await asyncio.gather(*(one.beat() for one in beaters))
        rate = len(crew) * each / (time.perf_counter() - begun)
        kept = running.rows("SELECT count(*) AS n FROM handset_status")[0].n
    figure = Figure("states kept per second", rate, "/s", rows_per_s,
                    "bulk insert of one row each, 100 a commit", ">= 5,000/s")  # fmt: skip
    return Report([figure], [f"{kept} handsets have a state on record afterwards."])


class Beater:
    """One handset that says so many states and counts what is acknowledged."""

    def __init__(self, card: Card, count: int) -> None:
        self._card, self._left, self._unacknowledged = card, count, count
        self._packet = 0
        self._welcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wire = Wire(self._hear, self._lost)

    async def connect(self, port: int) -> None:
        """Until CONNACK."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self._wire, "127.0.0.1", port)
        hello = mqtt5.ConnectPacket(
            self._card.handset, username=self._card.handset, keep_alive=60,
            password=self._card.mqtt_secret.encode(),
        )  # fmt: skip
        self._wire.send(hello.write())
        async with asyncio.timeout(30):
            await self._welcome

    async def beat(self) -> None:
        """All of them; ends with the last acknowledgement."""
        for _ in range(min(WINDOW, self._left)):
            self._say()
        await self._done
        self._wire.send(mqtt5.DisconnectPacket().write())

    def _say(self) -> None:
        self._left -= 1
        self._packet += 1
        words = json.dumps({"state": "online", "battery_pct": 50 + self._packet % 50}).encode()
        topic = f"tgd/v1/{self._card.handset}/state"
        self._wire.send(
            mqtt5.PublishPacket(topic, words, qos=QOS_1, packet_id=self._packet).write()
        )

    def _hear(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnAckPacket):
            self._welcome.set_result(None)
        elif isinstance(packet, mqtt5.PubAckPacket):
            assert int(packet.reason_code) < 0x80, packet.reason_code
            self._unacknowledged -= 1
            if self._left:
                self._say()
            elif not self._unacknowledged:
                self._done.set_result(None)

    def _lost(self, why: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionResetError("the listener hung up"))
