"""How she has moved since the press, and which way: only what the circles let one tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tgd.rules.place import Fix, distance_m

FINE_M = 200.0
"""A coarser fix draws a line where nobody walked."""
LATELY = timedelta(minutes=3)
"""What she does now is told by the fixes of so long before the newest."""
MOST_POINTS = 200
"""The newest of them; an hour of walking is shown whole."""


class Direction(StrEnum):
    """Eight of the compass, clockwise from the north."""

    N = "n"
    NE = "ne"
    E = "e"
    SE = "se"
    S = "s"
    SW = "sw"
    W = "w"
    NW = "nw"


@dataclass(frozen=True, slots=True)
class Leg:
    """From one fix to a later one, when they are apart for sure."""

    metres: float
    direction: Direction
    lasted: timedelta

    @property
    def metres_a_minute(self) -> float:
        """How fast, as the crow flies."""
        return self.metres / max(self.lasted.total_seconds() / 60, 1 / 60)


@dataclass(frozen=True, slots=True)
class Track:
    """The fixes in their order, how far it is from the first to the last, and what was lately."""

    points: tuple[Fix, ...]
    whole: Leg | None
    """None: she is where she was, as far as the circles tell."""
    lately: Leg | None
    """None: she stands, as far as the circles tell."""

    @property
    def lasted(self) -> timedelta:
        """From the first to the last."""
        return self.points[-1].at - self.points[0].at


def track_of(fixes: Sequence[Fix], like: Fix) -> Track | None:
    """The way of those that are fine and of the same trust as the fix that is shown; None for
    fewer than two."""
    fine = [f for f in fixes if f.trust == like.trust and f.reach_m <= FINE_M]
    by_moment = {f.at: f for f in sorted(fine, key=lambda f: (f.at, -f.reach_m))}
    points = tuple(by_moment.values())[-MOST_POINTS:]
    if len(points) < 2:
        return None
    last = points[-1]
    since = next(f for f in points if last.at - f.at <= LATELY)
    return Track(points, _leg(points[0], last), _leg(since, last) if since is not last else None)


def direction(lat: float, lon: float, to_lat: float, to_lon: float) -> Direction:
    """Where the second point lies, seen from the first."""
    a, b, across = math.radians(lat), math.radians(to_lat), math.radians(to_lon - lon)
    east = math.sin(across) * math.cos(b)
    north = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(across)
    turn = math.degrees(math.atan2(east, north)) % 360
    return tuple(Direction)[round(turn / 45) % 8]


def _leg(one: Fix, other: Fix) -> Leg | None:
    away = distance_m(one.lat, one.lon, other.lat, other.lon)
    if away <= one.reach_m + other.reach_m:
        return None
    return Leg(away, direction(one.lat, one.lon, other.lat, other.lon), other.at - one.at)
