"""What people record about the conditions, read into the facts of law.py; odd words are refused."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tgd.errors import Incomplete
from tgd.rules.law import Ban, Condition, Facts, Relation
from tgd.rules.law_texts import BanFramework, ImminentDangerGround

_C = Condition
KEYS: dict[Condition, frozenset[str]] = {
    _C.GRAVE_DANGER: frozenset({"met"}),
    _C.COVERED_RELATION: frozenset({"relation", "rape"}),
    _C.NO_COHABITATION: frozenset({"cohabitation"}),
    _C.CONSENT: frozenset({"met"}),
    _C.BAN: frozenset({"bans"}),
    _C.IMMINENT_DANGER: frozenset({"met", "ground"}),
    _C.GEOLOCATION: frozenset({"met"}),
}
"""What each condition's record holds. `bans` is a list of `{framework, since, until, country}`; an
empty one says that somebody has looked and there is none."""

NOT_THIS_FORM = "This is not how this condition is recorded: see the form of its fields."


def check(condition: Condition, found: Mapping[str, Any]) -> None:
    """Raises Incomplete for a record that `facts_of` could not read."""
    if not found or set(found) - KEYS[condition]:
        raise Incomplete(NOT_THIS_FORM)
    try:
        facts_of({condition: found})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Incomplete(NOT_THIS_FORM) from None


def facts_of(found: Mapping[Condition, Mapping[str, Any]]) -> Facts:
    """The facts that these records say; what nobody has recorded stays unknown."""
    relation = found.get(_C.COVERED_RELATION, {})
    ban, danger = found.get(_C.BAN), found.get(_C.IMMINENT_DANGER, {})
    bans = tuple(_ban(one) for one in ban["bans"]) if ban is not None else ()
    return Facts(
        grave_danger=_yes(found.get(_C.GRAVE_DANGER, {}).get("met")),
        relation=Relation(relation["relation"]) if relation.get("relation") else None,
        rape=_yes(relation.get("rape")),
        cohabitation=_yes(found.get(_C.NO_COHABITATION, {}).get("cohabitation")),
        consent=_yes(found.get(_C.CONSENT, {}).get("met")),
        geolocation=_yes(found.get(_C.GEOLOCATION, {}).get("met")),
        bans=bans,
        no_ban=True if ban is not None and not bans else None,
        imminent_danger=_yes(danger.get("met")),
        ground=ImminentDangerGround(danger["ground"]) if danger.get("ground") else None,
    )


def _yes(said: Any) -> bool | None:
    if said is None or isinstance(said, bool):
        return said
    raise ValueError


def _ban(said: Mapping[str, Any]) -> Ban:
    until = said.get("until")
    country = said.get("country") or "FR"
    if not (isinstance(country, str) and len(country) == 2 and country.isupper()):
        raise ValueError
    return Ban(
        BanFramework(said["framework"]),
        date.fromisoformat(said["since"]),
        date.fromisoformat(until) if until else None,
        country,
    )
