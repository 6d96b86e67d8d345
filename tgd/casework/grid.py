"""The danger grid of the assessment: questions with a version, answers, and no score; white.

An old assessment keeps the version that it answered, and is shown with the questions of that
version: one stays here for as long as a file that answered it is kept. A question is a fact that
somebody can have seen or heard, never a judgement about her.
"""

from collections.abc import Mapping

from tgd.casework.fields import word

VERSION = "danger-grid/2026-1"
"""The one that is asked now."""
GRIDS: dict[str, dict[str, str]] = {
    "danger-grid/2026-1": {
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
    },
}
"""A new version is a new key; those before it are never changed."""
QUESTIONS = GRIDS[VERSION]


def read(version: str, said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Question and answer of an assessment, by the grid that it answered: in the order of its
    questions, then what no question of ours asks, by its bare name, so that nothing is lost."""
    asked = GRIDS.get(version, {})
    known = [(question, said[name]) for name, question in asked.items() if name in said]
    return known + [(name, one) for name, one in said.items() if name not in asked]
