"""Those who may sign in."""

from datetime import datetime

from sqlalchemy import (
    Column,
    ForeignKey,
    String,
    Text,
)
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


class WebSession(SQLModel, table=True):
    """One signed-in browser; only the hash of its cookie is kept."""

    __tablename__ = "web_session"

    token_hash: str = Field(sa_column=Column(String(64), primary_key=True))
    account: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False, index=True))
    form_token: str = Field(sa_column=Column(String(64), nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    seen_at: datetime = Field(sa_column=moment(nullable=False))
    ends_at: datetime = Field(sa_column=moment(nullable=False))
