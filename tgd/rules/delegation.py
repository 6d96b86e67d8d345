"""For how long a prosecutor may be asked to decide for a court on call, and how that stands now."""

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LONGEST = timedelta(days=7)
"""A night, a weekend, a week of on-call duty; what is longer is a clearance with its own end."""


class Standing(StrEnum):
    """Where a delegation stands."""

    COMING = "coming"
    RUNNING = "running"
    OVER = "over"  # its time has passed
    ENDED = "ended"  # somebody ended it before


def fits(begins_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether such a period can be delegated."""
    return begins_at < ends_at and ends_at > now and ends_at - begins_at <= LONGEST


def standing(
    begins_at: datetime, ends_at: datetime, revoked_at: datetime | None, now: datetime
) -> Standing:
    """How it stands at this moment; the end itself is not on call any more."""
    if revoked_at is not None:
        return Standing.ENDED
    if now < begins_at:
        return Standing.COMING
    return Standing.RUNNING if now < ends_at else Standing.OVER


def at_the_court(local: datetime, zone: str) -> datetime:
    """The moment that the court's clock shows so."""
    return local.replace(tzinfo=ZoneInfo(zone))
