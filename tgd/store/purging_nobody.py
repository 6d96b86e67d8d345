"""What is forgotten of alerts of nobody: no file ever says when, so their closing does."""

# ruff: noqa: S608 -- statements are made of constants of this file

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.store.purging import AUTHORISED, HELD, NO_HELD_ALERT, Recorded

_DUE = f"""
    FROM alert a WHERE a.person IS NULL AND a.forgotten_at IS NULL AND a.state = 'closed'
    AND a.lane <> 'canary' AND a.closed_at <= :before
    AND (a.closed_at <= :at_most OR NOT {AUTHORISED}) AND NOT {HELD}
    """
_ALERT = """
    UPDATE alert SET reason = '', proposed_reason = NULL, forgotten_at = :now,
        version = version + 1,
        source = CASE WHEN handset IS NULL THEN 'forgotten:' || id ELSE source END
    WHERE id = ANY(:ids)
    """
_OF_ALERTS = {
    "notes": "DELETE FROM note WHERE alert = ANY(:ids)",
    "shifts": "UPDATE hand_over h SET words = '' WHERE h.words <> '' AND h.alerts && :ids"
    f" AND {NO_HELD_ALERT}",
    "presses": "UPDATE alert_trigger SET source = 'forgotten:' || alert, trigger = id::text"
    " WHERE alert = ANY(:ids) AND NOT starts_with(source, 'handset:')",
    "messages": "UPDATE sighting SET source = '', raw_sealed = '' WHERE alert = ANY(:ids)"
    " AND NOT starts_with(source, 'handset:')",
    "reasons": "DELETE FROM kept_longer WHERE alert = ANY(:ids)",
}
"""Ids of presses and names of senders are a stranger's words too: a number, what a device says."""
_SHIFTS = """
    UPDATE hand_over SET words = '' WHERE words <> '' AND alerts = '{}' AND made_at <= :before
    AND confirmed_at IS NOT NULL
    """
"""Words of a shift that left no alert open belong to no file either."""
_ROOM = "UPDATE room_words SET words = '' WHERE words <> '' AND ends_at <= :before"
"""Nor does what was said to everybody on shift."""


def count_alerts(session: Session, due: Recorded) -> int:
    """How many alerts of nobody are due."""
    counted = text(f"SELECT count(*) {_DUE}")
    return int(session.connection().execute(counted, due.values).scalar_one())


def erase_words(session: Session, due: Recorded, now: datetime, limit: int) -> dict[str, int]:
    """Words, numbers and messages of alerts of nobody that were closed so long ago, so many at
    once; gives how many rows of each thing, and nothing where nothing was."""
    ids = _locked(session, due, limit)
    gone = {"shifts": _rows(session, _SHIFTS, before=due.before),
            "room": _rows(session, _ROOM, before=due.before)}  # fmt: skip
    if ids:
        for name, statement in _OF_ALERTS.items():
            gone[name] = gone.get(name, 0) + _rows(session, statement, ids=ids)
        gone["alerts"] = _rows(session, _ALERT, ids=ids, now=now)
    return {name: count for name, count in gone.items() if count}


def _locked(session: Session, due: Recorded, limit: int) -> list[UUID]:
    """Nobody writes a note about them before the end."""
    found = session.connection().execute(
        text(f"SELECT a.id {_DUE} ORDER BY a.closed_at, a.id LIMIT :limit FOR UPDATE OF a"),
        due.values | {"limit": limit},
    )
    return [row.id for row in found]


def _rows(session: Session, statement: str, **known: Any) -> int:
    return session.connection().execute(text(statement), known).rowcount
