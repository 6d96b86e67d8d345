"""The legal texts as dated data: which wording was in force on a day, and what it then allowed.

The three that there are stand here; a new wording or a new number (a recodification) is one more
row of the record (`tgd court text add`), and no code names an article. Days of entry into force are
those after publication in the Journal officiel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tgd.rules.law_words import OF_2014, OF_2019, OF_2024


class BanFramework(StrEnum):
    """Frameworks in which a judge forbids contact (1° of the article)."""

    PROTECTION_ORDER = "protection_order"
    IMMEDIATE_PROVISIONAL_PROTECTION_ORDER = "immediate_provisional_protection_order"
    ALTERNATIVE_TO_PROSECUTION = "alternative_to_prosecution"
    PENAL_COMPOSITION = "penal_composition"
    JUDICIAL_SUPERVISION = "judicial_supervision"
    ELECTRONIC_HOUSE_ARREST = "electronic_house_arrest"
    CONVICTION = "conviction"
    SENTENCE_ADJUSTMENT = "sentence_adjustment"
    SECURITY_MEASURE = "security_measure"


OPPI = BanFramework.IMMEDIATE_PROVISIONAL_PROTECTION_ORDER


class ImminentDangerGround(StrEnum):
    """Grounds of the second route (2° of the article)."""

    ON_THE_RUN = "on_the_run"
    NOT_YET_ARRESTED = "not_yet_arrested"
    BAN_NOT_YET_PRONOUNCED = "ban_not_yet_pronounced"


@dataclass(frozen=True, slots=True)
class LegalText:
    """One wording of the article that allows an allocation."""

    version: str
    """What a decision keeps: the text that was in force on its day."""
    article: str
    from_day: date
    by_law: str
    months: int
    frameworks: frozenset[BanFramework]
    grounds: frozenset[ImminentDangerGround]
    may_shorten_oppi: bool
    places: tuple[tuple[str, str], ...]
    """Where in the article each condition stands: (condition, place)."""
    paragraphs: tuple[tuple[str, str], ...] = ()
    """The wording itself: (place, words)."""

    def place_of(self, condition: str) -> str:
        """`art. 41-3-1 CPP, al. 2` for a condition of law.py; the article alone for others."""
        place = dict(self.places).get(condition)
        return f"{self.article}, {place}" if place else self.article

    def words_of(self, condition: str) -> list[tuple[str, str]]:
        """The paragraphs in which a condition stands, each with its place: `al. 1 et al. 5`."""
        places = dict(self.places).get(condition, "").split(" et ")
        return [one for one in self.paragraphs if one[0] in places]


_PLACES_2019 = (
    ("grave_danger", "al. 1"), ("covered_relation", "al. 1 et al. 5"), ("consent", "al. 1"),
    ("geolocation", "al. 1"), ("no_cohabitation", "al. 2"), ("ban", "al. 3 (1°)"),
    ("imminent_danger", "al. 4 (2°)"), ("duration", "al. 1"),
)  # fmt: skip
_PLACES_2024 = (*_PLACES_2019, ("shortening", "al. 6"))
_PLACES_2014 = (
    ("grave_danger", "al. 1"), ("covered_relation", "al. 1 et al. 3"), ("consent", "al. 1"),
    ("geolocation", "al. 1"), ("no_cohabitation", "al. 2"), ("ban", "al. 2"), ("duration", "al. 1"),
)  # fmt: skip
_FIRST = frozenset(BanFramework) - {OPPI}
_GROUNDS = frozenset(ImminentDangerGround)

TEXTS: tuple[LegalText, ...] = (
    LegalText(
        "41-3-1/2014-08-06", "art. 41-3-1 CPP", date(2014, 8, 6),
        "loi n° 2014-873 du 4 août 2014", 6, _FIRST, frozenset(), False, _PLACES_2014,
        OF_2014,
    ),
    LegalText(
        "41-3-1/2019-12-30", "art. 41-3-1 CPP", date(2019, 12, 30),
        "loi n° 2019-1480 du 28 décembre 2019", 6, _FIRST, _GROUNDS, False, _PLACES_2019, OF_2019,
    ),
    LegalText(
        "41-3-1/2024-06-15", "art. 41-3-1 CPP", date(2024, 6, 15),
        "loi n° 2024-536 du 13 juin 2024", 6, frozenset(BanFramework), _GROUNDS, True, _PLACES_2024,
        OF_2024,
    ),
)  # fmt: skip

DATA_ORDER = "arrêté du 22 avril 2015 (NOR JUST1508539A)"
"""Who may see what, and for how long it is kept."""


class NoText(ValueError):
    """No text allowed an allocation on that day."""


def in_force(day: date, texts: Sequence[LegalText] = TEXTS) -> LegalText:
    """The wording in force on a day; of two of one day the one that was added last, so that a
    mistake is mended by another version. Raises NoText before the first one."""
    past = [text for text in texts if text.from_day <= day]
    if not past:
        raise NoText
    return max(reversed(past), key=lambda text: text.from_day)
