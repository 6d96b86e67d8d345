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


WITHOUT = {
    "gateway/canary/__main__.py:_hinders": "asks",
    "gateway/identities.py:_ask": "asks",
    "gateway/identities.py:answer": "asks",
    "gateway/lifesigns.py:_keep_now": "one commit; the next sign of life says it again",
    "gateway/lifesigns.py:_find_silent": "one commit; found again at the next look",
    "gateway/notices.py:_ask": "asks",
    "gateway/notices.py:_ask_of": "asks",
    "gateway/reconciler.py:_ask_last": "asks",
    "gateway/reconciler.py:_ask_kept": "asks",
    "gateway/sms.py:_keep": "one commit before the 2xx; the provider calls again without one",
    "dispatch/answers.py:_write_by": "one commit before the 2xx; the same",
    "dispatch/auditor/looking.py:_look_inside": "asks; it cannot write",
    "dispatch/blind.py:_hear_again": "the ledger has the answer until it is done (test_adopting)",
    "dispatch/call_answers.py:_write": "one commit before the 2xx; the provider calls again",
    "dispatch/call_answers.py:written": "one commit before the 2xx; the same",
    "dispatch/calls.py:_in_one": "one commit; a call that nobody wrote down ends by itself",
    "dispatch/following.py:_due": "asks",
    "dispatch/following.py:_hear": "one commit; asked again at the next look",
    "dispatch/loop.py:_next_look": "asks",
    "dispatch/loop.py:_seen_around": "one commit; the next look frees what is left",
    "dispatch/loop.py:_chase_now": "one commit; due again at the next look",
    "dispatch/loop.py:_floors_now": "asks",
    "dispatch/loop.py:_purge_now": "one commit; what is still there is erased at the next look",
    "dispatch/loop.py:_seal_now": "one commit; sealed at the next look",
    "dispatch/notices.py:_claim": "one commit; a lease that ends",
    "dispatch/notices.py:_write": "one commit; told again under the same key without it",
}
"""Functions with a transaction and no kill point in it, and why none is needed: between two of the
statements of one commit there is nothing to lose, and what is lost with it comes again."""


def transactions(points: bool) -> set[str]:
    """Functions of gateway and dispatch that open a transaction, with a kill point or without."""
    found = set()
    for path in (file for room in ROOMS[1:] for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                called = [ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)]
                if "transaction" in called and ("killpoint.reach" in called) == points:
                    found.add(f"{path.relative_to(ROOT)}:{node.name}")
    return found


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
