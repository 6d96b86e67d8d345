"""Questions of the human acts: one alert as it is now, and compare-and-set on it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import text, true, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from tgd.records import Alert, Note

FIRST_LOOK = timedelta(seconds=5)


def alert(session: Session, alert_id: UUID) -> Alert | None:
    """The alert as the record has it now, whatever this session has seen before."""
    return session.exec(
        select(Alert).where(Alert.id == alert_id).execution_options(populate_existing=True)
    ).one_or_none()


_MOST_URGENT = (
    "SELECT id FROM alert WHERE lane = 'real' AND state <> 'closed' AND owner IS NULL"
    " ORDER BY opened_at, number LIMIT 1 FOR UPDATE"
)
BUSY_MS = 500
"""Who holds an alert for longer than any act takes is not waited for."""


def most_urgent_unowned(session: Session) -> UUID | None:
    """The oldest real alert that nobody answers for.

    One that is being changed this moment is waited for: it may be taken, and then the next one is
    found, or only be pressed again. Skipping it would answer "none" while somebody waits.
    """
    connection = session.connection()
    try:
        with connection.begin_nested():
            connection.execute(text(f"SET LOCAL lock_timeout = {BUSY_MS}"))
            found: UUID | None = connection.execute(text(_MOST_URGENT)).scalar_one_or_none()
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        found = connection.execute(text(_MOST_URGENT + " SKIP LOCKED")).scalar_one_or_none()
    return found


def newest_of(session: Session, owner: str) -> UUID | None:
    """The open alert that this person took or acted on last."""
    found = session.connection().execute(
        text(
            "SELECT id FROM alert WHERE owner = :owner AND state <> 'closed'"
            " ORDER BY acted_at DESC NULLS LAST, number DESC LIMIT 1"
        ),
        {"owner": owner},
    )
    return found.scalar_one_or_none()


def sign_of_owner(session: Session, owner: str, now: datetime) -> None:
    """This person's screen is there; dispatch looks soon after a first sign, then keeps watch."""
    session.connection().execute(
        text(
            "UPDATE alert SET owner_seen_at = :now, look_again_at ="
            " CASE WHEN owner_seen_at IS NULL THEN least(look_again_at, :soon)"
            " ELSE look_again_at END WHERE owner = :owner AND state <> 'closed'"
        ),
        {"owner": owner, "now": now, "soon": now + FIRST_LOOK},
    )


def change(session: Session, seen: Alert, changes: dict[str, Any]) -> bool:
    """Change the alert if it is still as it was seen; False when somebody was faster."""
    owner = col(Alert.owner)
    same_owner = owner.is_(None) if seen.owner is None else owner == seen.owner
    # a press that joined since then was seen by nobody: it is not closed away
    unpressed = col(Alert.presses) == seen.presses if changes.get("closed_at") else true()
    found = session.connection().execute(
        update(Alert)
        .where(
            col(Alert.id) == seen.id,
            col(Alert.state) == seen.state,
            col(Alert.version) == seen.version,
            same_owner,
            unpressed,
        )
        .values(version=seen.version + 1, **changes)
    )
    return found.rowcount == 1


def add_note(
    session: Session, note_id: UUID, alert_id: UUID, at: datetime, who: str, words: str
) -> None:
    """Words of a human about an alert."""
    session.add(Note(id=note_id, alert=alert_id, at=at, who=who, words=words))
    session.flush()
