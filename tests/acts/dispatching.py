"""What the tests of dispatch share: Bruno and the others, a policy, and turns taken by hand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.policy import read_policy
from dispatch.telling import Answer, Received
from dispatch.turn import Answered, Claimed, Fault, claim, write_answers
from tgd.alerts.acts import Actor
from tgd.records import Alert, Delivery, Journal
from tgd.rules.access import Role

BRUNO = Actor("bruno", Role.OPERATOR)
BERTA = Actor("berta", Role.OPERATOR)
SONIA = Actor("sonia", Role.SUPERVISOR)
CAMILLE = Actor("camille", Role.PROSECUTOR)

POLICY = read_policy(
    """
    [[destination]]
    name = "platform"
    kind = "webhook"
    url = "https://platform.example/alerts"
    secret = "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ=="

    [[destination]]
    name = "other-platform"
    kind = "webhook"
    url = "https://other.example/alerts"
    secret = "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ=="

    [[destination]]
    name = "duty"
    kind = "voice"
    number = "+33639980101"

    [[destination]]
    name = "room"
    kind = "cisu"
    url = "https://hub.example/edxl"
    recipient = "fr.police.cic92"

    [[step]]
    after_s = 0
    tell = ["platform"]

    [[step]]
    after_s = 20
    until = "taken"
    tell = ["other-platform", "duty"]

    [[step]]
    after_s = 60
    until = "taken"
    tell = ["room"]

    [[step]]
    since = "request"
    after_s = 0
    tell = ["room"]
    """
)


def turn(
    session: Session, now: datetime, worker: str = "w1", faults: list[Fault] | None = None
) -> list[Claimed]:
    """One claim, committed."""
    claimed = claim(session, POLICY, now, worker, faults=faults)
    session.commit()
    return claimed


def answer(session: Session, now: datetime, *claimed: Claimed, said: Answer | None = None) -> int:
    """The destinations answered this; committed."""
    told = [Answered(c, said or Received("ok")) for c in claimed]
    written = write_answers(session, told, now)
    session.commit()
    return written


def named(claimed: list[Claimed]) -> list[str]:
    """Who is to be told what."""
    return sorted(f"{c.destination}:{c.telling.topic}" for c in claimed)


def deliveries(session: Session) -> dict[str, Delivery]:
    """All deliveries by destination and topic, as the record has them now."""
    session.expire_all()
    rows = session.exec(select(Delivery).order_by(col(Delivery.made_at), col(Delivery.id)))
    return {f"{d.destination}:{d.topic}": d for d in rows}


def alert_now(session: Session, alert: UUID) -> Alert:
    """The alert as the record has it now."""
    session.expire_all()
    return session.exec(select(Alert).where(Alert.id == alert)).one()


def acts_of(session: Session, alert: UUID | None = None) -> list[str]:
    """The acts of the journal, oldest first."""
    lines = session.exec(select(Journal).order_by(col(Journal.seq)))
    return [line.act for line in lines if alert is None or line.alert == alert]


def said(
    claimed_key: str, state: str, *, id: str = "answer-1", alert_: str | None = None, **more: Any
) -> AnswerSaid:
    """What a destination says about a telling, or (no key) about the alert that it names."""
    alert = claimed_key.partition(":")[0] if alert_ is None else alert_
    if state in ("on_the_way", "on_scene", "closed"):
        more.setdefault("by", "nadia")
    return AnswerSaid(id=id, key=claimed_key or None, alert=alert, state=state,
                      **more)  # fmt: skip


def not_reached(key: str, *, id: str = "failure-1", why: str = "busy") -> NotReached:
    """The provider says that nobody was reached."""
    return NotReached(id=id, key=key, alert=key.partition(":")[0], why=why)


def rows(engine: Engine, question: str) -> list[tuple[object, ...]]:
    """The answer of the record to a question in SQL."""
    with engine.connect() as connection:
        return [tuple(r) for r in connection.execute(text(question))]
