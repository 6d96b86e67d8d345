"""Reads a position out of fields that cannot be trusted; a bad position never harms its alert."""

from datetime import datetime

from gateway.formats.reading import AMBIGUOUS, Fields
from tgd.rules.trigger import Method, Position, is_plausible

MAX_RADIUS_M = 1_000_000
"""Above this a radius says nothing: it is the size of the country, in metres."""


def place(
    fields: Fields,
    lat: str,
    lon: str,
    radius: str,
    *,
    method: Method = Method.UNKNOWN,
    at: datetime | None = None,
) -> Position | None:
    """The position under these names (degrees, metres); None with a warning when doubtful."""
    given = fields.first(lat), fields.first(lon)
    if given == (None, None):
        return None
    found = _coordinates(fields, *given)
    if found is None:
        return None
    return Position(*found, radius_m=radius_m(fields, radius), method=method, at=at)


def _coordinates(fields: Fields, lat: object, lon: object) -> tuple[float, float] | None:
    if lat is AMBIGUOUS or lon is AMBIGUOUS:
        fields.notes.add("position_ambiguous")
        return None
    if lat is None or lon is None:
        fields.notes.add("position_incomplete")
        return None
    return plausible(fields, fields.decimal(lat), fields.decimal(lon))


def plausible(fields: Fields, lat: float | None, lon: float | None) -> tuple[float, float] | None:
    """These degrees when they are on the globe and not the (0, 0) of a handset without a fix."""
    if lat is not None and lon is not None and is_plausible(lat, lon):
        return lat, lon
    fields.notes.add("no_fix" if lat == 0 and lon == 0 else "position_impossible")
    return None


def radius_m(fields: Fields, name: str) -> float | None:
    """Uncertainty in metres; None for 0, which most devices send for "unknown"."""
    value = fields.first(name)
    if value is None:
        return None
    number = fields.decimal(value)
    if number is None or not 0 <= number <= MAX_RADIUS_M:
        fields.notes.add("bad_radius")
        return None
    return number or None
