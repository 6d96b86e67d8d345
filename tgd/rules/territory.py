"""From a commune or a position to the court, the force and the control room that answer there.

The data is given by whoever asks (a list of areas, imported into the record); DEMO is a small
fictional one. A position is never trusted less than an address: both are resolved apart.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Force(StrEnum):
    """Who goes there."""

    POLICE = "police"
    GENDARMERIE = "gendarmerie"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of WGS 84 degrees, borders included; no area here crosses the date line."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        """True for a point inside or on the border."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


@dataclass(frozen=True, slots=True)
class Area:
    """One commune: its code, the court whose area it is in, and who is sent there."""

    insee: str
    name: str
    court: str
    force: Force
    control_room: str
    box: Box | None = None
    line: str | None = None
    """Telephone of the control room, for when it does not acknowledge."""


def of_commune(insee: str | None, areas: Iterable[Area]) -> Area | None:
    """The area of a commune by its code; None when it is not known."""
    return next((area for area in areas if area.insee == insee), None)


def of_position(lat: float, lon: float, areas: Iterable[Area]) -> tuple[Area, ...]:
    """Every area that holds the point: on a border, both sides are told."""
    return tuple(area for area in areas if area.box is not None and area.box.holds(lat, lon))


def read_areas(raw: bytes) -> tuple[Area, ...]:
    """Areas of a JSON list of `{"insee", "name", "court", "force", "control_room", "box": [south,
    west, north, east]}`; raises ValueError that names the entry."""
    try:
        said = json.loads(raw)
    except RecursionError:
        raise ValueError("too deep to be a list of areas") from None
    if not isinstance(said, list) or not said:
        raise ValueError("not a list of areas")
    return tuple(_area(number, one) for number, one in enumerate(said, 1))


def _area(number: int, said: Any) -> Area:
    try:
        named = [said[name] for name in ("insee", "name", "court", "control_room")]
        south, west, north, east = (float(side) for side in said["box"])
        force = Force(said["force"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"area {number}: {error}") from None
    if not all(isinstance(word, str) and word for word in named):
        raise ValueError(f"area {number}: an empty name")
    if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
        raise ValueError(f"area {number}: the box must be south, west, north, east")
    insee, name, court, room = named
    line = said.get("line")
    if line is not None and not isinstance(line, str):
        raise ValueError(f"area {number}: the line must be a telephone number")
    return Area(insee, name, court, force, room, Box(south, west, north, east), line)


DEMO: tuple[Area, ...] = (
    Area("92050", "Nanterre", "TJ-NANTERRE", Force.POLICE, "control-room-92",
         Box(48.87, 2.17, 48.92, 2.24), "+33199000092"),
    Area("99101", "Exempleville", "TJ-NANTERRE", Force.POLICE, "control-room-92",
         Box(45.00, 2.00, 45.05, 2.10), "+33199000092"),
    Area("99102", "Fictigny", "TJ-NANTERRE", Force.GENDARMERIE, "corg-99",
         Box(45.05, 2.00, 45.10, 2.10), "+33199000099"),
    Area("99201", "Saint-Exemple-les-Bains", "TJ-EXEMPLE", Force.GENDARMERIE, "corg-99",
         Box(-21.30, 55.40, -21.20, 55.50), "+33199000099"),
)  # fmt: skip
"""Nanterre, and communes that do not exist."""
