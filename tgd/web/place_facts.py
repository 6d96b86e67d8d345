"""Where she is, as values for the sheet: the fix, its doubts, who is sent there, what lies near."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.rules.place import Fix, Shown, choose, fix_of, near
from tgd.rules.territory import Area, of_position
from tgd.store import console as store


def shown_fix(session: Session, alert: UUID) -> Shown | None:
    """The fix to be shown of all that the record holds of the alert."""
    return choose(fix_of(row) for row in store.positions_of(session, alert))


def position(shown: Shown, areas: Sequence[Area]) -> dict[str, Any]:
    """The fix, those named beside it, and the force in charge at this very point."""
    there = of_position(shown.fix.lat, shown.fix.lon, areas)
    return _fix(shown.fix) | {
        "newer": _fix(shown.newer) if shown.newer else None,
        "finer": _fix(shown.finer) if shown.finer else None,
        "has_moved": shown.has_moved,
        "areas": [
            {"name": a.name, "insee": a.insee, "force": a.force, "control_room": a.control_room}
            for a in there
        ],
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "lat": fix.lat, "lon": fix.lon, "radius_m": fix.radius_m, "method": fix.method,
        "trust": fix.trust, "found_at": fix.found_at, "heard_at": fix.heard_at, "at": fix.at,
    }  # fmt: skip


def places(known: Sequence[Any], shown: Shown | None) -> list[dict[str, Any]]:
    """Her known places, the nearest first; how far they are where the case sheet lets us know."""
    found = [_place(place, shown) for place in known if isinstance(place, dict)]
    return sorted(found, key=lambda p: (p["distance_m"] is None, p["distance_m"] or 0.0))


def _place(place: dict[str, Any], shown: Shown | None) -> dict[str, Any]:
    label = ", ".join(str(place[k]) for k in ("label", "city") if place.get(k))
    there = near(shown.fix, place) if shown else None
    if there is None:
        return {"label": label, "distance_m": None, "inside": None, "lat": None, "lon": None}
    return {
        "label": label, "distance_m": there.distance_m, "inside": there.is_inside,
        "lat": there.lat, "lon": there.lon,
    }  # fmt: skip


def room_of(shown: Shown | None, areas: Sequence[Area]) -> dict[str, Any] | None:
    """The control room in charge where she is, and the number of its other line."""
    there = of_position(shown.fix.lat, shown.fix.lon, areas) if shown else ()
    return {"name": there[0].control_room, "line": there[0].line} if there else None
