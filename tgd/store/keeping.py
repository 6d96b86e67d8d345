"""Questions about what is kept longer of an alert: whether anything is left, by whom, for whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_LEFT = text(
    """
    SELECT a.state <> 'closed'
        OR EXISTS (SELECT 1 FROM alert_position p WHERE p.alert = a.id)
        OR EXISTS (SELECT 1 FROM sighting s WHERE s.alert = a.id AND s.raw_sealed <> '') AS where_,
        EXISTS (SELECT 1 FROM recording r WHERE r.alert = a.id AND r.erased_at IS NULL) AS heard
    FROM alert a WHERE a.id = :alert
    """
)
_OF_ALERT = text(
    """
    SELECT k.what, k.reason, k.by, k.begun_at, greatest(
        (SELECT max(p.heard_at) FROM alert_position p WHERE p.alert = k.alert),
        (SELECT max(s.received_at) FROM sighting s WHERE s.alert = k.alert AND s.raw_sealed <> '')
    ) AS newest_at
    FROM kept_longer k WHERE k.alert = :alert AND k.ended_at IS NULL ORDER BY k.begun_at, k.id
    """
)
_OF_FILES = text(
    """
    SELECT h.by, h.begun_at, f.id = :file AS is_here FROM legal_hold h
    JOIN case_file f ON f.id = h.case_file
    WHERE f.person = :person AND h.ended_at IS NULL ORDER BY f.id = :file DESC, h.begun_at LIMIT 1
    """
)


def left(session: Session, alert: UUID) -> Any:
    """Whether anything is left of it: `where_` she was, and what was `heard` of her."""
    return session.connection().execute(_LEFT, {"alert": alert}).one()


def of_alert(session: Session, alert: UUID) -> list[Any]:
    """What is kept longer of this alert now, with the newest thing that it holds."""
    return list(session.connection().execute(_OF_ALERT, {"alert": alert}))


def hold_of_person(session: Session, person: UUID | None, file: UUID | None = None) -> Any:
    """A procedure that holds a file of this person, this one before others; None when none does."""
    values = {"person": person, "file": file}
    return session.connection().execute(_OF_FILES, values).one_or_none()


def end(session: Session, alert: UUID, what: str, by: str, now: datetime) -> bool:
    """It is kept no longer; False when it was not."""
    ended = text(
        "UPDATE kept_longer SET ended_by = :by, ended_at = :now"
        " WHERE alert = :alert AND what = :what AND ended_at IS NULL"
    )
    values = {"alert": alert, "what": what, "by": by, "now": now}
    return session.connection().execute(ended, values).rowcount == 1


def courts_of(session: Session, person: UUID | None) -> frozenset[str]:
    """The courts that have a file of this person."""
    rows = session.connection().execute(
        text("SELECT DISTINCT court FROM case_file WHERE person = :p AND court IS NOT NULL"),
        {"p": person},
    )
    return frozenset(row.court for row in rows)
