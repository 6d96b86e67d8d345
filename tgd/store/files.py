"""Questions about case files: where they stand, what was found, decided and agreed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from tgd.records import (
    Account,
    CaseFile,
    Clearance,
    Commune,
    ConditionRecord,
    Consent,
    Court,
    Decision,
    ProtectedPerson,
    Referral,
    RestrainedPerson,
)
from tgd.rules.territory import Area, Box, Force


def stand_in_line(session: Session, file_id: UUID) -> None:
    """Wait for whoever changes this file at this very moment: an act that changes a handset and its
    file takes the file first, as the hand-over does."""
    session.connection().execute(
        text("SELECT 1 FROM case_file WHERE id = :id FOR NO KEY UPDATE"), {"id": file_id}
    )


def add(session: Session, *rows: SQLModel) -> None:
    """New rows, written at once so that a constraint speaks now."""
    session.add_all(rows)
    session.flush()


def add_unless_refused(session: Session, row: SQLModel) -> str | None:
    """A new row in a savepoint; the name of the constraint that refuses it, or None."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        return str(name or "a constraint")
    return None


def court(session: Session, code: str | None) -> Court | None:
    """The court, or None."""
    return session.get(Court, code) if code else None


def known_court(session: Session, code: str | None) -> str | None:
    """The code if there is such a court."""
    found = court(session, code)
    return found.code if found else None


def stand_in_line_of_court(session: Session, code: str) -> None:
    """Wait for whoever records or ends an agreement of this court at this very moment."""
    session.connection().execute(
        text("SELECT 1 FROM court WHERE code = :code FOR NO KEY UPDATE"), {"code": code}
    )


def account_is_known(session: Session, name: str) -> bool:
    """Whether somebody may sign in by this name."""
    found = session.get(Account, name)
    return found is not None and found.disabled_at is None


def clearances(session: Session, account: str, now: datetime) -> list[Clearance]:
    """What this account is cleared for now."""
    return list(
        session.exec(
            select(Clearance).where(
                col(Clearance.account) == account,
                col(Clearance.begins_at) <= now,
                col(Clearance.ends_at) > now,
                col(Clearance.revoked_at).is_(None),
            )
        )
    )


def case_file(session: Session, file_id: UUID) -> CaseFile | None:
    """The file as the record has it now, whatever this session has seen before."""
    return session.get(CaseFile, file_id, populate_existing=True)


def open_file_of(session: Session, person: UUID) -> CaseFile | None:
    """The file of this person that has not ended, if any."""
    return session.exec(
        select(CaseFile).where(
            col(CaseFile.person) == person,
            col(CaseFile.state).not_in(["refused", "merged", "closed", "purged"]),
            col(CaseFile.is_shortcut).is_(False),
        )
    ).first()


def change_file(session: Session, seen: CaseFile, changes: dict[str, Any]) -> bool:
    """Change the file if it is still as it was seen; False when somebody was faster."""
    found = session.connection().execute(
        update(CaseFile)
        .where(
            col(CaseFile.id) == seen.id,
            col(CaseFile.version) == seen.version,
            col(CaseFile.state) == seen.state,
        )
        .values(version=seen.version + 1, **changes)
    )
    return found.rowcount == 1


def conditions(session: Session, file_id: UUID) -> list[ConditionRecord]:
    """The last word about each condition."""
    return list(
        session.exec(
            select(ConditionRecord)
            .where(col(ConditionRecord.case_file) == file_id)
            .ext(distinct_on(col(ConditionRecord.condition)))
            .order_by(
                col(ConditionRecord.condition),
                col(ConditionRecord.recorded_at).desc(),
                col(ConditionRecord.id).desc(),
            )
        )
    )


def has_urgent_report(session: Session, file_id: UUID) -> bool:
    """Whether somebody who reported her said that it is urgent."""
    found = select(Referral.id).where(col(Referral.case_file) == file_id, col(Referral.is_urgent))
    return session.exec(found.limit(1)).first() is not None


def running_since(session: Session, file_id: UUID) -> date | None:
    """The first day of the newest period that was signed."""
    return session.exec(
        select(func.max(Decision.begins_on)).where(
            col(Decision.case_file) == file_id, col(Decision.kind).in_(("grant", "renew"))
        )
    ).one()


def decisions(session: Session, file_id: UUID) -> list[Decision]:
    """Everything that was signed about the file, oldest first."""
    return list(
        session.exec(
            select(Decision)
            .where(col(Decision.case_file) == file_id)
            .order_by(col(Decision.signed_at), col(Decision.id))
        )
    )


def the_decision(session: Session, file_id: UUID) -> Decision | None:
    """The grant or the refusal; there is never more than one."""
    return session.exec(
        select(Decision).where(
            col(Decision.case_file) == file_id, col(Decision.kind).in_(["grant", "refuse"])
        )
    ).one_or_none()


def last_consent(session: Session, seen: CaseFile, scope: str) -> Consent | None:
    """What she answered last in this scope since the file was opened; None when nobody has asked.

    What she agreed to for an allocation that has ended says nothing of another one.
    """
    return session.exec(
        select(Consent)
        .where(
            col(Consent.person) == seen.person,
            col(Consent.scope) == scope,
            col(Consent.given_at) >= seen.opened_at,
        )
        .order_by(col(Consent.given_at).desc(), col(Consent.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()


def person(session: Session, person_id: UUID) -> ProtectedPerson | None:
    """The protected person."""
    return session.get(ProtectedPerson, person_id, populate_existing=True)


def restrained_person(session: Session, file_id: UUID) -> RestrainedPerson | None:
    """What the file says of the person under the ban."""
    return session.get(RestrainedPerson, file_id, populate_existing=True)


def areas(session: Session, insee: Sequence[str] | None = None) -> list[Area]:
    """The communes that the record knows, all of them or those of these codes."""
    asked = select(Commune).order_by(col(Commune.insee))
    if insee is not None:
        asked = asked.where(col(Commune.insee).in_(insee))
    return [
        Area(
            c.insee, c.name, c.court, Force(c.force), c.control_room, Box(*c.box) if c.box else None
        )
        for c in session.exec(asked)
    ]


def open_alert_of(session: Session, *, person: UUID) -> UUID | None:
    """A real alert of this person that nobody has closed yet."""
    found = session.connection().execute(
        text(
            "SELECT id FROM alert WHERE person = :person AND lane = 'real' AND state <> 'closed'"
            " LIMIT 1"
        ),
        {"person": person},
    )
    return found.scalar_one_or_none()


def put_commune(session: Session, commune: Commune) -> None:
    """The commune as it is said now."""
    session.merge(commune)
    session.flush()


def clearance(session: Session, clearance_id: UUID) -> Clearance | None:
    """One clearance."""
    return session.get(Clearance, clearance_id, populate_existing=True)


def listed(
    session: Session, courts: Sequence[str], association: str | None, states: Sequence[str],
    limit: int,
) -> list[CaseFile]:  # fmt: skip
    """Files of these courts, or of this association; all states when none is named."""
    asked = select(CaseFile).where(
        col(CaseFile.court).in_(courts)
        if association is None
        else col(CaseFile.association) == association
    )
    if states:
        asked = asked.where(col(CaseFile.state).in_(states))
    asked = asked.order_by(col(CaseFile.changed_at).desc(), col(CaseFile.id)).limit(limit)
    return list(session.exec(asked.execution_options(populate_existing=True)))
