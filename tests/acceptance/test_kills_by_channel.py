"""The other channels under SIGKILL: SMS through the provider, and MQTT through a real broker."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_posting import Patience
from tests import promises
from tests.acceptance.running import OUR_NUMBER, SID, TOKEN, Service, service
from tests.acceptance.test_kills import all_told, fleet_of, is_alive, receipted, until, watched
from tests.channels.broker_ground import MOSQUITTO, Mosquitto

SEED = random.SystemRandom().randrange(10**6)


@pytest.mark.timeout(180)
async def test_no_text_is_lost_when_the_gateway_is_killed(open_folder: Path) -> None:
    """60 SMS, 6 kills of the gateway: each is on record once, found by webhook or list."""
    print(f"seed {SEED}")
    async with service(open_folder) as running, watched(running):
        account = Account(SID, TOKEN, f"http://127.0.0.1:{running.ports['gateway']}/sms/twilio")
        patience = Patience(retries=1, retry_all=False, timeout_s=3)
        provider = SmsProvider(account, port=running.ports["provider"], patience=patience)
        await provider.start()
        try:
            sids = await _texts_while_killing(provider, running)
            await until(lambda: _on_record(running) >= sids, 40)
            assert _on_record(running) == sids
            await until(lambda: all_told(running), 30)
            promises.keep(running.evidence(()))
        finally:
            await provider.stop()


async def _texts_while_killing(provider: SmsProvider, running: Service) -> set[str]:
    chance = random.Random(SEED)
    sids = set()
    for n in range(60):
        sids.add(provider.hear(f"+3363998{5000 + n}", OUR_NUMBER, f"au secours {n}").sid)
        if n % 10 == 5:
            await until(lambda: is_alive(running, "gateway"))
            os.kill(running.pid("gateway"), signal.SIGKILL)
        await asyncio.sleep(chance.uniform(0.0, 0.2))
    return sids


def _on_record(running: Service) -> set[str]:
    rows = running.rows("SELECT transport_id FROM sighting WHERE channel = 'sms'")
    return {row.transport_id for row in rows}


@pytest.mark.needs_system_package
@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
@pytest.mark.timeout(240)
async def test_no_receipt_is_a_lie_when_the_broker_is_killed(open_folder: Path) -> None:
    """Handsets at a real broker that is killed 6 times, and the gateway 4 times: what a receipt
    said is on record. A broker's PUBACK promises nothing: handsets repeat until the receipt."""
    print(f"seed {SEED}")
    broker = Mosquitto(open_folder)
    try:
        url = broker.url("gateway-1")
        async with service(open_folder, mqtt_url=url, mqtt_listen="") as running, watched(running):
            running.ports["mqtt"] = broker.port
            fleet = fleet_of(running, running.cards(60), presses=120, within_s=25)
            killing = asyncio.create_task(_kill_broker_and_gateway(broker, running))
            summary = await fleet.run()
            await killing
            await until(lambda: all_told(running), 60)
            promises.keep(running.evidence(receipted(fleet)))
            assert summary["lost"] == 0, summary
    finally:
        broker.kill()


async def _kill_broker_and_gateway(broker: Mosquitto, running: Service) -> None:
    chance = random.Random(SEED)
    for victim in ("broker", "gateway", "broker", "broker", "gateway") * 2:
        await asyncio.sleep(chance.uniform(1.0, 3.5))
        if victim == "gateway":
            await until(lambda: is_alive(running, "gateway"))
            os.kill(running.pid("gateway"), signal.SIGKILL)
            continue
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        await asyncio.to_thread(broker.start)
