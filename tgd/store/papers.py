"""Questions that papers ask: the hand-overs, incidents, journeys and erasures of a handset."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def allocations(session: Session, file_id: UUID) -> list[Any]:
    """Every handset that was in her hands by this file, the newest first."""
    return _rows(
        session,
        "SELECT a.id, a.handset, lower(a.period) AS since, upper(a.period) AS until, a.ended_at"
        " FROM allocation a JOIN decision d ON d.id = a.decision WHERE d.case_file = :file"
        " ORDER BY lower(a.period) DESC, a.id",
        file=file_id,
    )


def consent_then(session: Session, person: UUID, scope: str, at: datetime) -> Any:
    """What she had answered in this scope at that moment, and whether it was a yes then."""
    found = _rows(
        session,
        "SELECT given_at, wording, withdrawn_at IS NULL OR withdrawn_at > :at AS agreed"
        " FROM consent WHERE person = :person AND scope = :scope AND given_at <= :at"
        " ORDER BY given_at DESC, id DESC LIMIT 1",
        person=person, scope=scope, at=at,
    )  # fmt: skip
    return found[0] if found else None


def name_then(session: Session, file_id: UUID, person: UUID, at: datetime) -> str:
    """Her name as the case sheet of that moment said it; the one that is known now without one."""
    found = session.connection().execute(
        text(
            "SELECT coalesce((SELECT s.sheet ->> 'name' FROM case_sheet s WHERE s.case_file = :file"
            " AND s.made_at <= :at ORDER BY s.version DESC LIMIT 1),"
            " (SELECT name FROM protected_person WHERE id = :person), '')"
        ),
        {"file": file_id, "person": person, "at": at},
    )
    return str(found.scalar_one())


def incidents(
    session: Session, *, file_id: UUID | None = None, handset: str | None = None
) -> list[Any]:
    """What befell the handsets of a file, or one handset whoever had it, the newest first."""
    return _rows(
        session,
        "SELECT id, handset, case_file, kind, words, replaced_by, told, by, reported_at"
        " FROM handset_incident WHERE case_file = CAST(:file AS uuid)"
        " OR handset = CAST(:handset AS text) ORDER BY reported_at DESC, id",
        file=file_id, handset=handset,
    )  # fmt: skip


_JOURNEY = """
    SELECT t.id, t.handset, t.from_pool, t.to_pool, t.sent_by, t.sent_at, t.received_by,
           t.received_at, a.name AS from_name, b.name AS to_name, a.court AS from_court,
           b.court AS to_court
    FROM handset_transfer t LEFT JOIN pool a ON a.code = t.from_pool JOIN pool b
        ON b.code = t.to_pool
    """


def journeys(session: Session, handset: str) -> list[Any]:
    """From which stock to which a handset went, the newest first."""
    return _rows(
        session,
        f"{_JOURNEY} WHERE t.handset = :handset ORDER BY t.sent_at DESC, t.id",
        handset=handset,
    )


def journeys_from(session: Session, courts: Collection[str], limit: int = 50) -> list[Any]:
    """What these courts have sent to others and nobody there has received, the oldest first."""
    return _rows(
        session,
        f"{_JOURNEY} WHERE a.court = ANY(:courts) AND b.court <> a.court"
        " AND t.received_at IS NULL ORDER BY t.sent_at, t.id LIMIT :limit",
        courts=sorted(courts), limit=limit,
    )  # fmt: skip


def erasures(session: Session, handset: str) -> list[Any]:
    """Its erasures that are proven, the newest first."""
    return _rows(
        session,
        "SELECT id, proof, key_generation, begun_by, begun_at, wiped_by, wiped_at FROM wipe_proof"
        " WHERE handset = :handset AND wiped_at IS NOT NULL ORDER BY wiped_at DESC, id",
        handset=handset,
    )


def lines(session: Session, file_id: UUID, limit: int = 5000) -> list[Any]:
    """The journal of a file, oldest first, with the seal of each line; without the looks."""
    return _rows(
        session,
        "SELECT at, who, act, detail, place, hash FROM journal"
        " WHERE detail ->> 'file' = CAST(:file AS text)"
        " AND act NOT IN ('AccessLogged', 'AccessRefused') ORDER BY seq LIMIT :limit",
        file=str(file_id), limit=limit,
    )  # fmt: skip


def handset(session: Session, handset_id: str) -> Any:
    """Its parts, and the court whose stock it belongs to."""
    found = _rows(
        session,
        "SELECT h.id, h.model, h.imei, h.number, h.pool, p.name AS pool_name, c.name AS court,"
        " c.zone FROM handset h LEFT JOIN pool p ON p.code = h.pool"
        " LEFT JOIN court c ON c.code = p.court WHERE h.id = :handset",
        handset=handset_id,
    )
    return found[0]


def _rows(session: Session, asked: str, **known: Any) -> list[Any]:
    return list(session.connection().execute(text(asked), known))
