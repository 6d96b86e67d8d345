"""Questions of dispatch for the moment when the record goes away: what is open, what was told."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_OPEN = text(
    """
    SELECT id, number, handset, trust, presses, opened_at, waiting_since, waits,
           (state = 'open' AND owner IS NULL) AS is_untaken
    FROM alert WHERE look_again_at IS NOT NULL AND state <> 'closed' AND lane = 'real'
    ORDER BY is_untaken DESC, opened_at DESC LIMIT :most
    """
)
_OPENINGS = text(
    """
    SELECT alert, key, destination, step, state, attempts, made_at, next_try_at, said, reference,
           round
    FROM delivery WHERE alert = ANY(:alerts) AND topic = 'opened' ORDER BY made_at, id
    """
)


def open_alerts(session: Session, most: int) -> list[Any]:
    """The open real alerts, those that nobody has first, then the newest."""
    return list(session.connection().execute(_OPEN, {"most": most}))


def openings_of(session: Session, alerts: Sequence[UUID]) -> list[Any]:
    """To whom these alerts were told as open, and what became of it."""
    if not alerts:
        return []
    return list(session.connection().execute(_OPENINGS, {"alerts": list(alerts)}))
