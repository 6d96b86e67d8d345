"""The only reader of the clock; everything else is given a moment."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, in UTC, aware."""
    return datetime.now(UTC)
