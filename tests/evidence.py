"""What lies on the table when a promise is judged: rows of the record, and what others noted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Noted:
    """One line that a destination wrote down itself: it has this, or this rang there."""

    alert: str
    topic: str
    key: str
    at: datetime | None = None


@dataclass(frozen=True)
class Evidence:
    """What lies on the table: rows of the record, and what the others wrote down themselves."""

    now: datetime
    alerts: Sequence[Any]
    triggers: Sequence[Any]
    deliveries: Sequence[Any]
    journal: Sequence[Any]
    merged: Sequence[Any] = ()
    """Ids told from the spool while the record was away, of alerts that it has under another."""
    ledgers: Mapping[str, Sequence[Noted]] = field(default_factory=dict)
    """By destination: what it has and keeps. A destination without a ledger is not judged."""
    rung: Sequence[Noted] | None = None
    """What rang at humans outside the first platform, picked up or not; None: nobody noted it."""
    receipts: frozenset[str] = frozenset()
    """The presses that handsets were told are received."""
    spooled: frozenset[str] = frozenset()
    """The presses that lie fsynced in a spool, while the record is away."""
    named: frozenset[str] = frozenset()
    """The alerts that those presses will open, under the ids by which they are told meanwhile."""
    pressed: frozenset[str] | None = None
    """Every press that a human made, where that is known."""
    uncounted: tuple[str, ...] = ()
    """Beginnings of ids of presses that were made as well, and that nobody counted."""
    healed_at: datetime | None = None
    """Since when the faults are over: promises with a time limit count from here."""
    slowest: timedelta = timedelta()
    """How far the slowest clock of a host is behind (0 or less): a moment that such a host has
    planned, or wrote down, looks as if it were long past."""

    @property
    def real(self) -> list[Any]:
        """The alerts that are no tests."""
        return [a for a in self.alerts if a.lane == "real"]

    @property
    def canaries(self) -> list[Any]:
        """The presses of nobody, by which we see that a channel is heard."""
        return [a for a in self.alerts if a.lane == "canary"]

    @property
    def kept(self) -> set[str]:
        """Every press that the record has. "?" marks one whose sender is not proven."""
        return {t.trigger.removeprefix("?") for t in self.triggers}


_OF = "(SELECT id FROM alert WHERE state <> 'closed' OR changed_at >= '{since}')"
QUESTIONS = {
    "alerts": "SELECT id, source, lane, state, presses, waits, owner, acted_at, opened_at,"
    " verified, requested_at, owner_seen_at, countersigned_by, outcome, labels,"
    f" look_again_at, closed_by, closed_at, reason FROM alert WHERE id IN {_OF} ORDER BY number",
    "triggers": "SELECT source, trigger, kind, labels, alert FROM alert_trigger"
    f" WHERE alert IN {_OF}",
    "deliveries": f"SELECT key, destination, state FROM delivery WHERE alert IN {_OF}",
    "journal": f"SELECT seq, alert, act, at FROM journal WHERE alert IN {_OF}"
    " AND act !~ '^(Delivery|AnswerHeard|TriggerSeen)' ORDER BY seq",
    "merged": f"SELECT told, alert FROM alert_merge WHERE alert IN {_OF}",
}
"""What the record is asked; `since` leaves out what was closed and unchanged before a moment."""


def ask(rows: Callable[[str], Sequence[Any]], since: str = "-infinity") -> dict[str, Sequence[Any]]:
    """The record's side of the evidence."""
    return {name: rows(question.format(since=since)) for name, question in QUESTIONS.items()}
