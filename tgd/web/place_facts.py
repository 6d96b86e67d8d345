"""Where she is, as values for the sheet: the fix, its doubts, who is sent there, what lies near."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.rules.case_sheet import home_of
from tgd.rules.place import Fix, Shown, choose, fix_of, near, point_of
from tgd.rules.territory import Area, of_commune, of_position
from tgd.rules.track import Leg, Track, direction, track_of
from tgd.store import console as store

ROUGH_M = 1000.0
"""A circle that is wider names a commune only roughly."""


def fixes_of(session: Session, alert: UUID) -> list[Fix]:
    """All that the record holds of where she is."""
    return [fix_of(row) for row in store.positions_of(session, alert)]


@dataclass(frozen=True, slots=True)
class Commune:
    """Where an alert is, as coarse as the list says it."""

    name: str
    is_rough: bool
    """The circle is wide: she may be in the one beside it."""


def communes(
    session: Session, alerts: Collection[UUID], areas: Sequence[Area]
) -> dict[UUID, Commune]:
    """The commune of each of these alerts of which one is known."""
    if not (alerts and areas):
        return {}
    fixes: dict[UUID, list[Fix]] = {}
    for row in store.positions_of_each(session, alerts):
        fixes.setdefault(row.alert, []).append(fix_of(row))
    found = {}
    for alert, known in fixes.items():
        shown = choose(known)
        there = of_position(shown.fix.lat, shown.fix.lon, areas) if shown else ()
        if shown and there:
            names = " / ".join(dict.fromkeys(area.name for area in there))
            found[alert] = Commune(names, shown.fix.reach_m > ROUGH_M)
    return found


def zone_of(
    session: Session, shown: Shown | None, home: str | None, areas: Sequence[Area]
) -> str | None:
    """The time zone where she is, else of her home, by the court in charge; None for unknown."""
    there = of_position(shown.fix.lat, shown.fix.lon, areas) if shown else ()
    area = there[0] if there else of_commune(home, areas)
    return store.zone_of_court(session, area.court) if area else None


def position(shown: Shown, fixes: Sequence[Fix], areas: Sequence[Area]) -> dict[str, Any]:
    """The fix, those named beside it, her way since the press, and the force in charge at this very
    point."""
    there = of_position(shown.fix.lat, shown.fix.lon, areas)
    return _fix(shown.fix) | {
        "newer": _fix(shown.newer) if shown.newer else None,
        "finer": _fix(shown.finer) if shown.finer else None,
        "has_moved": shown.has_moved,
        "track": _track(track_of(fixes, shown.fix)),
        "areas": [
            {"name": a.name, "insee": a.insee, "force": a.force, "control_room": a.control_room}
            for a in there
        ],
    }


def _track(track: Track | None) -> dict[str, Any] | None:
    if track is None:
        return None
    return {
        "points": [{"lat": p.lat, "lon": p.lon, "at": p.at} for p in track.points],
        "lasted_s": round(track.lasted.total_seconds()), "whole": _leg(track.whole),
        "lately": _leg(track.lately),
    }  # fmt: skip


def _leg(leg: Leg | None) -> dict[str, Any] | None:
    if leg is None:
        return None
    return {"metres": leg.metres, "direction": leg.direction,
            "metres_a_minute": leg.metres_a_minute}  # fmt: skip


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
        return {"label": label, "distance_m": None, "inside": None, "lat": None, "lon": None,
                "direction": None, "is_known": point_of(place) is not None}  # fmt: skip
    assert shown is not None, "it lies near a fix"
    return {
        "label": label, "distance_m": there.distance_m, "inside": there.is_inside,
        "lat": there.lat, "lon": there.lon, "is_known": True,
        "direction": direction(there.lat, there.lon, shown.fix.lat, shown.fix.lon),
    }  # fmt: skip


def home_insee(known: Sequence[Any]) -> str | None:
    """The commune where somebody is sent without a position."""
    home = home_of({"places": [place for place in known if isinstance(place, dict)]})
    return home["insee"] if home else None


def rooms_of(shown: Shown | None, home: str | None, areas: Sequence[Area]) -> dict[str, Any]:
    """The control rooms to ring and their other lines: those in charge where she is; without a
    position the one of her home; else every one that we know."""
    by, there = "position", of_position(shown.fix.lat, shown.fix.lon, areas) if shown else ()
    if not there:
        area = of_commune(home, areas)
        by, there = ("home", (area,)) if area else ("all", tuple(a for a in areas if a.line))
    rooms = dict.fromkeys((area.control_room, area.line) for area in there)
    return {"by": by, "rooms": [{"name": name, "line": line} for name, line in rooms]}
