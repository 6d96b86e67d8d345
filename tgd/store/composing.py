"""Questions for what a destination is told: newest places, the holder, the words of the log."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_PLACES = text(
    """
    SELECT named.alert, p.* FROM unnest(CAST(:alerts AS uuid[])) AS named (alert),
    LATERAL (SELECT lat, lon, radius_m, method, trust, found_at, heard_at FROM alert_position
             WHERE alert = named.alert ORDER BY (trust = 'verified') DESC, heard_at DESC, id DESC
             LIMIT 50) AS p
    """
)
_NOTES = text(
    """
    SELECT named.alert, n.at, n.words FROM unnest(CAST(:alerts AS uuid[])) AS named (alert),
    LATERAL (SELECT at, words FROM note WHERE alert = named.alert
             ORDER BY at DESC, id DESC LIMIT 10) AS n
    """
)


def newest_positions(session: Session, alerts: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """The newest positions of each alert, proven ones before any other."""
    found: dict[UUID, list[Any]] = {}
    for row in session.connection().execute(_PLACES, {"alerts": list(alerts)}):
        found.setdefault(row.alert, []).append(row)
    return found


def holders(session: Session, alerts: Sequence[UUID]) -> dict[UUID, Any]:
    """The number of the handset and the known places of the person, per alert."""
    rows = session.connection().execute(
        text(
            "SELECT a.id, h.number, p.places FROM alert a LEFT JOIN handset h ON h.id = a.handset"
            " LEFT JOIN protected_person p ON p.id = a.person WHERE a.id = ANY(:alerts)"
        ),
        {"alerts": list(alerts)},
    )
    return {row.id: row for row in rows}


def newest_notes(session: Session, alerts: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """The newest words of humans about each alert, ten at most, oldest first."""
    found: dict[UUID, list[Any]] = {}
    for row in session.connection().execute(_NOTES, {"alerts": list(alerts)}):
        found.setdefault(row.alert, []).insert(0, row)
    return found
