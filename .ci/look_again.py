"""Looks alone at what fell beside others: passes when it stands three times, and says so loudly.

Only tests of real processes in real time may ask for this (decision 0027); a rule or a statement
that fails once has failed.
"""

import json
import subprocess
import sys
from pathlib import Path

FELL = Path(".pytest_cache/v/cache/lastfailed")
BROKEN = Path(".pytest_cache/broken_promises")
"""Where tests/conftest.py writes which tests saw a promise broken."""
IN_REAL_TIME = (
    "tests/acceptance/", "tests/browser/", "tests/campaign/", "tests/channels/", "tests/cli/",
    "tests/destinations/", "tests/hostile/", "tests/load/",
)  # fmt: skip
MOST = 3
TIMES = 3


def refused(fell: list[str], broken: frozenset[str] = frozenset()) -> str | None:
    """Why these may not be looked at again; None when they may."""
    if lied := sorted(broken & set(fell)):
        return f"a promise was broken: {lied[0]}"
    if not fell:
        return "no test is named that fell: what failed came before the tests"
    if len(fell) > MOST:
        return f"{len(fell)} tests fell: more than {MOST} are no accident"
    strict = [name for name in fell if not name.startswith(IN_REAL_TIME) or "::" not in name]
    return f"a test without real time fell: {strict[0]}" if strict else None


def stands(name: str) -> bool:
    """Whether it passes each of three times, alone on the machine, with the seed of the run."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-rs", "-p", "no:cacheprovider"]
    return all(subprocess.run([*command, name]).returncode == 0 for _ in range(TIMES))


def main() -> int:
    """Zero when all that fell stands alone."""
    fell = sorted(json.loads(FELL.read_text())) if FELL.exists() else []
    broken = frozenset(BROKEN.read_text().split("\n")) if BROKEN.exists() else frozenset()
    why = refused(fell, broken)
    if why:
        print(f"Failed: {why}.", file=sys.stderr)
        return 1
    for name in fell:
        if not stands(name):
            print(f"Failed alone too: {name}", file=sys.stderr)
            return 1
    for name in fell:
        print(f"FELL ONCE beside others, stood {TIMES} times alone: {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
