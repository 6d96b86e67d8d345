"""The danger grid of the assessment: questions with a version, answers, and no score; white.

An old assessment keeps the version that it answered. A question is a fact that somebody can have
seen or heard, never a judgement about her.
"""

from collections.abc import Mapping

from tgd.casework.fields import word

VERSION = "danger-grid/2026-1"
QUESTIONS: dict[str, str] = {
    "death_threats": word("Has he threatened to kill her, her children or himself?"),
    "weapon": word("Does he own a weapon, or has he used or shown one?"),
    "strangling": word("Has he strangled or tried to strangle her?"),
    "more_often": word("Has the violence become more frequent or more serious in a year?"),
    "separation": word("Have they separated recently, or is she about to leave?"),
    "follows_her": word("Does he follow her, watch her or make others do so?"),
    "breaks_bans": word("Has he broken a ban, an order or a judicial supervision?"),
    "knows_where": word("Does he know where she lives, works or takes the children?"),
    "substances": word("Does he drink or take drugs before being violent?"),
    "children": word("Are there children in common, or a visiting right that is a meeting?"),
    "pregnancy": word("Is she pregnant, or has she given birth within a year?"),
    "isolation": word("Is she alone: no relatives, no neighbours, no means of transport?"),
    "she_fears": word("Does she say that she fears for her life?"),
}
ANSWERS = ("yes", "no", "unknown")


def answers(form: Mapping[str, str]) -> dict[str, str]:
    """What was answered; a question without an answer is left out, not taken for a no."""
    said = {name: form.get(name, "").strip() for name in QUESTIONS}
    return {name: one for name, one in said.items() if one in ANSWERS}
