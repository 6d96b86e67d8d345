"""Reads the text of an AML position SMS (ETSI TS 103 625), version 1 and version 2, as a press.

May not keep IMSI, IMEI, the number dialled or network codes: they are personal and help nobody.
"""

import re
from datetime import datetime, timedelta

from gateway.formats.place import place, plausible, radius_m
from gateway.formats.reading import Fields
from gateway.formats.sms_pairs import method_of, pairs_of
from gateway.formats.spelling import Notes
from tgd.rules.trigger import Method, Position, Trigger

# Some telephones and gateways "improve" the quotation mark of the header, or lose it.
HEADER = re.compile(r"A(?P<quote>\\?[\"“”„″'’]?)ML=(?P<version>\d{0,3})", re.ASCII | re.IGNORECASE)

MAX_OFFSET_S = 30 * 86_400
"""A position found further from the start of the call than this has no believable time."""


def is_aml(text: str) -> bool:
    """True when the text begins with the AML header; anywhere else it is only words."""
    return HEADER.match(text) is not None


def read_text(text: str) -> Trigger:
    """A press with the position of an AML text; for a text that `is_aml`.

    `lt` and `lg` are latitude and longitude in version 1 but a time offset and languages in version
    2: the version in the header decides before any field is looked at.
    """
    notes = Notes()
    text = text.rstrip("@ \r\n")  # seven spare bits of a data SMS decode to one `@`
    header, *parts = text.split(";")
    matched = HEADER.match(header)
    version = matched["version"] if matched else ""
    if matched and matched["quote"] != '"':
        notes.add("odd_header")
    read = _READ.get(version, frozenset())
    fields = pairs_of(parts, notes, read, closed=_is_whole(text, parts, notes))
    return _VERSIONS.get(version, _unknown_version)(fields)


def _is_whole(text: str, parts: list[str], notes: Notes) -> bool:
    """True when the announced length proves that nothing was cut; a wrong one only warns.

    The phone maker's own published example announces 126 for 127 characters.
    """
    announced = next((part[3:].strip() for part in parts if part[:3].lower() == "ml="), None)
    if announced is not None and announced != str(len(text)):
        notes.add("ml_wrong")
    return text.endswith(";") or announced == str(len(text))


def _version_1(fields: Fields) -> Trigger:
    return _trigger(fields, position_v1(fields))


def position_v1(fields: Fields) -> Position | None:
    """The position of AML version 1 keys `lt lg rd top pm`; None when `pm` or `rd` says `N`."""
    method = method_of(fields, "pm")
    if method is None or fields.word("rd") == "n":
        return None
    return place(fields, "lt", "lg", "rd", method=method, at=fields.moment("top"))


def _version_2(fields: Fields) -> Trigger:
    started_at = fields.moment("et")
    method = method_of(fields, "ls")
    position = None if method is None else _position_v2(fields, method, started_at)
    return _trigger(fields, position, started_at)


def _position_v2(fields: Fields, method: Method, started_at: datetime | None) -> Position | None:
    said = fields.first("lo")
    if said is None:
        return None
    parts = said.split(",") if isinstance(said, str) else []
    if len(parts) < 2:
        fields.notes.add("position_incomplete" if parts else "position_ambiguous")
        return None
    found = plausible(fields, fields.decimal(parts[0]), fields.decimal(parts[1]))
    if found is None:
        return None
    accuracy = Fields({"accuracy": parts[2] if len(parts) > 2 else None}, fields.notes, typed=False)
    at = _located_at(fields, started_at)
    return Position(*found, radius_m=radius_m(accuracy, "accuracy"), method=method, at=at)


def _located_at(fields: Fields, started_at: datetime | None) -> datetime | None:
    """`et` + `lt`, where `lt` is in seconds and may be negative (a position before the call)."""
    offset_s = fields.number("lt", -MAX_OFFSET_S, MAX_OFFSET_S)
    if started_at is None or offset_s is None:
        return None
    return started_at + timedelta(seconds=offset_s)


def _unknown_version(fields: Fields) -> Trigger:
    # What `lt` means there is unknown: a wrong place is worse than none.
    fields.notes.add("unknown_version")
    return _trigger(fields, None)


def _trigger(
    fields: Fields, position: Position | None, started_at: datetime | None = None
) -> Trigger:
    """`top` is when the position was found, possibly long before: it never dates the press."""
    fields.number("lc", 0, 100)
    return Trigger(claimed_at=started_at, position=position, warnings=fields.notes.all())


_READ = {
    "1": frozenset({"lt", "lg", "rd", "top", "lc", "pm"}),
    "2": frozenset({"et", "lo", "lt", "lc", "ls"}),
}
_VERSIONS = {"1": _version_1, "2": _version_2}
