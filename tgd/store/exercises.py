"""Questions of exercises: which handsets, until when, announced by whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def announce(session: Session, row: dict[str, Any]) -> None:
    """One handset, from now until then."""
    session.connection().execute(
        text(
            "INSERT INTO exercise (id, handset, begins_at, ends_at, announced_by, announced_at)"
            " VALUES (:id, :handset, :now, :until, :who, :now)"
        ),
        row,
    )


def end(session: Session, exercise: UUID, now: datetime) -> str | None:
    """End it before its time; its handset, or None when it is over."""
    found = session.connection().execute(
        text(
            "UPDATE exercise SET ended_at = :now WHERE id = :id AND ended_at IS NULL"
            " AND ends_at > :now RETURNING handset"
        ),
        {"id": exercise, "now": now},
    )
    return found.scalar_one_or_none()


def running(session: Session, now: datetime) -> list[Any]:
    """Those that run now, the first to end first."""
    found = session.connection().execute(
        text(
            "SELECT id, handset, ends_at, announced_by FROM exercise"
            " WHERE ended_at IS NULL AND begins_at <= :now AND ends_at > :now"
            " ORDER BY ends_at, handset LIMIT 100"
        ),
        {"now": now},
    )
    return list(found)
