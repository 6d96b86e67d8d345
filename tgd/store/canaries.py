"""Questions about canaries: their one closed alert each, and when they were pressed last."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def alerts_of(session: Session, sources: Iterable[str]) -> dict[str, UUID]:
    """The alert that holds the presses of each of these canaries."""
    rows = session.connection().execute(
        text("SELECT source, id FROM alert WHERE lane = 'canary' AND source = ANY(:sources)"),
        {"sources": sorted(set(sources))},
    )
    return {row.source: row.id for row in rows}


def count_presses(session: Session, alert: UUID, moments: Sequence[datetime]) -> None:
    """These presses more. Nothing else of it changes: no console and no dispatcher looks again."""
    session.connection().execute(
        text(
            "UPDATE alert SET presses = presses + :count, pressed_at = greatest(pressed_at, :at)"
            " WHERE id = :id AND lane = 'canary'"
        ),
        {"id": alert, "count": len(moments), "at": max(moments)},
    )


def pressed_last(session: Session, handsets: Collection[str]) -> dict[str, datetime]:
    """When each of these canaries was pressed last, of those that were ever heard."""
    rows = session.connection().execute(
        text("SELECT source, pressed_at FROM alert WHERE lane = 'canary' AND source = ANY(:named)"),
        {"named": [f"handset:{handset}" for handset in handsets]},
    )
    return {row.source.removeprefix("handset:"): row.pressed_at for row in rows}


def is_enrolled(session: Session, handset: str) -> bool:
    """Whether the record has this handset as a canary that is in use."""
    found = session.connection().execute(
        text("SELECT 1 FROM handset WHERE id = :id AND is_canary AND state <> 'retired'"),
        {"id": handset},
    )
    return found.first() is not None


def has_secret(session: Session, handset: str, hashed: str) -> bool:
    """Whether this is the secret of that canary now."""
    found = session.connection().execute(
        text("SELECT 1 FROM handset WHERE id = :id AND is_canary AND secret_hash = :hashed"),
        {"id": handset, "hashed": hashed},
    )
    return found.first() is not None


def listed(session: Session) -> list[Any]:
    """Every canary in use and its last press, if it was ever heard."""
    rows = session.connection().execute(
        text(
            "SELECT h.id AS handset, a.pressed_at FROM handset h"
            " LEFT JOIN alert a ON a.lane = 'canary' AND a.source = 'handset:' || h.id"
            " WHERE h.is_canary AND h.state <> 'retired' ORDER BY h.enrolled_at, h.id"
        )
    )
    return list(rows)
