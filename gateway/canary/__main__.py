"""The canary's process: presses by every channel that has one, each minute, and counts receipts.

It raises nothing: whether a canary was heard is judged by the auditor, from the record. Before each
press it asks the record whether the handset is a canary there; without that answer it is silent.
"""

import asyncio
import ssl
import sys
import time
from uuid import uuid4

from prometheus_client import Counter
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.canary.pressing import Address, NotHeard, press
from gateway.canary.web_pressing import WebAddress
from gateway.canary.web_pressing import press as web_press
from tgd import clock, settings
from tgd.database import open_record, transaction
from tgd.errors import CannotStart, Misconfigured, RecordAway
from tgd.living import live, say_listening
from tgd.log import log
from tgd.rules.keys import secret_hash
from tgd.serving import health_app, serve
from tgd.settings import Settings
from tgd.store import canaries

AGAIN_S = 2.0
"""After a press that was not made, or not heard: an alarm must end soon after its cause."""
pressed = Counter("tgd_canary_presses_total", "Presses of canaries", ["channel", "result"])


def main() -> int:
    """Entry point; 0 after an orderly stop, 1 when it cannot run."""
    return live("canary", _run)


async def _run(stop: asyncio.Event) -> None:
    read = settings.read()
    url = read.database_url.get_secret_value()
    if not url:
        raise Misconfigured("TGD_DATABASE_URL: says where the record is (`tgd up` sets it).")
    if not read.canary_addresses:
        raise Misconfigured("TGD_CANARY_MQTT, _BROKER, _HTTP: one of them names a canary.")
    addresses = _addresses(read)
    engine = open_record(url, lane="work", connections=2)
    health = await serve(health_app(_ready), read.canary_health_listen)
    say_listening("canary-health", health.port)
    tasks = [
        asyncio.create_task(_press_for_ever(engine, channel, address, read.canary_every_s))
        for channel, address in addresses.items()
    ]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await health.stop()
    engine.dispose()


def _addresses(read: Settings) -> dict[str, Address | WebAddress]:
    found: dict[str, Address | WebAddress] = {}
    try:
        for channel, url in read.canary_addresses.items():
            if channel == "http":
                found[channel] = WebAddress.read(url, read.canary_ca_file)
                continue
            protocol = read.mqtt_protocol if channel == "broker" else "5"
            found[channel] = Address.read(url, read.canary_ca_file, protocol)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"TGD_CANARY_CA_FILE is of no use ({type(error).__name__}).") from None
    return found


async def _ready() -> str | None:
    """It lives: whether it is heard is the auditor's question."""
    return None


async def _press_for_ever(
    engine: Engine, channel: str, address: Address | WebAddress, every_s: float
) -> None:
    while True:
        began = time.monotonic()
        result = await _press_once(engine, address)
        pressed.labels(channel, result).inc()
        if result != "heard":
            log.error("canary_not_heard", channel=channel, why=result)
        pause = every_s - (time.monotonic() - began) if result == "heard" else AGAIN_S
        await asyncio.sleep(max(0.0, min(pause, every_s)))


async def _press_once(engine: Engine, address: Address | WebAddress) -> str:
    """One word of how it went."""
    try:
        if hinders := await asyncio.to_thread(_hinders, engine, address):
            return hinders
        await asyncio.to_thread(_press, address)
    except (RecordAway, SQLAlchemyError):
        return "record_away"
    except NotHeard as why:
        return str(why)
    except Exception as error:  # noqa: BLE001 the loop outlives whatever one press did to it
        log.error("canary_failed", exc_info=error)
        return "failed"
    return "heard"


def _press(address: Address | WebAddress) -> None:
    if isinstance(address, WebAddress):
        web_press(address, clock.now())
    else:
        press(address, str(uuid4()), clock.now())


def _hinders(engine: Engine, address: Address | WebAddress) -> str | None:
    """Why it must not press: over HTTP nobody is told whether the secret was believed."""
    with transaction(engine) as session:
        if not canaries.is_enrolled(session, address.handset):
            return "not_enrolled"
        if isinstance(address, WebAddress):
            known = canaries.has_secret(session, address.handset, secret_hash(address.secret))
            return None if known else "not_believed"
    return None


if __name__ == "__main__":
    sys.exit(main())
