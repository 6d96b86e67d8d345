"""How handsets spell texts, identities, numbers and moments; each is read or made harmless.

May not know any message: one value in, one value out, and a warning word in the notes.
"""

import hashlib
import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

from tgd.rules.trigger import MAX_ID

MAX_LINE = 64
"""Longest short text (radio, version) that is kept, in characters."""

REPLACEMENT = "\ufffd"

_DECIMAL = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)? ?(?:[Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)
_COMPACT = re.compile(r"\d{14}", re.ASCII)

# A clock that lost its battery says 1970; the year 9999 is nobody's clock and overflows arithmetic.
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_SECONDS_FROM: Final = 1e8  # 1973: a smaller number is an uptime or a coordinate, not a moment
_MS_FROM: Final = 1e11  # as seconds this would be the year 5138: so it is milliseconds


class Notes:
    """Warning words about one message, in the order of their first appearance, each once."""

    def __init__(self, *words: str) -> None:
        self._words: dict[str, None] = dict.fromkeys(words)

    def add(self, word: str) -> None:
        """Remember one warning word; never a value that the message carried."""
        self._words[word] = None

    def all(self) -> tuple[str, ...]:
        """Every word, for the `warnings` of a meaning."""
        return tuple(self._words)


def cleaned(text: str, limit: int, notes: Notes) -> str:
    """The same words without what a text column or a terminal cannot bear, cut at `limit`.

    PostgreSQL refuses NUL, UTF-8 refuses lone surrogates: both become U+FFFD.
    """
    kept = "".join(REPLACEMENT if _is_harmful(char) else char for char in text[:limit])
    if kept != text[:limit]:
        notes.add("text_cleaned")
    if len(text) > limit:
        notes.add("text_cut")
    return kept


def _is_harmful(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\r\t"


def identity(text: str, notes: Notes) -> str:
    """An id as sent, or a digest of it when it is too long or has characters that cannot be kept.

    Cutting or replacing would let two different ids become one, and a second call for help would
    then pass for a repetition of the first.
    """
    if len(text) <= MAX_ID and text.isprintable():
        return text
    notes.add("id_digested")
    return "sha256:" + digest_of(text)


def digest_of(*parts: str) -> str:
    """40 hexadecimal digits that stand for these texts; bears lone surrogates."""
    whole = "\n".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:40]


def decimal(text: str) -> float | None:
    """A finite number written in ASCII digits, or None: `nan`, `1_000` and `0x10` are no numbers.

    The exponent is allowed: a phone on the Greenwich meridian writes `-1.2e-05`.
    """
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def moment(text: str, notes: Notes) -> datetime | None:
    """An aware UTC moment from ISO 8601, `yyyyMMddHHmmss` or Unix time; None with a warning."""
    text = text.strip()
    if _COMPACT.fullmatch(text):
        return compact_moment(text, notes)
    number = decimal(text)
    if number is not None:
        return unix_moment(number, notes)
    if not _ISO.fullmatch(text):
        notes.add("bad_time")
        return None
    return _iso_moment(text, notes)


def _iso_moment(text: str, notes: Notes) -> datetime | None:
    try:
        read = datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", ""))
        if read.tzinfo is None:
            notes.add("naive_time")
            read = read.replace(tzinfo=UTC)
        return _within_reason(read.astimezone(UTC), notes)
    except (ValueError, OverflowError):
        notes.add("bad_time")
        return None


def compact_moment(text: str, notes: Notes) -> datetime | None:
    """`yyyyMMddHHmmss`, always UTC (ETSI TS 103 625, field `top`); None with a warning."""
    if not _COMPACT.fullmatch(text):
        notes.add("bad_time")
        return None
    year, rest = int(text[:4]), [int(text[i : i + 2]) for i in range(4, 14, 2)]
    try:
        read = datetime(year, rest[0], rest[1], rest[2], rest[3], rest[4], tzinfo=UTC)
    except ValueError:
        notes.add("bad_time")
        return None
    return _within_reason(read, notes)


def unix_moment(number: float, notes: Notes) -> datetime | None:
    """Unix time in seconds, or milliseconds when seconds would be absurd; None with a warning."""
    if number < _SECONDS_FROM:
        notes.add("bad_time")
        return None
    seconds = number / 1000 if number >= _MS_FROM else number
    try:
        return _within_reason(datetime.fromtimestamp(seconds, UTC), notes)
    except (ValueError, OverflowError, OSError):
        notes.add("bad_time")
        return None


def _within_reason(read: datetime, notes: Notes) -> datetime | None:
    if _FIRST_YEAR <= read.year <= _LAST_YEAR:
        return read
    notes.add("bad_time")
    return None
