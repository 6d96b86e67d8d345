"""Questions that the pages of case files ask: the lists, and what one file tells."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_LISTED = text(
    """
    SELECT f.id, f.number, f.state, f.version, f.court, f.association, f.opened_at, f.changed_at,
           f.ends_at, p.name, d.kind AS due_kind, d.due_at,
           d.look_again_at <= :now AS is_due,
           EXISTS (SELECT 1 FROM referral r WHERE r.case_file = f.id AND r.is_urgent) AS is_urgent,
           (SELECT o.kind FROM opinion o WHERE o.case_file = f.id
            ORDER BY o.given_at DESC, o.id DESC LIMIT 1) AS opinion
    FROM case_file f
    JOIN protected_person p ON p.id = f.person
    LEFT JOIN LATERAL (
        SELECT kind, due_at, look_again_at FROM deadline
        WHERE case_file = f.id AND settled_at IS NULL ORDER BY due_at, kind LIMIT 1
    ) d ON true
    WHERE f.state <> 'purged'
      AND (f.court = ANY(:courts) OR f.association = CAST(:association AS text))
      AND (f.state NOT IN ('refused', 'closed') OR f.changed_at > CAST(:since AS timestamptz))
    ORDER BY d.due_at NULLS LAST, f.opened_at, f.id
    LIMIT :limit
    """
)


def listed(
    session: Session, courts: Collection[str], association: str | None, now: datetime,
    since: datetime, limit: int = 500,
) -> list[Any]:  # fmt: skip
    """The files of these courts or of this association, the nearest deadline first; those that
    have ended only when they changed since then."""
    known = {"courts": sorted(courts), "association": association, "now": now, "since": since,
             "limit": limit}  # fmt: skip
    return list(session.connection().execute(_LISTED, known))


def referrals(session: Session, file_id: UUID) -> list[Any]:
    """Everything that was reported, oldest first."""
    return _of_file(
        session, file_id, "source, words, contact, is_urgent, by, received_at", "referral",
        "received_at",
    )  # fmt: skip


def assessments(session: Session, file_id: UUID) -> list[Any]:
    """Every assessment, newest first."""
    return _of_file(session, file_id, "grid, answers, by, made_at", "assessment", "made_at DESC")


def opinions(session: Session, file_id: UUID) -> list[Any]:
    """Every opinion, newest first."""
    return _of_file(session, file_id, "kind, words, by, given_at", "opinion", "given_at DESC")


def follow_ups(session: Session, file_id: UUID) -> list[Any]:
    """What those who accompany her wrote, newest first."""
    return _of_file(session, file_id, "words, by, at", "follow_up", "at DESC")


def tests(session: Session, file_id: UUID) -> list[Any]:
    """The test presses that count for the file, newest first."""
    return _of_file(session, file_id, "handset, heard_at, validated_by", "test_press",
                    "heard_at DESC")  # fmt: skip


def incidents(session: Session, file_id: UUID) -> list[Any]:
    """What befell her handsets, newest first."""
    return _of_file(session, file_id, "handset, kind, words, by, reported_at", "handset_incident",
                    "reported_at DESC")  # fmt: skip


def _of_file(session: Session, file_id: UUID, columns: str, table: str, order: str) -> list[Any]:
    """Rows of one table of the file; every argument but the id is written in this file."""
    asked = f"SELECT {columns} FROM {table} WHERE case_file = :file ORDER BY {order}, id LIMIT 200"  # noqa: S608
    return list(session.connection().execute(text(asked), {"file": file_id}))


def history(session: Session, file_id: UUID, limit: int = 200) -> list[Any]:
    """The journal of a file, newest first, without the looks."""
    rows = session.connection().execute(
        text(
            "SELECT at, who, act, detail FROM journal WHERE detail ->> 'file' = CAST(:file AS text)"
            " AND act NOT IN ('AccessLogged', 'AccessRefused') ORDER BY seq DESC LIMIT :limit"
        ),
        {"file": str(file_id), "limit": limit},
    )
    return list(rows)


def alerts_of(session: Session, person: UUID) -> list[Any]:
    """Real alerts of this person, newest first: when and how they ended, no position."""
    rows = session.connection().execute(
        text(
            "SELECT id, number, opened_at, state, outcome FROM alert"
            " WHERE person = :person AND lane = 'real' ORDER BY number DESC LIMIT 50"
        ),
        {"person": person},
    )
    return list(rows)


def courts(session: Session, codes: Collection[str] | None = None) -> list[Any]:
    """Courts by their names, all or those of these codes."""
    rows = session.connection().execute(
        text(
            "SELECT code, name, zone FROM court"
            " WHERE CAST(:codes AS text[]) IS NULL OR code = ANY(:codes) ORDER BY name"
        ),
        {"codes": None if codes is None else sorted(codes)},
    )
    return list(rows)


def file_by_number(session: Session, number: int) -> UUID | None:
    """The file that people call TGD-000042."""
    found = session.connection().execute(
        text("SELECT id FROM case_file WHERE number = :number"), {"number": number}
    )
    return found.scalar_one_or_none()


def newest_press(session: Session, handset: str, since: datetime) -> Any:
    """The newest test that a handset sent since then, and how it came; None for none."""
    found = session.connection().execute(
        text(
            """
            SELECT t.id, t.claimed_at, t.heard_at, a.lane, a.trust, a.battery_pct,
                   p.radius_m, p.method, p.id IS NOT NULL AS has_position
            FROM alert_trigger t JOIN alert a ON a.id = t.alert
            LEFT JOIN LATERAL (
                SELECT id, radius_m, method FROM alert_position WHERE alert = a.id
                ORDER BY heard_at DESC LIMIT 1
            ) p ON true
            WHERE a.handset = :handset AND t.heard_at >= :since AND t.kind = 'test'
            ORDER BY t.heard_at DESC, t.id DESC LIMIT 1
            """
        ),
        {"handset": handset, "since": since},
    )
    return found.one_or_none()


def heard_by(session: Session, trigger: UUID) -> list[Any]:
    """By which channels one press was heard, when it came and when it was durable."""
    rows = session.connection().execute(
        text(
            "SELECT channel, received_at, kept_at FROM sighting WHERE trigger = :trigger"
            " ORDER BY received_at, id"
        ),
        {"trigger": trigger},
    )
    return list(rows)
