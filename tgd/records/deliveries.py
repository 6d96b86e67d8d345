"""What is told, to whom, and what they answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.delivery import DeliveryState, MessageStatus


class Delivery(SQLModel, table=True):
    """One thing to be told to one destination, until it has it."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(one_of("state", DeliveryState), name="delivery_state"),
        UniqueConstraint("key", name="delivery_once"),
        Index("delivery_of", "alert"),
        Index("delivery_leased", "lease_owner", postgresql_where=text("lease_owner IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    key: str = Field(sa_column=Column(String(140), nullable=False))
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    destination: str = Field(sa_column=Column(String(60), nullable=False))
    topic: str = Field(sa_column=Column(String(12), nullable=False))
    round: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    step: int | None = Field(default=None, sa_column=Column(Integer))
    state: str = Field(sa_column=Column(String(12), nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    next_try_at: datetime | None = Field(default=None, sa_column=moment())
    lease_owner: str | None = Field(default=None, sa_column=Column(String(80)))
    lease_token: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    lease_until: datetime | None = Field(default=None, sa_column=moment())
    made_at: datetime = Field(sa_column=moment(nullable=False))
    told_at: datetime | None = Field(default=None, sa_column=moment())
    received_at: datetime | None = Field(default=None, sa_column=moment())
    said: str | None = Field(default=None, sa_column=Column(String(200)))
    reference: str | None = Field(default=None, sa_column=Column(String(120)))


class AnswerHeard(SQLModel, table=True):
    """The id of each answer that a destination gave, so that a repeated one changes nothing."""

    __tablename__ = "answer_heard"

    id: str = Field(sa_column=Column(String(140), primary_key=True))
    destination: str = Field(sa_column=Column(String(60), nullable=False))
    delivery: UUID | None = Field(default=None, sa_column=Column(ForeignKey("delivery.id")))
    said: str = Field(sa_column=Column(String(40), nullable=False))
    heard_at: datetime = Field(sa_column=moment(nullable=False))


class ProviderMessage(SQLModel, table=True):
    """What the SMS and voice provider last said of one of our messages or calls.

    A status may come before the sending call has returned: it is kept by sid alone.
    """

    __tablename__ = "provider_message"
    __table_args__ = (CheckConstraint(one_of("status", MessageStatus), name="provider_status"),)

    sid: str = Field(sa_column=Column(String(40), primary_key=True))
    status: str = Field(sa_column=Column(String(12), nullable=False))
    error: str | None = Field(default=None, sa_column=Column(String(20)))
    changed_at: datetime = Field(sa_column=moment(nullable=False))
