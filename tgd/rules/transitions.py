"""How a table of states is applied and drawn: one `apply`, and the diagram made from the data."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from tgd.errors import WrongState

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def apply(table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """The state after the event; raises WrongState, naming both, for anything not in the table."""
    try:
        return table[(state, event)]
    except KeyError:
        raise WrongState(f"“{event}” is not possible when the state is “{state}”.") from None


def diagram(table: Mapping[tuple[S, E], S], first: S) -> str:
    """The table as a Mermaid state diagram, lines in a fixed order (docs are compared with it)."""
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    for (before, event), then in sorted(table.items()):
        lines.append(f"    {before} --> {then}: {event}")
    ends = set(table.values()) - {before for before, _ in table}
    lines += [f"    {end} --> [*]" for end in sorted(ends)]
    return "\n".join(lines)
