"""Puts the gateway together from settings: doors, listeners, clients; opens and closes in order.

It starts without the record, for it can keep in the spool, and is ready as long as one of the two
keeps. Closing goes the way of a message: first nobody speaks to us any more, then what was heard
is kept and answered, then the doors shut.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

from prometheus_client import Counter

from gateway import counts
from gateway.broker_line import BrokerAddress
from gateway.door import Door, DoorLimits
from gateway.ending import close_within
from gateway.heard import Form, Heard, Receipt
from gateway.identities import Identities
from gateway.lifesigns import LifeSigns
from gateway.mqtt_broker import MqttBroker
from gateway.mqtt_direct import Limits, MqttDirect
from gateway.notices import Notices, Tell
from gateway.reconciler import Reconciler
from gateway.sms import SmsAccount, sms_router
from gateway.web import devices_router
from tgd.database import open_record
from tgd.errors import CannotStart, Misconfigured
from tgd.http_turns import Turns
from tgd.keyring import open_keys
from tgd.living import say_listening
from tgd.log import log
from tgd.serving import bare_app, health_app, serve
from tgd.settings import Settings
from tgd.settings_values import split_listen
from tgd.spool import Spool
from tgd.telephone import TwilioTelephone

DOOR_CONNECTIONS = 5
_observed = Counter("tgd_gateway_mqtt_events_total", "What the own listener saw", ["what"])


class _Room(Protocol):
    """Whatever is opened and closed."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


class House:
    """Everything of one gateway, built and not yet opened; raises Misconfigured, CannotStart."""

    def __init__(self, settings: Settings) -> None:
        url = settings.database_url.get_secret_value()
        if not url:
            raise Misconfigured("TGD_DATABASE_URL: says where the record is (`tgd up` sets it).")
        keys = open_keys(settings)
        self.settings, self.url = settings, url
        self.spool_folder = settings.spool / f"gateway-{settings.node}"
        self.alerts = open_record(url, lane="alerts", connections=DOOR_CONNECTIONS)
        self.work = open_record(url, lane="work")
        limits = DoorLimits(record_s=settings.record_limit_s, batch=settings.batch_limit)
        self.door = Door(self.alerts, Spool(self.spool_folder, keys), keys, limits)
        self.life_signs = LifeSigns(self.work, lambda: self.direct.connected())
        self.identities = Identities(self.work)
        self.direct = MqttDirect(
            hear=self.hear,
            identify=self.identities.identify,
            limits=Limits.at_the_door(
                settings.mqtt_half_open_per_source, strangers=settings.mqtt_strangers
            ),
            observe=self._observe,
        )
        counts.half_open.set_function(self.direct.half_open)
        self.broker: MqttBroker | None = None
        tells: list[Tell] = [self.direct.tell]
        if settings.mqtt_url.get_secret_value():
            address = BrokerAddress.from_settings(settings)
            self.broker = MqttBroker(address, self.door.hear, self.life_signs.hear, self._came)
            tells.append(self.broker.tell)
        self.notices = Notices(self.work, url, tells, self.direct.connected)

    async def hear(self, heard: Heard) -> Receipt:
        """The door that a message of the own listener goes through."""
        if heard.form is Form.STATE:
            return await self.life_signs.hear(heard)
        return await self.door.hear(heard)

    def _came(self, handset: str) -> None:
        self.notices.came(handset)

    def _observe(self, what: str) -> None:
        _observed.labels(what).inc()
        counts.connected.labels("trusted").set(len(self.direct.connected()))

    async def why_not_ready(self) -> str | None:
        """One word when nothing can be kept any more, neither in the record nor in the spool."""
        if not self.door.record_is_away:
            return None
        return await asyncio.to_thread(_why_not_writable, self.spool_folder)


def _why_not_writable(folder: Path) -> str | None:
    probe = folder / ".probe"
    try:
        probe.write_bytes(b"can this be kept?")
        probe.unlink()
    except OSError:
        return "nothing_keeps"
    return None


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """A gateway that runs as long as the block; raises CannotStart, Misconfigured, NotKept."""
    house = House(settings)
    async with AsyncExitStack() as stack:
        stack.callback(house.alerts.dispose)
        stack.callback(house.work.dispose)
        for room in (house.door, house.life_signs, house.identities):
            await _enter(stack, room)
        await _listen_mqtt(stack, house)
        await _listen_http(stack, house)
        for late in (house.broker, await _reconciler(stack, house), house.notices):
            if late is not None:
                await _enter(stack, late)
        yield house


async def _enter(stack: AsyncExitStack, room: _Room) -> None:
    await room.open()
    stack.push_async_callback(close_within, room.close)


async def _listen_mqtt(stack: AsyncExitStack, house: House) -> None:
    settings = house.settings
    wanted: list[tuple[str, str, ssl.SSLContext | None]] = []
    if settings.mqtt_listen:
        wanted.append(("mqtt", settings.mqtt_listen, None))
    if settings.mqtt_tls_listen:
        wanted.append(("mqtts", settings.mqtt_tls_listen, _server_tls(settings)))
    stack.push_async_callback(close_within, house.direct.stop)
    for name, listen, context in wanted:
        host, port = split_listen(listen)
        try:
            taken = await house.direct.start(host, port, context)
        except OSError as error:
            raise CannotStart(
                f"Cannot listen on {listen} ({error.strerror}): stop what listens there or"
                " choose another port."
            ) from None
        say_listening(name, taken)


def _server_tls(settings: Settings) -> ssl.SSLContext:
    """TLS of the own listener; a certificate is asked for and never demanded: a handset whose
    certificate has a fault must still be able to cry for help."""
    if not (settings.mqtt_tls_cert_file and settings.mqtt_tls_key_file):
        raise Misconfigured("TGD_MQTT_TLS_LISTEN: needs TGD_MQTT_TLS_CERT_FILE and _KEY_FILE.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.mqtt_tls_cert_file, settings.mqtt_tls_key_file)
        if settings.mqtt_tls_client_ca_file:
            context.load_verify_locations(settings.mqtt_tls_client_ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        why = type(error).__name__
        raise CannotStart(f"TGD_MQTT_TLS_CERT_FILE and its like are of no use ({why}).") from None
    return context


async def _listen_http(stack: AsyncExitStack, house: House) -> None:
    settings = house.settings
    account = SmsAccount(
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.our_numbers,
        settings.public_url,
    )
    app = bare_app("gateway")
    app.include_router(sms_router(house.door.hear, house.work, account))
    app.include_router(devices_router(house.door.hear, house.identities.proves))
    health = health_app(house.why_not_ready)
    for name, one, listen, turns in (
        ("gateway-health", health, settings.gateway_health_listen, None),
        ("gateway", app, settings.gateway_listen, Turns()),
    ):
        served = await serve(one, listen, turns)
        stack.push_async_callback(close_within, served.stop)
        say_listening(name, served.port)


async def _reconciler(stack: AsyncExitStack, house: House) -> Reconciler | None:
    settings = house.settings
    token = settings.twilio_auth_token.get_secret_value()
    if not (settings.twilio_account_sid and token and settings.our_numbers):
        log.info("sms_not_configured")
        return None
    telephone = TwilioTelephone(settings.twilio_account_sid, token, settings.twilio_api_base)
    stack.push_async_callback(close_within, telephone.close)
    return Reconciler(
        telephone, settings.our_numbers, house.door.hear, house.work, settings.reconcile_every_s
    )
