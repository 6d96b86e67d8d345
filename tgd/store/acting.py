"""Questions of the human acts: one alert as it is now, and compare-and-set on it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, true, update
from sqlmodel import Session, col, select

from tgd.records import Alert, Note


def alert(session: Session, alert_id: UUID) -> Alert | None:
    """The alert as the record has it now, whatever this session has seen before."""
    return session.exec(
        select(Alert).where(Alert.id == alert_id).execution_options(populate_existing=True)
    ).one_or_none()


def most_urgent_unowned(session: Session) -> UUID | None:
    """The oldest real alert that nobody answers for; one that another is taking now is skipped."""
    found = session.connection().execute(
        text(
            "SELECT id FROM alert WHERE lane = 'real' AND state <> 'closed' AND owner IS NULL"
            " ORDER BY opened_at LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
    )
    return found.scalar_one_or_none()


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
