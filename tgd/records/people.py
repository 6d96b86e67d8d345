"""Handsets, those who carry them, and what they agreed to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.handset import ConsentScope, HandsetState, TechnicalKind


class Handset(SQLModel, table=True):
    """An emergency telephone; its id is opaque and made by us."""

    __tablename__ = "handset"
    __table_args__ = (
        CheckConstraint(one_of("state", HandsetState), name="handset_state"),
        CheckConstraint("is_canary = starts_with(id, 'canary')", name="handset_canary_by_name"),
        CheckConstraint(
            "NOT is_canary OR state IN ('provisioned', 'retired')",
            name="handset_canary_in_no_hands",
        ),
        Index("handset_of_pool", "pool"),
    )

    id: str = Field(sa_column=Column(String(64), primary_key=True))
    state: str = Field(default=HandsetState.IN_STOCK, sa_column=Column(String(20), nullable=False))
    number: str | None = Field(default=None, sa_column=Column(String(20), unique=True))
    secret_hash: str | None = Field(default=None, sa_column=Column(String(64)))
    key_generation: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    is_test_device: bool = Field(default=False)
    last_counter: int | None = Field(default=None, sa_column=Column(BigInteger))
    enrolled_at: datetime = Field(sa_column=moment(nullable=False))
    version: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default="1"))
    pool: str | None = Field(default=None, sa_column=Column(ForeignKey("pool.code")))
    model: str | None = Field(default=None, sa_column=Column(String(60)))
    battery: str | None = Field(default=None, sa_column=Column(String(60)))
    radio: str | None = Field(default=None, sa_column=Column(String(60)))
    """The best network that it can speak (`2g`, `3g`, `volte`): what a sunset leaves behind."""
    imei: str | None = Field(default=None, sa_column=Column(String(17), unique=True))
    recall: UUID | None = Field(default=None, sa_column=Column(ForeignKey("recall.id")))
    is_canary: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )
    """Its presses show that a channel is heard; set at the enrolment, in nobody's hands ever."""
    imsi: str | None = Field(default=None, sa_column=Column(String(15), unique=True))
    """Of its SIM card, where it is known (order of 22 April 2015, art. 2, I 14)."""
    certified_since: datetime | None = Field(default=None, sa_column=moment())
    """Its last erasure: a certificate from before proves nothing, as its secret does not."""


class HandsetStatus(SQLModel, table=True):
    """The last sign of life of a handset; never a position."""

    __tablename__ = "handset_status"

    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), primary_key=True))
    state: str = Field(sa_column=Column(String(10), nullable=False))
    session: int | None = Field(default=None, sa_column=Column(BigInteger))
    battery_pct: float | None = Field(default=None, sa_column=Column(Float))
    radio: str | None = Field(default=None, sa_column=Column(String(20)))
    rssi_dbm: float | None = Field(default=None, sa_column=Column(Float))
    version: str | None = Field(default=None, sa_column=Column(String(40)))
    heard_at: datetime = Field(sa_column=moment(nullable=False, index=True))
    sim: str | None = Field(default=None, sa_column=Column(String(64)))
    """SHA-256 of what names its SIM card."""


class TechnicalItem(SQLModel, table=True):
    """Something to mend (silence, battery, missed test, other SIM card); never an alert."""

    __tablename__ = "technical_item"
    __table_args__ = (
        CheckConstraint(one_of("kind", TechnicalKind), name="technical_kind"),
        Index(
            "technical_item_one_open", "handset", "kind", unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    raised_at: datetime = Field(sa_column=moment(nullable=False))
    settled_at: datetime | None = Field(default=None, sa_column=moment())
    settled_by: str | None = Field(default=None, sa_column=Column(String(80)))
    shelved_until: datetime | None = Field(default=None, sa_column=moment())
    shelved_by: str | None = Field(default=None, sa_column=Column(String(80)))
    shelved_why: str | None = Field(default=None, sa_column=Column(String(400)))


class ProtectedPerson(SQLModel, table=True):
    """The person who carries a handset (art. 2, group I, in its simplest form)."""

    __tablename__ = "protected_person"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=Column(Text, nullable=False))
    places: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    """Known places: `[{"label": …, "city": …, "insee": …, "lat": …, "lon": …}]`."""
    note: str | None = Field(default=None, sa_column=Column(Text))
    """What an operator must know, in words, for somebody without a case sheet."""


class Allocation(SQLModel, table=True):
    """A handset in somebody's hands by a signed decision, for a period.

    The decision must be a grant, and for that very person: the foreign key says so.
    """

    __tablename__ = "allocation"
    __table_args__ = (
        CheckConstraint("decided = 'grant'", name="allocation_by_a_grant"),
        CheckConstraint("NOT starts_with(handset, 'canary')", name="allocation_of_no_canary"),
        ForeignKeyConstraint(
            ["decision", "person", "decided"], ["decision.id", "decision.person", "decision.kind"],
            name="allocation_by_decision",
        ),
        Index("allocation_one_open_per_handset", "handset", unique=True,
              postgresql_where=text("ended_at IS NULL")),
        Index("allocation_one_open_per_person", "person", unique=True,
              postgresql_where=text("ended_at IS NULL")),
        Index("allocation_of_decision", "decision"),
        ExcludeConstraint(("handset", "="), ("period", "&&"), name="allocation_one_per_handset"),
        ExcludeConstraint(("person", "="), ("period", "&&"), name="allocation_one_per_person"),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    person: UUID = Field(sa_column=Column(ForeignKey("protected_person.id"), nullable=False))
    period: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))
    court: str | None = Field(default=None, sa_column=Column(String(40)))
    decision: UUID = Field(sa_column=Column(Uuid, nullable=False))
    decided: str = Field(
        default="grant", sa_column=Column(String(20), nullable=False, server_default="grant")
    )
    ended_at: datetime | None = Field(default=None, sa_column=moment())
    """When the handset left her hands, which is another moment than the end of the period."""


ALLOCATION_IN_LINE = """
CREATE OR REPLACE FUNCTION allocation_stands_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM handset WHERE id = NEW.handset FOR NO KEY UPDATE;
    PERFORM 1 FROM protected_person WHERE id = NEW.person FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER allocation_in_line BEFORE INSERT ON allocation
    FOR EACH ROW EXECUTE FUNCTION allocation_stands_in_line();
"""
"""Two rows that exclude each other would wait for each other until the record kills one: whoever
inserts waits for its turn instead, at the handset and then at the person."""
event.listen(Allocation.__table__, "after_create", DDL(ALLOCATION_IN_LINE))  # type: ignore[no-untyped-call,attr-defined]


class Consent(SQLModel, table=True):
    """What the person agreed to, separately and revocably; the last row of a scope counts."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint(one_of("scope", ConsentScope), name="consent_scope"),
        Index("consent_of_person", "person", "scope", "given_at"),
    )

    id: UUID = Field(primary_key=True)
    person: UUID = Field(sa_column=Column(ForeignKey("protected_person.id"), nullable=False))
    scope: str = Field(sa_column=Column(String(20), nullable=False))
    given_at: datetime = Field(sa_column=moment(nullable=False))
    withdrawn_at: datetime | None = Field(default=None, sa_column=moment())
    is_refusal: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )
    """She was asked and said no: given and withdrawn at one moment."""
    wording: str | None = Field(default=None, sa_column=Column(String(40)))
    """The version of the words that she agreed to."""
    recorded_by: str | None = Field(default=None, sa_column=Column(String(80)))
