"""What a person is, where she is and what is said about her is in no log of any process.

Sentinels go in by every door and through every failure that can be had from outside; then each
line that a process wrote is read.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiomqtt
import httpx
import pytest
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy import text
from sqlmodel import Session, select
from standardwebhooks.webhooks import Webhook
from twilio.request_validator import RequestValidator

from simulators.answering import Back
from simulators.control_room import ControlRoom
from simulators.handset_words import Card
from simulators.sms_provider import Account, SmsProvider
from tests.acceptance.running import (
    OUR_NUMBER,
    SECRET,
    SID,
    TOKEN,
    Service,
    named_ports,
    service,
)
from tgd import log as logs
from tgd.accounts import make_account
from tgd.passwords import hashed
from tgd.records import Handset, ProtectedPerson
from tgd.rules.access import Role

NAME, PLACE, WORDS = "Zsentinella", "11 impasse Sentinelle", "mots-sentinelles"
NUMBER, DUTY, STRANGER = "+33639987771", "+33639987772", "+33639987773"
PASSWORD = "sentinel-password-never-said"
HERE = {"lat": 47.12345, "lon": 2.98765, "radius_m": 12, "method": "gnss"}
NEVER = [
    NAME, PLACE, WORDS, PASSWORD, "47.12345", "2.98765", "47.1234", TOKEN, SECRET,
    *(n[3:] for n in (NUMBER, DUTY, STRANGER)),
]  # fmt: skip
NASTY = json.dumps({"say": WORDS, "name": NAME, "number": NUMBER, "position": HERE}).encode()


@dataclass
class House:
    """The service, the strangers around it, Ana's card, and every line of every process."""

    running: Service
    room: ControlRoom
    provider: SmsProvider
    ana: Card
    lines: list[str]
    http: httpx.AsyncClient

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.running.ports[part]}"

    def events(self) -> set[str]:
        return {json.loads(x).get("event", "") for x in list(self.lines) if x.startswith("{")}

    async def until(self, true: Callable[[], Any], what: str) -> None:
        for _ in range(600):
            if await asyncio.to_thread(true):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"in vain for {what}: {sorted(self.events())}")

    async def says(self, event: str) -> None:
        await self.until(lambda: event in self.events(), event)


def policy_of(ports: dict[str, int], room: int) -> str:
    return f"""
[[destination]]
name = "platform"
kind = "webhook"
url = "http://127.0.0.1:{ports["platform"]}/alerts"
secret = "{SECRET}"
timeout_s = 1.0
[[destination]]
name = "room"
kind = "cisu"
url = "http://127.0.0.1:{room}/edxl"
recipient = "fr.police.cic92"
token = "{TOKEN}"
[[destination]]
name = "duty"
kind = "voice"
number = "{DUTY}"
[[destination]]
name = "duty-text"
kind = "sms"
number = "{DUTY}"
[[step]]
after_s = 0
until = "closed"
tell = ["platform", "room", "duty", "duty-text"]
"""


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    lines: list[str] = []
    ports = named_ports("mqtt", "gateway", "answers", "console", "provider", "platform", "room")
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            service(folder, lines=lines, ports=ports, policy=policy_of(ports, ports["room"]),
                    parts=("gateway", "dispatch", "console"), record_limit_s=0.5)
        )  # fmt: skip
        room = ControlRoom(TOKEN, back=Back(f"http://127.0.0.1:{ports['answers']}", "room"),
                           port=ports["room"])  # fmt: skip
        hook = f"http://127.0.0.1:{ports['gateway']}/sms/twilio"
        provider = SmsProvider(Account(SID, TOKEN, hook), port=ports["provider"])
        for stranger in (room, provider):
            await stranger.start()
            stack.push_async_callback(stranger.stop)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        made = House(running, room, provider, await asyncio.to_thread(_seed, running), lines, http)
        yield made


def _seed(running: Service) -> Card:
    (card,) = running.cards(1)
    with Session(running.engine) as session:
        (handset,) = session.exec(select(Handset)).all()
        handset.number = NUMBER
        (ana,) = session.exec(select(ProtectedPerson)).all()
        ana.name, ana.note, ana.places = NAME, WORDS, [{"label": PLACE, "city": NAME}]
        now = datetime.now(UTC)
        make_account(session, "Bruno", Role.OPERATOR, hashed(PASSWORD), now)
        session.commit()
    return card


async def over_mqtt(place: House, name: str, secret: str, *said: tuple[str, bytes, bool]) -> None:
    """What this client publishes, each on its own connection: some of it sends it away."""
    for leaf, payload, retain in said:
        try:
            async with aiomqtt.Client(
                "127.0.0.1", place.running.ports["mqtt"], identifier=name, username=name,
                password=secret, protocol=aiomqtt.ProtocolVersion.V5, timeout=5,
                properties=Properties(PacketTypes.CONNECT),
            ) as client:  # fmt: skip
                topic = leaf if "/" in leaf else f"tgd/v1/{name}/{leaf}"
                await client.publish(topic, payload, qos=1, retain=retain)
        except aiomqtt.MqttError:
            continue


def press(**more: Any) -> bytes:
    said = {"trigger": uuid4().hex, "kind": "press", "position": HERE, "words": WORDS}
    return json.dumps(said | more).encode()


async def by_every_door(place: House) -> None:
    ana, gateway = place.ana, place.url("gateway")
    await over_mqtt(
        place, ana.handset, ana.mqtt_secret, ("alert", press(), False), ("alert", NASTY, False),
        ("alert", b"\xff" + NASTY, False), ("alert", press(), True), ("state", NASTY, False),
        ("position", json.dumps({"position": HERE}).encode(), False), ("position", NASTY, False),
        (f"tgd/v1/{NAME}/alert", NASTY, False), (f"x/{NUMBER[1:]}", NASTY, False),
    )  # fmt: skip
    for name in (NAME, NUMBER, ana.handset):
        await over_mqtt(place, name, PASSWORD, ("alert", press(), False), ("state", NASTY, False))
    for sender, words in ((NUMBER, WORDS), (STRANGER, f"{NAME} {PLACE} 47.12345,2.98765")):
        place.provider.hear(sender, OUR_NUMBER, words)
    form = {"From": NUMBER, "To": OUR_NUMBER, "Body": WORDS, "MessageSid": NAME, "AccountSid": SID}
    url = f"{gateway}/sms/twilio"
    right = RequestValidator(TOKEN).compute_signature(url, form)
    for signed, sent in (("bad", form), (right, form), (right, form | {"Body": NAME})):
        await place.http.post(url, data=sent, headers={"X-Twilio-Signature": signed})
    await place.http.post(f"{url}/status", data=form)
    for app, body in (
        ("osmand", b"id=%s&lat=47.12345&lon=2.98765&alarm=sos" % NAME.encode()),
        ("osmand", NASTY),
        ("owntracks", NASTY),
        ("owntracks", b"\xff" + NASTY),
    ):
        for secret in (ana.mqtt_secret, PASSWORD):
            proof = {"authorization": f"Bearer {secret}"}
            await place.http.post(f"{gateway}/devices/{app}", content=body, headers=proof)
    await place.http.get(f"{gateway}/{NAME}?number={NUMBER}", headers={"x-name": NAME})


async def by_destinations(place: House) -> None:
    """Answers that nobody can read, that are not theirs, that carry names."""
    for where in ("platform", "room", "duty/keypad", "duty/status", NAME):
        url = f"{place.url('answers')}/answers/v1/{where}"
        for body in (NASTY, b"\xff" + NASTY, WORDS.encode()):
            now, key = datetime.now(UTC), str(uuid4())
            proof = {
                "webhook-id": key, "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": Webhook(SECRET).sign(key, now, body.decode("latin-1")),
                "authorization": f"Bearer {TOKEN}", "content-type": "application/json",
            }  # fmt: skip
            for headers in (proof, {"authorization": f"Bearer {PASSWORD}"}):
                await place.http.post(url, content=body, headers=headers)


async def at_the_console(place: House) -> None:
    """Bruno signs in, looks, takes, writes, closes; Dora tries."""
    console, http = place.url("console"), place.http
    hers = place.running.rows("SELECT id FROM alert WHERE trust = 'verified' AND lane = 'real'")
    alert = hers[0].id
    for name, password in ((NAME, PASSWORD), ("Bruno", WORDS), ("Bruno", PASSWORD)):
        await http.post(f"{console}/login", data={"name": name, "password": password})
    token = (await http.get(f"{console}/api/session")).json()["form_token"]
    sheet = (await http.get(f"{console}/api/alerts/{alert}")).text
    assert NAME in sheet, "Bruno sees her name; no log may"
    assert "47.12345" in sheet
    for act, fields in (
        ("take", {}),
        ("note", {"words": f"{WORDS} {NAME}"}),
        ("verify", {"found": NAME}),
        ("verify", {"found": "safe_code_word"}),
        ("close", {"outcome": NAME, "reason": WORDS}),
        ("close", {"outcome": "accidental", "reason": f"{WORDS} {NAME}"}),
    ):
        await http.post(f"{console}/alerts/{alert}/{act}", data={"form_token": token} | fields)
    await http.get(f"{console}/alerts/{NAME}?number={NUMBER}")
    await http.post(f"{console}/alerts/{alert}/note", content=b"\xff" + NASTY)


async def through_failures(place: House) -> None:
    """A destination that fails in each way, a provider that refuses her number by name, a row
    that no table takes, a record that is locked."""
    for mode in ("http_500", "http_400", "reset", "lying_200"):
        assert place.running.platform is not None
        await place.running.platform.become(mode, times=1)
        await over_mqtt(place, place.ana.handset, place.ana.mqtt_secret, ("alert", press(), False))
    for mode in ("http_500", "http_429", "create_then_500"):
        await place.provider.become(mode, times=2)
    await place.room.become("http_500", times=2)
    with _refusing(place, "alert_position"):
        await over_mqtt(place, place.ana.handset, place.ana.mqtt_secret, ("alert", press(), False))
        await place.says("poison_message")
    with place.running.engine.begin() as locking:
        locking.execute(text("LOCK TABLE alert IN ACCESS EXCLUSIVE MODE"))
        await over_mqtt(place, place.ana.handset, place.ana.mqtt_secret, ("alert", press(), False))
        place.provider.hear(STRANGER, OUR_NUMBER, WORDS)
        await place.says("record_away")
    await place.says("record_back")


@contextmanager
def _refusing(place: House, table: str) -> Iterator[None]:
    """The record itself quotes the whole row in its refusal."""
    with place.running.engine.begin() as admin:
        admin.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT never CHECK (false) NOT VALID"))
    yield
    with place.running.engine.begin() as admin:
        admin.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT never"))


@pytest.mark.timeout(240)
async def test_no_log_names_her_numbers_her_or_says_where_she_is(open_folder: Path) -> None:
    """Ana's name, number, place, words and position by every door, well and badly."""
    async with house(open_folder) as place:
        await by_every_door(place)
        waiting = "SELECT 1 FROM delivery WHERE state IN ('received', 'sent') LIMIT 1"
        await place.until(lambda: place.running.rows(waiting), "a telling")
        await through_failures(place)
        await by_destinations(place)
        await at_the_console(place)
        await asyncio.sleep(2)
        kept = place.running.rows("SELECT count(*) AS n FROM sighting")[0].n
        assert kept > 10, "little was said at all"
    assert place.events() >= {
        "listening", "poison_message", "batch_failed", "record_away", "record_back",
        "mqtt_connect_refused", "sign_in_refused", "told",
    }  # fmt: skip
    said = [(word, line) for line in place.lines for word in NEVER if word in line]
    assert said == []


@pytest.mark.parametrize("word", [w for w in NEVER if w not in (TOKEN, SECRET)])
def test_a_log_keeps_back_what_it_does_not_know(word: str) -> None:
    """Under a key that nobody vouched for, in an exception, in what a library says."""
    stream = StringIO()
    before = structlog.get_config()
    try:
        logs.set_up("test", stream)
        logs.log.info("heard", name=word, payload=word, say={"n": [word]})
        try:
            raise ValueError(word)
        except ValueError as error:
            logs.log.error("failed", exc_info=error)
            logs.log.exception("failed_too")
    finally:
        structlog.configure(**before)
        structlog.contextvars.clear_contextvars()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["heard", "failed", "failed_too"]
    assert word not in stream.getvalue()
    assert lines[0]["name"] == lines[0]["payload"] == lines[0]["say"] == "withheld"
    assert all("ValueError at" in line["error"] for line in lines[1:])


@pytest.mark.parametrize(
    "value", [NUMBER, "06 39 98 77 71", "at 47.12345, 2.98765", "ana.fictive@example.org"]
)
def test_also_a_harmless_key_gives_no_number_or_place_away(value: str) -> None:
    said = logs.withhold(None, "", {"event": "heard", "why": f"it said {value} today"})
    assert "withheld" in said["why"]
    assert not any(part in said["why"] for part in ("98 77", "998777", "47.1", "@"))
    alert = "01a21b65-a30a-7b8e-9914-bfd9c9d80b56"
    assert logs.withhold(None, "", {"alert": alert})["alert"] == alert
