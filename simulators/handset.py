"""An emergency handset: presses, repeats the same id on MQTT and SMS, believes only receipts.

It speaks MQTT through paho, so that its reading of the protocol is nobody's but its own.
"""

import asyncio
import json
import random
import ssl
import uuid
from collections.abc import Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.handset_memory import Memory
from simulators.handset_words import Card, Fix, Press, alert_json, sms_text
from simulators.ledger import Ledger

HEARD = ("received", "taken", "closed")
"""Any of these proves that the press is durable: the later ones say even more."""


class Ways(StrEnum):
    """By which channels a press leaves."""

    MQTT_THEN_SMS = "mqtt-then-sms"
    MQTT = "mqtt"
    SMS = "sms"
    BOTH = "both"


class Misbehaviour(StrEnum):
    """What a broken or hostile handset does."""

    NEVER_STOP = "never-stop"
    RETAINED = "retained"
    FOREIGN_TOPIC = "foreign-topic"
    BAD_SECRET = "bad-secret"  # noqa: S105 (the name of a fault)
    WRONG_MAC = "wrong-mac"
    GARBAGE = "garbage"
    NO_ID = "no-id"


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files; certificate and key only for mutual TLS."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """A client context that checks the name of the server."""
        trusting = ssl.create_default_context(cafile=str(self.ca))
        if self.certificate:
            trusting.load_cert_chain(self.certificate, self.key)
        return trusting


@dataclass(frozen=True, slots=True)
class Settings:
    """How this handset reaches the world, and how patient it is."""

    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    tls: Tls | None = None
    sms_url: str | None = None
    """Base of the SMS provider; the handset's radio is its `/simulate/inbound`."""
    sms_to: str = "+33199000001"
    ways: Ways = Ways.MQTT_THEN_SMS
    sms_after_s: float = 10.0
    repeat_s: float = 2.0
    """First pause before the same id is sent again; doubles up to `repeat_cap_s`."""
    repeat_cap_s: float = 15.0
    sms_repeat_s: float = 20.0
    sms_repeat_cap_s: float = 120.0
    keep_alive_s: int = 30
    session_expiry_s: int = 24 * 3600
    clock_offset_s: float = 0.0
    sim: str | None = None
    """What its SIM card says of itself; a handset that was given none has one of its own."""
    misbehaves: Collection[Misbehaviour] = ()
    foreign: str = "somebody-else"
    """Whose topic a `foreign-topic` handset writes on."""


class Handset:
    """`await start()`, `await press()`, `await receipt_of(trigger)`, `await stop()`."""

    def __init__(
        self,
        card: Card,
        settings: Settings | None = None,
        *,
        state: Path | None = None,
        ledger: Path | None = None,
        echo: bool = False,
        seed: int | None = None,
    ) -> None:
        """A seed makes trigger ids and pauses the same again: only for runs on a fresh record."""
        self.card = card
        self.settings = settings or Settings()
        self.fix: Fix | None = None
        self.battery_pct = 63
        self.ledger_book = Ledger(ledger, echo=echo)
        self._memory = Memory(state)
        origin = None if seed is None else f"{seed}:{card.handset}:{self._memory.counter}"
        self._chance = random.Random(origin)
        self._connected = asyncio.Event()
        self._receipts: dict[str, list[str]] = {}
        self._news = asyncio.Condition()
        self._acts: set[asyncio.Task[None]] = set()
        self._in_flight: dict[int, tuple[str, int]] = {}
        self._client: paho.Client | None = None
        self._http: aiohttp.ClientSession | None = None

    # -- life

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Lines: pressed, sent, puback, receipt, connected, disconnected, refused."""
        return self.ledger_book.lines

    async def start(self) -> None:
        """Switch on: connect beside, and repeat what an earlier life left unconfirmed."""
        self._loop = asyncio.get_running_loop()
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        if self.settings.ways is not Ways.SMS:
            self._client = self._make_client()
            self._client.connect_async(
                self.settings.mqtt_host,
                self.settings.mqtt_port,
                keepalive=self.settings.keep_alive_s,
                clean_start=False,
                properties=_expiry(self.settings.session_expiry_s),
            )
            self._client.loop_start()
        for press in list(self._memory.pending.values()):
            self.ledger_book.write("resumed", trigger=press.trigger)
            self._begin(press)

    async def stop(self, *, politely: bool = True) -> None:
        """Switch off. Not politely: the connection is cut, so that the Will speaks."""
        for act in list(self._acts):
            act.cancel()
        await asyncio.gather(*self._acts, return_exceptions=True)
        if self._client:
            if politely:
                self._client.disconnect()
            await asyncio.to_thread(self._client.loop_stop)
            if connection := self._client.socket():
                connection.close()
        if self._http:
            await self._http.close()
        self.ledger_book.close()

    async def connected(self, timeout_s: float = 10) -> None:
        """Until MQTT accepted us; raises TimeoutError."""
        await asyncio.wait_for(self._connected.wait(), timeout_s)

    # -- acts of the person who carries it

    async def press(self, kind: str = "press") -> str:
        """Press the button: the id is on the disk before it is sent. Returns the trigger id."""
        press = Press(
            trigger=str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            counter=self._memory.next_counter(),
            kind=kind,
            at=datetime.now(UTC) + timedelta(seconds=self.settings.clock_offset_s),
            fix=self.fix,
            battery_pct=self.battery_pct,
        )
        self._memory.keep(press)
        self.ledger_book.write("pressed", trigger=press.trigger, kind=kind, counter=press.counter)
        self._begin(press)
        return press.trigger

    async def receipt_of(
        self, trigger: str, state: str | None = None, timeout_s: float = 30
    ) -> str:
        """Until a receipt for that trigger came (in that state, if given); raises TimeoutError."""

        def came() -> bool:
            states = self._receipts.get(trigger, [])
            return state in states if state else any(one in HEARD for one in states)

        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(came)
        return self._receipts[trigger][-1]

    async def report_position(self, trigger: str) -> None:
        """Say where we are now, on the position topic; only meant while the alert is open."""
        fix = self.fix.as_json() if self.fix else None
        self._publish("position", json.dumps({"trigger": trigger, "position": fix}).encode())

    # -- delivery

    def _begin(self, press: Press) -> None:
        self._spawn(self._deliver(press))

    def _spawn(self, act: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(act)
        self._acts.add(task)
        task.add_done_callback(self._bury)

    def _bury(self, task: asyncio.Task[None]) -> None:
        self._acts.discard(task)
        if not task.cancelled() and (failed := task.exception()):
            self.ledger_book.write("simulator_failed", error=repr(failed))

    async def _deliver(self, press: Press) -> None:
        """Both ways at their own rhythm until the receipt; what is left is cancelled then."""
        ways, patience_s = self.settings.ways, self.settings.sms_after_s
        async with asyncio.TaskGroup() as group:
            acts = []
            if ways is not Ways.SMS:
                acts.append(group.create_task(self._repeat_mqtt(press)))
            if ways is not Ways.MQTT and self.settings.sms_url:
                wait_s = patience_s if ways is Ways.MQTT_THEN_SMS else 0.0
                acts.append(group.create_task(self._repeat_sms(press, wait_s)))
            async with self._news:
                await self._news.wait_for(lambda: self._is_content(press.trigger))
            for act in acts:
                act.cancel()
        self._memory.forget(press.trigger)

    def _is_content(self, trigger: str) -> bool:
        if Misbehaviour.NEVER_STOP in self.settings.misbehaves:
            return False
        return any(state in HEARD for state in self._receipts.get(trigger, []))

    async def _repeat_mqtt(self, press: Press) -> None:
        pause_s, attempt = self.settings.repeat_s, 0
        while True:
            await self._connected.wait()
            attempt += 1
            self._send_mqtt(press, attempt)
            await asyncio.sleep(pause_s * self._chance.uniform(0.8, 1.2))
            pause_s = min(pause_s * 2, self.settings.repeat_cap_s)

    def _send_mqtt(self, press: Press, attempt: int) -> None:
        bad = self.settings.misbehaves
        words = alert_json(press, with_id=Misbehaviour.NO_ID not in bad)
        if Misbehaviour.GARBAGE in bad:
            words = self._chance.randbytes(48)
        retain = Misbehaviour.RETAINED in bad
        number = self._publish("alert", words, retain=retain)
        self._in_flight[number] = (press.trigger, attempt)
        self.ledger_book.write("sent", trigger=press.trigger, channel="mqtt", attempt=attempt)

    async def _repeat_sms(self, press: Press, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        pause_s, attempt = self.settings.sms_repeat_s, 0
        while True:
            attempt += 1
            taken = await self._send_sms(press, attempt)
            wait_s = pause_s if taken else min(pause_s, 2.0)
            await asyncio.sleep(wait_s * self._chance.uniform(0.8, 1.2))
            pause_s = min(pause_s * 2, self.settings.sms_repeat_cap_s)

    async def _send_sms(self, press: Press, attempt: int) -> bool:
        """Hand it to the network; False when the network did not take it."""
        assert self._http is not None, "start() first"
        said = {
            "from": self.card.number,
            "to": self.settings.sms_to,
            "body": self._sms_words(press),
        }
        try:
            url = f"{self.settings.sms_url}/simulate/inbound"
            async with self._http.post(url, json=said) as answer:
                taken = answer.status == 200
                sid = (await answer.json()).get("sid") if taken else None
        except (aiohttp.ClientError, TimeoutError):
            taken, sid = False, None
        facts = {"trigger": press.trigger, "channel": "sms", "attempt": attempt}
        self.ledger_book.write("sent" if taken else "not_sent", **facts, sid=sid)
        return taken

    def _sms_words(self, press: Press) -> str:
        bad = self.settings.misbehaves
        if Misbehaviour.GARBAGE in bad:
            return "aidez moi il est la"
        key = bytes.fromhex(self.card.sms_key)
        if Misbehaviour.WRONG_MAC in bad:
            key = bytes(byte ^ 0xFF for byte in key)
        return sms_text(press, self.card.handset, key, with_id=Misbehaviour.NO_ID not in bad)

    # -- MQTT; paho calls back from its own thread

    def _topic(self, leaf: str) -> str:
        return f"tgd/v1/{self.card.handset}/{leaf}"

    def _publish(self, leaf: str, words: bytes, *, retain: bool = False) -> int:
        assert self._client is not None, "this handset has no MQTT"
        topic = self._topic(leaf)
        if leaf == "alert" and Misbehaviour.FOREIGN_TOPIC in self.settings.misbehaves:
            topic = f"tgd/v1/{self.settings.foreign}/alert"
        return self._client.publish(topic, words, qos=1, retain=retain).mid

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.card.handset,
            protocol=paho.MQTTv5,
        )
        secret = self.card.mqtt_secret
        if Misbehaviour.BAD_SECRET in self.settings.misbehaves:
            secret = "not-" + secret
        client.username_pw_set(self.card.handset, secret or None)
        if self.settings.tls:
            client.tls_set_context(self.settings.tls.context())
        self._begin_session(client)
        client.reconnect_delay_set(1, 8)
        client.max_inflight_messages_set(10)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _begin_session(self, client: paho.Client) -> None:
        """A new number for each connection: a late Will never speaks of the next one."""
        self._session = self._memory.begin_session()
        will = json.dumps({"state": "lost", "session": self._session})
        client.will_set(self._topic("state"), will, qos=1, retain=True)

    def _in_loop(self, act: Any, *facts: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: the handset is being switched off
            self._loop.call_soon_threadsafe(act, *facts)

    def _on_connect(self, client: Any, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self.ledger_book.write("refused", reason=str(reason))
            return
        client.subscribe(self._topic("receipt"), qos=1)
        birth = {"state": "online", "session": self._session, "battery_pct": self.battery_pct}
        sim = self.settings.sim or f"sim-of-{self.card.handset}"[:64]
        birth |= {"radio": "4g", "rssi_dbm": -87, "version": "1.0", "sim": sim}
        client.publish(self._topic("state"), json.dumps(birth), qos=1, retain=True)
        self.ledger_book.write("connected", session=self._session)
        self._in_loop(self._connected.set)

    def _on_connect_fail(self, _: Any, __: Any) -> None:
        """No network, nobody listening, or a listener whose certificate is not believed."""
        self.ledger_book.write("unreachable")

    def _on_disconnect(self, client: Any, _: Any, __: Any, reason: Any, ___: Any) -> None:
        self.ledger_book.write("disconnected", reason=str(reason))
        self._begin_session(client)
        self._in_loop(self._connected.clear)

    def _on_publish(self, _: Any, __: Any, number: int, reason: Any, ___: Any) -> None:
        self._in_loop(self._note_puback, number, str(reason))

    def _note_puback(self, number: int, reason: str) -> None:
        if sent := self._in_flight.pop(number, None):
            self.ledger_book.write("puback", trigger=sent[0], attempt=sent[1], reason=reason)

    def _on_message(self, _: Any, __: Any, message: Any) -> None:
        self._in_loop(self._hear_receipt, bytes(message.payload))

    def _hear_receipt(self, words: bytes) -> None:
        try:
            said = json.loads(words)
            trigger, state = str(said["trigger"]), str(said["state"])
        except (ValueError, TypeError, KeyError):
            self.ledger_book.write("unreadable_receipt", bytes=len(words))
            return
        self.ledger_book.write("receipt", trigger=trigger, state=state)
        self._receipts.setdefault(trigger, []).append(state)
        self._spawn(self._tell_news())

    async def _tell_news(self) -> None:
        async with self._news:
            self._news.notify_all()


def _expiry(seconds: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = seconds
    return properties


def with_fault(settings: Settings, *faults: Misbehaviour) -> Settings:
    """The same settings, misbehaving in these ways too."""
    return replace(settings, misbehaves=frozenset(settings.misbehaves) | set(faults))
