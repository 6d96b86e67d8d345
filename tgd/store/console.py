"""Questions of the console: lists, one alert with what belongs to it, the journal in pages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

# ruff: noqa: S608 -- statements are made of constants of this file

MOST_ROWS = 500
MOST_LINES = 400
"""Lines and notes, each, that a sheet shows: the newest. All of them stand in its log."""

_ROW = """
    SELECT a.id, a.number, a.lane, a.trust, a.labels, a.state, a.version, a.updates, a.presses,
           a.opened_at, a.pressed_at, a.waiting_since, a.changed_at, a.closed_at, a.owner,
           a.offered_to, a.outcome, a.proposed_by, a.next_at, a.next_step, a.next_version,
           a.tones_s, a.plans, a.battery_pct,
           EXISTS (SELECT 1 FROM alert_position p WHERE p.alert = a.id) AS has_position,
           (SELECT coalesce(sum(l.changes), 0) FROM conversation c
            JOIN call_leg l ON l.conversation = c.id WHERE c.alert = a.id)
           + (SELECT count(*) FROM recording r WHERE r.alert = a.id) AS calls,
           (SELECT string_agg(d.state || least(d.attempts, 5), ' ' ORDER BY d.made_at, d.id)
            FROM delivery d WHERE d.alert = a.id) AS tellings
    FROM alert a
    """
_LIVE = text(
    _ROW
    + " WHERE a.lane <> 'canary'"
    + " AND (a.state <> 'closed' OR a.changed_at >= :since OR a.id = ANY(:watched))"
    + " ORDER BY a.state = 'closed', a.owner IS NOT NULL, a.opened_at, a.number LIMIT :limit"
)
_CLOSED = text(
    _ROW + " WHERE a.state = 'closed' AND a.lane <> 'canary'"
    " ORDER BY a.closed_at DESC, a.number DESC LIMIT :limit"
)


def live_rows(
    session: Session, since: datetime, watched: Iterable[UUID] = (), limit: int = MOST_ROWS
) -> list[Any]:
    """Open alerts (unowned first, then oldest first), those changed since, and the watched ones."""
    values = {"since": since, "watched": list(watched), "limit": limit}
    return list(session.connection().execute(_LIVE, values))


def closed_rows(session: Session, limit: int) -> list[Any]:
    """The alerts that were closed last."""
    return list(session.connection().execute(_CLOSED, {"limit": limit}))


def head_seq(session: Session) -> int:
    """The highest number in the journal that is visible now; lower ones may still come."""
    found = session.connection().execute(text("SELECT coalesce(max(seq), 0) FROM journal"))
    return int(found.scalar_one())


def moment_of_seq(session: Session, seq: int) -> datetime | None:
    """When the journal was at this number; None before its beginning."""
    found = session.connection().execute(
        text("SELECT at FROM journal WHERE seq <= :seq ORDER BY seq DESC LIMIT 1"),
        {"seq": min(max(seq, 0), 2**62)},
    )
    return found.scalar_one_or_none()


def person_of(session: Session, person: UUID | None) -> Any:
    """The person who carries the handset, as far as the record knows her."""
    if person is None:
        return None
    found = session.connection().execute(
        text("SELECT name, places, note FROM protected_person WHERE id = :id"), {"id": person}
    )
    return found.one_or_none()


def number_of(session: Session, handset: str | None) -> str | None:
    """The telephone number of a handset."""
    found = session.connection().execute(
        text("SELECT number FROM handset WHERE id = :id"), {"id": handset}
    )
    return found.scalar_one_or_none()


def positions_of(session: Session, alert: UUID, limit: int = 500) -> list[Any]:
    """What was heard of where she is: the newest of each trust, proven ones first."""
    rows = session.connection().execute(
        text(
            "SELECT lat, lon, radius_m, method, trust, found_at, heard_at FROM alert_position"
            " WHERE alert = :alert ORDER BY CASE trust WHEN 'verified' THEN 0"
            " WHEN 'unverified' THEN 1 ELSE 2 END, heard_at DESC, id DESC LIMIT :limit"
        ),
        {"alert": alert, "limit": limit},
    )
    return list(rows)


def positions_of_each(session: Session, alerts: Iterable[UUID], limit: int = 50) -> list[Any]:
    """The same of several alerts, with whose it is."""
    rows = session.connection().execute(
        text(
            "SELECT a.id AS alert, p.* FROM unnest(CAST(:alerts AS uuid[])) AS a(id)"
            " CROSS JOIN LATERAL (SELECT lat, lon, radius_m, method, trust, found_at, heard_at"
            " FROM alert_position WHERE alert = a.id ORDER BY CASE trust WHEN 'verified' THEN 0"
            " WHEN 'unverified' THEN 1 ELSE 2 END, heard_at DESC, id DESC LIMIT :limit) p"
        ),
        {"alerts": list(alerts), "limit": limit},
    )
    return list(rows)


def zone_of_court(session: Session, court: str) -> str | None:
    """The time zone of a court, and so of its places."""
    found = session.connection().execute(
        text("SELECT zone FROM court WHERE code = :court"), {"court": court}
    )
    return found.scalar_one_or_none()


def test_of(session: Session, alert: UUID) -> Any:
    """The newest test press of an alert: by which channels, and how long each took."""
    found = session.connection().execute(
        text(
            "SELECT t.heard_at, t.claimed_at, array_agg(DISTINCT s.channel) AS channels,"
            " max(s.kept_at - s.received_at) AS kept_after FROM alert_trigger t"
            " JOIN sighting s ON s.trigger = t.id WHERE t.alert = :alert AND t.kind = 'test'"
            " GROUP BY t.id ORDER BY t.heard_at DESC, t.id DESC LIMIT 1"
        ),
        {"alert": alert},
    )
    return found.one_or_none()


def messages_of(session: Session, alert: UUID, limit: int = 20) -> list[Any]:
    """What was received of an alert and is not forgotten, still sealed, newest first."""
    rows = session.connection().execute(
        text(
            "SELECT channel, transport_id, source, raw_sealed, struck, received_at FROM sighting"
            " WHERE alert = :alert AND raw_sealed <> ''"
            " ORDER BY received_at DESC, id DESC LIMIT :limit"
        ),
        {"alert": alert, "limit": limit},
    )
    return list(rows)


def lines_of(
    session: Session, alert: UUID, *, with_looks: bool, limit: int = MOST_LINES
) -> list[Any]:
    """The journal of an alert, newest first; who looked at it only where that may be seen."""
    rows = session.connection().execute(
        text(
            "SELECT seq, at, who, act, detail FROM journal WHERE alert = :alert"
            " AND (:with_looks OR act NOT IN ('AccessLogged', 'AccessRefused'))"
            " ORDER BY act IN ('AccessLogged', 'AccessRefused'), at DESC, seq DESC LIMIT :limit"
        ),
        {"alert": alert, "with_looks": with_looks, "limit": limit},
    )
    return list(rows)


def notes_of(session: Session, alert: UUID, limit: int = MOST_LINES) -> list[Any]:
    """What humans wrote about an alert, newest first."""
    rows = session.connection().execute(
        text(
            "SELECT at, who, words FROM note WHERE alert = :alert"
            " ORDER BY at DESC, id DESC LIMIT :limit"
        ),
        {"alert": alert, "limit": limit},
    )
    return list(rows)


_LOG = """
    SELECT seq, at, who, act, detail, NULL AS words FROM journal j WHERE alert = :alert
    AND (:with_looks OR act NOT IN ('AccessLogged', 'AccessRefused'))
    AND NOT (act = 'NoteWritten' AND EXISTS (SELECT 1 FROM note n
             WHERE n.alert = j.alert AND n.at = j.at AND n.who = j.who))
    UNION ALL
    SELECT (SELECT min(j.seq) FROM journal j WHERE j.alert = n.alert AND j.at = n.at
            AND j.who = n.who AND j.act = 'NoteWritten'),
           at, who, 'NoteWritten', CAST('{}' AS jsonb), words FROM note n WHERE alert = :alert
    """
"""Lines and notes; of a note that is forgotten the line that it was written is left."""


def log_of(
    session: Session, alert: UUID, *, with_looks: bool, limit: int, after: int = 0
) -> list[Any]:
    """All lines of an alert, notes with their words, oldest first."""
    rows = session.connection().execute(
        text(f"SELECT * FROM ({_LOG}) l ORDER BY at, seq, act LIMIT :limit OFFSET :after"),
        {"alert": alert, "with_looks": with_looks, "limit": limit, "after": after},
    )
    return list(rows)


def log_length(session: Session, alert: UUID, *, with_looks: bool) -> int:
    """How many lines there are."""
    found = session.connection().execute(
        text(f"SELECT count(*) FROM ({_LOG}) l"), {"alert": alert, "with_looks": with_looks}
    )
    return int(found.scalar_one())


def deliveries_of(session: Session, alert: UUID, limit: int = 200) -> list[Any]:
    """Who is told of an alert, and what came back, oldest first."""
    rows = session.connection().execute(
        text(
            "SELECT destination, topic, state, attempts, made_at, told_at, received_at"
            " FROM delivery WHERE alert = :alert ORDER BY made_at, id LIMIT :limit"
        ),
        {"alert": alert, "limit": limit},
    )
    return list(rows)


def journal_page(session: Session, before: int | None, limit: int = 100) -> list[Any]:
    """A page of the journal, newest first, before a number; with the reference of the alert."""
    rows = session.connection().execute(
        text(
            "SELECT j.seq, j.at, j.who, j.act, a.number, j.handset, j.detail, j.place"
            " FROM journal j LEFT JOIN alert a ON a.id = j.alert"
            " WHERE j.seq < :before ORDER BY j.seq DESC LIMIT :limit"
        ),
        {"before": before if before is not None else 2**62, "limit": limit},
    )
    return list(rows)


def settle_item(session: Session, item: UUID, who: str, now: datetime) -> Any:
    """Settle a technical item; its handset and kind, None when it is not open any more."""
    return (
        session.connection()
        .execute(
            text(
                "UPDATE technical_item SET settled_at = :now, settled_by = :who"
                " WHERE id = :id AND settled_at IS NULL RETURNING handset, kind"
            ),
            {"id": item, "who": who, "now": now},
        )
        .one_or_none()
    )


def shelve_item(session: Session, item: UUID, who: str, why: str, until: datetime) -> Any:
    """Put a technical item aside until then; its handset and kind, None when it is settled."""
    return (
        session.connection()
        .execute(
            text(
                "UPDATE technical_item SET shelved_until = :until, shelved_by = :who,"
                " shelved_why = :why WHERE id = :id AND settled_at IS NULL RETURNING handset, kind"
            ),
            {"id": item, "who": who, "why": why, "until": until},
        )
        .one_or_none()
    )
