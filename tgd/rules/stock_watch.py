"""What must not lie forgotten in a stock, and from which day on it is said; white."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tgd.rules.census import EVERY_MONTHS
from tgd.rules.deadlines import DeadlineKind, add_months

DELIVERED_WITHIN = timedelta(days=21)
"""An order that has not come for so long is asked about."""
ARRIVES_WITHIN = timedelta(days=7)
"""From one stock to another."""
ERASED_WITHIN = timedelta(days=7)
"""What was with her is erased, proven and tested again."""
FIRST_COUNT_WITHIN = timedelta(days=30)
"""A stock that nobody has ever counted."""


@dataclass(frozen=True, slots=True)
class Waits:
    """The oldest matter of each kind in one stock; None for none."""

    ordered_since: datetime | None = None
    sent_since: datetime | None = None
    returned_since: datetime | None = None
    counted_at: datetime | None = None


def due_in(waits: Waits, known: dict[DeadlineKind, datetime], now: datetime) -> dict[
    DeadlineKind, datetime
]:  # fmt: skip
    """The day of each matter that waits; `known` are the days that are planned already."""
    since = {
        DeadlineKind.ORDER_LATE: (waits.ordered_since, DELIVERED_WITHIN),
        DeadlineKind.SENDING_LATE: (waits.sent_since, ARRIVES_WITHIN),
        DeadlineKind.ERASURE_LATE: (waits.returned_since, ERASED_WITHIN),
    }
    found = {kind: at + within for kind, (at, within) in since.items() if at is not None}
    first = known.get(DeadlineKind.CENSUS_DUE, now + FIRST_COUNT_WITHIN)
    return found | {DeadlineKind.CENSUS_DUE: next_count(waits.counted_at) or first}


def next_count(counted_at: datetime | None) -> datetime | None:
    """The day on which a stock is counted again; None when it never was."""
    if counted_at is None:
        return None
    day = add_months(counted_at.date(), EVERY_MONTHS)
    return datetime.combine(day, time.min, UTC)
