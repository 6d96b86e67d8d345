"""Named people and things for the stories: what Ana, Dora and the others own and say."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col, select

from gateway.heard import Channel, Form, Heard, Receipt
from gateway.intake import take_in
from tgd.ids import new_canary
from tgd.inventory import decide_on_paper, enroll
from tgd.records import (
    Alert,
    AlertPosition,
    AlertTrigger,
    Allocation,
    Consent,
    Handset,
    Journal,
    ProtectedPerson,
    Sighting,
)
from tgd.rules.keys import mac_of, secret_hash, sms_key
from tgd.seal import Keys

HERE = {"lat": 48.89234, "lon": 2.20711, "radius_m": 12, "method": "gnss"}


@dataclass
class Carried:
    """A handset in somebody's hands, with its counter."""

    handset: str
    number: str
    secret: str
    counter: int = 0

    def signed_sms(self, keys: Keys, *, trigger: str | None = None, kind: str = "P") -> str:
        """The signed short form of a press."""
        self.counter += 1
        named = f"id={trigger};" if trigger else ""
        text = f"TGD1;{self.handset};{self.counter};{kind};lt=+48.89234;lg=+2.20711;rd=12;{named}"
        return text + mac_of(sms_key(keys.master, self.handset, 1), text.encode())


@dataclass
class World:
    """A record with people in it, and a moment."""

    session: Session
    keys: Keys
    now: datetime

    def give(
        self,
        name: str = "Ana",
        *,
        number: str = "+33639980001",
        geolocation: bool = True,
        days: tuple[float, float] | None = (-30, 150),
        state: str = "issued",
    ) -> Carried:
        """A prosecutor gave a handset to this person (or not: `days=None`)."""
        handset, person = f"h{name.lower()}0000000000"[:13], uuid4()
        secret = f"secret-of-{name}-0123456789"
        self.session.add(
            Handset(
                id=handset,
                number=number,
                state=state,
                secret_hash=secret_hash(secret),
                enrolled_at=self.now,
            )
        )
        self.session.add(ProtectedPerson(id=person, name=f"{name} FICTIVE", places=[]))
        self.session.flush()
        for scope in ["device", *(["geolocation"] if geolocation else [])]:
            self.session.add(
                Consent(
                    id=uuid4(), person=person, scope=scope, given_at=self.now - timedelta(days=40)
                )
            )
        if days is not None:
            begin, end = (self.now + timedelta(days=d) for d in days)
            decision = decide_on_paper(self.session, person, (begin, end), self.now)
            self.session.add(
                Allocation(
                    id=uuid4(),
                    handset=handset,
                    person=person,
                    period=Range(begin, end),
                    decision=decision,
                )
            )
        self.session.flush()
        return Carried(handset, number, secret)

    def canary(self) -> Carried:
        """A canary that our own command enrolled; nobody carries it."""
        name, secret = new_canary(), "secret-of-a-canary-0123456789"
        enroll(self.session, None, self.now, secret=secret, canary=name)
        return Carried(name, "", secret)

    def hear(self, *heard: Heard) -> list[Receipt]:
        """The gateway takes this in, as one batch."""
        return take_in(self.session, heard, self.now, self.keys)

    def press(
        self, carried: Carried, *, trigger: str | None = None, verified: bool = True, **said: Any
    ) -> Heard:
        """A press over MQTT, as it arrives."""
        carried.counter += 1
        body = {
            "trigger": trigger or uuid4().hex, "counter": carried.counter, "kind": "press",
            "at": self.now.isoformat(), "position": HERE, "battery_pct": 63,
        } | said  # fmt: skip
        return self.mqtt(carried.handset, json.dumps(body).encode(), verified=verified)

    def mqtt(
        self, source: str, raw: bytes, *, verified: bool = True, form: Form = Form.ALERT
    ) -> Heard:
        """Any bytes over MQTT."""
        return Heard(Channel.MQTT, form, source, verified, uuid4().hex, raw, self.now)

    def sms(self, number: str, text: str | bytes, *, sid: str | None = None) -> Heard:
        """A text message as the provider hands it over."""
        raw = text if isinstance(text, bytes) else text.encode()
        return Heard(Channel.SMS, Form.SMS, number, False, sid or f"SM{uuid4().hex}", raw, self.now)

    def wait(self, **time: float) -> None:
        """Time passes."""
        self.now += timedelta(**time)

    def alerts(self) -> list[Alert]:
        """All alerts, oldest first, as the record has them now."""
        self.session.expire_all()
        return list(self.session.exec(select(Alert).order_by(col(Alert.number))))

    def only_alert(self) -> Alert:
        """The one alert that there must be."""
        (alert,) = self.alerts()
        return alert

    def triggers(self) -> list[AlertTrigger]:
        """All triggers."""
        return list(self.session.exec(select(AlertTrigger).order_by(col(AlertTrigger.heard_at))))

    def sightings(self) -> list[Sighting]:
        """All messages kept."""
        return list(self.session.exec(select(Sighting).order_by(col(Sighting.received_at))))

    def lines(self, act: str) -> list[Journal]:
        """The journal's lines of one act."""
        return list(self.session.exec(select(Journal).where(Journal.act == act)))

    def positions(self, alert: UUID) -> list[AlertPosition]:
        """The positions kept for an alert."""
        return list(
            self.session.exec(
                select(AlertPosition)
                .where(AlertPosition.alert == alert)
                .order_by(col(AlertPosition.heard_at))
            )
        )
