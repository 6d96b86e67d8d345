"""Every kill point of the source, read from its syntax, so that a new step cannot be forgotten."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("tgd", "gateway", "dispatch")

WHO_PASSES = {
    "door_before_record": "gateway", "door_before_commit": "gateway",
    "door_after_commit": "gateway", "door_after_kept": "gateway",
    "spool_before_rename": "gateway", "spool_after_sync": "gateway",
    "drain_before_forget": "gateway",
    "dispatch_before_claimed": "dispatch", "dispatch_after_claimed": "dispatch",
    "dispatch_after_told": "dispatch", "dispatch_before_answered": "dispatch",
    "dispatch_after_answered": "dispatch", "answers_before_commit": "dispatch",
}  # fmt: skip
"""Which process dies at which point."""
ELSEWHERE = {
    "blind_before_told": "tests/acceptance/test_blind.py",
    "blind_after_told": "tests/acceptance/test_blind.py",
}
"""Points at which another test kills, because they need an outage of their own; where it is."""

WHILE_AWAY = ("spool_before_rename", "spool_after_sync")
"""Passed only while the record is away."""
ON_RETURN = ("drain_before_forget",)
"""Passed only when it comes back and something waits."""


def named_in(path: Path) -> set[str]:
    """The points of one file; raises ValueError for a name that is not written out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("killpoint.reach", "reach"):
            (name,) = node.args
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                raise ValueError(f"{path}:{node.lineno}: a kill point's name is written out")
            found.add(name.value)
    return found


def in_the_source() -> set[str]:
    """All of them."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return {name for file in files for name in named_in(file)}


def of(part: str) -> list[str]:
    """The points at which this part dies, in a fixed order."""
    return [name for name, who in WHO_PASSES.items() if who == part]
