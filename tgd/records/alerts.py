"""Alerts and what was heard of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.alert import AlertState, Lane, Outcome, Verified
from tgd.rules.doubt import Trust


class Alert(SQLModel, table=True):
    """One call for help, from its first trigger to its closing."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint(one_of("state", AlertState), name="alert_state"),
        CheckConstraint(one_of("lane", Lane), name="alert_lane"),
        CheckConstraint(one_of("trust", Trust), name="alert_trust"),
        CheckConstraint(one_of("outcome", Outcome), name="alert_outcome"),
        CheckConstraint(one_of("verified", Verified), name="alert_verified"),
        CheckConstraint(
            "state = 'closed' OR look_again_at IS NOT NULL", name="alert_open_looks_again"
        ),
        CheckConstraint(
            "state <> 'closed' OR (outcome IS NOT NULL AND closed_by IS NOT NULL"
            " AND reason IS NOT NULL AND closed_at IS NOT NULL)",
            name="alert_closed_by_somebody",
        ),
        CheckConstraint("closed_by <> countersigned_by", name="alert_four_eyes_are_two_people"),
        CheckConstraint("state <> 'taken' OR owner IS NOT NULL", name="alert_taken_by_somebody"),
        CheckConstraint(
            "(next_at IS NULL) = (next_step IS NULL)", name="alert_next_step_has_a_moment"
        ),
        CheckConstraint(
            "lane <> 'canary' OR (state = 'closed' AND look_again_at IS NULL AND person IS NULL"
            " AND trust = 'verified' AND starts_with(source, 'handset:canary'))",
            name="alert_canary_is_never_open",
        ),
        Index(
            "alert_one_canary", "source", unique=True, postgresql_where=text("lane = 'canary'")
        ),
        Index(
            "alert_one_open", "source", "lane", unique=True,
            postgresql_where=text("state <> 'closed'"),
        ),
        Index(
            "alert_look_again", "look_again_at", postgresql_where=text("look_again_at IS NOT NULL")
        ),
        Index("alert_changed", "changed_at"),
        Index("alert_of_person", "person", postgresql_where=text("person IS NOT NULL")),
        Index(
            "alert_of_nobody", "closed_at",
            postgresql_where=text(
                "person IS NULL AND forgotten_at IS NULL AND state = 'closed'"
                " AND lane <> 'canary'"
            ),
        ),
        Index("alert_of_handset", "handset", postgresql_where=text("handset IS NOT NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), unique=True)
    )
    source: str = Field(sa_column=Column(String(140), nullable=False))
    """What one open alert is counted by: `handset:{id}`, or `{channel}:{claimed source}`."""
    handset: str | None = Field(default=None, sa_column=Column(ForeignKey("handset.id")))
    person: UUID | None = Field(default=None, sa_column=Column(ForeignKey("protected_person.id")))
    lane: str = Field(sa_column=Column(String(10), nullable=False))
    trust: str = Field(sa_column=Column(String(12), nullable=False))
    labels: list[str] = Field(sa_column=Column(ARRAY(String(30)), nullable=False))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    version: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    presses: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    opened_at: datetime = Field(sa_column=moment(nullable=False))
    pressed_at: datetime = Field(sa_column=moment(nullable=False))
    """When the newest trigger was heard; of a canary, when it was made."""
    changed_at: datetime = Field(sa_column=moment(nullable=False))
    waiting_since: datetime = Field(sa_column=moment(nullable=False))
    """Opening, or the last time that nobody answered for it any more: steps count from here."""
    waits: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """How often its ownership lapsed or was given back."""
    owner: str | None = Field(default=None, sa_column=Column(String(80)))
    acted_at: datetime | None = Field(default=None, sa_column=moment())
    """The owner's last act: ownership lapses from here."""
    taken_at: datetime | None = Field(default=None, sa_column=moment())
    verified: str | None = Field(default=None, sa_column=Column(String(20)))
    verified_at: datetime | None = Field(default=None, sa_column=moment())
    requested_at: datetime | None = Field(default=None, sa_column=moment())
    """The newest request for an intervention."""
    acknowledged_at: datetime | None = Field(default=None, sa_column=moment())
    on_scene_at: datetime | None = Field(default=None, sa_column=moment())
    closed_at: datetime | None = Field(default=None, sa_column=moment())
    closed_by: str | None = Field(default=None, sa_column=Column(String(80)))
    countersigned_by: str | None = Field(default=None, sa_column=Column(String(80)))
    outcome: str | None = Field(default=None, sa_column=Column(String(20)))
    reason: str | None = Field(default=None, sa_column=Column(Text))
    look_again_at: datetime | None = Field(default=None, sa_column=moment())
    battery_pct: float | None = Field(default=None, sa_column=Column(Float))
    updates: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """How many presses and positions joined it: what destinations are told of again."""
    proposed_by: str | None = Field(default=None, sa_column=Column(String(80)))
    proposed_outcome: str | None = Field(default=None, sa_column=Column(String(20)))
    proposed_reason: str | None = Field(default=None, sa_column=Column(Text))
    """A closing that needs a second person and waits for one."""
    owner_seen_at: datetime | None = Field(default=None, sa_column=moment())
    """The last sign of the owner's screen; empty for an owner who has shown none."""
    next_at: datetime | None = Field(default=None, sa_column=moment())
    next_step: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    """What the policy does then (`rules/coming.py`), if the alert is still as it was planned."""
    next_version: int | None = Field(default=None, sa_column=Column(Integer))
    """Which `version` it was planned for."""
    tones_s: list[float] | None = Field(default=None, sa_column=Column(ARRAY(Float)))
    """When consoles grow louder, by the policy that planned it."""
    plans: int = Field(
        default=0, sa_column=Column(Integer, nullable=False, server_default=text("0"))
    )
    """How often what comes next was written anew: what was read earlier is never shown later."""
    forgotten_at: datetime | None = Field(default=None, sa_column=moment())
    """When what humans wrote about it was erased: nothing more is written."""
    pressed_again_at: datetime | None = Field(default=None, sa_column=moment())
    """The first press after a pause that the owner has done nothing about since it came."""
    requests: int = Field(
        default=0, sa_column=Column(Integer, nullable=False, server_default=text("0"))
    )
    """How often an intervention was asked for: each time is told anew."""
    reported_outcome: str | None = Field(default=None, sa_column=Column(String(20)))
    """How it ended in the words of those who were sent, while one of ours has it."""
    reported_by: str | None = Field(default=None, sa_column=Column(String(80)))
    reported_at: datetime | None = Field(default=None, sa_column=moment())
    offered_to: str | None = Field(default=None, sa_column=Column(String(80)))
    """The colleague whom the owner asks to answer for it; until the yes the owner does."""
    offered_at: datetime | None = Field(default=None, sa_column=moment())
    on_the_way_at: datetime | None = Field(default=None, sa_column=moment())
    """When it was last said that a patrol is on the way."""
    expected_at: datetime | None = Field(default=None, sa_column=moment())
    """When it is expected there, as whoever sent it says."""


class AlertPosition(SQLModel, table=True):
    """Where she was, at and after the press: one row per position, while the alert is open."""

    __tablename__ = "alert_position"
    __table_args__ = (
        CheckConstraint(one_of("trust", Trust), name="position_trust"),
        CheckConstraint("abs(lat) <= 90 AND abs(lon) <= 180", name="position_on_the_globe"),
        Index("alert_position_of", "alert", "heard_at"),
    )

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    lat: float = Field(sa_column=Column(Float, nullable=False))
    lon: float = Field(sa_column=Column(Float, nullable=False))
    radius_m: float | None = Field(default=None, sa_column=Column(Float))
    method: str = Field(sa_column=Column(String(10), nullable=False))
    trust: str = Field(sa_column=Column(String(12), nullable=False))
    """A position by somebody who is not proven never replaces one by the handset itself."""
    found_at: datetime | None = Field(default=None, sa_column=moment())
    heard_at: datetime = Field(sa_column=moment(nullable=False))


class AlertTrigger(SQLModel, table=True):
    """One press, fall, cancel…: one row per id and kind in an alert, however often and by whatever
    way it was heard."""

    __tablename__ = "alert_trigger"
    __table_args__ = (
        UniqueConstraint("source", "trigger", "kind", "alert", name="alert_trigger_once"),
        Index("alert_trigger_of", "alert"),
        Index("alert_trigger_counter", "source", "counter"),
    )

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    source: str = Field(sa_column=Column(String(140), nullable=False))
    trigger: str = Field(sa_column=Column(String(80), nullable=False))
    kind: str = Field(sa_column=Column(String(10), nullable=False))
    counter: int | None = Field(default=None, sa_column=Column(BigInteger))
    claimed_at: datetime | None = Field(default=None, sa_column=moment())
    heard_at: datetime = Field(sa_column=moment(nullable=False))
    labels: list[str] = Field(sa_column=Column(ARRAY(String(30)), nullable=False))


class Sighting(SQLModel, table=True):
    """One message as it came: raw bytes sealed, by which channel, and what was made of it."""

    __tablename__ = "sighting"
    __table_args__ = (
        UniqueConstraint("channel", "transport_id", name="sighting_once"),
        Index("sighting_of", "alert"),
        Index("sighting_kept_raw", "received_at", postgresql_where=text("raw_sealed <> ''")),
    )

    id: UUID = Field(primary_key=True)
    channel: str = Field(sa_column=Column(String(10), nullable=False))
    form: str = Field(sa_column=Column(String(12), nullable=False))
    transport_id: str = Field(sa_column=Column(String(140), nullable=False))
    source: str = Field(sa_column=Column(String(140), nullable=False))
    raw_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Empty when it is forgotten."""
    struck: bool = Field(default=False)
    """True when the position was struck out before the bytes were kept."""
    received_at: datetime = Field(sa_column=moment(nullable=False))
    kept_at: datetime = Field(sa_column=moment(nullable=False))
    alert: UUID | None = Field(default=None, sa_column=Column(ForeignKey("alert.id")))
    trigger: UUID | None = Field(default=None, sa_column=Column(ForeignKey("alert_trigger.id")))
    warnings: list[str] = Field(sa_column=Column(ARRAY(String(60)), nullable=False))


class Note(SQLModel, table=True):
    """Words written by a human about an alert (art. 2, group IV); kept out of the journal."""

    __tablename__ = "note"
    __table_args__ = (Index("note_of", "alert"),)

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    at: datetime = Field(sa_column=moment(nullable=False))
    who: str = Field(sa_column=Column(String(80), nullable=False))
    words: str = Field(sa_column=Column(Text, nullable=False))


class AlertMerge(SQLModel, table=True):
    """An alert that was named in the spool and joined another one instead of being opened."""

    __tablename__ = "alert_merge"
    __table_args__ = (Index("alert_merge_of", "alert"),)

    told: UUID = Field(primary_key=True)
    alert: UUID = Field(
        sa_column=Column(ForeignKey("alert.id", ondelete="CASCADE"), nullable=False)
    )
    at: datetime = Field(sa_column=moment(nullable=False))
    told_at: datetime | None = Field(default=None, sa_column=moment())
    """When it was found that somebody had been told of it under that name."""
