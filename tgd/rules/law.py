"""The conditions of an allocation, each a named check with its reference; advice, never a decision.

`advise` says which conditions are met, which are not and which nobody has looked at, by which of
the two routes, and under which wording of the law. The prosecutor decides, against it too.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from tgd.rules.law_texts import (
    OPPI,
    TEXTS,
    BanFramework,
    ImminentDangerGround,
    LegalText,
    in_force,
)


class Condition(StrEnum):
    """What the article asks, in its order."""

    GRAVE_DANGER = "grave_danger"
    COVERED_RELATION = "covered_relation"
    NO_COHABITATION = "no_cohabitation"
    CONSENT = "consent"
    BAN = "ban"
    IMMINENT_DANGER = "imminent_danger"
    GEOLOCATION = "geolocation"


class Route(StrEnum):
    """The two ways of the article."""

    BAN = "ban"  # 1°
    IMMINENT_DANGER = "imminent_danger"  # 2°


class Relation(StrEnum):
    """What he is or was to her."""

    SPOUSE = "spouse"
    COHABITEE = "cohabitee"
    CIVIL_PARTNER = "civil_partner"  # PACS
    FORMER_SPOUSE = "former_spouse"
    FORMER_COHABITEE = "former_cohabitee"
    FORMER_CIVIL_PARTNER = "former_civil_partner"
    OTHER = "other"


PARTNERS = frozenset(Relation) - {Relation.OTHER}


@dataclass(frozen=True, slots=True)
class Ban:
    """A judicial ban on contact; `until` is its last day, None for one without a known end."""

    framework: BanFramework
    since: date
    until: date | None = None
    country: str = "FR"
    """Bans of other member states are recognised (regulation (EU) 606/2013)."""

    def runs_on(self, day: date) -> bool:
        """True from its first to its last day, both included."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the file says; None is what nobody has recorded yet."""

    grave_danger: bool | None = None
    relation: Relation | None = None
    rape: bool | None = None
    cohabitation: bool | None = None
    consent: bool | None = None
    geolocation: bool | None = None
    bans: tuple[Ban, ...] = ()
    no_ban: bool | None = None
    """True when somebody has looked and there is none."""
    imminent_danger: bool | None = None
    ground: ImminentDangerGround | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition as it stands on a day; `met` is None while nobody knows."""

    condition: Condition
    met: bool | None
    reference: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What the software can say, whole; it binds nobody."""

    text: LegalText
    findings: tuple[Finding, ...]
    route: Route | None

    @property
    def holds(self) -> bool:
        """Every condition that binds is met, by one of the two routes."""
        return self.route is not None and not self.against

    @property
    def against(self) -> tuple[Condition, ...]:
        """Binding conditions that are not met, or not known to be; the routes count as one."""
        found = [f.condition for f in self.findings if f.condition in BINDING and not f.met]
        if self.route is None:
            found += [Condition.BAN, Condition.IMMINENT_DANGER]
        return tuple(found)


BINDING = (
    Condition.GRAVE_DANGER, Condition.COVERED_RELATION, Condition.NO_COHABITATION,
    Condition.CONSENT,
)  # fmt: skip


MAY_CHANGE = {
    Condition.GRAVE_DANGER: "grave_danger", Condition.NO_COHABITATION: "cohabitation",
    Condition.IMMINENT_DANGER: "imminent_danger",
}  # fmt: skip
"""What was true half a year ago and is looked at again for a renewal, by its fact; a relation does
not end, a ban has its days, and her consent is hers to withdraw."""


def without(facts: Facts, old: Collection[Condition]) -> Facts:
    """What the file says when nobody has looked at these conditions yet."""
    unknown: dict[str, Any] = dict.fromkeys((MAY_CHANGE[one] for one in old), None)
    return replace(facts, **unknown)


def has_grave_danger(facts: Facts, text: LegalText, day: date) -> bool | None:
    """Assessed by the prosecutor's office; there is no score in the law."""
    return facts.grave_danger


def is_covered_relation(facts: Facts, text: LegalText, day: date) -> bool | None:
    """Violence by a partner, present or former; or rape, whoever did it."""
    if facts.rape or facts.relation in PARTNERS:
        return True
    return None if facts.rape is None or facts.relation is None else False


def has_no_cohabitation(facts: Facts, text: LegalText, day: date) -> bool | None:
    """They do not live together."""
    return None if facts.cohabitation is None else not facts.cohabitation


def has_consent(facts: Facts, text: LegalText, day: date) -> bool | None:
    """She agrees expressly."""
    return facts.consent


def has_ban(facts: Facts, text: LegalText, day: date) -> bool | None:
    """A ban on contact runs on that day, in a framework that the text names (1°)."""
    if any(ban.framework in text.frameworks and ban.runs_on(day) for ban in facts.bans):
        return True
    return False if facts.bans or facts.no_ban else None


def has_imminent_danger(facts: Facts, text: LegalText, day: date) -> bool | None:
    """Danger proven and imminent, on one of the grounds that the text names (2°)."""
    if not text.grounds:
        return False
    if facts.imminent_danger and facts.ground in text.grounds:
        return True
    return None if facts.imminent_danger is None else False


def has_geolocation(facts: Facts, text: LegalText, day: date) -> bool | None:
    """She agrees to be located when she presses: apart, and never a condition of the handset."""
    return facts.geolocation


CHECKS: dict[Condition, Callable[[Facts, LegalText, date], bool | None]] = {
    Condition.GRAVE_DANGER: has_grave_danger,
    Condition.COVERED_RELATION: is_covered_relation,
    Condition.NO_COHABITATION: has_no_cohabitation,
    Condition.CONSENT: has_consent,
    Condition.BAN: has_ban,
    Condition.IMMINENT_DANGER: has_imminent_danger,
    Condition.GEOLOCATION: has_geolocation,
}


def advise(facts: Facts, day: date, texts: Sequence[LegalText] = TEXTS) -> Advice:
    """Every condition as it stands on that day, under the wording then in force.

    Raises NoText for a day on which no text allowed an allocation.
    """
    text = in_force(day, texts)
    findings = tuple(
        Finding(condition, check(facts, text, day), text.place_of(condition))
        for condition, check in CHECKS.items()
    )
    met = {finding.condition for finding in findings if finding.met}
    route = next((r for r in Route if Condition(r.value) in met), None)
    return Advice(text, findings, route)


def rests_on_oppi_alone(facts: Facts, text: LegalText, day: date) -> bool:
    """True when an immediate provisional order runs on that day and no other ban does, nor has one
    followed it since: six months may shrink."""
    counted = [b for b in facts.bans if b.framework in text.frameworks]
    runs = any(b.framework == OPPI and b.runs_on(day) for b in counted)
    is_followed = any(b.framework != OPPI and (b.until is None or b.until >= day) for b in counted)
    return text.may_shorten_oppi and runs and not is_followed
