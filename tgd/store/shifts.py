"""Questions of the operators' room: who is on shift, who answers for what, what is left over."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_ON_DUTY = text(
    """
    SELECT s.account, c.role, s.started_at, s.heard_sound, s.telephone,
           count(a.id) AS alerts, min(a.taken_at) AS oldest, max(a.owner_seen_at) AS seen_at,
           (SELECT w.sound FROM web_session w WHERE w.account = s.account AND w.sound_at > :since
            ORDER BY w.sound = 'on' DESC, w.sound_at DESC LIMIT 1) AS sound
    FROM shift s JOIN account c ON c.name = s.account
    LEFT JOIN alert a ON a.owner = s.account AND a.state <> 'closed'
    WHERE s.ended_at IS NULL GROUP BY s.id, c.role ORDER BY s.started_at, s.account
    """
)
_OPEN = text(
    """
    SELECT id, number, lane, state, owner, opened_at, waiting_since, taken_at, owner_seen_at,
           acted_at, offered_to, requested_at, acknowledged_at, on_scene_at FROM alert
    WHERE state <> 'closed' AND lane <> 'canary'
    ORDER BY owner IS NOT NULL, opened_at, number LIMIT 500
    """
)
_SHELVED = text(
    """
    SELECT id, handset, kind, raised_at, shelved_until, shelved_by, shelved_why
    FROM technical_item WHERE settled_at IS NULL AND shelved_until > :now
    ORDER BY shelved_until, id LIMIT 200
    """
)


_RELEASES_NEAR = text(
    """
    SELECT f.id, f.release_on, a.handset FROM case_file f
    JOIN allocation a ON a.person = f.person AND a.ended_at IS NULL
    WHERE f.release_on BETWEEN :first AND :last ORDER BY f.release_on, a.handset LIMIT 200
    """
)
_ITEMS = text(
    """
    SELECT handset, kind, coalesce(shelved_until > :at, false) AS aside FROM technical_item
    WHERE id = ANY(:ids) ORDER BY coalesce(shelved_until > :at, false), handset, kind
    """
)
_NAMED = text("SELECT number, lane FROM alert WHERE id = ANY(:ids) ORDER BY number")
_WATCHED = text(
    """
    SELECT (SELECT a.handset FROM allocation a WHERE a.person = f.person
            ORDER BY a.ended_at IS NOT NULL, upper(a.period) DESC LIMIT 1) AS handset
    FROM case_file f WHERE f.id = ANY(:ids) ORDER BY f.release_on, f.number
    """
)
"""Which handsets, and not why nor when: the room is not told of him."""
_LOOKERS = text(
    """
    SELECT DISTINCT l.alert, w.account FROM web_session w
    CROSS JOIN LATERAL unnest(w.looks_at) AS l(alert) JOIN alert a ON a.id = l.alert
    WHERE w.looks_seen_at > :since AND a.state <> 'closed' ORDER BY l.alert, w.account
    """
)
NEAR = timedelta(days=3)
"""So long before and after a release she is watched more closely."""
HEARD = timedelta(seconds=150)
"""A console says each minute whether it sounds; two that did not come are silence."""
LOOKS = timedelta(seconds=10)
"""The stream of a browser says every 4.5 s that what it shows is on a screen still."""


def begin(session: Session, row: dict[str, Any]) -> bool:
    """A shift that was not begun before; False otherwise."""
    found = session.connection().execute(
        text(
            "INSERT INTO shift (id, account, started_at, heard_sound, telephone)"
            " VALUES (:id, :account, :now, :heard_sound, :telephone)"
            " ON CONFLICT (account) WHERE ended_at IS NULL DO NOTHING"
        ),
        row,
    )
    return found.rowcount == 1


def finish(session: Session, account: str, now: datetime) -> bool:
    """End the open shift of this person; False when there is none."""
    found = session.connection().execute(
        text("UPDATE shift SET ended_at = :now WHERE account = :a AND ended_at IS NULL"),
        {"a": account, "now": now},
    )
    return found.rowcount == 1


def sit_at(session: Session, account: str, telephone: str | None) -> bool:
    """Where the person of this running shift is rung; False when there is none."""
    found = session.connection().execute(
        text("UPDATE shift SET telephone = :t WHERE account = :a AND ended_at IS NULL"),
        {"a": account, "t": telephone},
    )
    return found.rowcount == 1


def on_duty(session: Session, now: datetime) -> list[Any]:
    """Everybody whose shift runs, with what is in the person's name, and whether a console of the
    person sounds (`sound`: on, blocked, or None for none that says it)."""
    return list(session.connection().execute(_ON_DUTY, {"since": now - HEARD}))


def lookers(session: Session, now: datetime) -> dict[UUID, list[str]]:
    """Who has the sheet of which open alert on a screen now."""
    found: dict[UUID, list[str]] = {}
    for row in session.connection().execute(_LOOKERS, {"since": now - LOOKS}):
        found.setdefault(row.alert, []).append(row.account)
    return found


def on_shift(session: Session) -> dict[str, bool]:
    """Whose shift runs, and whether that person is rung for calls to handsets."""
    rows = session.connection().execute(
        text("SELECT account, telephone IS NOT NULL AS rung FROM shift WHERE ended_at IS NULL")
    )
    return {row.account: row.rung for row in rows}


def left_unread(session: Session) -> frozenset[str]:
    """Whose hand-over nobody has confirmed yet."""
    rows = session.connection().execute(
        text("SELECT leaving FROM hand_over WHERE confirmed_at IS NULL")
    )
    return frozenset(rows.scalars())


def to_mend(session: Session, now: datetime) -> int:
    """How many technical items wait, those put aside left out."""
    found = session.connection().execute(
        text(
            "SELECT count(*) FROM technical_item WHERE settled_at IS NULL"
            " AND NOT coalesce(shelved_until > :now, false)"
        ),
        {"now": now},
    )
    return int(found.scalar_one())


def owned_by(session: Session, account: str) -> int:
    """How many open alerts are in this person's name."""
    found = session.connection().execute(
        text("SELECT count(*) FROM alert WHERE owner = :a AND state <> 'closed'"), {"a": account}
    )
    return int(found.scalar_one())


def offered_to(session: Session, account: str) -> int:
    """How many open alerts this person is asked to answer for."""
    found = session.connection().execute(
        text("SELECT count(*) FROM alert WHERE offered_to = :a AND state <> 'closed'"),
        {"a": account},
    )
    return int(found.scalar_one())


def colleagues(session: Session, account: str) -> list[str]:
    """Who else is on shift and may sign in."""
    found = session.connection().execute(
        text(
            "SELECT s.account FROM shift s JOIN account c ON c.name = s.account"
            " WHERE s.ended_at IS NULL AND c.disabled_at IS NULL AND s.account <> :a"
            " ORDER BY s.account"
        ),
        {"a": account},
    )
    return list(found.scalars())


def open_alerts(session: Session) -> list[Any]:
    """Every open alert with who answers for it, unowned first, then oldest first."""
    return list(session.connection().execute(_OPEN))


def shelved(session: Session, now: datetime) -> list[Any]:
    """Technical items that somebody put aside, the next to return first."""
    return list(session.connection().execute(_SHELVED, {"now": now}))


def leave(session: Session, row: dict[str, Any]) -> bool:
    """A new hand-over; False while an earlier one of this person is open."""
    found = session.connection().execute(
        text(
            "INSERT INTO hand_over (id, leaving, made_at, words, alerts, items)"
            " VALUES (:id, :leaving, :now, :words, :alerts, :items)"
            " ON CONFLICT (leaving) WHERE confirmed_at IS NULL DO NOTHING"
        ),
        row,
    )
    return found.rowcount == 1


def waiting(session: Session, hand_over: UUID) -> Any:
    """A hand-over that nobody has confirmed: who left it, and how many lines it has."""
    return (
        session.connection()
        .execute(
            text(
                "SELECT leaving, cardinality(alerts) + cardinality(items)"
                " + CAST(words <> '' AS int) AS lines"
                " FROM hand_over WHERE id = :id AND confirmed_at IS NULL"
            ),
            {"id": hand_over},
        )
        .one_or_none()
    )


def receive(session: Session, hand_over: UUID, coming: str, now: datetime) -> str | None:
    """Another person confirms it; who left it, or None when that is not possible."""
    found = session.connection().execute(
        text(
            "UPDATE hand_over SET coming = :coming, confirmed_at = :now WHERE id = :id"
            " AND confirmed_at IS NULL AND leaving <> :coming RETURNING leaving"
        ),
        {"id": hand_over, "coming": coming, "now": now},
    )
    return found.scalar_one_or_none()


def releases_near(session: Session, today: date) -> list[Any]:
    """Files of those who carry a handset and whose aggressor is expected to be released, or was,
    within three days: id, day and handset."""
    near = {"first": today - NEAR, "last": today + NEAR}
    return list(session.connection().execute(_RELEASES_NEAR, near))


def hand_overs(session: Session, limit: int = 5) -> list[dict[str, Any]]:
    """Those that wait for a confirmation, then the newest, with what they name as it is now."""
    asked = session.connection()
    rows = asked.execute(
        text(
            "SELECT h.id, h.leaving, h.made_at, h.words, h.coming, h.confirmed_at, h.items AS ids,"
            " h.alerts AS named"
            " FROM hand_over h"
            " ORDER BY h.confirmed_at IS NOT NULL, h.made_at DESC, h.id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [
        dict(row._mapping)
        | {
            "alerts": list(asked.execute(_NAMED, {"ids": row.named})),
            "technical": list(asked.execute(_ITEMS, {"ids": row.ids, "at": row.made_at})),
            "watched": list(asked.execute(_WATCHED, {"ids": row.ids}).scalars()),
        }
        for row in rows
    ]
