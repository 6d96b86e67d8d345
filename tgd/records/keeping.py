"""What a prosecutor keeps beyond its day of one alert: by whom, why, and until it is ended."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Text, text
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.forgetting import Keeping


class KeptLonger(SQLModel, table=True):
    """One authorisation: eight days for positions, or everything for a procedure."""

    __tablename__ = "kept_longer"
    __table_args__ = (
        CheckConstraint(one_of("what", Keeping), name="kept_longer_what"),
        Index("kept_longer_one_open", "alert", "what", unique=True,
              postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    what: str = Field(sa_column=Column(String(12), nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    """The reference of the procedure, or why the usual time is too short."""
    by: str = Field(sa_column=Column(String(80), nullable=False))
    begun_at: datetime = Field(sa_column=moment(nullable=False))
    ended_by: str | None = Field(default=None, sa_column=Column(String(80)))
    ended_at: datetime | None = Field(default=None, sa_column=moment())
