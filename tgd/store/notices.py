"""Questions about notices: what is new, what is due, what became of a telling."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd import ids
from tgd.records import Notice
from tgd.rules.notice import NoticeKind


def add(
    session: Session, kind: NoticeKind, about: str, now: datetime, *, to_role: str | None = None,
    file: UUID | None = None, handset: str | None = None, deadline: UUID | None = None,
    is_urgent: bool = False,
) -> None:  # fmt: skip
    """A matter to be told, in the act's own transaction."""
    row = Notice(
        id=ids.new(now), kind=kind.value, about=about, to_role=to_role, case_file=file,
        handset=handset, deadline=deadline, made_at=now, is_urgent=is_urgent,
    )  # fmt: skip
    session.add(row)
    session.flush()


def tellings(session: Session, file: UUID, kinds: Sequence[NoticeKind]) -> list[Any]:
    """What became of these notices of a file at each destination, the newest first; a destination
    is NULL while no dispatcher has looked at the notice."""
    found = session.connection().execute(
        text(
            "SELECT n.kind, n.about, n.handset, n.made_at, t.destination, t.state, t.told_at"
            " FROM notice n LEFT JOIN notice_telling t ON t.notice = n.id"
            " WHERE n.case_file = :file AND n.kind = ANY(:kinds)"
            " ORDER BY n.made_at DESC, n.id, t.destination LIMIT 200"
        ),
        {"file": file, "kinds": [one.value for one in kinds]},
    )
    return list(found)


def newest_profile(session: Session, file: UUID, handset: str) -> Any:
    """The newest profile of this handset for this file: when it was made, and whether it is there
    with everybody who keeps one; None for none. Before a dispatcher has looked it is not."""
    found = session.connection().execute(
        text(
            "SELECT n.id, n.made_at, n.planned_at IS NOT NULL AS is_planned,"
            " n.planned_at IS NOT NULL AND NOT EXISTS (SELECT 1"
            " FROM notice_telling t WHERE t.notice = n.id AND t.state <> 'received') AS is_live"
            " FROM notice n WHERE n.case_file = :file AND n.handset = :handset"
            " AND n.kind = 'profile' ORDER BY n.made_at DESC, n.id DESC LIMIT 1"
        ),
        {"file": file, "handset": handset},
    )
    return found.one_or_none()


def nobody_outside(session: Session, file: UUID, now: datetime) -> None:
    """What is new of this file was looked at, and is told to nobody outside: for what is made in
    the past, with no dispatcher there."""
    session.connection().execute(
        text(
            "UPDATE notice SET planned_at = :now WHERE case_file = :file AND kind = 'profile'"
            " AND planned_at IS NULL"
        ),
        {"now": now, "file": file},
    )


def tellings_of(session: Session, notice: UUID) -> list[Any]:
    """Who is told of this notice, and what became of it."""
    found = session.connection().execute(
        text(
            "SELECT destination, state, told_at FROM notice_telling WHERE notice = :notice"
            " ORDER BY destination"
        ),
        {"notice": notice},
    )
    return list(found)


def unplanned(session: Session, limit: int) -> list[Any]:
    """Notices that no dispatcher has looked at yet; nobody else does before this commits."""
    found = session.connection().execute(
        text(
            "SELECT id, kind, about, to_role, case_file, handset, deadline, is_urgent FROM notice"
            " WHERE planned_at IS NULL"
            " ORDER BY made_at, id LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"limit": limit},
    )
    return list(found)


def plan(
    session: Session, notices: Sequence[UUID], rows: Sequence[dict[str, Any]], now: datetime
) -> None:
    """These are looked at, and these tellings are made of them; a key that is there stays."""
    session.connection().execute(
        text("UPDATE notice SET planned_at = :now WHERE id = ANY(:ids)"),
        {"now": now, "ids": list(notices)},
    )
    if rows:
        session.connection().execute(
            text(
                "INSERT INTO notice_telling (key, notice, destination, state, attempts,"
                " lease_token, next_try_at, made_at)"
                " VALUES (:key, :notice, :destination, 'pending', 0, 0, :now, :now)"
                " ON CONFLICT (key) DO NOTHING"
            ),
            [row | {"now": now} for row in rows],
        )


def failed(session: Session, keys: Sequence[str]) -> frozenset[str]:
    """Those of these tellings of which it is known that they did not arrive."""
    found = session.connection().execute(
        text(
            "SELECT key FROM notice_telling WHERE key = ANY(:keys) AND not_delivered_at IS NOT NULL"
        ),
        {"keys": list(keys)},
    )
    return frozenset(row.key for row in found)


def claim(
    session: Session, destinations: Sequence[str], now: datetime, until: datetime, limit: int
) -> list[Any]:
    """Tellings that are due, ours until that moment, with their notices."""
    found = session.connection().execute(
        text(
            """
            WITH due AS (
                SELECT key FROM notice_telling
                WHERE next_try_at <= :now AND destination = ANY(:destinations)
                ORDER BY next_try_at, key LIMIT :limit FOR UPDATE SKIP LOCKED
            )
            UPDATE notice_telling t
            SET attempts = attempts + 1, lease_token = lease_token + 1, next_try_at = :until,
                told_at = :now
            FROM due, notice n WHERE t.key = due.key AND n.id = t.notice
            RETURNING t.key, t.lease_token, t.attempts, t.destination, n.id AS notice, n.kind,
                      n.about, n.to_role, n.case_file, n.handset, n.made_at
            """
        ),
        {"now": now, "until": until, "limit": limit, "destinations": list(destinations)},
    )
    return list(found)


def write(session: Session, key: str, token: int, said: dict[str, Any]) -> bool:
    """What the destination answered; False when this telling is somebody else's by now, or when it
    is known to have arrived meanwhile."""
    found = session.connection().execute(
        text(
            "UPDATE notice_telling SET state = :state, next_try_at = :next_try_at, said = :said,"
            " reference = :reference WHERE key = :key AND lease_token = :token"
            " AND state <> 'received'"
        ),
        said | {"key": key, "token": token},
    )
    return found.rowcount == 1


def locked(session: Session, key: str, destination: str) -> Any:
    """A telling of this destination, held until the end of the transaction; None when none is."""
    found = session.connection().execute(
        text(
            "SELECT t.key, t.notice, t.destination, t.state, t.attempts, t.reference, t.made_at,"
            " t.not_delivered_at, n.kind, n.case_file"
            " FROM notice_telling t JOIN notice n ON n.id = t.notice"
            " WHERE t.key = :key AND t.destination = :destination FOR UPDATE OF t"
        ),
        {"key": key, "destination": destination},
    )
    return found.one_or_none()


def still_sent(
    session: Session, destinations: Sequence[str], told_before: datetime, told_after: datetime,
    behind: str, limit: int,
) -> list[Any]:  # fmt: skip
    """Texts that were sent between these moments and of which nothing more is known; those behind
    this key first, so that one look goes on where the one before ended."""
    found = session.connection().execute(
        text(
            "SELECT key, destination, reference FROM notice_telling"
            " WHERE state = 'sent' AND reference IS NOT NULL AND next_try_at IS NULL"
            " AND destination = ANY(:destinations)"
            " AND told_at <= :told_before AND told_at > :told_after"
            " ORDER BY key <= :behind, key LIMIT :limit"
        ),
        {"destinations": list(destinations), "told_before": told_before,
         "told_after": told_after, "behind": behind, "limit": limit},
    )  # fmt: skip
    return list(found)


def arrived(session: Session, key: str, sid: str) -> None:
    """The text is on the telephone."""
    session.connection().execute(
        text(
            "UPDATE notice_telling SET state = 'received', next_try_at = NULL, reference = :sid,"
            " said = 'delivered', not_delivered_at = NULL WHERE key = :key"
        ),
        {"key": key, "sid": sid},
    )


def not_gone(session: Session, key: str, now: datetime) -> bool:
    """The provider does not take the text; False when that, or worse, was known already."""
    found = session.connection().execute(
        text(
            "UPDATE notice_telling SET not_delivered_at = :now"
            " WHERE key = :key AND not_delivered_at IS NULL"
        ),
        {"key": key, "now": now},
    )
    return found.rowcount == 1


def not_arrived(session: Session, key: str, said: dict[str, Any]) -> None:
    """It is not, and this is when it is sent again."""
    session.connection().execute(
        text(
            "UPDATE notice_telling SET state = :state, next_try_at = :next_try_at, said = :said,"
            " reference = :reference, not_delivered_at = coalesce(not_delivered_at, :now)"
            " WHERE key = :key"
        ),
        said | {"key": key},
    )


_SPOKEN_FOR = """
    FROM notice_telling t JOIN notice f ON f.id = t.notice JOIN notice n ON n.id = t.notice
        OR t.key = n.kind || ':' || to_char(n.planned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            || ':' || t.destination
    """
"""A text of a day speaks for every matter of its kind that was planned on that day."""


def spoken_for(session: Session, key: str) -> list[Any]:
    """The matters that this telling speaks for."""
    found = session.connection().execute(
        text(
            "SELECT n.id, n.kind, n.about, n.to_role, n.case_file, n.handset, n.deadline"
            f" {_SPOKEN_FOR} WHERE t.key = :key ORDER BY n.made_at, n.id"
        ),
        {"key": key},
    )
    return list(found)


_SILENT = f"""
    {_SPOKEN_FOR} WHERE t.not_delivered_at IS NOT NULL AND f.kind <> 'undelivered'
    AND n.kind = f.kind AND (f.kind = 'handset' OR NOT EXISTS (
        SELECT 1 FROM notice_telling d JOIN notice m ON m.id = d.notice
        WHERE d.destination = t.destination AND m.kind = f.kind AND d.state = 'received'
        AND d.made_at > t.made_at))
    """  # noqa: S608 (our own constant)


def undelivered(
    session: Session, *, file: UUID | None = None, handset: str | None = None
) -> dict[str, datetime]:
    """About which matters of this file or handset a text has not arrived, and since when. One of a
    day counts no more once one of a later day has arrived: it said the same."""
    found = session.connection().execute(
        text(
            f"SELECT n.about, min(t.not_delivered_at) AS since {_SILENT}"
            " AND (n.case_file = :file OR n.handset = :handset) GROUP BY n.about"
        ),
        {"file": file, "handset": handset},
    )
    return {row.about: row.since for row in found}


def unheard(session: Session, deadlines: Sequence[UUID]) -> dict[UUID, datetime]:
    """Of which of these deadlines a text has not arrived, and since when; likewise."""
    found = session.connection().execute(
        text(
            f"SELECT n.deadline, min(t.not_delivered_at) AS since {_SILENT}"
            " AND n.deadline = ANY(:deadlines) GROUP BY n.deadline"
        ),
        {"deadlines": list(deadlines)},
    )
    return {row.deadline: row.since for row in found}
