"""Courts, their stocks, communes and partners, and who is cleared to work for whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.territory import Force


class Court(SQLModel, table=True):
    """A judicial court; its civil days are those of its own time zone."""

    __tablename__ = "court"

    code: str = Field(sa_column=Column(String(40), primary_key=True))
    name: str = Field(sa_column=Column(String(120), nullable=False))
    zone: str = Field(default="Europe/Paris", sa_column=Column(String(40), nullable=False))


class Pool(SQLModel, table=True):
    """A stock of handsets at a court, with the number that should always be left in it."""

    __tablename__ = "pool"
    __table_args__ = (CheckConstraint("floor >= 0", name="pool_floor"),)

    code: str = Field(sa_column=Column(String(40), primary_key=True))
    court: str = Field(sa_column=Column(ForeignKey("court.code"), nullable=False, index=True))
    name: str = Field(sa_column=Column(String(120), nullable=False))
    floor: int = Field(default=1, sa_column=Column(Integer, nullable=False))


class Commune(SQLModel, table=True):
    """Whose area a commune is in, and who is sent there; imported."""

    __tablename__ = "commune"
    __table_args__ = (
        CheckConstraint(one_of("force", Force), name="commune_force"),
        Index("commune_of_room", "control_room", "court"),
        Index("commune_of_court", "court", "control_room"),
    )

    insee: str = Field(sa_column=Column(String(5), primary_key=True))
    name: str = Field(sa_column=Column(String(120), nullable=False))
    court: str = Field(sa_column=Column(ForeignKey("court.code"), nullable=False))
    force: str = Field(sa_column=Column(String(12), nullable=False))
    control_room: str = Field(sa_column=Column(String(80), nullable=False))
    box: list[Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """South, west, north, east in degrees; NULL when only the code is known."""


CLEARANCES = ("standing", "on_call")


class Clearance(SQLModel, table=True):
    """An individual habilitation: one account, for one court, association or control room, until a
    day."""

    __tablename__ = "clearance"
    __table_args__ = (
        CheckConstraint(one_of("kind", CLEARANCES), name="clearance_kind"),
        CheckConstraint(
            "num_nonnulls(court, association, control_room) = 1", name="clearance_for_one"
        ),
        CheckConstraint("begins_at < ends_at", name="clearance_period"),
    )

    id: UUID = Field(primary_key=True)
    account: str = Field(sa_column=Column(ForeignKey("account.name"), nullable=False, index=True))
    kind: str = Field(default="standing", sa_column=Column(String(10), nullable=False))
    """`on_call`: decides for this court during a night or a weekend, by delegation."""
    court: str | None = Field(default=None, sa_column=Column(ForeignKey("court.code")))
    association: str | None = Field(default=None, sa_column=Column(String(80)))
    begins_at: datetime = Field(sa_column=moment(nullable=False))
    ends_at: datetime = Field(sa_column=moment(nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=moment())
    given_by: str = Field(sa_column=Column(String(80), nullable=False))
    revoked_by: str | None = Field(default=None, sa_column=Column(String(80)))
    control_room: str | None = Field(default=None, sa_column=Column(String(80)))
    """As communes name the one that is sent there."""


class LegalTextAdded(SQLModel, table=True):
    """A wording of the law that came after those of rules/law_texts.py; never changed."""

    __tablename__ = "legal_text"
    __table_args__ = (CheckConstraint("months BETWEEN 1 AND 60", name="legal_text_months"),)

    version: str = Field(sa_column=Column(String(40), primary_key=True))
    from_day: date = Field(sa_column=Column(Date, nullable=False))
    months: int = Field(sa_column=Column(Integer, nullable=False))
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """The whole text, as rules/law_reading.py reads it."""
    added_by: str = Field(sa_column=Column(String(80), nullable=False))
    added_at: datetime = Field(sa_column=moment(nullable=False))


class Partner(SQLModel, table=True):
    """An institution whose own software reports situations, and does nothing else here."""

    __tablename__ = "partner"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=Column(String(40), nullable=False))
    """What a referral names as its source."""
    token_hash: str = Field(sa_column=Column(String(64), nullable=False, unique=True))
    courts: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """The codes of those to which it reports."""
    made_by: str = Field(sa_column=Column(String(80), nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))
    revoked_by: str | None = Field(default=None, sa_column=Column(String(80)))
    revoked_at: datetime | None = Field(default=None, sa_column=moment())


class PartnershipAgreement(SQLModel, table=True):
    """What a court and an association have signed (*convention*): who accompanies, until when."""

    __tablename__ = "partnership_agreement"
    __table_args__ = (
        CheckConstraint("begins_at < ends_at", name="partnership_agreement_period"),
        Index("partnership_agreement_of", "association", "court"),
    )

    id: UUID = Field(primary_key=True)
    court: str = Field(sa_column=Column(ForeignKey("court.code"), nullable=False))
    association: str = Field(sa_column=Column(String(80), nullable=False))
    reference: str = Field(sa_column=Column(String(120), nullable=False))
    """Of the paper that both have signed."""
    begins_at: datetime = Field(sa_column=moment(nullable=False))
    ends_at: datetime = Field(sa_column=moment(nullable=False))
    recorded_by: str = Field(sa_column=Column(String(80), nullable=False))
    recorded_at: datetime = Field(sa_column=moment(nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=moment())
    revoked_by: str | None = Field(default=None, sa_column=Column(String(80)))
