"""Bad messages beside the fleet: what broken devices and strangers might throw at the listener."""

import asyncio
import random
from collections.abc import Callable, Sequence

import mqtt5

from simulators.fleet_member import QOS_1, Address
from simulators.handset_words import Card

KINDS = (
    "random_bytes",
    "old_protocol",
    "wrong_secret",
    "stranger",
    "torn_packet",
    "garbage_alert",
    "foreign_topic",
    "retained_alert",
    "wildcard_subscription",
)
MOST_AT_ONCE = 500
"""Connections of the noise at one moment."""


class Noise:
    """Each bad message on its own short connection, as one of `cards`, which nobody else uses: the
    more they are, the less they take each other's place."""

    def __init__(
        self,
        address: Address,
        cards: Sequence[Card],
        chance: random.Random,
        note: Callable[[str], None],
    ) -> None:
        self._address = address
        self._cards = cards
        self._chance = chance
        self._note = note
        self._under_way: set[asyncio.Task[None]] = set()

    async def make(self, rate_per_s: float) -> None:
        """At a rate, until cancelled, each beside the others: one that waits for an answer must
        not make the noise quieter. What this machine cannot send in its second is left out.
        """
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        async with asyncio.TaskGroup() as group:
            while True:
                if len(self._under_way) < MOST_AT_ONCE:
                    task = group.create_task(self._send_one(self._chance.choice(KINDS)))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                due_s = max(due_s + 1 / rate_per_s, loop.time() - 1)
                await asyncio.sleep(max(0.0, due_s - loop.time()))

    async def _send_one(self, kind: str) -> None:
        """A listener that hangs up is in its right."""
        try:
            async with asyncio.timeout(5):
                await self.send(kind)
            self._note(kind)
        except (OSError, TimeoutError):
            self._note(f"{kind}:cut")

    async def send(self, kind: str) -> None:
        """One bad message, and what comes back for up to 200 ms; raises OSError."""
        reader, writer = await asyncio.open_connection(
            self._address.host, self._address.port, ssl=self._address.tls
        )
        try:
            for words in self._words(kind):
                writer.write(words)
                await writer.drain()
                try:
                    await asyncio.wait_for(reader.read(4096), 0.2)
                except TimeoutError:
                    continue
        finally:
            writer.transport.abort()

    def _words(self, kind: str) -> list[bytes]:
        card = self._chance.choice(self._cards)
        hello = self._hello(card.handset, card.mqtt_secret)
        alert = f"tgd/v1/{card.handset}/alert"
        match kind:
            case "random_bytes":
                return [self._chance.randbytes(64)]
            case "old_protocol":
                return [bytes.fromhex("100d00044d5154540402003c000161")]
            case "wrong_secret":
                return [self._hello(card.handset, "not-hers"), self._publish(alert, b"{}")]
            case "stranger":
                name = f"nobody{self._chance.randrange(1000)}"
                return [self._hello(name, ""), self._publish(f"tgd/v1/{name}/alert", b"{}")]
            case "torn_packet":
                return [hello, self._publish(alert, b'{"trigger"')[:-6]]
            case "garbage_alert":
                return [hello, self._publish(alert, self._chance.randbytes(40))]
            case "foreign_topic":
                return [hello, self._publish("tgd/v1/somebody-else/alert", b"{}")]
            case "retained_alert":
                return [hello, self._publish(alert, b"{}", retain=True)]
            case _:
                everything = mqtt5.TopicFilter("tgd/v1/+/receipt")
                return [hello, mqtt5.SubscribePacket(1, [everything]).write()]

    def _hello(self, handset: str, secret: str) -> bytes:
        return mqtt5.ConnectPacket(
            handset,
            username=handset,
            password=secret.encode(),
            keep_alive=30,
        ).write()

    def _publish(self, topic: str, words: bytes, *, retain: bool = False) -> bytes:
        return mqtt5.PublishPacket(topic, words, qos=QOS_1, packet_id=1, retain=retain).write()
