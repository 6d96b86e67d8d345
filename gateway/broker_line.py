"""One connection to an MQTT broker, with acknowledgement by hand; decides nothing.

aiomqtt 2.5 acknowledges before anybody has kept the message: 4 of 600 acknowledged alerts were
lost in twelve kill -9, none with paho's manual acknowledgement, which it has no name for
(aiomqtt issue 345). This file is the only place that reaches through to it. Never set
`max_queued_incoming_messages`: what is above it is acknowledged and thrown away.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.client import MQTT_ERR_SUCCESS
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tgd.errors import CannotStart, Misconfigured
from tgd.settings import Settings

KEEPALIVE_S = 10
ANSWER_S = 5.0
"""Longest wait for the broker's answer to CONNECT, SUBSCRIBE or DISCONNECT."""
SESSION_S = 30 * 24 * 3600
"""How long the broker keeps our session without us: longer than any outage (at least a week)."""
IN_FLIGHT = 200
"""Receive Maximum: some batches of the door. What waits beyond it waits at the broker."""
NOTHING = "tgd/v1/gateway/nothing"
"""A topic that nobody has subscribed to."""
_REFUSED = 0x80
_SCHEMES = {"mqtt": 1883, "mqtts": 8883}
_SOCKET = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 5000),
]


class LineLost(Exception):
    """The broker cannot be reached, refuses, or has gone."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are there; `tls` is None for a plain connection."""

    host: str
    port: int
    client_id: str
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    is_v5: bool = True

    @classmethod
    def from_settings(cls, settings: Settings) -> "BrokerAddress":
        """From TGD_MQTT_…; raises Misconfigured or CannotStart with a sentence."""
        parts = urlsplit(settings.mqtt_url.get_secret_value())
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise Misconfigured("TGD_MQTT_URL: must be mqtt://host:port or mqtts://host:port.")
        return cls(
            parts.hostname,
            parts.port or _SCHEMES[parts.scheme],
            settings.mqtt_client_id or f"tgd-gateway-{settings.node}",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            _tls(settings) if parts.scheme == "mqtts" else None,
            settings.mqtt_protocol == "5",
        )


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.mqtt_ca_file)
        if settings.mqtt_cert_file:
            context.load_cert_chain(settings.mqtt_cert_file, settings.mqtt_key_file)
    except (OSError, ssl.SSLError) as error:
        why = type(error).__name__
        raise CannotStart(
            f"TGD_MQTT_CA_FILE, _CERT_FILE or _KEY_FILE is of no use ({why})."
        ) from None
    return context


@dataclass(frozen=True, slots=True)
class Arrived:
    """One publication, as the broker handed it over; it is ours only once acknowledged."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int


class BrokerLine:
    """`async with BrokerLine(address, topics) as line`: connected and subscribed, or LineLost.

    The session is the broker's and outlives us: what came while we were away comes first. Of the
    `fleeting` topics nothing is kept for us: there is only what comes now, and at each connection
    what is retained.
    """

    def __init__(
        self, address: BrokerAddress, topics: Sequence[str], fleeting: Sequence[str] = ()
    ) -> None:
        self._topics, self._fleeting, self._v5 = topics, fleeting, address.is_v5
        self._client = aiomqtt.Client(
            address.host, address.port, identifier=address.client_id, username=address.user,
            password=address.password, tls_context=address.tls, keepalive=KEEPALIVE_S,
            timeout=ANSWER_S, socket_options=_SOCKET, **_session(address.is_v5),
        )  # fmt: skip
        self._paho = self._client._client
        self._paho.manual_ack_set(True)

    async def __aenter__(self) -> "BrokerLine":
        try:
            await self._client.__aenter__()
            await self._subscribe()
        except (aiomqtt.MqttError, OSError, TimeoutError, ValueError) as error:
            await self.__aexit__()
            raise LineLost(type(error).__name__) from None
        except LineLost:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave in order. A socket that is closed with something unread in it takes back what the
        broker has not read yet; one question answered means that every PUBACK has been read."""
        try:
            if self._paho.is_connected():
                await self._client.unsubscribe(NOTHING, timeout=ANSWER_S)
            await self._client.__aexit__(None, None, None)
        except (aiomqtt.MqttError, OSError, TimeoutError):
            return  # it has gone already

    async def _subscribe(self) -> None:
        """QoS 1 at most: with QoS 2 the payload would live in memory only, until it is released.

        A session that knows the topic is not sent its retained messages again (MQTT 5).
        """
        if self._v5:
            kept, now = SubscribeOptions(qos=1, retainHandling=1), SubscribeOptions(qos=0)
            asked: Any = [*((t, kept) for t in self._topics), *((t, now) for t in self._fleeting)]
        else:
            asked = [*((t, 1) for t in self._topics), *((t, 0) for t in self._fleeting)]
        codes = await self._client.subscribe(asked)
        if any(_number(code) >= _REFUSED for code in codes):
            raise LineLost("subscription_refused")

    async def messages(self) -> AsyncIterator[Arrived]:
        """What comes, until the connection ends: then LineLost."""
        try:
            async for one in self._client.messages:
                payload = one.payload if isinstance(one.payload, bytes) else b""
                yield Arrived(str(one.topic), payload, bool(one.retain), one.mid, one.qos)
        except aiomqtt.MqttError:
            raise LineLost("connection_lost") from None

    def ack(self, one: Arrived) -> None:
        """Tell the broker that it may forget this message; only after it is durable with us.

        To be called in the order of arrival (MQTT-4.6.0-2).
        """
        if one.qos == 1:
            self._paho.ack(one.mid, one.qos)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send at QoS 1 without waiting for the broker's answer; False when there is no line."""
        if not self._paho.is_connected():
            return False
        return bool(self._paho.publish(topic, payload, qos=1).rc == MQTT_ERR_SUCCESS)


def _number(code: Any) -> int:
    """MQTT 5 gives objects, 3.1.1 numbers."""
    return int(getattr(code, "value", code))


def _session(v5: bool) -> dict[str, Any]:
    if not v5:
        return {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": False}
    properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_S
    properties.ReceiveMaximum = IN_FLIGHT
    return {
        "protocol": aiomqtt.ProtocolVersion.V5,
        "clean_start": False,
        "properties": properties,
    }
