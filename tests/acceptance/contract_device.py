"""A volunteer's handset for the contract: plain paho and the table of topics, nothing of ours."""

import json
import threading
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.acceptance.contract_ground import until

HERE = {"lat": 48.89234, "lon": 2.20711, "radius_m": 12, "method": "gnss"}


class Device:
    """One client; remembers its CONNACK, PUBACKs, SUBACKs, DISCONNECT and what it reads."""

    def __init__(
        self, handset: str, secret: str | None, port: int, *, will: bool = False,
        tls: tuple[str, str, str] | None = None,
    ) -> None:  # fmt: skip
        self.handset = handset
        self.read: list[tuple[str, dict[str, Any]]] = []
        self.codes: dict[int, int] = {}
        self.welcome: int | None = None
        self.granted: list[int] | None = None
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=handset, protocol=mqtt.MQTTv5
        )
        self._client.reconnect_on_failure = False
        if secret is not None:
            self._client.username_pw_set(handset, secret)
        if tls is not None:
            ca, certificate, key = tls
            self._client.tls_set(ca_certs=ca, certfile=certificate, keyfile=key)
        if will:
            lost = json.dumps({"state": "lost", "session": 1})
            self._client.will_set(f"tgd/v1/{handset}/state", lost, qos=1, retain=True)
        self._client.on_connect = self._welcomed
        self._client.on_message = self._reads
        self._client.on_publish = self._acknowledged
        self._client.on_subscribe = self._subscribed
        self._client.connect("localhost" if tls else "127.0.0.1", port, keepalive=60)
        self._client.loop_start()
        until(lambda: self.welcome is not None, what="for a CONNACK")

    def _welcomed(self, _: Any, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        self.welcome = code.value

    def _reads(self, _: Any, __: Any, message: mqtt.MQTTMessage) -> None:
        self.read.append((message.topic, json.loads(message.payload)))

    def _acknowledged(self, _: Any, __: Any, mid: int, code: ReasonCode, ___: Any) -> None:
        self.codes[mid] = code.value

    def _subscribed(self, _: Any, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        self.granted = [code.value for code in codes]

    def listens(self, topic: str | None = None) -> int:
        """Subscribe; the SUBACK's code."""
        self.granted = None
        self._client.subscribe(topic or f"tgd/v1/{self.handset}/receipt", qos=1)
        return int(until(lambda: self.granted, what="for a SUBACK")[0])

    def writes(self, topic: str, said: Any, *, retain: bool = False) -> int:
        """Publish at QoS 1; the PUBACK's code."""
        raw = said if isinstance(said, bytes | str) else json.dumps(said)
        mid = self._client.publish(topic, raw, qos=1, retain=retain).mid
        until(lambda: mid in self.codes, what="for a PUBACK")
        return self.codes[mid]

    def presses(self, trigger: str | None = None, *, retain: bool = False, **more: Any) -> str:
        """One press on its alert topic; its trigger id. `self.code` has the PUBACK."""
        trigger = trigger or uuid4().hex
        said = {"trigger": trigger, "kind": "press", "position": None, "battery_pct": 63} | more
        self.code = self.writes(f"tgd/v1/{self.handset}/alert", said, retain=retain)
        return trigger

    def receipt(self, trigger: str, state: str = "received") -> dict[str, Any]:
        """The receipt of this trigger in this state, when it has come."""

        def look() -> dict[str, Any] | None:
            mine = (said for _, said in list(self.read) if said["trigger"] == trigger)
            return next((said for said in mine if said["state"] == state), None)

        found: dict[str, Any] = until(look, what=f"for {state}: {self.read}")
        return found

    def reports(self, trigger: str, **position: Any) -> int:
        """A position on its topic; the PUBACK's code."""
        said = {"trigger": trigger, "position": HERE | position}
        return self.writes(f"tgd/v1/{self.handset}/position", said)

    def is_cut_off(self) -> None:
        """The network goes away without a word."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(2)
        self._client.loop_stop()

    def leaves(self) -> None:
        """A DISCONNECT, as it should be."""
        self._client.disconnect(properties=Properties(PacketTypes.DISCONNECT))
        self._client.loop_stop()
        assert threading.active_count() >= 1
