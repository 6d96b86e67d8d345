"""The same between Ana's handset and the gateway with a RabbitMQ that speaks MQTT 3.1.1 only."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from broker_ground import RABBITMQ, RabbitMQ, carried
from channel_ground import Process, counted, open_door, processes, until

from gateway.broker_line import BrokerAddress
from gateway.door import Door
from gateway.heard import Heard, Kept, Receipt
from gateway.mqtt_broker import MqttBroker
from tgd.rules.doubt import Trust

pytestmark = [
    pytest.mark.needs_system_package,
    pytest.mark.skipif(not RABBITMQ.exists(), reason="SKIPPED: rabbitmq-server is not installed"),
    pytest.mark.timeout(240),
]
ANA = "hana000000000"


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    broker = RabbitMQ(tmp_path_factory.mktemp("rabbit"), ANA)
    yield broker
    broker.stop()


@pytest.fixture
def ana(world, session):
    world.now = datetime.now(UTC)
    given = world.give("Ana")
    assert given.handset == ANA
    session.commit()
    return given


@pytest.fixture
async def door(record_url, tmp_path, keys) -> AsyncIterator[Door]:
    async with open_door(record_url, tmp_path, keys) as opened:
        yield opened


async def life(heard: Heard) -> Receipt:
    return Receipt(Kept.RECORD, None)


def client(broker: RabbitMQ, door: Door, name: str) -> MqttBroker:
    address = BrokerAddress("127.0.0.1", broker.port, name, name, "any", is_v5=False)
    return MqttBroker(address, door.hear, life)


async def test_two_gateways_side_by_side_raise_one_alert(rabbitmq, door, ana, world, engine):
    gateways = [client(rabbitmq, door, name) for name in ("gateway-1", "gateway-2")]
    for one in gateways:
        await one.open()
    await until(lambda: all(one.is_connected for one in gateways))
    async with carried(rabbitmq, ANA) as handset:
        for number in range(20):
            await handset.press(f"t{number}")
        await handset.hears(lambda said: len(said) == 40)
    for one in gateways:
        await one.close()
    alert = world.only_alert()
    assert (alert.handset, alert.trust, alert.presses) == (ANA, Trust.VERIFIED, 20)
    assert counted(engine, "alert_trigger") == 20


async def test_a_gateway_killed_before_the_commit_is_given_the_press_again(
    rabbitmq, ana, world, record_url, tmp_path: Path
):
    settings = {"mqtt_url": rabbitmq.url("gateway-1"), "mqtt_client_id": "gateway-1",
                "mqtt_protocol": "3.1.1"}  # fmt: skip
    async with processes() as started, carried(rabbitmq, ANA) as handset:
        first = Process(tmp_path, record_url, kill_at="door_before_commit:1", **settings)
        started.append(first)
        await first.ready("broker_connected")
        await handset.press("k1")
        await until(first.has_ended)
        assert first.end() == -signal.SIGKILL
        second = Process(tmp_path, record_url, **settings)
        started.append(second)
        await second.ready("broker_connected")
        await handset.hears(lambda said: said)
        assert await asyncio.to_thread(second.end) == 0
    assert world.only_alert().presses == 1
    assert handset.receipts[0]["trigger"] == "k1"


async def test_a_broker_killed_while_nobody_listens_gives_everything_it_acknowledged(
    rabbitmq, door, ana, world, engine
):
    gateway = client(rabbitmq, door, "gateway-1")
    await gateway.open()
    await until(lambda: gateway.is_connected)
    await gateway.close()
    async with carried(rabbitmq, ANA) as handset:
        for number in range(100):
            await handset.press(f"b{number}")
    await asyncio.to_thread(rabbitmq.kill)
    await asyncio.to_thread(rabbitmq.start)
    again = client(rabbitmq, door, "gateway-1")
    await again.open()
    await until(lambda: counted(engine, "alert_trigger") >= 100, 90)
    await again.close()
    ids = {json.dumps(one.trigger) for one in world.triggers()}
    assert len(ids) == 100
