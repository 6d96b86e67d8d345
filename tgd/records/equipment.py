"""What puts a working handset into her hands and takes it back: sheets, keys, tests, incidents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.handset import IncidentKind


class CaseSheet(SQLModel, table=True):
    """One version of the shared case sheet; the highest version counts, the others stay."""

    __tablename__ = "case_sheet"
    __table_args__ = (UniqueConstraint("case_file", "version", name="case_sheet_version"),)

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=Column(ForeignKey("case_file.id"), nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    sheet: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    control_room: str | None = Field(default=None, sa_column=Column(String(80)))
    """Who answers at her home, resolved when the version was written."""
    force: str | None = Field(default=None, sa_column=Column(String(12)))
    by: str = Field(sa_column=Column(String(80), nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    confirmed_at: datetime = Field(sa_column=moment(nullable=False))
    """When she last said that it is right."""


class SheetCopy(SQLModel, table=True):
    """Who outside the court may have a version, and by when it must be erased there."""

    __tablename__ = "sheet_copy"
    __table_args__ = (UniqueConstraint("sheet", "holder", name="sheet_copy_once"),)

    id: UUID = Field(primary_key=True)
    sheet: UUID = Field(sa_column=Column(ForeignKey("case_sheet.id"), nullable=False))
    holder: str = Field(sa_column=Column(String(100), nullable=False))
    """`platform`, `association:…`, `control_room:…`."""
    given_at: datetime = Field(sa_column=moment(nullable=False))
    erase_by_at: datetime | None = Field(default=None, sa_column=moment())
    erased_at: datetime | None = Field(default=None, sa_column=moment())
    acknowledged_at: datetime | None = Field(default=None, sa_column=moment())
    acknowledged_by: str | None = Field(default=None, sa_column=Column(String(80)))
    """Who of the holder has said that this version is the one they work with."""


class Provisioning(SQLModel, table=True):
    """A handset kept and prepared for one file, until it is handed over or kept no longer."""

    __tablename__ = "provisioning"
    __table_args__ = (
        Index("provisioning_one_per_handset", "handset", unique=True,
              postgresql_where=text("ended_at IS NULL")),
        Index("provisioning_one_per_file", "case_file", unique=True,
              postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=Column(ForeignKey("case_file.id"), nullable=False))
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    reserved_by: str = Field(sa_column=Column(String(80), nullable=False))
    reserved_at: datetime = Field(sa_column=moment(nullable=False))
    provisioned_at: datetime | None = Field(default=None, sa_column=moment())
    provisioned_by: str | None = Field(default=None, sa_column=Column(String(80)))
    key_generation: int | None = Field(default=None, sa_column=Column(Integer))
    handed_over_at: datetime | None = Field(default=None, sa_column=moment())
    ended_at: datetime | None = Field(default=None, sa_column=moment())
    profile_waived_at: datetime | None = Field(default=None, sa_column=moment())
    """Somebody said why she is given it though the platform has not acknowledged her profile."""
    profile_waived_by: str | None = Field(default=None, sa_column=Column(String(80)))
    profile_waived_why: str | None = Field(default=None, sa_column=Column(Text))


class TestPress(SQLModel, table=True):
    """A press of kind test that came from that very handset, and counts for a file."""

    __test__ = False  # not a test of ours
    __tablename__ = "test_press"
    __table_args__ = (UniqueConstraint("trigger", name="test_press_once"),)

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(
        sa_column=Column(ForeignKey("case_file.id"), nullable=False, index=True)
    )
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    trigger: UUID = Field(sa_column=Column(ForeignKey("alert_trigger.id"), nullable=False))
    heard_at: datetime = Field(sa_column=moment(nullable=False))
    validated_by: str = Field(sa_column=Column(String(80), nullable=False))
    validated_at: datetime = Field(sa_column=moment(nullable=False))


class HandsetTransfer(SQLModel, table=True):
    """A handset on its way from one stock to another, until somebody there has received it."""

    __tablename__ = "handset_transfer"
    __table_args__ = (
        Index("handset_transfer_one_open", "handset", unique=True,
              postgresql_where=text("received_at IS NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    from_pool: str | None = Field(default=None, sa_column=Column(ForeignKey("pool.code")))
    to_pool: str = Field(sa_column=Column(ForeignKey("pool.code"), nullable=False))
    sent_by: str = Field(sa_column=Column(String(80), nullable=False))
    sent_at: datetime = Field(sa_column=moment(nullable=False))
    received_by: str | None = Field(default=None, sa_column=Column(String(80)))
    received_at: datetime | None = Field(default=None, sa_column=moment())


class ReturnCertificate(SQLModel, table=True):
    """The *attestation de restitution*: it starts the clocks of forgetting."""

    __tablename__ = "return_certificate"

    allocation: UUID = Field(sa_column=Column(ForeignKey("allocation.id"), primary_key=True))
    case_file: UUID = Field(
        sa_column=Column(ForeignKey("case_file.id"), nullable=False, index=True)
    )
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False))
    received_by: str = Field(sa_column=Column(String(80), nullable=False))
    witness: str = Field(sa_column=Column(String(120), nullable=False))
    given_at: datetime = Field(sa_column=moment(nullable=False))
    platform_erases_by_at: datetime = Field(sa_column=moment(nullable=False))
    traces_erased_by_at: datetime = Field(sa_column=moment(nullable=False))


class WipeProof(SQLModel, table=True):
    """How it is known that a handset remembers nothing, and that it works again."""

    __tablename__ = "wipe_proof"

    id: UUID = Field(primary_key=True)
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False, index=True))
    proof: str | None = Field(default=None, sa_column=Column(Text))
    key_generation: int = Field(sa_column=Column(Integer, nullable=False))
    begun_by: str = Field(sa_column=Column(String(80), nullable=False))
    begun_at: datetime = Field(sa_column=moment(nullable=False))
    wiped_by: str | None = Field(default=None, sa_column=Column(String(80)))
    wiped_at: datetime | None = Field(default=None, sa_column=moment())


class HandsetIncident(SQLModel, table=True):
    """A handset lost, stolen or broken, and what was done about it in the same act."""

    __tablename__ = "handset_incident"
    __table_args__ = (
        CheckConstraint(one_of("kind", IncidentKind), name="incident_kind"),
        Index("handset_incident_of_file", "case_file"),
    )

    id: UUID = Field(primary_key=True)
    handset: str = Field(sa_column=Column(ForeignKey("handset.id"), nullable=False, index=True))
    case_file: UUID | None = Field(default=None, sa_column=Column(ForeignKey("case_file.id")))
    kind: str = Field(sa_column=Column(String(10), nullable=False))
    words: str = Field(sa_column=Column(Text, nullable=False))
    replaced_by: str | None = Field(default=None, sa_column=Column(ForeignKey("handset.id")))
    told: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """The partners who had to be told, by role and name."""
    by: str = Field(sa_column=Column(String(80), nullable=False))
    reported_at: datetime = Field(sa_column=moment(nullable=False))


class StockCensus(SQLModel, table=True):
    """What a person counted in a stock on a day, beside what the record said at that moment."""

    __tablename__ = "stock_census"
    __table_args__ = (
        CheckConstraint("differing >= 0", name="stock_census_differing"),
        Index("stock_census_of_pool", "pool", "counted_at"),
    )

    id: UUID = Field(primary_key=True)
    pool: str = Field(sa_column=Column(ForeignKey("pool.code"), nullable=False))
    counted_by: str = Field(sa_column=Column(String(80), nullable=False))
    counted_at: datetime = Field(sa_column=moment(nullable=False))
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """`[{"model": …, "state": …, "recorded": …, "counted": …}]`, equal ones too."""
    differing: int = Field(sa_column=Column(Integer, nullable=False))
    """How many handsets were too many or missing, all lines together."""
    words: str | None = Field(default=None, sa_column=Column(Text))


class Recall(SQLModel, table=True):
    """Every handset of a model, a battery or a radio is to come back."""

    __tablename__ = "recall"

    id: UUID = Field(primary_key=True)
    criterion: str = Field(sa_column=Column(String(10), nullable=False))
    value: str = Field(sa_column=Column(String(60), nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    by: str = Field(sa_column=Column(String(80), nullable=False))
    at: datetime = Field(sa_column=moment(nullable=False))


class ModelAcceptance(SQLModel, table=True):
    """A model of handset was tried before it is put into anybody's hands; the last row counts."""

    __tablename__ = "model_acceptance"
    __table_args__ = (Index("model_acceptance_of", "model", "accepted_at"),)

    id: UUID = Field(primary_key=True)
    model: str = Field(sa_column=Column(String(60), nullable=False))
    test: str = Field(sa_column=Column(Text, nullable=False))
    """Which test it passed: press, vibration, fall, water, battery, and where the report is."""
    accepted_by: str = Field(sa_column=Column(String(80), nullable=False))
    accepted_at: datetime = Field(sa_column=moment(nullable=False))
    withdrawn_by: str | None = Field(default=None, sa_column=Column(String(80)))
    withdrawn_at: datetime | None = Field(default=None, sa_column=moment())
    """By a recall of the model: it is tried again before the next one is given."""
