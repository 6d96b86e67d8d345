"""The shared case sheet (*fiche navette*): what those who answer a press must know, and what lacks.

Its groups are those of art. 2 of the order of 22 April 2015, group I; the restrained person is not
in it. A sheet is a plain mapping, so that old versions stay readable whatever becomes of the form.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

CURRENT_FOR = timedelta(days=30)
"""A sheet that nobody has confirmed for longer is read through with her again before hand-over."""

AGREED = ("code_word", "duress_word")
"""What she says when all is well, and when she is made to say so: for who answers her alone."""
HINDERS = "speech_or_disability"
"""Whether she speaks and hears, or what hinders her."""
TEXTS = ("name", "birth_date", "family", HINDERS, "pets", "work", *AGREED)
LISTS = ("telephones", "places", "children", "contacts")
FIELDS = frozenset({*TEXTS, *LISTS})

NEEDED: dict[str, str] = {
    "name": "Her name is missing from the case sheet.",
    "places": "The case sheet needs her home: label, city and INSEE code.",
    "telephones": "The case sheet needs another telephone number of hers, or the word “none”.",
    "contacts": "The case sheet needs an emergency contact, or the word “none”.",
    HINDERS: "The case sheet must say whether she can speak and hear: yes or no.",
}
NONE = "none"


def unknown_fields(sheet: Mapping[str, Any]) -> list[str]:
    """What the form does not have: refused, so that nothing about him slips in."""
    return sorted(set(sheet) - FIELDS)


def malformed(sheet: Mapping[str, Any]) -> list[str]:
    """Fields whose value is not of the form's kind."""
    wrong = [f for f in TEXTS if f in sheet and not isinstance(sheet[f], str)]
    wrong += [f for f in LISTS if f in sheet and not _is_list(f, sheet[f])]
    return sorted(wrong)


def _is_list(field: str, value: Any) -> bool:
    if not isinstance(value, list) or len(value) > 40:
        return False
    if field != "places":
        return all(isinstance(one, str) for one in value)
    return all(
        isinstance(one, dict) and all(isinstance(word, str) for word in one.values())
        for one in value
    )


def lacks(sheet: Mapping[str, Any]) -> list[str]:
    """The needed fields that say nothing; empty for a complete sheet."""
    empty = [field for field in NEEDED if not sheet.get(field)]
    if "places" not in empty and not home_of(sheet):
        empty.append("places")
    return sorted(empty)


def home_of(sheet: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The first place that says where it is; it is where somebody is sent without a position."""
    places = sheet.get("places") or []
    return next((p for p in places if p.get("label") and p.get("city") and p.get("insee")), None)


def is_current(confirmed_at: datetime, now: datetime) -> bool:
    """True while it is fresh enough to be handed over with."""
    return now - confirmed_at <= CURRENT_FOR
