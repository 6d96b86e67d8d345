"""One press of a canary over MQTT, against a gateway's own listener and through a Mosquitto."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from broker_ground import MOSQUITTO, Mosquitto, mosquitto_in
from channel_ground import open_door, until
from sqlalchemy import Engine, text

from gateway.broker_line import BrokerAddress
from gateway.canary.__main__ import _press_once
from gateway.canary.pressing import Address, NotHeard, press
from gateway.door import Door
from gateway.heard import Heard, Kept, Receipt
from gateway.mqtt_broker import MqttBroker
from gateway.mqtt_direct import Identity, MqttDirect
from tests.world import World
from tgd.database import open_record
from tgd.inventory import set_state
from tgd.rules.handset import HandsetState
from tgd.seal import Keys

NOBODY = "canarynobody"


async def pressed(address: Address) -> str:
    """The trigger of a press that was made."""
    trigger = str(uuid4())
    await asyncio.to_thread(press, address, trigger, datetime.now(UTC))
    return trigger


class Ears:
    """A gateway that believes one secret, and hears what it is told."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.is_deaf = False

    async def hear(self, heard: Heard) -> Receipt:
        self.heard.append(heard)
        return Receipt(Kept.RECORD, "another" if self.is_deaf else _trigger(heard))

    async def identify(self, claimed: str, password: bytes | None, _: str | None) -> Identity:
        return Identity(claimed, password == b"secret")


def _trigger(heard: Heard) -> str | None:
    said = json.loads(heard.raw).get("trigger")
    return None if said is None else str(said)


@asynccontextmanager
async def listener(ears: Ears) -> AsyncIterator[int]:
    direct = MqttDirect(hear=ears.hear, identify=ears.identify)
    port = await direct.start("127.0.0.1", 0, None)
    try:
        yield port
    finally:
        await direct.stop()


async def test_a_press_is_a_sign_of_life_and_then_a_press_with_its_receipt() -> None:
    ears = Ears()
    async with listener(ears) as port:
        trigger = await pressed(Address("127.0.0.1", port, NOBODY, "secret"))
    assert [(h.form.value, h.source, h.verified) for h in ears.heard] == [
        ("state", NOBODY, True), ("alert", NOBODY, True),
    ]  # fmt: skip
    assert trigger.encode() in ears.heard[1].raw


async def test_who_is_not_believed_says_nothing_that_could_be_a_cry() -> None:
    ears = Ears()
    async with listener(ears) as port:
        with pytest.raises(NotHeard, match="not_believed"):
            await pressed(Address("127.0.0.1", port, NOBODY, "another"))
    assert ears.heard == []


async def test_a_receipt_of_something_else_is_none() -> None:
    ears = Ears()
    ears.is_deaf = True
    async with listener(ears) as port:
        with pytest.raises(NotHeard, match="no_receipt"):
            await pressed(Address("127.0.0.1", port, NOBODY, "secret"))


async def test_where_nobody_listens_it_says_so() -> None:
    async with listener(Ears()) as port:
        pass
    with pytest.raises(NotHeard, match="connectionrefused"):
        await pressed(Address("127.0.0.1", port, NOBODY, "secret"))


async def test_it_presses_only_while_the_record_says_that_it_is_a_canary(
    world: World, engine: Engine
) -> None:
    """Not before its enrolment, not once retired, not as Ana, and not while nobody can say."""
    ears, ana = Ears(), world.give("Ana").handset
    canary = world.canary().handset
    world.session.commit()
    async with listener(ears) as port:

        async def result(handset: str, record: Engine = engine) -> str:
            return await _press_once(record, Address("127.0.0.1", port, handset, "secret"))

        away = open_record("postgresql+psycopg://nobody@127.0.0.1:1/none")
        assert await result(NOBODY) == await result(ana) == "not_enrolled"
        assert await result(canary, away) == "record_away"
        assert ears.heard == []
        assert await result(canary) == "heard"
        set_state(world.session, canary, HandsetState.RETIRED, world.now)
        world.session.commit()
        assert await result(canary) == "not_enrolled"
    assert len(ears.heard) == 2


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto_in(tmp_path) as broker:
        yield broker


@pytest.fixture
async def door(record_url: str, tmp_path: Path, keys: Keys) -> AsyncIterator[Door]:
    async with open_door(record_url, tmp_path, keys) as opened:
        yield opened


@pytest.mark.needs_system_package
@pytest.mark.skipif(MOSQUITTO is None, reason="SKIPPED: mosquitto is not installed")
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_through_a_broker_it_comes_to_the_record_as_a_canary(
    mosquitto: Mosquitto, door: Door, world: World, engine: Engine, protocol: str
) -> None:
    """The shipped access list lets it press in its own name, and the record knows what it is."""
    canary = world.canary().handset
    world.session.commit()
    there = BrokerAddress("127.0.0.1", mosquitto.port, "gateway-1", "gateway-1", "any")
    broker = MqttBroker(there, door.hear, Ears().hear)
    await broker.open()
    try:
        await until(lambda: broker.is_connected)
        url = f"mqtt://{canary}:any@127.0.0.1:{mosquitto.port}"
        trigger = await pressed(Address.read(url, None, protocol))
    finally:
        await broker.close()
    with engine.connect() as connection:
        asked = (
            "SELECT a.lane, a.state, t.trigger FROM alert a JOIN alert_trigger t ON t.alert = a.id"
        )
        found = [tuple(row) for row in connection.execute(text(asked))]
    assert found == [("canary", "closed", trigger)]
