"""What one check found, in words; no file, no clock, no socket."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only `refused` stops a start."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about what is so, one about what to do; neither quotes a secret."""

    level: Level
    what: str
    do: str = ""


def ok(what: str) -> Finding:
    """All is well with this."""
    return Finding(Level.OK, what)


def warning(what: str, do: str) -> Finding:
    """It works, and a bad day will be worse than it needs to be."""
    return Finding(Level.WARNING, what, do)


def refused(what: str, do: str) -> Finding:
    """An alert can be lost or disclosed like this."""
    return Finding(Level.REFUSED, what, do)


def faults_or(found: list[Finding], what: str) -> list[Finding]:
    """The faults found, or one line that says that there is none."""
    return found or [ok(what)]


def collect(findings: Iterable[Finding]) -> int:
    """Exit code of the command: 1 when something is refused, else 0, warnings or not."""
    return int(any(finding.level is Level.REFUSED for finding in findings))


def as_text(findings: Iterable[Finding]) -> str:
    """For a person: the worst first, what to do under what is so."""
    order = [Level.REFUSED, Level.WARNING, Level.OK]
    lines: list[str] = []
    for finding in sorted(findings, key=lambda f: order.index(f.level)):
        lines.append(f"{finding.level.upper():<8} {finding.what}")
        if finding.do:
            lines.append(f"{'':<8} -> {finding.do}")
    return "\n".join(lines)


def as_json(findings: Iterable[Finding]) -> str:
    """For a program: one JSON line per finding."""
    return "\n".join(json.dumps(asdict(finding), ensure_ascii=False) for finding in findings)
