"""Questions about what is said to the whole room, and who has read it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_RUNNING = text(
    """
    SELECT w.id, w.said_by, w.said_at, w.ends_at, w.words,
           coalesce(array_agg(r.account ORDER BY r.read_at, r.account)
                    FILTER (WHERE r.account IS NOT NULL), '{}') AS readers
    FROM room_words w LEFT JOIN room_words_read r ON r.words = w.id
    WHERE w.ends_at > :now GROUP BY w.id ORDER BY w.said_at, w.id LIMIT 20
    """
)


def say(session: Session, row: dict[str, Any]) -> None:
    """New words."""
    session.connection().execute(
        text(
            "INSERT INTO room_words (id, said_by, said_at, ends_at, words)"
            " VALUES (:id, :who, :now, :until, :words)"
        ),
        row,
    )


def running(session: Session, now: datetime) -> list[Any]:
    """What has not ended, oldest first, with who has read it."""
    return list(session.connection().execute(_RUNNING, {"now": now}))


def read(session: Session, words: UUID, account: str, now: datetime) -> bool:
    """This person has read it; False when that is known already, or it has ended."""
    made = session.connection().execute(
        text(
            "INSERT INTO room_words_read (words, account, read_at)"
            " SELECT id, CAST(:account AS varchar), :now FROM room_words"
            " WHERE id = :words AND ends_at > :now AND said_by <> CAST(:account AS varchar)"
            " ON CONFLICT DO NOTHING"
        ),
        {"words": words, "account": account, "now": now},
    )
    return made.rowcount == 1


def end(session: Session, words: UUID, now: datetime) -> bool:
    """It is shown no more; False when it had ended."""
    made = session.connection().execute(
        text("UPDATE room_words SET ends_at = :now WHERE id = :words AND ends_at > :now"),
        {"words": words, "now": now},
    )
    return made.rowcount == 1
