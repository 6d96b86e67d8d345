"""What a form says about one condition of the law, as the record keeps it; white."""

from collections.abc import Mapping, Sequence
from typing import Any

from tgd.casework.fields import Field, Kind, NotReadable, word
from tgd.rules.law import Condition, Relation
from tgd.rules.law_texts import BanFramework, ImminentDangerGround

EVIDENCE = Field("evidence", word("Paper that shows it, with its date"), Kind.LINE)
_MET = ("grave_danger", "consent", "imminent_danger", "geolocation")

FIELDS: tuple[Field, ...] = (
    Field("condition", word("Condition"), Kind.ONE_OF, choices=Condition),
    Field("met", word("Is it so?"), Kind.YES_NO, required=False, group=" ".join(_MET)),
    Field("ground", word("On which ground"), Kind.ONE_OF, required=False,
          choices=ImminentDangerGround, group="imminent_danger"),
    Field("relation", word("What he is or was to her"), Kind.ONE_OF, required=False,
          choices=Relation, group="covered_relation"),
    Field("rape", word("Rape, whoever did it"), Kind.YES_NO, required=False,
          group="covered_relation"),
    Field("cohabitation", word("Do they live together?"), Kind.YES_NO, required=False,
          group="no_cohabitation"),
    Field("framework", word("Framework of the ban"), Kind.ONE_OF, required=False,
          choices=BanFramework, group="ban"),
    Field("since", word("First day"), Kind.DAY, required=False, group="ban"),
    Field("until", word("Last day, if it is known"), Kind.DAY, required=False, group="ban"),
    Field("country", word("Country, in two letters, if it is not FR"), Kind.LINE, required=False,
          group="ban"),
    Field("no_ban", word("I have looked: there is no ban."), Kind.TICK, group="ban"),
    Field("replaces", word("This replaces the bans recorded before."), Kind.TICK, group="ban"),
    EVIDENCE,
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
BACKWARDS = word("This is before its first day.")
SAY_ONE = word("Say what you found.")


def fields_of(condition: Condition) -> tuple[Field, ...]:
    """What the page asks about this condition."""
    return tuple(f for f in FIELDS if condition.value in f.group.split() or f is EVIDENCE)


def found(said: Mapping[str, Any], bans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The record of rules/facts.py; `bans` are those recorded before. Raises NotReadable."""
    condition: Condition = said["condition"]
    if condition is Condition.BAN:
        return {"bans": _bans(said, bans)}
    kept = {
        f.name: said[f.name]
        for f in fields_of(condition)
        if f is not EVIDENCE and said.get(f.name) is not None
    }
    if not kept or ("met" in BY_NAME and condition.value in _MET and "met" not in kept):
        raise NotReadable(BY_NAME["condition"].label, SAY_ONE)
    return {name: getattr(value, "value", value) for name, value in kept.items()}


def _bans(said: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if said["no_ban"]:
        return []
    for name in ("framework", "since"):
        if said.get(name) is None:
            raise NotReadable(BY_NAME[name].label, SAY_ONE)
    if said.get("until") and said["until"] < said["since"]:
        raise NotReadable(BY_NAME["until"].label, BACKWARDS)
    new = {
        "framework": said["framework"].value, "since": said["since"].isoformat(),
        "until": said["until"].isoformat() if said.get("until") else None,
        "country": (said.get("country") or "FR").upper(),
    }  # fmt: skip
    return [*([] if said["replaces"] else [dict(one) for one in before]), new]
