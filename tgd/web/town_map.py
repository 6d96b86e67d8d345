"""A map of a town that does not exist, for the demonstration: drawn by arithmetic, always the same.

Nothing of it may be taken for a real place: it lies in the fictional areas of territory.py only,
and is shown by a demonstration only.
"""

import math
from functools import cache
from typing import Any

SOUTH, WEST, NORTH, EAST = 45.0, 2.0, 45.05, 2.1
ACROSS, ALONG = 13, 9
"""Streets from west to east and from south to north."""
STREETS = (
    "des Exemples", "du Moulin", "des Tilleuls", "de la Gare", "des Écoles", "du Lavoir",
    "de l’Église", "des Jardins", "du Pont", "des Peupliers", "de la Mairie", "du Marché",
    "des Lilas",
)  # fmt: skip

Point = tuple[float, float]


@cache
def town() -> dict[str, Any]:
    """The town as GeoJSON: river, park, streets with names, buildings, and its name."""
    avenues = [_street(n, ACROSS, vertical=True) for n in range(ACROSS)]
    streets = [_street(n, ALONG, vertical=False) for n in range(ALONG)]
    features = [_river(), _park()]
    features += [_line("Avenue", n, points) for n, points in enumerate(avenues)]
    features += [_line("Rue", n, points) for n, points in enumerate(streets)]
    features += [
        _building(x, y)
        for x in range(ACROSS - 1) for y in range(ALONG - 1)
        if not _is_in_park(x, y) and _wave(x * 7 + y * 3) > -0.6
    ]  # fmt: skip
    centre = {"type": "Point", "coordinates": _corner(6, 4)}
    features.append(_feature("place", centre, "Exempleville"))
    return {"type": "FeatureCollection", "features": features}


def _feature(kind: str, geometry: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    said = {"kind": kind} | ({"name": name} if name else {})
    return {"type": "Feature", "properties": said, "geometry": geometry}


def _wave(n: float) -> float:
    return math.sin(n * 12.9898)


def _corner(x: float, y: float) -> Point:
    """Where an avenue crosses a street; no two blocks are quite alike."""
    width, height = (EAST - WEST) / (ACROSS + 1), (NORTH - SOUTH) / (ALONG + 1)
    lon = WEST + width * (x + 1 + 0.18 * _wave(x * 3 + y))
    lat = SOUTH + height * (y + 1 + 0.18 * _wave(x + y * 5))
    return (round(lon, 5), round(lat, 5))


def _street(n: int, count: int, *, vertical: bool) -> list[Point]:
    if vertical:
        return [_corner(n, y) for y in range(ALONG)]
    return [_corner(x, n) for x in range(ACROSS)]


def _line(kind: str, n: int, points: list[Point]) -> dict[str, Any]:
    line = {"type": "LineString", "coordinates": points}
    return _feature("street", line, f"{kind} {STREETS[n]}")


def _is_in_park(x: int, y: int) -> bool:
    return x in (3, 4) and y in (5, 6)


def _park() -> dict[str, Any]:
    ring = [_corner(3.1, 5.1), _corner(4.9, 5.1), _corner(4.9, 6.9), _corner(3.1, 6.9)]
    return _feature("park", _polygon(ring), "Parc des Exemples")


def _river() -> dict[str, Any]:
    steps = [WEST + (EAST - WEST) * n / 24 for n in range(25)]
    north = [(lon, round(45.0275 + 0.004 * math.sin(lon * 90), 5)) for lon in steps]
    south = [(lon, lat - 0.0009) for lon, lat in reversed(north)]
    return _feature("water", _polygon([(round(x, 5), round(y, 5)) for x, y in north + south]))


def _building(x: int, y: int) -> dict[str, Any]:
    inset = 0.22 + 0.1 * abs(_wave(x + y * 11))
    ring = [
        _corner(x + inset, y + inset), _corner(x + 1 - inset, y + inset),
        _corner(x + 1 - inset, y + 1 - inset), _corner(x + inset, y + 1 - inset),
    ]  # fmt: skip
    return _feature("building", _polygon(ring))


def _polygon(ring: list[Point]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
