"""What a handset can say, whatever the channel and the wire format: values, never an opinion.

A format reads bytes into one of these; whether it is believed is decided elsewhere (doubt.py).
"""

import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MAX_ID = 64
"""Longest trigger id that the wire contract allows, in characters."""


class TriggerKind(StrEnum):
    """Why the handset speaks. Only `test` is ever kept out of the alert lane."""

    PRESS = "press"
    TEST = "test"
    FALL = "fall"
    DURESS = "duress"
    CANCEL = "cancel"


class Method(StrEnum):
    """How a position was found; the radius is only worth what the method is."""

    GNSS = "gnss"
    WIFI = "wifi"
    CELL = "cell"
    FUSED = "fused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a handset says that it is: WGS 84 degrees, radius of uncertainty in metres."""

    lat: float
    lon: float
    radius_m: float | None = None
    method: Method = Method.UNKNOWN
    at: datetime | None = None

    def __post_init__(self) -> None:
        if not is_plausible(self.lat, self.lon):
            raise ValueError("impossible coordinates")


def is_plausible(lat: float, lon: float) -> bool:
    """True for finite coordinates on the globe that are not the (0, 0) of a handset with no fix."""
    finite = math.isfinite(lat) and math.isfinite(lon)
    return finite and abs(lat) <= 90 and abs(lon) <= 180 and (abs(lat) > 1e-6 or abs(lon) > 1e-6)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A call for help (or a test, a cancel…) as the handset made it; everything may be missing."""

    kind: TriggerKind = TriggerKind.PRESS
    id: str | None = None
    counter: int | None = None
    claimed_at: datetime | None = None
    position: Position | None = None
    battery_pct: float | None = None
    handset: str | None = None
    """The handset id written inside the message, for formats that carry one."""
    signed_text: bytes | None = None
    mac: str | None = None
    """The signature as sent; None when the format has none. Checked by `keys.is_authentic`."""
    text: str | None = None
    """Free words of a message that is not of a known format."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PositionReport:
    """A position alone: kept only while an alert of that handset is open and with consent."""

    position: Position | None
    trigger: str | None = None
    handset: str | None = None
    battery_pct: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StateReport:
    """Birth, life sign or Will of a handset; never a position."""

    state: str
    """`online` or `lost`."""
    session: int | None = None
    battery_pct: float | None = None
    radio: str | None = None
    rssi_dbm: float | None = None
    version: str | None = None
    sim: str | None = None
    """SHA-256 of what names its SIM card; the number itself is never kept."""
    handset: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nothing:
    """Well formed and of no interest to us (a waypoint, an empty heartbeat)."""

    why: str
    handset: str | None = None
    battery_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that no format could read. On an alert's channel this is still an alert."""

    why: str
    warnings: tuple[str, ...] = field(default=())


Meaning = Trigger | PositionReport | StateReport | Nothing | Unreadable
