"""Which alerts exist for somebody today: the rule of scope asked of the record, in one place.

`areas` are those by which a position becomes a control room, as whoever asks has them; without any
a position says nothing of a room.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.rules.access import Role
from tgd.rules.scope import OfAlert, Reach, reaches_alert
from tgd.rules.territory import Area, of_position
from tgd.store import whose as store

BOUND = frozenset({Role.PROSECUTOR, Role.CONTROL_ROOM})
"""Roles for whom some alerts are there and others are not."""


def reached(
    session: Session, reach: Reach, alerts: Collection[UUID], areas: Sequence[Area] = ()
) -> frozenset[UUID]:
    """Those of these alerts that exist for this person."""
    if reach.role not in BOUND:
        nothing = OfAlert()
        return frozenset(alerts) if reaches_alert(reach, nothing) else frozenset()
    rows = store.of_alerts(session, alerts)
    of_courts: dict[str, frozenset[str]] = {}
    if reach.role is Role.CONTROL_ROOM:
        of_courts = store.rooms_of_courts(session, {c for row in rows for c in row.courts})
    return frozenset(
        row.id for row in rows if reaches_alert(reach, _of_alert(row, of_courts, areas))
    )


def reaches(session: Session, reach: Reach, alert: UUID, areas: Sequence[Area] = ()) -> bool:
    """Whether this alert exists for this person."""
    return alert in reached(session, reach, [alert], areas)


def has_open(session: Session, reach: Reach, person: UUID, areas: Sequence[Area] = ()) -> bool:
    """Whether a real alert of this person is open that exists for this one who asks."""
    return bool(reached(session, reach, store.open_alerts_of(session, person), areas))


def _of_alert(row: Any, of_courts: dict[str, frozenset[str]], areas: Sequence[Area]) -> OfAlert:
    there = {area.control_room for lat, lon in row.points for area in of_position(lat, lon, areas)}
    return OfAlert(
        courts=frozenset(row.courts), rooms=frozenset(there | ({row.home} if row.home else set())),
        told=frozenset(row.told), is_open=row.is_open,
        rooms_of_courts=frozenset().union(*(of_courts.get(c, frozenset()) for c in row.courts)),
    )  # fmt: skip
