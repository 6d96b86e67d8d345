"""The diagrams in the documentation are drawn from the tables, and are not stale."""

import inspect
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from tgd.rules import alert, allocation, guards, handset
from tgd.rules.transitions import diagram

DOCS = Path(__file__).parents[2] / "docs"
DRAWN: dict[str, tuple[dict[Any, Any], StrEnum]] = {
    "alert-states.md": (alert.TRANSITIONS, alert.AlertState.OPEN),
    "allocation-states.md": (allocation.TRANSITIONS, allocation.AllocationState.REPORTED),
    "handset-states.md": (handset.TRANSITIONS, handset.HandsetState.ORDERED),
}


@pytest.mark.parametrize("page", DRAWN)
def test_the_diagram_of_a_page_is_the_table_of_the_rules(page: str) -> None:
    table, first = DRAWN[page]
    drawn = diagram(table, first)
    assert f"```mermaid\n{drawn}\n```\n" in (DOCS / page).read_text(encoding="utf-8"), (
        f"docs/{page} is stale: put this between its mermaid fences:\n{drawn}"
    )


@pytest.mark.parametrize("page", DRAWN)
def test_every_state_is_explained(page: str) -> None:
    written = (DOCS / page).read_text(encoding="utf-8")
    states = type(DRAWN[page][1])
    assert [s for s in states if f"| `{s}` |" not in written] == []


def test_every_lane_is_explained_and_drawn_and_nothing_becomes_real_but_what_may() -> None:
    written = (DOCS / "alert-states.md").read_text(encoding="utf-8")
    assert [lane for lane in alert.Lane if f"| `{lane}` |" not in written] == []
    assert [lane for lane in alert.Lane if f"    [*] --> {lane}: " not in written] == []
    drawn = re.findall(r"^    (\w+) --> real: ", written, re.MULTILINE)
    assert drawn == ["exercise", "test"]


def test_what_a_hand_over_needs_is_in_the_page_word_by_word() -> None:
    asked = re.findall(r"Missing\.([A-Z_]+):", inspect.getsource(guards.for_hand_over))
    wanted = [(name.lower(), guards.SENTENCES[guards.Missing[name]]) for name in asked]
    page = (DOCS / "allocation-states.md").read_text(encoding="utf-8")
    table = page.split("## What a hand-over needs")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE) == wanted
