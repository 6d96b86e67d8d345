"""Case files: what was referred, assessed, found and decided, and what must not be forgotten."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from tgd.records.columns import moment, one_of
from tgd.rules.access import Role
from tgd.rules.allocation import (
    AllocationState,
    DecisionKind,
    EndReason,
    OpinionKind,
    TransferOutcome,
)
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.law import Condition, Route


def _file(*, nullable: bool = False) -> Any:
    return Column(ForeignKey("case_file.id"), nullable=nullable, index=True)


class CaseFile(SQLModel, table=True):
    """One person's allocation at one court, from referral to forgetting."""

    __tablename__ = "case_file"
    __table_args__ = (
        CheckConstraint(one_of("state", AllocationState), name="case_file_state"),
        CheckConstraint(one_of("end_reason", EndReason), name="case_file_end_reason"),
        CheckConstraint(
            "state NOT IN ('expired', 'withdrawn', 'closed') OR end_reason IS NOT NULL",
            name="case_file_ends_for_a_reason",
        ),
        CheckConstraint(
            "state NOT IN ('closed', 'refused', 'merged') OR purge_at IS NOT NULL",
            name="case_file_end_reaches_purge",
        ),
        CheckConstraint(
            "state <> 'merged' OR merged_into IS NOT NULL", name="case_file_merged_somewhere"
        ),
        Index(
            "case_file_one_open", "person", unique=True,
            postgresql_where=text(
                "state NOT IN ('refused', 'merged', 'closed', 'purged') AND NOT is_shortcut"
            ),
        ),
        Index("case_file_of_court", "court", "state"),
        Index("case_file_of_association", "association", "state"),
        Index("case_file_ended", "court", "changed_at",
              postgresql_where=text("state IN ('refused', 'merged', 'closed')")),
        Index("case_file_ended_of_association", "association", "changed_at",
              postgresql_where=text("state IN ('refused', 'merged', 'closed')")),
        Index("case_file_of_person", "person"),
        Index("case_file_to_forget", "purge_at",
              postgresql_where=text("state IN ('refused', 'merged', 'closed')")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), unique=True)
    )
    court: str | None = Field(default=None, sa_column=Column(ForeignKey("court.code")))
    """Nobody sees a file without a court: only the command line's shortcut makes one."""
    person: UUID = Field(sa_column=Column(ForeignKey("protected_person.id"), nullable=False))
    association: str | None = Field(default=None, sa_column=Column(String(80)))
    state: str = Field(sa_column=Column(String(20), nullable=False))
    version: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    is_shortcut: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default="false")
    )
    """Made by `tgd handset give`, without the walk."""
    opened_at: datetime = Field(sa_column=moment(nullable=False))
    changed_at: datetime = Field(sa_column=moment(nullable=False))
    begins_on: date | None = Field(default=None, sa_column=Column(Date))
    ends_at: datetime | None = Field(default=None, sa_column=moment())
    """Of the period that was granted, renewed or shortened last."""
    release_on: date | None = Field(default=None, sa_column=Column(Date))
    """When the restrained person is expected to be released."""
    end_reason: str | None = Field(default=None, sa_column=Column(String(30)))
    ended_at: datetime | None = Field(default=None, sa_column=moment())
    purge_at: datetime | None = Field(default=None, sa_column=moment())
    platform_erased_at: datetime | None = Field(default=None, sa_column=moment())
    """When what those who answer alerts had of it was erased here."""
    counts: dict[str, int] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """What stays of a file that is forgotten: how many there were of each thing."""
    merged_into: UUID | None = Field(default=None, sa_column=Column(ForeignKey("case_file.id")))
    """The open file of the same woman into which a second one about her was closed."""


class LegalHold(SQLModel, table=True):
    """A criminal procedure needs what would be forgotten: nothing of the file is, until it ends."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        Index("legal_hold_one_open", "case_file", unique=True,
              postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=Column(ForeignKey("case_file.id"), nullable=False))
    procedure: str = Field(sa_column=Column(Text, nullable=False))
    """The reference of the procedure that needs it."""
    by: str = Field(sa_column=Column(String(80), nullable=False))
    begun_at: datetime = Field(sa_column=moment(nullable=False))
    ended_by: str | None = Field(default=None, sa_column=Column(String(80)))
    ended_at: datetime | None = Field(default=None, sa_column=moment())


class FileTransfer(SQLModel, table=True):
    """A court asks another one to take a file over, and what that one answered."""

    __tablename__ = "file_transfer"
    __table_args__ = (
        CheckConstraint(one_of("outcome", TransferOutcome), name="file_transfer_outcome"),
        CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="file_transfer_answered"),
        CheckConstraint("from_court <> to_court", name="file_transfer_elsewhere"),
        Index("file_transfer_one_open", "case_file", unique=True,
              postgresql_where=text("outcome IS NULL")),
        Index("file_transfer_from", "from_court", "asked_at"),
        Index("file_transfer_to", "to_court", "asked_at"),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=Column(ForeignKey("case_file.id"), nullable=False))
    from_court: str = Field(sa_column=Column(ForeignKey("court.code"), nullable=False))
    to_court: str = Field(sa_column=Column(ForeignKey("court.code"), nullable=False))
    reasons: str = Field(sa_column=Column(Text, nullable=False))
    asked_by: str = Field(sa_column=Column(String(80), nullable=False))
    asked_at: datetime = Field(sa_column=moment(nullable=False))
    outcome: str | None = Field(default=None, sa_column=Column(String(10)))
    answer: str | None = Field(default=None, sa_column=Column(Text))
    answered_by: str | None = Field(default=None, sa_column=Column(String(80)))
    answered_at: datetime | None = Field(default=None, sa_column=moment())


class Referral(SQLModel, table=True):
    """A situation reported by anybody, by any means."""

    __tablename__ = "referral"

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=_file())
    source: str = Field(sa_column=Column(String(40), nullable=False))
    """Who reports: herself, police, a lawyer, a judge, a hospital…"""
    words: str = Field(sa_column=Column(Text, nullable=False))
    contact: str | None = Field(default=None, sa_column=Column(Text))
    is_urgent: bool = Field(default=False)
    by: str = Field(sa_column=Column(String(80), nullable=False))
    received_at: datetime = Field(sa_column=moment(nullable=False))


class Assessment(SQLModel, table=True):
    """A danger assessment by a version of a grid: answers, and no score."""

    __tablename__ = "assessment"

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=_file())
    grid: str = Field(sa_column=Column(String(40), nullable=False))
    answers: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    by: str = Field(sa_column=Column(String(80), nullable=False))
    made_at: datetime = Field(sa_column=moment(nullable=False))


class Opinion(SQLModel, table=True):
    """What the association advises; the last one counts."""

    __tablename__ = "opinion"
    __table_args__ = (CheckConstraint(one_of("kind", OpinionKind), name="opinion_kind"),)

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=_file())
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    words: str = Field(sa_column=Column(Text, nullable=False))
    by: str = Field(sa_column=Column(String(80), nullable=False))
    given_at: datetime = Field(sa_column=moment(nullable=False))


class RestrainedPerson(SQLModel, table=True):
    """The person under the ban (art. 2, group II), as far as the file needs to say."""

    __tablename__ = "restrained_person"

    case_file: UUID = Field(sa_column=Column(ForeignKey("case_file.id"), primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    about: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ConditionRecord(SQLModel, table=True):
    """What somebody found about one condition, with the evidence; the last row counts."""

    __tablename__ = "condition_record"
    __table_args__ = (
        CheckConstraint(one_of("condition", Condition), name="condition_record_condition"),
    )

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=_file())
    condition: str = Field(sa_column=Column(String(30), nullable=False))
    found: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    """The paper that shows it: reference and date."""
    by: str = Field(sa_column=Column(String(80), nullable=False))
    recorded_at: datetime = Field(sa_column=moment(nullable=False))


class Decision(SQLModel, table=True):
    """What a prosecutor signed; never changed afterwards."""

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint(one_of("kind", DecisionKind), name="decision_kind"),
        CheckConstraint(one_of("route", Route), name="decision_route"),
        CheckConstraint("length(reasons) >= 10", name="decision_has_reasons"),
        CheckConstraint(
            "kind NOT IN ('grant', 'renew', 'shorten') OR (begins_on IS NOT NULL"
            " AND ends_at IS NOT NULL)",
            name="decision_says_how_long",
        ),
        UniqueConstraint("id", "person", "kind", name="decision_for_somebody"),
        Index(
            "decision_once", "case_file", unique=True,
            postgresql_where=text("kind IN ('grant', 'refuse')"),
        ),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=_file())
    person: UUID = Field(sa_column=Column(ForeignKey("protected_person.id"), nullable=False))
    kind: str = Field(sa_column=Column(String(20), nullable=False))
    reasons: str = Field(sa_column=Column(Text, nullable=False))
    begins_on: date | None = Field(default=None, sa_column=Column(Date))
    ends_at: datetime | None = Field(default=None, sa_column=moment())
    text_version: str = Field(sa_column=Column(String(40), nullable=False))
    """The wording of the law that was in force: law_texts.py."""
    route: str | None = Field(default=None, sa_column=Column(String(20)))
    advice: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """What the software said at that moment, condition by condition."""
    against_advice: bool = Field(default=False)
    by: str = Field(sa_column=Column(String(80), nullable=False))
    on_call: bool = Field(default=False)
    signed_at: datetime = Field(sa_column=moment(nullable=False))
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    details: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default="{}"),
    )
    """What was looked at before it: the ground of a withdrawal and its checks, his release."""
    facts: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default="{}"),
    )
    """What the file said when it was signed, and who signed; empty before this was kept."""


class Deadline(SQLModel, table=True):
    """Something that must not be forgotten: always with a next look until it is settled."""

    __tablename__ = "deadline"
    __table_args__ = (
        CheckConstraint(one_of("kind", DeadlineKind), name="deadline_kind"),
        CheckConstraint(one_of("owner", Role), name="deadline_owner"),
        CheckConstraint(one_of("escalation", Role), name="deadline_escalation"),
        CheckConstraint(
            "settled_at IS NOT NULL OR look_again_at IS NOT NULL", name="deadline_looks_again"
        ),
        CheckConstraint(
            "num_nonnulls(case_file, clearance, agreement, pool) = 1", name="deadline_of_one"
        ),
        Index(
            "deadline_one_open", "case_file", "kind", unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "deadline_one_open_of_clearance", "clearance", unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "deadline_one_open_of_agreement", "agreement", unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "deadline_one_open_of_pool", "pool", "kind", unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "deadline_look_again", "look_again_at", postgresql_where=text("settled_at IS NULL")
        ),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    case_file: UUID | None = Field(default=None, sa_column=_file(nullable=True))
    clearance: UUID | None = Field(default=None, sa_column=Column(ForeignKey("clearance.id")))
    kind: str = Field(sa_column=Column(String(30), nullable=False))
    due_at: datetime = Field(sa_column=moment(nullable=False))
    owner: str = Field(sa_column=Column(String(20), nullable=False))
    escalation: str = Field(sa_column=Column(String(20), nullable=False))
    look_again_at: datetime | None = Field(default=None, sa_column=moment())
    reminded_at: datetime | None = Field(default=None, sa_column=moment())
    """The first reminder: the escalation counts from here."""
    reminders: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    escalated_at: datetime | None = Field(default=None, sa_column=moment())
    acknowledged_at: datetime | None = Field(default=None, sa_column=moment())
    acknowledged_by: str | None = Field(default=None, sa_column=Column(String(80)))
    settled_at: datetime | None = Field(default=None, sa_column=moment())
    settled_by: str | None = Field(default=None, sa_column=Column(String(80)))
    agreement: UUID | None = Field(
        default=None, sa_column=Column(ForeignKey("partnership_agreement.id"))
    )
    pool: str | None = Field(default=None, sa_column=Column(ForeignKey("pool.code")))
    """A stock in which something waits."""


class FollowUp(SQLModel, table=True):
    """Words of those who accompany her."""

    __tablename__ = "follow_up"

    id: UUID = Field(primary_key=True)
    case_file: UUID = Field(sa_column=_file())
    words: str = Field(sa_column=Column(Text, nullable=False))
    by: str = Field(sa_column=Column(String(80), nullable=False))
    at: datetime = Field(sa_column=moment(nullable=False))


FINAL = """
CREATE OR REPLACE FUNCTION decision_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a signed decision is never changed';
END $$;
CREATE TRIGGER decision_final BEFORE UPDATE ON decision
    FOR EACH ROW EXECUTE FUNCTION decision_is_final();
"""
"""A decision is replaced by a new one; it can be forgotten whole, on its day."""
event.listen(Decision.__table__, "after_create", DDL(FINAL))  # type: ignore[no-untyped-call,attr-defined]
