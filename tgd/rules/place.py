"""Which of several fixes of one alert is shown, and what else must be said beside it.

A worse fix never silently replaces a better one: a coarser circle that agrees with the finer one is
named beside it, and one that contradicts it (she has moved) is shown with the finer one named.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tgd.rules.doubt import Trust
from tgd.rules.trigger import Method, is_plausible

SUPPOSED_M = {
    Method.GNSS: 50.0, Method.WIFI: 150.0, Method.FUSED: 150.0, Method.CELL: 3000.0,
    Method.UNKNOWN: 3000.0,
}  # fmt: skip
"""The radius that a fix without one is compared by; it is shown as unknown all the same."""
BELIEVED_FOR = timedelta(hours=24)
"""A fix that says it is older than this when it comes has a wrong clock."""
SAME_PLACE_M = 3.0
"""What is left of one place when a format rounds it: five decimals, whole metres of radius."""
EARTH_M = 6_371_008.8
_TRUSTS = (Trust.UNKNOWN, Trust.UNVERIFIED, Trust.VERIFIED)


@dataclass(frozen=True, slots=True)
class Fix:
    """One position of an alert, as the record has it."""

    lat: float
    lon: float
    radius_m: float | None
    method: Method
    trust: Trust
    found_at: datetime | None
    heard_at: datetime

    @property
    def at(self) -> datetime:
        """When she was there: what the handset says, unless its clock cannot be right."""
        if self.found_at is None:
            return self.heard_at
        is_believed = timedelta(0) <= self.heard_at - self.found_at <= BELIEVED_FOR
        return self.found_at if is_believed else self.heard_at

    @property
    def reach_m(self) -> float:
        """The radius that it is compared by."""
        return SUPPOSED_M[self.method] if self.radius_m is None else self.radius_m


@dataclass(frozen=True, slots=True)
class Shown:
    """The fix to be shown, and those that must be named beside it."""

    fix: Fix
    newer: Fix | None
    """The newest one, when another is shown because it is better."""
    finer: Fix | None
    """The finest of the earlier ones, when the shown one is coarser."""
    has_moved: bool
    """The shown one contradicts a finer one that was shown before it."""


@dataclass(frozen=True, slots=True)
class Near:
    """A known place of hers and how it lies to the circle."""

    lat: float
    lon: float
    distance_m: float
    is_inside: bool


def fix_of(row: Any) -> Fix:
    """A fix of what the record holds of one."""
    return Fix(
        row.lat, row.lon, row.radius_m, Method(row.method), Trust(row.trust), row.found_at,
        row.heard_at,
    )  # fmt: skip


def choose(fixes: Iterable[Fix]) -> Shown | None:
    """The fix to be shown of all that were heard, in whatever order they came."""
    known = sorted(fixes, key=_order)
    if not known:
        return None
    shown, has_moved = known[0], False
    for fix in known[1:]:
        if _replaces(fix, shown):
            has_moved = fix.trust == shown.trust and are_apart(fix, shown)
            shown = fix
    newest = max(known, key=lambda fix: fix.at)
    finest = min((f for f in known if f.at <= shown.at), key=lambda fix: (fix.reach_m, _order(fix)))
    return Shown(
        shown,
        newest if newest.at > shown.at else None,
        finest if finest.reach_m < shown.reach_m else None,
        has_moved,
    )


def _order(fix: Fix) -> tuple[Any, ...]:
    """Oldest first; of one moment the better last, and never by the order of arrival alone."""
    trust, words = _TRUSTS.index(fix.trust), (fix.method, str(fix.radius_m), str(fix.found_at))
    return (fix.at, fix.heard_at, trust, -fix.reach_m, fix.lat, fix.lon, words)


def _replaces(new: Fix, shown: Fix) -> bool:
    if new.trust != shown.trust:
        return _TRUSTS.index(new.trust) > _TRUSTS.index(shown.trust)
    return new.reach_m <= shown.reach_m or are_apart(new, shown)


def are_apart(one: Fix, other: Fix) -> bool:
    """Whether both cannot be true of one place: their circles do not touch."""
    return distance_m(one.lat, one.lon, other.lat, other.lon) > one.reach_m + other.reach_m


def is_no_news(
    said: tuple[float, float, float | None], known: tuple[float, float, float | None]
) -> bool:
    """Whether a position (latitude, longitude, radius) says nothing beside one that is known: the
    same place, no finer."""
    if distance_m(*said[:2], *known[:2]) > SAME_PLACE_M:
        return False
    if said[2] is None or known[2] is None:
        return said[2] is None
    return said[2] > known[2] - 1


def distance_m(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """Metres along the great circle."""
    a, b = math.radians(lat), math.radians(to_lat)
    across = math.radians(to_lon - lon)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def point_of(place: Mapping[str, object]) -> tuple[float, float] | None:
    """Where a known place is, when the case sheet says so; None for anything else."""
    try:
        lat, lon = float(str(place["lat"])), float(str(place["lon"]))
    except (KeyError, ValueError):
        return None
    return (lat, lon) if is_plausible(lat, lon) else None


def near(fix: Fix, place: Mapping[str, object]) -> Near | None:
    """How a known place lies to the circle; None when the sheet does not say where it is."""
    point = point_of(place)
    if point is None:
        return None
    away = distance_m(fix.lat, fix.lon, *point)
    return Near(*point, away, away <= fix.reach_m)
