"""The quarterly count of a stock: a human counts what lies there, compared line by line."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tgd.rules.deadlines import add_months

EVERY_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Lies:
    """What the record says lies in a stock: so many of a model in a state."""

    model: str
    state: str
    recorded: int


def fingerprint(lines: Sequence[Lies]) -> str:
    """What a page showed, in few characters: whoever counted against it says so."""
    said = json.dumps([asdict(one) for one in lines], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def compared(lines: Sequence[Lies], counted: Sequence[int]) -> list[dict[str, Any]]:
    """Each line with what was counted, equal ones too."""
    return [asdict(one) | {"counted": n} for one, n in zip(lines, counted, strict=True)]


def differing(lines: Sequence[dict[str, Any]]) -> int:
    """How many handsets are too many or missing, all lines together."""
    return sum(abs(int(one["counted"]) - int(one["recorded"])) for one in lines)


def is_due(counted_at: datetime | None, now: datetime) -> bool:
    """Whether a stock was never counted, or not in the last three months."""
    if counted_at is None:
        return True
    return now.date() >= add_months(counted_at.date(), EVERY_MONTHS)
