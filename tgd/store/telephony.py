"""Questions about the SMS and voice provider: which message is kept, what became of ours."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from tgd.rules.delivery import MessageStatus, later_of

_FIRST = text(
    "INSERT INTO provider_message (sid, status, error, changed_at)"
    " VALUES (:sid, :status, :error, :now) ON CONFLICT (sid) DO NOTHING"
)
_KNOWN = text("SELECT status FROM provider_message WHERE sid = :sid FOR UPDATE")
_MOVE = text(
    "UPDATE provider_message SET status = :status, error = coalesce(:error, error),"
    " changed_at = :now WHERE sid = :sid"
)


def keep_status(
    session: Session, sid: str, status: MessageStatus, error: str | None, now: datetime
) -> bool:
    """Keep what the provider says of one of our messages; True when that is news.

    Statuses come twice and out of order, and before the sending call has returned: they are kept
    by sid alone, and never go back (`later_of`).
    """
    said = {"sid": sid, "status": status.value, "error": error, "now": now}
    if session.connection().execute(_FIRST, said).rowcount == 1:
        return True
    before = MessageStatus(session.connection().execute(_KNOWN, said).scalar_one())
    if later_of(before, status) is before:
        return False
    session.connection().execute(_MOVE, said)
    return True


def status_of(session: Session, sid: str) -> tuple[MessageStatus, str | None] | None:
    """What the provider last said of this message or call, and its error code; None if nothing."""
    row = (
        session.connection()
        .execute(text("SELECT status, error FROM provider_message WHERE sid = :sid"), {"sid": sid})
        .one_or_none()
    )
    return None if row is None else (MessageStatus(row.status), row.error)


def last_sms_at(session: Session) -> datetime | None:
    """When the newest SMS that is kept was received; None when there is none."""
    found: datetime | None = (
        session.connection()
        .execute(text("SELECT max(received_at) FROM sighting WHERE channel = 'sms'"))
        .scalar_one()
    )
    return found
