"""Those who may sign in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UUID as UUID_COLUMN
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment


class Account(SQLModel, table=True):
    """A person who may sign in to the console, with one role."""

    __tablename__ = "account"

    name: str = Field(sa_column=Column(String(80), primary_key=True))
    role: str = Field(sa_column=Column(String(20), nullable=False))
    password_hash: str = Field(sa_column=Column(Text, nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    disabled_at: datetime | None = Field(default=None, sa_column=moment())
    full_name: str | None = Field(default=None, sa_column=Column(String(120)))
    """As papers name this person; the account's name is for signing in."""
    capacity: str | None = Field(default=None, sa_column=Column(String(120)))
    """In which capacity papers are signed: `vice-procureure de la République`."""


class WebSession(SQLModel, table=True):
    """One signed-in browser; only the hash of its cookie is kept."""

    __tablename__ = "web_session"
    __table_args__ = (CheckConstraint("sound IN ('on', 'blocked')", name="web_session_sound"),)

    token_hash: str = Field(sa_column=Column(String(64), primary_key=True))
    account: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False, index=True))
    form_token: str = Field(sa_column=Column(String(64), nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    seen_at: datetime = Field(sa_column=moment(nullable=False))
    ends_at: datetime = Field(sa_column=moment(nullable=False))
    sound: str | None = Field(default=None, sa_column=Column(String(7)))
    """What the browser said last of its sound, each minute: `on`, or `blocked`."""
    sound_at: datetime | None = Field(default=None, sa_column=moment())
    words_key: str | None = Field(default=None, sa_column=Column(String(64)))
    """With it a page of this browser seals what is being written, and opens it after a lock."""
    looks_at: list[UUID] | None = Field(default=None, sa_column=Column(ARRAY(UUID_COLUMN)))
    """The alerts whose sheets stand on its screens, as its pages say."""
    looks_seen_at: datetime | None = Field(default=None, sa_column=moment())
    """When its stream was alive last while they stood there."""


class FormDone(SQLModel, table=True):
    """A form of this person that was acted on; kept for a day, in which it may be sent again."""

    __tablename__ = "form_done"

    account: str = Field(sa_column=Column(ForeignKey("account.name"), primary_key=True))
    word: str = Field(sa_column=Column(String(64), primary_key=True))
    done_at: datetime = Field(sa_column=moment(nullable=False, index=True))


class Shift(SQLModel, table=True):
    """From when to when a person sat at a console to answer for alerts."""

    __tablename__ = "shift"
    __table_args__ = (
        Index("shift_one_open", "account", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    account: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False))
    started_at: datetime = Field(sa_column=moment(nullable=False))
    heard_sound: bool = Field()
    """Whether the person heard the test tone; an unheard one is not hidden."""
    ended_at: datetime | None = Field(default=None, sa_column=moment())
    telephone: str | None = Field(default=None, sa_column=Column(String(20)))
    """Where the person is rung for calls to handsets, for this shift alone; E.164."""


class HandOver(SQLModel, table=True):
    """What one shift leaves to the next: signed by who leaves, then by who comes."""

    __tablename__ = "hand_over"
    __table_args__ = (
        CheckConstraint("coming <> leaving", name="hand_over_between_two"),
        Index(
            "hand_over_one_open", "leaving", unique=True,
            postgresql_where=text("confirmed_at IS NULL"),
        ),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    leaving: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    words: str = Field(sa_column=Column(Text, nullable=False))
    alerts: list[UUID] = Field(sa_column=Column(ARRAY(UUID_COLUMN), nullable=False))
    items: list[UUID] = Field(sa_column=Column(ARRAY(UUID_COLUMN), nullable=False))
    """Technical items that were open, and case files with a release within three days."""
    coming: str | None = Field(default=None, sa_column=Column(ForeignKey("account.name")))
    confirmed_at: datetime | None = Field(default=None, sa_column=moment())


class RoomWords(SQLModel, table=True):
    """What a supervisor says to everybody on shift; shown to each until read, or until its end."""

    __tablename__ = "room_words"

    id: UUID = Field(primary_key=True)
    said_by: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False))
    said_at: datetime = Field(sa_column=moment(nullable=False))
    ends_at: datetime = Field(sa_column=moment(nullable=False))
    words: str = Field(sa_column=Column(Text, nullable=False))
    """Empty once they are forgotten."""


class RoomWordsRead(SQLModel, table=True):
    """Somebody of the room has read it."""

    __tablename__ = "room_words_read"

    words: UUID = Field(sa_column=Column(ForeignKey("room_words.id"), primary_key=True))
    account: str = Field(sa_column=Column(ForeignKey("account.name"), primary_key=True))
    read_at: datetime = Field(sa_column=moment(nullable=False))
