"""A small town around the service: provider, platform, control room, people with handsets."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.answering import Back
from simulators.control_room import ControlRoom, Watch
from simulators.handset import Handset, Settings, Ways
from simulators.handset_words import Card, Fix
from simulators.platform import Agent, Platform
from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_calls import Person

EXEMPLEVILLE = (45.02, 2.05)
"""In a town that does not exist: nobody's house is on the map of the demonstration."""


@dataclass(frozen=True, slots=True)
class Map:
    """Where everything is; read from the file that the service's own demonstration writes."""

    mqtt: str
    gateway: str
    answers: str
    console: str
    provider_port: int
    account_sid: str
    auth_token: str
    number: str
    platform_port: int
    platform_secret: str
    room_port: int
    room_token: str
    gendarmerie_port: int
    gendarmerie_token: str
    supervisor_number: str
    accounts: dict[str, dict[str, str]]
    cards: list[dict[str, str]]
    hurry: float = 1.0
    """By how much the policy's delays were divided."""
    ledgers: str | None = None
    tls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Map":
        """From the JSON file."""
        return cls(**json.loads(path.read_text()))


@dataclass
class Town:
    """The strangers, switched on."""

    map: Map
    provider: SmsProvider
    platform: Platform
    room: ControlRoom
    """Of the police; and that of the gendarmerie."""
    gendarmerie: ControlRoom

    def handset(self, name: str, ways: Ways = Ways.MQTT_THEN_SMS, **settings: Any) -> Handset:
        """Somebody's handset, by the first name on its card; an unknown name is a stranger's."""
        host, _, port = self.map.mqtt.rpartition(":")
        found = [c for c in self.map.cards if c["name"] == name]
        said = found[0] if found else _stranger()
        card = Card(said["handset"], said["mqtt_secret"], said["sms_key"], said["number"])
        given = Settings(
            host, int(port), sms_url=self.provider.control_url, sms_to=self.map.number, ways=ways
        )
        phone = Handset(card, replace(given, **settings))
        phone.fix = Fix(*EXEMPLEVILLE, 12, "gnss", datetime.now(UTC))
        return phone

    def answers_the_phone(self, number: str, *, presses: str | None) -> None:
        """Whether somebody picks up behind a number, and which key they press."""
        picks_up = presses is not None
        self.provider.people[number] = Person(number, picks_up, 0.3, presses or "")


def _stranger() -> dict[str, str]:
    return {"handset": "hstranger00000", "mqtt_secret": "made-up", "sms_key": "00" * 32,
            "number": "+33639980099"}  # fmt: skip


@asynccontextmanager
async def town(map_: Map) -> AsyncIterator[Town]:
    """Everybody at home, for the time of the block."""
    ledgers = Path(map_.ledgers) if map_.ledgers else None
    account = Account(map_.account_sid, map_.auth_token, f"{map_.gateway}/sms/twilio")
    provider = SmsProvider(
        account, port=map_.provider_port, ring_scale=1 / map_.hurry,
        ledger=ledgers and ledgers / "provider.jsonl",
    )  # fmt: skip
    platform = Platform(
        map_.platform_secret, back=Back(map_.answers, "platform"), port=map_.platform_port,
        ledger=ledgers and ledgers / "platform.jsonl", agent=Agent(erases_after_s=5.0),
    )  # fmt: skip
    room = ControlRoom(
        map_.room_token, back=Back(map_.answers, "control-room-92"), port=map_.room_port,
        watch=Watch(ack_after_s=0.3), ledger=ledgers and ledgers / "room.jsonl",
    )  # fmt: skip
    gendarmerie = ControlRoom(
        map_.gendarmerie_token, back=Back(map_.answers, "corg-99"), port=map_.gendarmerie_port,
        watch=Watch(ack_after_s=0.3, by="corg-operator-2"),
        ledger=ledgers and ledgers / "gendarmerie.jsonl",
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        for one in (provider, platform, room, gendarmerie):
            await one.start()
            stack.push_async_callback(one.stop)
        yield Town(map_, provider, platform, room, gendarmerie)
