"""Moments, ages and distances as people read them: 24 hours, seconds, the place's own zone."""

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def clock_time(at: datetime | None, zone: ZoneInfo) -> str:
    """`22:40:05`."""
    return at.astimezone(zone).strftime("%H:%M:%S") if at else ""


def day_and_time(at: datetime | None, zone: ZoneInfo) -> str:
    """`23/11/2026 22:40:05`, with the offset in the one hour that exists twice."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return local.strftime("%d/%m/%Y %H:%M:%S %z" if twice else "%d/%m/%Y %H:%M:%S")


def day_and_minute(at: datetime | None, zone: ZoneInfo) -> str:
    """`23/11/2026 22:40`, by the clock of that place."""
    return at.astimezone(zone).strftime("%d/%m/%Y %H:%M") if at else ""


def age(since: datetime | None, now: datetime) -> str:
    """`0:22`, `12:03`, `2 h 05`: never negative. The live module counts alike."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d}"


def left(until: datetime, now: datetime) -> str:
    """`0:12` to go, the begun second included; empty once it is due. Counted alike by the live
    module."""
    seconds = math.ceil((until - now).total_seconds())
    return f"{seconds // 60}:{seconds % 60:02d}" if seconds > 0 else ""


def day(at: date | datetime | str | None, zone: ZoneInfo) -> str:
    """`23/11/2026`, of a moment the day there."""
    if at is None or at == "":
        return ""
    if isinstance(at, str):
        at = date.fromisoformat(at)
    local = at.astimezone(zone) if isinstance(at, datetime) else at
    return local.strftime("%d/%m/%Y")


def last_day(ends_at: datetime | None, zone: ZoneInfo) -> str:
    """The last whole day of a period that ends at midnight, at the court."""
    return day(ends_at - timedelta(microseconds=1), zone) if ends_at else ""


def distance(metres: float, language: str) -> str:
    """`12 m`, `1,5 km`; rounded up: a circle is never said smaller than it is."""
    if metres < 1000:
        return f"{math.ceil(metres)}\u00a0m"
    said = f"{math.ceil(metres / 100) / 10:.1f}\u00a0km"
    return said.replace(".", ",") if language == "fr" else said
