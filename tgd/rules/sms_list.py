"""Reads one page of the SMS provider's list of received messages; white, and never raises.

Each entry is read by itself: one that nobody understands must not keep the others from being heard.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_PLACE = re.compile(r"/[\x21-\x7e]{1,2000}")
LONGEST_BODY = 20_000
"""Characters; ten parts of the longest message are below."""


@dataclass(frozen=True, slots=True)
class InboundSms:
    """One received SMS as the provider's list shows it."""

    sid: str
    """The provider's own, or one made of the entry where it has none: the same entry, the same."""
    sender: str
    to: str
    body: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """What one page lists, where the next one is, and how many entries said nothing at all."""

    messages: tuple[InboundSms, ...]
    next_place: str | None
    unread: int


def read_page(raw: bytes) -> Page | None:
    """None for what is no page of such a list."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    entries = said.get("messages") if isinstance(said, dict) else None
    if not isinstance(entries, list):
        return None
    listed = [one for one in entries if not _is_sent_by_us(one)]
    read = [one for one in map(_message, listed) if one is not None]
    place = said.get("next_page_uri")
    if not (isinstance(place, str) and _PLACE.fullmatch(place)):
        place = None
    return Page(tuple(read), place, len(listed) - len(read))


def _is_sent_by_us(entry: Any) -> bool:
    direction = entry.get("direction") if isinstance(entry, dict) else None
    return isinstance(direction, str) and direction.startswith("outbound")


def _message(entry: Any) -> InboundSms | None:
    """None for what has neither a sender nor words."""
    if not isinstance(entry, dict):
        return None
    sid, sender, to, body = (_text(entry.get(name)) for name in ("sid", "from", "to", "body"))
    if not (sender or body):
        return None
    if not _SID.fullmatch(sid):
        sid = "list:" + hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:32]
    return InboundSms(sid, sender, to, body[:LONGEST_BODY], _moment(entry.get("date_sent")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """Of a date as in a letter (RFC 2822); None for none, or one that is no date."""
    try:
        at = parsedate_to_datetime(value)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
