"""The append-only journal, with the guard that keeps it so."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment


class Journal(SQLModel, table=True):
    """Who did what, when and why; append-only, and chained by hashes a moment after the commit."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_of_alert", "alert"),
        Index("journal_of_file", text("(detail ->> 'file')"), "seq", postgresql_where=text(
            "detail ->> 'file' IS NOT NULL AND act NOT IN ('AccessLogged', 'AccessRefused')")),
        Index("journal_of_handset", "handset", "seq", postgresql_where=text(
            "act LIKE 'Handset%' OR act = 'RecallLifted'")),
        Index("journal_unsealed", "seq", postgresql_where=text("place IS NULL")),
        UniqueConstraint("place", name="journal_place_once"),
    )  # fmt: skip

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    at: datetime = Field(sa_column=moment(nullable=False))
    who: str = Field(sa_column=Column(String(80), nullable=False))
    act: str = Field(sa_column=Column(String(40), nullable=False))
    alert: UUID | None = Field(default=None)
    handset: str | None = Field(default=None, sa_column=Column(String(64)))
    detail: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}")
    )
    """Opaque ids, words of ours and counts; never a name, a number or a position."""
    place: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Its place in the chain, given by the sealer: 1, 2, 3, without a hole."""
    hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


GUARD = """
CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.place IS NULL AND NEW.place IS NOT NULL
       AND (NEW.seq, NEW.at, NEW.who, NEW.act, NEW.detail)
           = (OLD.seq, OLD.at, OLD.who, OLD.act, OLD.detail)
       AND NEW.alert IS NOT DISTINCT FROM OLD.alert
       AND NEW.handset IS NOT DISTINCT FROM OLD.handset THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the journal is append-only';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_never_emptied BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""
"""A line of the journal may be sealed once, and otherwise never changed or removed."""

UNGUARD = """
DROP TRIGGER IF EXISTS journal_never_emptied ON journal;
DROP TRIGGER IF EXISTS journal_append_only ON journal;
DROP FUNCTION IF EXISTS journal_is_append_only();
"""

_EXTENSION = DDL("CREATE EXTENSION IF NOT EXISTS btree_gist")  # type: ignore[no-untyped-call]
event.listen(SQLModel.metadata, "before_create", _EXTENSION)
event.listen(Journal.__table__, "after_create", DDL(GUARD))  # type: ignore[no-untyped-call,attr-defined]
