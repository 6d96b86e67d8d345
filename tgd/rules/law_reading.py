"""A legal text as a file says it, read whole or refused with every sentence of what is wrong."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tgd.rules.law import Condition
from tgd.rules.law_texts import BanFramework, ImminentDangerGround, LegalText

LINES = {"version": 40, "article": 80, "by_law": 200}
"""What is one line, and how long it may be."""
PLACED = (*(c.value for c in Condition), "duration", "shortening")
NEEDED = ("grave_danger", "covered_relation", "no_cohabitation", "consent", "ban")
"""Conditions that a text has to place; the second route has no place where there is no ground."""
KEYS = frozenset(
    {*LINES, "from_day", "months", "frameworks", "grounds", "may_shorten_oppi", "places",
     "paragraph"}
)  # fmt: skip
MOST_MONTHS = 60
LONGEST_WORDS = 8000


def problems(said: Mapping[str, Any]) -> list[str]:
    """Every sentence of what is wrong; none for a text that can be read."""
    found = [f"{key}: there is no such word in a text." for key in sorted(set(said) - KEYS)]
    for key, longest in LINES.items():
        value = said.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            found.append(f"{key}: one line of 1 to {longest} characters.")
        elif not value.isprintable():
            found.append(f"{key}: it cannot be printed.")
    day = said.get("from_day")
    if not isinstance(day, date) or isinstance(day, datetime):
        found.append("from_day: a day, written like 2029-01-01.")
    months = said.get("months")
    if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= MOST_MONTHS:
        found.append(f"months: a number from 1 to {MOST_MONTHS}.")
    if not isinstance(said.get("may_shorten_oppi"), bool):
        found.append("may_shorten_oppi: true or false.")
    found += _unlisted("frameworks", said.get("frameworks"), BanFramework, least=1)
    found += _unlisted("grounds", said.get("grounds"), ImminentDangerGround, least=0)
    return found + _places(said) + _paragraphs(said)


def _unlisted(key: str, value: Any, known: type[StrEnum], *, least: int) -> list[str]:
    names = [one.value for one in known]
    if not isinstance(value, list) or len(value) < least:
        return [f"{key}: a list of {', '.join(names)}."]
    return [f"{key}: {one} is none of {', '.join(names)}." for one in value if one not in names]


def _places(said: Mapping[str, Any]) -> list[str]:
    places = said.get("places")
    if not isinstance(places, dict) or not all(isinstance(p, str) for p in places.values()):
        return ["places: where each condition stands, such as grave_danger = “al. 1”."]
    found = [f"places: {one} is none of {', '.join(PLACED)}." for one in places
             if one not in PLACED]  # fmt: skip
    needed = [*NEEDED, *(["imminent_danger"] if said.get("grounds") else []),
              *(["shortening"] if said.get("may_shorten_oppi") is True else [])]  # fmt: skip
    return found + [f"places: {one} is missing." for one in needed if not places.get(one)]


def _paragraphs(said: Mapping[str, Any]) -> list[str]:
    rows = said.get("paragraph")
    if not isinstance(rows, list) or not rows:
        return ["paragraph: the wording, one [[paragraph]] with place and words for each."]
    found = []
    for n, row in enumerate(rows, 1):
        ok = isinstance(row, dict) and set(row) == {"place", "words"}
        if not ok or not all(isinstance(v, str) and v.strip() for v in row.values()):
            found.append(f"paragraph {n}: it has place and words, and nothing else.")
        elif len(row["words"]) > LONGEST_WORDS:
            found.append(f"paragraph {n}: it is too long.")
        elif any("\0" in words for words in row.values()):
            found.append(f"paragraph {n}: it cannot be printed.")
    if found or not isinstance(said.get("places"), dict):
        return found
    there = {row["place"] for row in rows}
    placed = {p for place in said["places"].values() for p in str(place).split(" et ")}
    return [f"places: no paragraph stands at “{one}”." for one in sorted(placed - there)]


def text_of(said: Mapping[str, Any]) -> LegalText:
    """The text that a file without problems says."""
    return LegalText(
        said["version"].strip(), said["article"].strip(), said["from_day"], said["by_law"].strip(),
        said["months"], frozenset(map(BanFramework, said["frameworks"])),
        frozenset(map(ImminentDangerGround, said["grounds"])), said["may_shorten_oppi"],
        tuple(said["places"].items()),
        tuple((row["place"], row["words"].strip()) for row in said["paragraph"]),
    )  # fmt: skip


def said_by(text: LegalText) -> dict[str, Any]:
    """The same the other way: what a file of this text says."""
    return {
        "version": text.version, "article": text.article, "from_day": text.from_day,
        "by_law": text.by_law, "months": text.months, "frameworks": sorted(text.frameworks),
        "grounds": sorted(text.grounds), "may_shorten_oppi": text.may_shorten_oppi,
        "places": dict(text.places),
        "paragraph": [{"place": place, "words": words} for place, words in text.paragraphs],
    }  # fmt: skip
