"""The diagrams in the documentation are drawn from the tables, and are not stale."""

from pathlib import Path

from tgd.rules.alert import TRANSITIONS, AlertState
from tgd.rules.transitions import diagram

DOCS = Path(__file__).parents[2] / "docs"


def test_the_diagram_of_an_alert_is_the_table_of_an_alert() -> None:
    written = (DOCS / "alert-states.md").read_text(encoding="utf-8")
    drawn = diagram(TRANSITIONS, AlertState.OPEN)
    assert f"```mermaid\n{drawn}\n```\n" in written, (
        "docs/alert-states.md is stale: put this between its mermaid fences:\n" + drawn
    )


def test_every_state_is_explained() -> None:
    written = (DOCS / "alert-states.md").read_text(encoding="utf-8")
    assert [s for s in AlertState if f"| `{s}` |" not in written] == []
