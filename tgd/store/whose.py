"""Whose alerts are: courts with a file of her, the room of her home, who was told, the points."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_WHOSE = text(
    """
    SELECT a.id, a.state <> 'closed' AS is_open,
        ARRAY(SELECT DISTINCT f.court FROM case_file f
              WHERE f.person = a.person AND f.court IS NOT NULL) AS courts,
        (SELECT s.control_room FROM case_sheet s JOIN case_file f ON f.id = s.case_file
         WHERE f.person = a.person AND f.state NOT IN ('merged', 'purged')
         ORDER BY (f.state IN ('active', 'suspended', 'expired', 'withdrawn')) DESC,
             f.opened_at DESC, s.version DESC LIMIT 1) AS home,
        ARRAY(SELECT DISTINCT d.destination FROM delivery d WHERE d.alert = a.id) AS told,
        (SELECT coalesce(jsonb_agg(jsonb_build_array(p.lat, p.lon)), '[]') FROM (
            SELECT DISTINCT ON (trust) lat, lon FROM alert_position
            WHERE alert = a.id ORDER BY trust, heard_at DESC, id DESC) p) AS points
    FROM alert a WHERE a.id = ANY(:alerts) AND a.lane <> 'canary'
    """
)
"""Her home is that of the sheet which answers a press (`equipment.sheet_of_person`)."""


def of_alerts(session: Session, alerts: Collection[UUID]) -> list[Any]:
    """One row for each of these alerts; none for a canary."""
    return list(session.connection().execute(_WHOSE, {"alerts": list(alerts)}))


def open_alerts_of(session: Session, person: UUID) -> list[UUID]:
    """The real alerts of this person that nobody has closed yet."""
    found = session.connection().execute(
        text("SELECT id FROM alert WHERE person = :p AND lane = 'real' AND state <> 'closed'"),
        {"p": person},
    )
    return [row.id for row in found]


def rooms_of_courts(session: Session, courts: Collection[str]) -> dict[str, frozenset[str]]:
    """The control rooms in charge anywhere in the area of each of these courts."""
    rows = session.connection().execute(
        text("SELECT court, array_agg(DISTINCT control_room) AS rooms FROM commune"
             " WHERE court = ANY(:courts) GROUP BY court"),
        {"courts": sorted(courts)},
    )  # fmt: skip
    return {row.court: frozenset(row.rooms) for row in rows}


def rooms_of(session: Session, courts: Sequence[str]) -> list[str]:
    """Those of all of these courts, by name."""
    found = rooms_of_courts(session, courts).values()
    return sorted(frozenset().union(*found))
