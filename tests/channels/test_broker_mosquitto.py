"""Between Ana's handset and the gateway stands a Mosquitto, and either of them may be killed."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from broker_ground import MOSQUITTO, Carried, Mosquitto, carried, mosquitto_in
from channel_ground import Process, counted, open_door, processes, until

from gateway.broker_line import BrokerAddress
from gateway.door import Door
from gateway.heard import Form, Heard, Kept, Receipt
from gateway.mqtt_broker import MqttBroker
from tgd.errors import NotKept
from tgd.rules.doubt import Trust

pytestmark = [
    pytest.mark.needs_system_package,
    pytest.mark.skipif(MOSQUITTO is None, reason="SKIPPED: mosquitto is not installed"),
]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto_in(tmp_path) as broker:
        yield broker


@pytest.fixture
def ana(world, session):
    world.now = datetime.now(UTC)
    given = world.give("Ana")
    session.commit()
    return given


@pytest.fixture
async def door(record_url, tmp_path, keys) -> AsyncIterator[Door]:
    async with open_door(record_url, tmp_path, keys) as opened:
        yield opened


class Ears:
    """A gateway's two ears, as told by the test."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.online: list[str] = []
        self.fails = 0
        self.held: dict[bytes, asyncio.Event] = {}

    async def hear(self, heard: Heard) -> Receipt:
        self.heard.append(heard)
        if heard.raw in self.held:
            await self.held[heard.raw].wait()
        if self.fails > 0:
            self.fails -= 1
            raise NotKept
        said = json.loads(heard.raw) if heard.raw.startswith(b"{") else {}
        return Receipt(Kept.RECORD, said.get("trigger"))

    def raws(self, form: Form) -> list[bytes]:
        return [one.raw for one in self.heard if one.form is form]


async def nothing(heard: Heard) -> Receipt:
    return Receipt(Kept.RECORD, None)


@asynccontextmanager
async def gateway(broker: Mosquitto, hear, name: str = "gateway-1", state=nothing, came=None):
    address = BrokerAddress("127.0.0.1", broker.port, name, user=name, is_v5=broker.is_v5)
    client = MqttBroker(address, hear, state, came or (lambda handset: None))
    await client.open()
    try:
        await until(lambda: client.is_connected)
        yield client
    finally:
        await client.close()


async def test_ana_presses_and_gets_her_receipt_through_the_broker(mosquitto, door, ana, world):
    async with gateway(mosquitto, door.hear), carried(mosquitto, ana.handset) as handset:
        await handset.press("t1")
        await handset.hears(lambda said: said)
    assert (handset.receipts[0]["trigger"], handset.receipts[0]["state"]) == ("t1", "received")
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, Trust.VERIFIED)


async def test_two_gateways_side_by_side_raise_one_alert(mosquitto, door, ana, world, engine):
    async with gateway(mosquitto, door.hear), gateway(mosquitto, door.hear, "gateway-2"):
        async with carried(mosquitto, ana.handset) as handset:
            for number in range(20):
                await handset.press(f"t{number}")
            await handset.hears(lambda said: len(said) == 40)
    assert world.only_alert().presses == 20
    assert counted(engine, "alert_trigger") == 20
    assert counted(engine, "sighting") == 40


async def test_what_came_while_nobody_listened_is_heard_later(mosquitto, ana):
    ears = Ears()
    async with gateway(mosquitto, ears.hear):
        pass
    async with carried(mosquitto, ana.handset) as handset:
        for number in range(1200):
            await handset.press(f"t{number}")
        async with gateway(mosquitto, ears.hear):
            await handset.hears(lambda said: len(said) == 1200)
    assert len(ears.heard) == 1200


async def test_what_nobody_kept_is_not_acknowledged_and_comes_again(mosquitto, ana):
    ears = Ears()
    ears.fails = 1
    async with gateway(mosquitto, ears.hear), carried(mosquitto, ana.handset) as handset:
        await handset.press("t1")
        await handset.hears(lambda said: said)
        assert [one["trigger"] for one in handset.receipts] == ["t1"]
    assert len(ears.heard) == 2


async def test_one_slow_message_holds_up_no_other_receipt_and_its_place_is_kept(mosquitto, ana):
    ears = Ears()
    slow = b'{"kind": "press", "trigger": "slow"}'
    ears.held[slow] = asyncio.Event()
    async with carried(mosquitto, ana.handset) as handset:
        async with gateway(mosquitto, ears.hear):
            await handset.publish("alert", slow)
            for number in range(50):
                await handset.press(f"t{number}")
            await handset.hears(lambda said: len(said) == 50)
            closing = asyncio.get_running_loop().call_later(1, ears.held[slow].set)
        closing.cancel()
        ears.held.clear()
        heard_before = len(ears.heard)
        assert heard_before == 51
        async with gateway(mosquitto, ears.hear):
            await handset.press("last")
            await handset.hears(lambda said: said[-1]["trigger"] == "last")
    assert Counter(ears.raws(Form.ALERT)).most_common(1)[0][1] == 1


async def test_the_broker_is_killed_and_comes_back(mosquitto, ana):
    ears = Ears()
    async with gateway(mosquitto, ears.hear) as client:
        async with carried(mosquitto, ana.handset) as handset:
            await handset.press("before")
            await handset.hears(lambda said: said)
        mosquitto.kill()
        await until(lambda: not client.is_connected)
        assert not await client.tell(ana.handset, b"{}")
        mosquitto.start()
        await until(lambda: client.is_connected)
        async with carried(mosquitto, ana.handset) as handset:
            await handset.press("after")
            await handset.hears(lambda said: said)
    assert [json.loads(raw)["trigger"] for raw in ears.raws(Form.ALERT)][-1] == "after"


async def test_a_handset_speaks_in_its_own_name_only(mosquitto, door, ana, world):
    """The shipped access list ties the topic to the user, and on OwnTracks' topics the user too."""
    region = {"_type": "transition", "event": "enter", "desc": "SOS", "tst": 1795473605, "acc": 5}
    words = json.dumps(region).encode()
    async with gateway(mosquitto, door.hear):
        for topic, said in (
            (f"tgd/v1/{ana.handset}/alert", b"{}"),
            (f"owntracks/{ana.handset}/phone", words),
            (f"owntracks/hdora/{ana.handset}", words),
        ):
            async with carried(mosquitto, "hdora", v5=False) as dora:
                await dora.publish_to(topic, said)
        await until(world.alerts)
    assert world.only_alert().source == "mqtt:hdora"


# Retained messages come again at every new subscription


async def leave_retained(handset: Carried) -> None:
    await handset.press("named", retain=True)
    await handset.press(None, retain=True)  # replaces the one above on the same topic
    await handset.publish("position", b'{"position": {"lat": 48.9, "lon": 2.2}}', retain=True)
    await handset.publish("state", b'{"state": "online", "session": 1}', retain=True)


async def test_a_retained_call_is_heard_when_it_has_a_name(mosquitto, ana):
    ears, life = Ears(), Ears()
    async with carried(mosquitto, ana.handset) as handset:
        await handset.press("named", retain=True)
        await handset.publish("state", b'{"state": "online", "session": 1}', retain=True)
        async with gateway(mosquitto, ears.hear, state=life.hear, came=ears.online.append):
            await handset.hears(lambda said: said)
            await until(lambda: life.heard)
    assert len(ears.heard) == 1
    assert ears.online == [], "a replayed birth is no news"


async def test_a_nameless_retained_call_and_a_retained_place_are_no_news(mosquitto, ana):
    ears, life = Ears(), Ears()
    async with carried(mosquitto, ana.handset) as handset:
        await leave_retained(handset)
        async with gateway(mosquitto, ears.hear, state=life.hear, came=ears.online.append):
            await until(lambda: life.heard)
            await handset.press("fresh")
            await handset.hears(lambda said: said)
            await handset.publish("state", b'{"state": "online", "session": 2}')
            await until(lambda: ears.online)
    assert [json.loads(raw).get("trigger") for raw in ears.raws(Form.ALERT)] == ["fresh"]
    assert ears.raws(Form.POSITION) == []


# The whole process, killed


@pytest.mark.parametrize("where", ["door_before_commit", "door_after_commit"])
async def test_a_gateway_killed_around_the_commit_is_given_the_press_again(
    mosquitto, ana, world, record_url, tmp_path, where
):
    settings = {"mqtt_url": mosquitto.url("gateway-1"), "mqtt_client_id": "gateway-1"}
    async with processes() as started, carried(mosquitto, ana.handset) as handset:
        first = Process(tmp_path / "home", record_url, kill_at=f"{where}:1", **settings)
        started.append(first)
        await first.ready("broker_connected")
        await handset.press("t1")
        await until(first.has_ended)
        assert first.end() == -signal.SIGKILL
        assert handset.receipts == [], "nothing was promised"
        second = Process(tmp_path / "home", record_url, **settings)
        started.append(second)
        await second.ready("broker_connected")
        await handset.hears(lambda said: said)
        assert await asyncio.to_thread(second.end) == 0
    alert = world.only_alert()
    assert (alert.handset, alert.presses) == (ana.handset, 1)
    assert handset.receipts[0]["trigger"] == "t1"
