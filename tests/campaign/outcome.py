"""What a campaign found: how many faults, how many presses judged, what was lost, what that proves.

Zero losses in N independent faults bound the rate of loss per fault below 3/N at 95 %.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

GOALS = {
    "s until all were back": 60.0,
    "s until heard again, worst": 60.0,
    "s to take over, worst": 10.0,
    "s to drain": 60.0,
    "s to a receipt, p99": 2.0,
    "s from press to platform, worst": 2.0,
    "s until the last was found": 90.0,
    "s to merge, worst": 10.0,
    "s early, worst": 2.0,
}
"""By the name of a fact: R9, R5, R7, R8, R8, R12, R10, R17, R14 (RELIABILITY 4.2)."""
ACCEPTS_WITHIN_S = 5.0
"""R22: how long nobody may accept a probe, for each fault."""

Say = Callable[[str], None]


@dataclass
class Outcome:
    """One line of the table in docs/reliability.md."""

    goal: str
    what: str
    seed: int
    faults: int = 0
    judged: int = 0
    """Presses that had been acknowledged, each looked for afterwards."""
    facts: dict[str, float | str] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """Upper limit of losses per fault at 95 %: whoever reads this has seen none, for a lost
        press is a broken promise, and that ends the campaign."""
        return min(1.0, 3 / self.faults) if self.faults else 1.0

    def as_json(self) -> str:
        """For another process."""
        return json.dumps({"outcome": asdict(self)})

    @classmethod
    def read(cls, line: str) -> "Outcome | None":
        """What another process printed; None for any other line."""
        if not line.startswith('{"outcome"'):
            return None
        return cls(**json.loads(line)["outcome"])

    def line(self) -> str:
        """For a person."""
        facts = ", ".join(
            f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in self.facts.items()
        )
        head = f"{self.goal:4} {self.what}: N={self.faults}, judged {self.judged}, lost 0"
        bound = f"< {self.bound:.2%} per fault at 95 %"
        return f"{head} ({bound}); seed {self.seed}" + (facts and f"; {facts}")


def missed(outcomes: Sequence[Outcome]) -> list[str]:
    """The goals in seconds that a campaign did not keep, each as a sentence."""
    late = [
        f"{one.goal}: {name} {float(one.facts[name]):.1f}, not {limit:g}"
        for one in outcomes
        for name, limit in GOALS.items()
        if name in one.facts and float(one.facts[name]) > limit
    ]
    without = max((float(one.facts.get("s without", 0)) for one in outcomes), default=0.0)
    faults = sum(one.faults for one in outcomes)
    if without > ACCEPTS_WITHIN_S * faults:
        late.append(f"R22: no probe was accepted in {without:.0f} s, of {faults} faults")
    return late


def again(name: str, seed: int, size: Any) -> str:
    """The command that plays the same: every field that is not as in the daily size is said."""
    daily = type(size)()
    words = [
        f"--size {shlex.quote(f'{one.name}={json.dumps(value)}')}"
        for one in fields(size)
        if (value := getattr(size, one.name)) != getattr(daily, one.name)
    ]
    return " ".join(["python -m tests.campaign", name, f"--seed {seed}", *words])


def summed_up(reports: Iterable[Any]) -> list[str]:
    """What the tests of this run found, each campaign a line, by goal; of reports of pytest."""
    lines = {
        str(value)
        for report in reports
        for name, value in report.user_properties
        if name == "outcome"
    }
    return sorted(lines, key=lambda line: (line[0], *map(int, re.findall(r"^\w(\d+)", line)), line))


def worst(seconds: list[float]) -> float:
    """The longest; 0 when nothing was measured."""
    return max(seconds, default=0.0)
