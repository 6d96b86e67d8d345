"""Conversations by telephone with a handset and their recordings; exercises of handsets.

No number stands here: whom to ring is looked up at the moment of ringing.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    text,
)
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.calling import LegState, Party


class Conversation(SQLModel, table=True):
    """One call that an operator wanted about an alert; at most one at a time for each."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index(
            "conversation_one_open", "alert", unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("conversation_of", "alert"),
        Index(
            "conversation_to_speak", "speak_wanted_at",
            postgresql_where=text(
                "speak_wanted_at IS NOT NULL AND speaks_at IS NULL AND ended_at IS NULL"
            ),
        ),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    wanted_by: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False))
    wanted_at: datetime = Field(sa_column=moment(nullable=False))
    listen_only: bool = Field()
    """The operator hears and is not heard: nothing is said aloud where she is."""
    conference: str | None = Field(default=None, sa_column=Column(String(40), unique=True))
    """The provider's name for it, once it has said one."""
    ended_at: datetime | None = Field(default=None, sa_column=moment())
    speak_wanted_at: datetime | None = Field(default=None, sa_column=moment())
    """When the operator who only listened wanted to be heard."""
    speak_asked_at: datetime | None = Field(default=None, sa_column=moment())
    """When the provider was last asked for it; asking twice changes nothing."""
    speaks_at: datetime | None = Field(default=None, sa_column=moment())
    """When it said that the operator is heard."""
    speak_why: str | None = Field(default=None, sa_column=Column(String(40)))
    """Why the operator is not heard yet, in the provider's code."""


class Exercise(SQLModel, table=True):
    """Presses of this handset are announced as an exercise, until its end."""

    __tablename__ = "exercise"
    __table_args__ = (
        CheckConstraint(
            "ends_at > begins_at AND ends_at <= begins_at + interval '12 hours'",
            name="exercise_has_an_end",
        ),
        Index("exercise_of", "handset", "begins_at"),
    )

    id: UUID = Field(primary_key=True)
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    begins_at: datetime = Field(sa_column=moment(nullable=False))
    ends_at: datetime = Field(sa_column=moment(nullable=False))
    announced_by: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False))
    announced_at: datetime = Field(sa_column=moment(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=moment())


class CallLeg(SQLModel, table=True):
    """One of its two telephones."""

    __tablename__ = "call_leg"
    __table_args__ = (
        CheckConstraint(one_of("party", Party), name="call_leg_party"),
        CheckConstraint(one_of("state", LegState), name="call_leg_state"),
        Index(
            "call_leg_due", "due_at",
            postgresql_where=text("due_at IS NOT NULL AND dialled_at IS NULL"),
        ),
    )  # fmt: skip

    conversation: UUID = Field(sa_column=Column(ForeignKey("conversation.id"), primary_key=True))
    party: str = Field(sa_column=Column(String(10), primary_key=True))
    state: str = Field(sa_column=Column(String(12), nullable=False))
    sid: str | None = Field(default=None, sa_column=Column(String(40), unique=True))
    why: str | None = Field(default=None, sa_column=Column(String(40)))
    due_at: datetime | None = Field(default=None, sa_column=moment())
    dialled_at: datetime | None = Field(default=None, sa_column=moment())
    """Written before the provider is asked: nobody is rung twice for one wish."""
    changed_at: datetime = Field(sa_column=moment(nullable=False))
    changes: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    hang_up_at: datetime | None = Field(default=None, sa_column=moment())
    hung_up_at: datetime | None = Field(default=None, sa_column=moment())
    asked_at: datetime | None = Field(default=None, sa_column=moment())
    """When the provider was last asked what became of it."""


class Recording(SQLModel, table=True):
    """The sound of a conversation, kept by the provider as evidence until its day."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("recording_of", "alert"),
        Index("recording_to_erase", "erase_at", postgresql_where=text("erased_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(sa_column=Column(ForeignKey("alert.id"), nullable=False))
    conversation: UUID = Field(sa_column=Column(ForeignKey("conversation.id"), nullable=False))
    reference: str = Field(sa_column=Column(String(40), nullable=False, unique=True))
    duration_s: int = Field(sa_column=Column(Integer, nullable=False))
    kept_at: datetime = Field(sa_column=moment(nullable=False))
    erase_at: datetime = Field(sa_column=moment(nullable=False))
    erased_at: datetime | None = Field(default=None, sa_column=moment())
    sha256: str | None = Field(default=None, sa_column=Column(String(64)))
    """Of the sound as it was fetched first, soon after the call; in hexadecimal digits."""
    size_bytes: int | None = Field(default=None, sa_column=Column(BigInteger))
    fetch_asked_at: datetime | None = Field(default=None, sa_column=moment())
    """When it was last fetched, or tried to be."""
    differs_at: datetime | None = Field(default=None, sa_column=moment())
    """When the provider gave another sound under its name for the first time."""


class RecordingCopy(SQLModel, table=True):
    """The sound itself, sealed: of what a procedure keeps as evidence, until it is erased."""

    __tablename__ = "recording_copy"

    recording: UUID = Field(sa_column=Column(ForeignKey("recording.id"), primary_key=True))
    sound_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
