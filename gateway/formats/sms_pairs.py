"""The `key=value;` pairs that AML and our signed SMS share, wary of a text that was cut."""

import re

from gateway.formats.reading import Fields, gathered
from gateway.formats.spelling import Notes
from tgd.rules.trigger import Method

AML_METHODS = {
    "G": Method.GNSS,
    "W": Method.WIFI,
    "C": Method.CELL,
    "F": Method.FUSED,
    "U": Method.UNKNOWN,
}
"""Letters of `pm` (version 1) and `ls` (version 2); `N` says that there is no position."""

# `lg=2.516582` cut to `lg=2` is a place forty kilometres away that looks perfectly sound. So the
# last value of a text that nothing closes is read only where a cut would show or would not matter
# (four decimals of a degree are 11 m).
_SOUND_IF_LAST = {
    "lt": re.compile(r"[+-]?\d+\.\d{4,}", re.ASCII),
    "lg": re.compile(r"[+-]?\d+\.\d{4,}", re.ASCII),
    "lo": re.compile(r"[^,]+,[^,]+,\d+\.\d+", re.ASCII),
    "top": re.compile(r"\d{14}", re.ASCII),
    "pm": re.compile(r"[A-Za-z]"),
    "ls": re.compile(r"[A-Za-z]"),
}


def pairs_of(parts: list[str], notes: Notes, read: frozenset[str], *, closed: bool) -> Fields:
    """The parts that are pairs, as fields with lower-case names; only the names in `read` are kept.

    `closed` is False when the text may have been cut within its last part.
    """
    pairs = [_pair(part) for part in parts if "=" in part]
    if not closed and pairs and "=" in parts[-1] and not _sound(*pairs[-1]):
        name, _ = pairs.pop()
        if name in read:
            notes.add("cut_short")
    kept = (pair for pair in pairs if pair[0] in read)
    return Fields(gathered(kept, notes), notes, typed=False)


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip()


def _sound(name: str, value: str) -> bool:
    shape = _SOUND_IF_LAST.get(name)
    return shape is not None and shape.fullmatch(value) is not None


def method_of(fields: Fields, name: str) -> Method | None:
    """How the position was found; None when the handset says that it has no position (`N`)."""
    said = fields.first(name)
    letter = said.upper() if isinstance(said, str) else ""
    if letter == "N":
        return None
    if said is not None and letter not in AML_METHODS:
        fields.notes.add("unknown_method")
    return AML_METHODS.get(letter, Method.UNKNOWN)
