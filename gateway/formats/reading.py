"""What all readers share: opening untrusted bytes, and wary questions to their names and values.

May not decide what a message means, nor raise for anything that a handset can send.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.formats.spelling import (
    MAX_LINE,
    Notes,
    cleaned,
    decimal,
    identity,
    moment,
    unix_moment,
)
from tgd.rules.trigger import Unreadable

MAX_BYTES = 16 * 1024
"""Largest JSON or form that is read, in bytes; a whole alert needs about 400."""

MAX_DEPTH = 32
"""Deepest nesting of JSON that is read; Python's own parser overflows its stack near 1000."""


class _Ambiguous:
    def __repr__(self) -> str:
        return "ambiguous"


AMBIGUOUS: Final = _Ambiguous()
"""Stands for a name that was given two different values: neither is believed."""

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_MAX_INT_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Fields:
    """Names and values of one message, and the notes taken while reading them."""

    values: Mapping[str, object]
    notes: Notes
    typed: bool = True
    """False for forms and SMS, where every value is a text and a number in text is normal."""

    def first(self, *names: str) -> object:
        """The first of these that is there and not empty; None when none is."""
        present = (self.values.get(name) for name in names)
        return next((value for value in present if not _is_missing(value)), None)

    def word(self, *names: str) -> str | None:
        """A word to compare with known ones: lower case, no spaces around; None when no text."""
        value = self.first(*names)
        return value.strip().lower() if isinstance(value, str) else None

    def line(self, name: str) -> str | None:
        """A short text fit for a column, at most 64 characters."""
        value = self.first(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.notes.add(f"bad_{name}")
            return None
        return cleaned(value, MAX_LINE, self.notes)

    def identity(self, *names: str) -> str | None:
        """An id of at most 64 printable characters; see `spelling.identity` for the others."""
        value = self.first(*names)
        if isinstance(value, int) and not isinstance(value, bool):
            self.notes.add("id_not_text")
            return identity(str(value), self.notes)
        if isinstance(value, str):
            return identity(value, self.notes)
        if value is not None:
            self.notes.add("bad_id")
        return None

    def number(self, name: str, low: float, high: float) -> float | None:
        """A finite number within these bounds, both included; None with a warning otherwise."""
        value = self.first(name)
        if value is None:
            return None
        number = self.decimal(value)
        if number is None or not low <= number <= high:
            self.notes.add(f"bad_{name}")
            return None
        return number

    def whole(self, name: str, high: int) -> int | None:
        """A whole number from 0 to `high`; None with a warning otherwise."""
        number = self.number(name, 0, high)
        if number is None:
            return None
        if number != int(number):
            self.notes.add(f"bad_{name}")
            return None
        return int(number)

    def moment(self, *names: str) -> datetime | None:
        """An aware UTC moment; None with a warning when it is impossible."""
        value = self.first(*names)
        if value is None:
            return None
        if isinstance(value, str):
            return moment(value, self.notes)
        number = self.decimal(value)
        if number is None:
            self.notes.add("bad_time")
            return None
        return unix_moment(number, self.notes)

    def inside(self, name: str) -> "Fields | None":
        """The object kept under this name, if it is one."""
        value = self.values.get(name)
        return Fields(value, self.notes, self.typed) if isinstance(value, dict) else None

    def decimal(self, value: object) -> float | None:
        """A finite number; booleans are none, and a number in a JSON string is read with a note."""
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return float(value) if math.isfinite(value) else None
        if not isinstance(value, str):
            return None
        number = decimal(value.strip())
        if number is not None and self.typed:
            self.notes.add("number_as_text")
        return number


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def gathered(pairs: Iterable[tuple[str, object]], notes: Notes) -> dict[str, object]:
    """Pairs as a dictionary; a name with two different values becomes AMBIGUOUS, with a warning."""
    values: dict[str, object] = {}
    for name, value in pairs:
        if name in values:
            notes.add("duplicate_keys")
            # `repr` tells 1, 1.0, true and "1" apart, and says that NaN is NaN.
            value = value if repr(values[name]) == repr(value) else AMBIGUOUS
        values[name] = value
    return values


def open_object(raw: bytes) -> Fields | Unreadable:
    """One JSON object as fields, or Unreadable for anything else."""
    notes = Notes()
    value = open_json(raw, notes)
    if isinstance(value, Unreadable):
        return value
    if not isinstance(value, dict):
        return Unreadable("not_an_object", notes.all())
    return Fields(value, notes)


def open_json(raw: bytes, notes: Notes) -> object:
    """Any JSON value within our limits of size and depth, or Unreadable.

    Bytes that are no UTF-8 become lone surrogates, as if the handset had written `\\udcff`: within
    a string they cost that string its character, and never the alert.
    """
    if len(raw) > MAX_BYTES:
        return Unreadable("too_large")
    text = raw.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if not text.strip():
        return Unreadable("empty")
    if _is_too_deep(text):
        return Unreadable("too_deep")
    try:
        return json.loads(
            text,
            object_pairs_hook=lambda pairs: gathered(pairs, notes),
            parse_int=_int_or_float,
            strict=False,
        )
    except ValueError:
        return Unreadable("not_json", notes.all())


def _is_too_deep(text: str) -> bool:
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _int_or_float(digits: str) -> int | float:
    # Python refuses to convert integers above 4300 digits; as a float they are merely infinite.
    return int(digits) if len(digits) <= _MAX_INT_DIGITS else float(digits)
