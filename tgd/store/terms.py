"""Clearances and agreements: whose they are, which one follows which, the deadline at their end."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.records import Deadline, PartnershipAgreement
from tgd.rules.deadlines import DeadlineKind, Planned
from tgd.store.deadlines import CLEARANCE_OF, planned_row


class Term(StrEnum):
    """What ends on a day and is followed by another of its kind; the column of a deadline."""

    CLEARANCE = "clearance"
    AGREEMENT = "agreement"


TABLES = {Term.CLEARANCE: "clearance", Term.AGREEMENT: "partnership_agreement"}
KINDS = {
    Term.CLEARANCE: DeadlineKind.CLEARANCE_END, Term.AGREEMENT: DeadlineKind.AGREEMENT_END,
}  # fmt: skip
SAME = {
    Term.CLEARANCE: "(newer.account, newer.kind, newer.court, newer.association,"
    " newer.control_room) IS NOT DISTINCT FROM (older.account, older.kind, older.court,"
    " older.association, older.control_room)",
    Term.AGREEMENT: "(newer.court, newer.association) = (older.court, older.association)",
}
FOLLOWS = "newer.begins_at <= older.ends_at AND older.ends_at < newer.ends_at"


def plan(session: Session, term: Term, of: UUID, ends_at: datetime, now: datetime) -> None:
    """The end of a term is a deadline of its own."""
    row = planned_row(Planned(KINDS[term], ends_at), now)
    session.add(Deadline(**(row | {term.value: of})))
    session.flush()


def settle(session: Session, term: Term, of: UUID, by: str, now: datetime) -> None:
    """One that was revoked needs no reminder."""
    session.connection().execute(
        text(
            "UPDATE deadline SET settled_at = :now, settled_by = :by, look_again_at = NULL"  # noqa: S608
            f" WHERE {term} = :of AND settled_at IS NULL"
        ),
        {"of": of, "by": by, "now": now},
    )


def settle_followed(session: Session, term: Term, of: UUID, by: str, now: datetime) -> None:
    """One for the same that lasts longer needs no reminder of the end of the one before."""
    table = TABLES[term]
    session.connection().execute(
        text(
            "UPDATE deadline d SET settled_at = :now, settled_by = :by, look_again_at = NULL"  # noqa: S608
            f" FROM {table} older, {table} newer WHERE newer.id = :of AND d.{term} = older.id"
            f" AND d.settled_at IS NULL AND older.id <> newer.id AND {SAME[term]} AND {FOLLOWS}"
        ),
        {"of": of, "by": by, "now": now},
    )


def reopen_followed(session: Session, term: Term, of: UUID, now: datetime) -> int:
    """Those that this one, which is revoked, had followed are reminded of again; gives how many.

    One that another follows still, or that has ended, needs none.
    """
    table = TABLES[term]
    found = session.connection().execute(
        text(
            f"""
            SELECT older.id, older.ends_at FROM {table} older
            JOIN {table} newer ON newer.id = :of AND newer.id <> older.id AND {SAME[term]}
            WHERE older.revoked_at IS NULL AND older.ends_at > :now
              AND EXISTS (SELECT 1 FROM deadline d WHERE d.{term} = older.id)
              AND NOT EXISTS (SELECT 1 FROM deadline d
                              WHERE d.{term} = older.id AND d.settled_at IS NULL)
              AND NOT EXISTS (SELECT 1 FROM {table} newer WHERE newer.revoked_at IS NULL
                              AND newer.id <> older.id AND {SAME[term]} AND {FOLLOWS})
            """  # noqa: S608 -- constants of this file
        ),
        {"of": of, "now": now},
    )
    older = list(found)
    for one in older:
        plan(session, term, one.id, one.ends_at, now)
    return len(older)


def revoke(session: Session, term: Term, of: UUID, by: str, now: datetime) -> bool:
    """It ends now; False when it had been revoked."""
    found = session.connection().execute(
        text(
            f"UPDATE {TABLES[term]} SET revoked_at = :now, revoked_by = :by"  # noqa: S608 -- a table of ours
            " WHERE id = :of AND revoked_at IS NULL"
        ),
        {"of": of, "by": by, "now": now},
    )
    return found.rowcount == 1


def is_theirs(session: Session, clearance: UUID, courts: Sequence[str]) -> bool:
    """Whether people of these courts answer for this clearance."""
    found = session.connection().execute(
        text(f"SELECT 1 FROM clearance c WHERE c.id = :id AND {CLEARANCE_OF}"),  # noqa: S608 -- a constant of this file
        {"id": clearance, "courts": list(courts)},
    )
    return found.first() is not None


def clearances(session: Session, courts: Sequence[str], since: datetime) -> list[Any]:
    """The standing clearances that people of these courts answer for, the one that ends first
    first; those that were revoked or over before then are left out."""
    rows = session.connection().execute(
        text(
            "SELECT c.id, c.account, a.role, c.court, c.association, c.control_room,"  # noqa: S608 -- a constant of this file
            " c.begins_at, c.ends_at, c.given_by, c.revoked_at, c.revoked_by, t.zone"
            " FROM clearance c JOIN account a ON a.name = c.account"
            " LEFT JOIN court t ON t.code = c.court"
            f" WHERE c.kind = 'standing' AND {CLEARANCE_OF} AND c.ends_at > :since"
            " AND (c.revoked_at IS NULL OR c.revoked_at > :since)"
            " ORDER BY c.revoked_at IS NOT NULL, c.ends_at, c.account, c.id LIMIT 500"
        ),
        {"courts": list(courts), "since": since},
    )
    return list(rows)


def agreement(session: Session, agreement_id: UUID) -> PartnershipAgreement | None:
    """One agreement as the record has it now."""
    return session.get(PartnershipAgreement, agreement_id, populate_existing=True)


def agreements(session: Session, courts: Sequence[str], since: datetime) -> list[Any]:
    """The agreements of these courts, likewise."""
    rows = session.connection().execute(
        text(
            "SELECT g.id, g.court, g.association, g.reference, g.begins_at, g.ends_at,"
            " g.recorded_by, g.revoked_at, g.revoked_by, t.zone"
            " FROM partnership_agreement g JOIN court t ON t.code = g.court"
            " WHERE g.court = ANY(:courts)"
            " AND g.ends_at > :since AND (g.revoked_at IS NULL OR g.revoked_at > :since)"
            " ORDER BY g.revoked_at IS NOT NULL, g.ends_at, g.association, g.id LIMIT 500"
        ),
        {"courts": list(courts), "since": since},
    )
    return list(rows)


def agreed_until(
    session: Session, courts: Sequence[str], association: str, now: datetime
) -> datetime | None:
    """The last moment of the agreements that run between one of these courts and the
    association; None without one."""
    found = session.connection().execute(
        text(
            "SELECT max(ends_at) FROM partnership_agreement WHERE association = :association"
            " AND court = ANY(:courts) AND revoked_at IS NULL AND begins_at <= :now"
            " AND ends_at > :now"
        ),
        {"courts": list(courts), "association": association, "now": now},
    )
    until: datetime | None = found.scalar_one()
    return until


def who_may_be_cleared(session: Session) -> list[Any]:
    """Accounts that work by a clearance, by name."""
    rows = session.connection().execute(
        text(
            "SELECT name, role FROM account WHERE disabled_at IS NULL"
            " AND role IN ('prosecutor', 'registry', 'stock_manager', 'association',"
            " 'control_room') ORDER BY name"
        )
    )
    return list(rows)
