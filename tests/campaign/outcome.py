"""What a campaign found: how many faults, how many presses judged, what was lost, what that proves.

Zero losses in N independent faults bound the rate of loss per fault below 3/N at 95 %.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

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
    lost: int = 0
    facts: dict[str, float | str] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """Upper limit of losses per fault at 95 %; only zero losses have this simple one."""
        return min(1.0, 3 / self.faults) if self.faults and not self.lost else 1.0

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
        bound = f"< {self.bound:.2%} per fault at 95 %" if not self.lost else "PROMISE BROKEN"
        head = f"{self.goal:4} {self.what}: N={self.faults}, judged {self.judged}"
        return f"{head}, lost {self.lost} ({bound}); seed {self.seed}" + (facts and f"; {facts}")


def worst(seconds: list[float]) -> float:
    """The longest; 0 when nothing was measured."""
    return max(seconds, default=0.0)
