"""What a destination is told of an alert: composed from the newest facts, no more than it may know.

Grey for `known_of`, white for the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from dispatch.telling import Place, Said, Telling, Topic
from tgd.rules.alert import AlertState, reference
from tgd.rules.doubt import Trust
from tgd.rules.place import choose, fix_of
from tgd.rules.trigger import Position
from tgd.store import composing as store
from tgd.store import merges


@dataclass(frozen=True, slots=True)
class Known:
    """What the record knows beside the alerts themselves, by alert."""

    positions: Mapping[UUID, Sequence[Any]] = field(default_factory=dict)
    holders: Mapping[UUID, Any] = field(default_factory=dict)
    notes: Mapping[UUID, Sequence[Any]] = field(default_factory=dict)
    merges: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)


NOTHING = Known()


def known_of(session: Session, alerts: Sequence[Any]) -> Known:
    """Everything that a telling of these alerts may need."""
    names = [a.id for a in alerts]
    asked = [a.id for a in alerts if a.requested_at is not None]
    return Known(
        store.newest_positions(session, names), store.holders(session, names),
        store.newest_notes(session, asked) if asked else {}, merges.told_as(session, names),
    )  # fmt: skip


def telling_of(key: str, topic: str, alert: Any, known: Known, now: datetime) -> Telling:
    """Doubt lowers what is disclosed: an unproven source gives no number, person or place until a
    human has removed the doubt. What the operator has found and written goes with a request."""
    proven = alert.trust == Trust.VERIFIED or alert.verified_at is not None
    holder = known.holders.get(alert.id)
    closed = alert.state == AlertState.CLOSED
    asked = alert.requested_at is not None and not closed
    return Telling(
        key=key, topic=Topic(topic), alert=str(alert.id), reference=reference(alert.number),
        lane=alert.lane, state=alert.state, labels=tuple(alert.labels),
        opened_at=alert.opened_at, told_at=now, presses=alert.presses,
        position=None if closed else _position(known.positions.get(alert.id, ())),
        handset=alert.handset,
        handset_number=holder.number if holder and proven else None,
        person=str(alert.person) if alert.person and proven else None,
        places=_places(holder) if proven and not closed else (),
        outcome=alert.outcome,
        merges=known.merges.get(alert.id, ()),
        finding=alert.verified if asked else None,
        notes=tuple(Said(n.at, n.words) for n in known.notes.get(alert.id, ())) if asked else (),
    )  # fmt: skip


def _places(holder: Any) -> tuple[Place, ...]:
    known = (holder.places or []) if holder else []
    return tuple(
        Place(_word(p.get("label")) or "", _word(p.get("city")), _word(p.get("insee")))
        for p in known
        if isinstance(p, dict)
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _position(rows: Sequence[Any]) -> Position | None:
    """The one that the operator is shown too: a worse one never replaces a better one."""
    shown = choose(fix_of(row) for row in rows)
    if shown is None:
        return None
    fix = shown.fix
    return Position(fix.lat, fix.lon, fix.radius_m, fix.method, fix.found_at)
