"""The gateway as an operator runs it: it starts, says where it listens, keeps, and stops."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
import pytest
from channel_ground import (
    ACCOUNT,
    OUR_NUMBER,
    PUBLIC_URL,
    TOKEN,
    Process,
    counted,
    processes,
    until,
)
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.sms_provider import Account, SmsProvider
from tgd.errors import CannotStart, Misconfigured
from tgd.keyring import open_keys
from tgd.rules.doubt import Trust
from tgd.settings import Settings
from tgd.spool import Spool

AWAY = "postgresql+psycopg://nobody@127.0.0.1:9/none"


@pytest.fixture
async def started() -> AsyncIterator[list[Process]]:
    async with processes() as some:
        yield some


@pytest.fixture
def ana(world, session):
    world.now = datetime.now(UTC)
    given = world.give("Ana")
    session.commit()
    return given


async def press(process: Process, handset: str, secret: str, trigger: str) -> dict[str, Any]:
    """One press on the own listener; gives the receipt."""
    async with aiomqtt.Client(
        "127.0.0.1", process.port("mqtt") or 0, identifier=handset, username=handset,
        password=secret, protocol=aiomqtt.ProtocolVersion.V5,
        properties=Properties(PacketTypes.CONNECT),
    ) as client:  # fmt: skip
        await client.subscribe(f"tgd/v1/{handset}/receipt", qos=1)
        words = json.dumps({"trigger": trigger, "kind": "press"})
        await client.publish(f"tgd/v1/{handset}/alert", words, qos=1)
        async with asyncio.timeout(30):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                return dict(json.loads(message.payload))
    raise AssertionError("the connection ended")


async def health(process: Process, what: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{process.port('gateway-health')}/{what}"
    async with aiohttp.ClientSession() as http, http.get(url) as reply:
        return reply.status, await reply.text()


async def test_it_says_where_it_listens_hears_ana_and_stops(
    started, ana, world, record_url, tmp_path
):
    started.append(process := Process(tmp_path, record_url))
    await process.ready()
    assert process.port("mqtt")
    assert (await health(process, "health/ready"))[0] == 200
    receipt = await press(process, ana.handset, ana.secret, "t1")
    assert (receipt["trigger"], receipt["state"]) == ("t1", "received")
    assert "tgd_gateway_received_total" in (await health(process, "metrics"))[1]
    assert await asyncio.to_thread(process.end) == 0
    assert process.other_words == []
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, Trust.VERIFIED)


async def test_a_handset_that_was_enrolled_a_moment_ago_is_believed_at_once(
    started, world, session, record_url, tmp_path
):
    started.append(process := Process(tmp_path, record_url))
    await process.ready()
    ana = world.give("Ana")
    session.commit()
    await press(process, ana.handset, ana.secret, "t1")
    assert world.only_alert().trust == Trust.VERIFIED
    await press(process, ana.handset, "a guess", "t2")
    assert [one.trigger for one in world.triggers()] == ["t1", "?t2"]


async def test_without_the_record_it_starts_keeps_and_is_ready(started, ana, tmp_path):
    started.append(process := Process(tmp_path, AWAY))
    await process.ready()
    receipt = await press(process, ana.handset, ana.secret, "t1")
    assert receipt["state"] == "received"
    assert list((tmp_path / "spool").rglob("*.spool"))
    assert (await health(process, "health/ready"))[0] == 200
    assert "tgd_gateway_record_away 1.0" in (await health(process, "metrics"))[1]


async def test_what_was_spooled_is_an_alert_when_the_record_is_back(
    started, ana, world, record_url, tmp_path, engine
):
    started.append(first := Process(tmp_path, AWAY))
    await first.ready()
    await press(first, ana.handset, ana.secret, "t1")
    assert await asyncio.to_thread(first.end) == 0
    started.append(second := Process(tmp_path, record_url))
    await second.ready()
    await until(lambda: counted(engine, "alert") == 1)
    assert world.only_alert().handset == ana.handset


async def test_it_is_not_ready_only_when_nothing_keeps(started, ana, tmp_path):
    started.append(process := Process(tmp_path, AWAY))
    await process.ready()
    folder = next((tmp_path / "spool").iterdir())
    folder.rmdir()
    folder.write_text("somebody put a file where the spool was")
    with pytest.raises((aiomqtt.MqttError, AssertionError)):
        await press(process, ana.handset, ana.secret, "t1")
    status, body = await health(process, "health/ready")
    assert (status, json.loads(body)["why"]) == (503, "nothing_keeps")
    assert (await health(process, "health/live"))[0] == 200


async def test_a_text_missed_by_the_webhook_is_found_by_the_process(
    started, world, record_url, tmp_path, engine, session
):
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    await provider.start()
    settings = {
        "twilio_account_sid": ACCOUNT, "twilio_auth_token": TOKEN,
        "twilio_api_base": provider.url, "sms_numbers": OUR_NUMBER, "public_url": PUBLIC_URL,
        "reconcile_every_s": "0.5",
    }  # fmt: skip
    started.append(process := Process(tmp_path, record_url, **settings))
    await process.ready()
    provider.connect_customer(
        PUBLIC_URL + "/sms/twilio", **{PUBLIC_URL: f"http://127.0.0.1:{process.port('gateway')}"}
    )
    provider.hear("+33639980001", OUR_NUMBER, "aidez moi")
    await until(lambda: counted(engine, "sighting") == 1)
    provider.account.webhook = None
    provider.hear("+33639980002", OUR_NUMBER, "moi aussi")
    await until(lambda: counted(engine, "alert") == 2)
    assert await asyncio.to_thread(process.end) == 0
    await provider.stop()


async def test_a_wrong_setting_stops_it_with_a_sentence(started, record_url, tmp_path):
    for wrong, named in (
        ({"database_url": ""}, "TGD_DATABASE_URL"),
        ({"mqtt_url": "http://broker"}, "TGD_MQTT_URL"),
        ({"master_key": "short"}, "TGD_MASTER_KEY"),
        ({"mqtt_tls_listen": "127.0.0.1:0"}, "TGD_MQTT_TLS_CERT_FILE"),
        ({"no_such": "1"}, "TGD_NO_SUCH"),
    ):
        given = {"record_url": record_url} | wrong
        url = given.pop("database_url", given.pop("record_url"))
        started.append(process := Process(tmp_path, url, **given))
        assert await asyncio.to_thread(process._process.wait, 30) == 1
        process.end()
        assert named in "".join(process.other_words)


async def test_the_master_key_is_made_once_and_shared(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "home")
    first = await asyncio.gather(*(asyncio.to_thread(open_keys, settings) for _ in range(20)))
    assert {keys.master for keys in first} == {open_keys(settings).master}
    path = tmp_path / "home" / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["master.key"]
    path.write_text("not a key")
    with pytest.raises(Misconfigured):
        open_keys(settings)


def test_no_second_key_is_made_while_calls_lie_in_the_spool(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "home")
    first = open_keys(settings)
    spool = Spool(settings.spool / "gateway-1", first)
    spool.open()
    spool.append([{"n": 1}])
    spool.close()
    (tmp_path / "home" / "master.key").rename(tmp_path / "backup")
    with pytest.raises(CannotStart, match="put the key back"):
        open_keys(settings)
    (tmp_path / "backup").rename(tmp_path / "home" / "master.key")
    assert open_keys(settings).master == first.master


async def test_it_may_open_as_many_connections_as_the_machine_allows(started, tmp_path):
    """With the usual soft limit of 1,024 a stranger who opens so many would shut everybody out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        started.append(process := Process(tmp_path, AWAY))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await process.ready()
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    (files,) = [line.split() for line in limits.splitlines() if line.startswith("Max open files")]
    assert files[3] == files[4]
