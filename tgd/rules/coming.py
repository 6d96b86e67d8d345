"""What the policy does next for an open alert: dispatch leaves it, consoles show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tgd.rules.alert import AlertState

TONES_S = (20.0, 40.0, 60.0)
"""After how long without a human each louder tone begins, where the policy says nothing else; also
while dispatch has not spoken yet (CONSOLE 3.2)."""


@dataclass(frozen=True, slots=True)
class Coming:
    """One moment of the policy and what it brings: destinations to tell, a louder tone, a lapse."""

    at: datetime
    tells: tuple[tuple[str, str], ...] = ()
    """Name and kind of each destination."""
    tone: int = 0
    """Which of the louder tones begins, counted from 1; 0 for none."""
    lapse: bool = False
    """Whether the owner loses the alert then, for want of an act."""

    def step(self) -> dict[str, Any]:
        """All but the moment, as the record keeps it."""
        return {"tells": [list(one) for one in self.tells], "tone": self.tone, "lapse": self.lapse}


def left(row: Any) -> Coming | None:
    """What a row of an alert says that comes next; None where nothing does, and where the row has
    changed since it was planned: then it is planned again in a moment."""
    is_of_this = row.next_version == row.version and row.state != AlertState.CLOSED
    if not is_of_this or row.next_at is None or not row.next_step:
        return None
    step = row.next_step
    tells = tuple((str(name), str(kind)) for name, kind in step["tells"])
    return Coming(row.next_at, tells, int(step["tone"]), bool(step["lapse"]))


def tones_of(row: Any) -> Sequence[float]:
    """After how long each louder tone begins for this alert."""
    return TONES_S if row.tones_s is None else tuple(row.tones_s)
