"""What must be told outside the pages about files and handsets, and to whom it was."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    text,
)
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.delivery import DeliveryState
from tgd.rules.notice import NoticeKind


class Notice(SQLModel, table=True):
    """One matter, written in the act's own transaction; opaque ids and words of ours only."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint(one_of("kind", NoticeKind), name="notice_kind"),
        Index("notice_unplanned", "made_at", postgresql_where=text("planned_at IS NULL")),
        Index("notice_of_deadline", "deadline", postgresql_where=text("deadline IS NOT NULL")),
        Index("notice_of_profile", "case_file", "handset", "made_at",
              postgresql_where=text("kind = 'profile'")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_column=Column(String(12), nullable=False))
    about: str = Field(sa_column=Column(String(30), nullable=False))
    """The kind of the deadline, or what became of the handset."""
    to_role: str | None = Field(default=None, sa_column=Column(String(20)))
    case_file: UUID | None = Field(default=None, sa_column=Column(ForeignKey("case_file.id")))
    handset: str | None = Field(default=None, sa_column=Column(String(64)))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    planned_at: datetime | None = Field(default=None, sa_column=moment())
    deadline: UUID | None = Field(default=None, sa_column=Column(ForeignKey("deadline.id")))
    """Of which it reminds; those of clearances and agreements belong to no file."""
    is_urgent: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )
    """Said by a text of its own, whatever was said that day already."""


class NoticeTelling(SQLModel, table=True):
    """One notice for one destination, until it has it."""

    __tablename__ = "notice_telling"
    __table_args__ = (
        CheckConstraint(one_of("state", DeliveryState), name="notice_telling_state"),
        Index("notice_telling_of", "notice"),
        Index("notice_telling_undelivered", "key",
              postgresql_where=text("not_delivered_at IS NOT NULL")),
        Index("notice_telling_due", "next_try_at",
              postgresql_where=text("next_try_at IS NOT NULL")),
    )  # fmt: skip

    key: str = Field(sa_column=Column(String(140), primary_key=True))
    notice: UUID = Field(sa_column=Column(ForeignKey("notice.id"), nullable=False))
    destination: str = Field(sa_column=Column(String(60), nullable=False))
    state: str = Field(sa_column=Column(String(12), nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    next_try_at: datetime | None = Field(default=None, sa_column=moment())
    lease_token: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    said: str | None = Field(default=None, sa_column=Column(String(200)))
    reference: str | None = Field(default=None, sa_column=Column(String(120)))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    told_at: datetime | None = Field(default=None, sa_column=moment())
    not_delivered_at: datetime | None = Field(default=None, sa_column=moment())
    """When the provider first said that the text did not arrive; empty once one has."""
