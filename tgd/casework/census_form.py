"""What the form of a count asks, and the act behind it; pages and the API share it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation import counting
from tgd.allocation.acting import Officer
from tgd.casework.fields import Field, Kind, word
from tgd.records import StockCensus

SEEN = Field("seen", word("What the page showed"))
WORDS = Field("words", word("What differs, and where it may be"), Kind.WORDS, required=False)
POOL = Field("pool", word("Place"))
COLUMNS = ("pool", "counted_at", "counted_by", "model", "state", "recorded", "counted",
           "missing", "too_many", "words")  # fmt: skip


def counted_field(n: int) -> Field:
    """The number of one line, in the order that was shown: `counted-0`, `counted-1`…"""
    return Field(f"counted-{n}", word("Counted"), Kind.NUMBER)


def count_stock(
    session: Session, officer: Officer, form: Mapping[str, str], now: datetime
) -> StockCensus:
    """Read the form and keep the count. Raises NotReadable and like `counting.count_stock`."""
    return counting.count_stock(
        session, officer, POOL.read(form), SEEN.read(form),
        lambda n: int(counted_field(n).read(form)), WORDS.read(form), now,
    )  # fmt: skip


def rows_of(counts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each line of each count, as a list that is taken elsewhere."""
    found = []
    for one in counts:
        head = {name: one[name] for name in ("pool", "counted_at", "counted_by", "words")}
        for line in one["lines"]:
            more = line["counted"] - line["recorded"]
            found.append(head | line | {"missing": max(0, -more), "too_many": max(0, more)})
    return found
