"""What a peer's `Retry-After` means, bounded: no peer may keep an alert waiting for long."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 60.0


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait, 0 to 60, of the seconds or the HTTP date (RFC 9110, 10.2.3).

    None for no header or one that means nothing.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_S)
