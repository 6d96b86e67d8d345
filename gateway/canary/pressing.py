"""One press of a canary over MQTT, from connecting to the receipt, as a handset makes it.

A client of another make than our listener (paho), on a connection of its own each time. It presses
only where the other side has believed it: a press that nobody believes would be an alert.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

STEP_S = 5.0
"""Longest wait for each answer of the other side."""
KEEPALIVE_S = 20
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_REFUSED = 0x80


class NotHeard(Exception):
    """This press has no receipt; the word says how far it came."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a canary presses, and as whom."""

    host: str
    port: int
    handset: str
    secret: str
    tls: ssl.SSLContext | None = None
    is_v5: bool = True

    @classmethod
    def read(cls, url: str, ca_file: Path | None, protocol: str = "5") -> "Address":
        """From a setting that was judged already; raises OSError, ssl.SSLError for the file."""
        parts = urlsplit(url)
        tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "mqtts" else None
        return cls(
            parts.hostname or "", parts.port or _PORTS[parts.scheme],
            unquote(parts.username or ""), unquote(parts.password or ""), tls, protocol == "5",
        )  # fmt: skip


def press(address: Address, trigger: str, now: datetime) -> None:
    """Press once and wait for the receipt; raises NotHeard. Blocks for some seconds at most."""
    try:
        with _connected(address) as line:
            line.subscribe(f"tgd/v1/{address.handset}/receipt")
            # only who is believed may say this: a stranger may do nothing but cry for help
            line.publish("state", {"state": "online"}, "not_believed")
            line.publish("alert", _words(trigger, now), "not_acknowledged")
            line.receipt(trigger)
    except (OSError, ValueError) as error:
        raise NotHeard(type(error).__name__.lower()) from None


def _words(trigger: str, now: datetime) -> dict[str, Any]:
    at = now.isoformat(timespec="milliseconds")
    return {"trigger": trigger, "kind": "press", "at": at, "position": None}


@contextmanager
def _connected(address: Address) -> Iterator["_Line"]:
    line = _Line(address)
    try:
        line.connect()
        yield line
    finally:
        line.leave()


class _Line:
    """One connection; what the other side says is collected by paho's own thread."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._said = threading.Condition()
        self._connack: bool | None = None
        self._suback: bool | None = None
        self._pubacks: dict[int, bool] = {}
        self._receipts: set[str] = set()
        version = MQTTv5 if address.is_v5 else MQTTv311
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=address.handset, protocol=version,
            reconnect_on_failure=False,
        )  # fmt: skip
        self._client.username_pw_set(address.handset, address.secret)
        if address.tls is not None:
            self._client.tls_set_context(address.tls)
        self._client.connect_timeout = STEP_S
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    def connect(self) -> None:
        """Raises NotHeard, OSError."""
        clean: dict[str, Any] = {"clean_start": True} if self._address.is_v5 else {}
        self._client.connect(self._address.host, self._address.port, KEEPALIVE_S, **clean)
        self._client.loop_start()
        self._wait(lambda: self._connack, "not_connected")

    def subscribe(self, topic: str) -> None:
        """Raises NotHeard."""
        self._client.subscribe(topic, qos=1)
        self._wait(lambda: self._suback, "not_subscribed")

    def publish(self, leaf: str, said: dict[str, Any], otherwise: str) -> None:
        """At QoS 1, until it is acknowledged without a refusal; raises NotHeard."""
        topic = f"tgd/v1/{self._address.handset}/{leaf}"
        sent = self._client.publish(topic, json.dumps(said).encode(), qos=1)
        self._wait(lambda: self._pubacks.get(sent.mid), otherwise)

    def receipt(self, trigger: str) -> None:
        """Until the receipt of this press is there; raises NotHeard."""
        self._wait(lambda: trigger in self._receipts or None, "no_receipt")

    def leave(self) -> None:
        """Say goodbye, and let paho's thread end."""
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self, answer: Callable[[], bool | None], otherwise: str) -> None:
        """Until there is an answer: None is silence, False a refusal."""
        with self._said:
            self._said.wait_for(lambda: answer() is not None, STEP_S)
            if not answer():
                raise NotHeard(otherwise)

    # paho's thread calls these

    def _on_connect(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:
        with self._said:
            self._connack = code.value < _REFUSED
            self._said.notify_all()

    def _on_subscribe(self, _: Any, __: Any, ___: Any, codes: Any, ____: Any) -> None:
        with self._said:
            self._suback = all(code.value < _REFUSED for code in codes)
            self._said.notify_all()

    def _on_publish(self, _: Any, __: Any, mid: int, code: Any, ___: Any) -> None:
        with self._said:
            self._pubacks[mid] = code.value < _REFUSED
            self._said.notify_all()

    def _on_message(self, _: Any, __: Any, message: Any) -> None:
        trigger = _trigger_of(message.payload)
        with self._said:
            self._receipts.add(trigger)
            self._said.notify_all()


def _trigger_of(payload: bytes) -> str:
    """Whose receipt this is; an empty word for what is none."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    return str(said.get("trigger", "")) if isinstance(said, dict) else ""
