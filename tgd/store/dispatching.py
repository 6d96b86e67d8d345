"""Questions of dispatch: which alerts are due, their deliveries, leases and fences."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.records import Delivery, Journal
from tgd.store import many

_DUE = text(
    """
    SELECT id, number, handset, person, lane, trust, labels, state, presses, updates, opened_at,
           waiting_since, waits, owner, acted_at, requested_at, acknowledged_at, closed_at, outcome,
           verified, verified_at, on_scene_at, pressed_again_at, requests, owner_seen_at, version,
           next_at, next_step, next_version, tones_s
    FROM alert WHERE look_again_at IS NOT NULL AND (
        look_again_at <= :now OR look_again_at = opened_at
        OR look_again_at > :far AND state <> 'closed' OR look_again_at > :farther)
    ORDER BY (lane <> 'real'), (opened_at - pressed_at > interval '5 seconds'), look_again_at,
        number
    LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
"""A press that lay in a spool is told after those that are fresh (RELIABILITY R12)."""
_AHEAD = text("SELECT max(waiting_since) AS at FROM alert WHERE look_again_at > :now")
_DELIVERIES = text(
    """
    SELECT id, key, alert, destination, topic, round, state, attempts, next_try_at, made_at
    FROM delivery WHERE alert = ANY(:alerts) ORDER BY made_at, id
    """
)


FAR = timedelta(seconds=70)
FARTHER = timedelta(seconds=660)
"""No plan lets an open alert wait longer than a minute, nor a closed one longer than a pause of a
destination: a look further ahead was written by a wrong clock, or ours has stepped back. One that
stands at its opening was never planned: whatever the gateway's clock says, it is due."""


def due_alerts(session: Session, now: datetime, limit: int) -> list[Any]:
    """Alerts whose moment has come, locked; those that another dispatcher holds are skipped."""
    moments = {"now": now, "far": now + FAR, "farther": now + FARTHER}
    return list(session.connection().execute(_DUE, moments | {"limit": limit}))


def newest_moment(session: Session, now: datetime) -> datetime | None:
    """Since when the newest alert waits of those that are not due; later than now only when the
    clock of whoever heard it is ahead of ours."""
    found: datetime | None = session.connection().execute(_AHEAD, {"now": now}).scalar_one()
    return found


def lock_alerts(session: Session, alerts: Sequence[UUID]) -> None:
    """Alerts before their deliveries, and in one order: nobody waits for another in a ring."""
    session.connection().execute(
        text("SELECT id FROM alert WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"),
        {"ids": sorted(set(alerts))},
    )


def lock_free_alerts(session: Session, alerts: Sequence[UUID]) -> set[UUID]:
    """The same for those that nobody holds now, without waiting; gives which they are."""
    found = session.connection().execute(
        text("SELECT id FROM alert WHERE id = ANY(:ids) ORDER BY id FOR UPDATE SKIP LOCKED"),
        {"ids": sorted(set(alerts))},
    )
    return {row.id for row in found}


def record_time(session: Session) -> datetime:
    """What the clock of the record's server says."""
    found: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def deliveries_of(session: Session, alerts: Sequence[UUID]) -> list[Any]:
    """All deliveries of these alerts, oldest first."""
    return list(session.connection().execute(_DELIVERIES, {"alerts": list(alerts)}))


def insert_deliveries(session: Session, rows: many.Rows, lines: many.Rows) -> None:
    """New deliveries, born claimed by the process that will tell them, and lines of the journal."""
    many.add(session, (Delivery, rows), (Journal, lines))


def claim_deliveries(
    session: Session, ids: Sequence[UUID], worker: str, now: datetime, until: datetime
) -> dict[UUID, Any]:
    """Lease these deliveries: each gets a new fencing token and an attempt more."""
    if not ids:
        return {}
    rows = session.connection().execute(
        text(
            "UPDATE delivery SET lease_owner = :worker, lease_token = lease_token + 1,"
            " lease_until = :until, next_try_at = :until, attempts = attempts + 1,"
            " told_at = :now WHERE id = ANY(:ids) RETURNING id, lease_token, attempts"
        ),
        {"ids": list(ids), "worker": worker, "now": now, "until": until},
    )
    return {row.id: row for row in rows}


def withdraw_deliveries(session: Session, ids: Sequence[UUID]) -> None:
    """What they were for has happened."""
    if ids:
        session.connection().execute(
            text(
                "UPDATE delivery SET state = 'withdrawn', next_try_at = NULL, lease_owner = NULL,"
                " lease_until = NULL, lease_token = lease_token + 1 WHERE id = ANY(:ids)"
            ),
            {"ids": list(ids)},
        )


def look_again(session: Session, moments: Sequence[dict[str, Any]]) -> None:
    """When each of these alerts (locked by this transaction) is to be looked at again."""
    if moments:
        session.connection().execute(
            text(
                "UPDATE alert SET look_again_at = m.at"
                " FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS m(id, at)"
                " WHERE alert.id = m.id"
            ),
            {"ids": [m["id"] for m in moments], "ats": [m["at"] for m in moments]},
        )


_LEAVE = text(
    """
    UPDATE alert SET look_again_at = p.at, next_at = p.next_at, next_step = p.next_step,
        next_version = p.version, tones_s = CAST(:tones_s AS float[]), plans = plans + 1
    FROM unnest(CAST(:id AS uuid[]), CAST(:at AS timestamptz[]), CAST(:version AS integer[]),
                CAST(:next_at AS timestamptz[]), CAST(:next_step AS jsonb[]))
         AS p(id, at, version, next_at, next_step)
    WHERE alert.id = p.id
    """
)
_LEFT = ("id", "version", "next_at", "next_step")


def leave_next(
    session: Session, moments: Sequence[dict[str, Any]], planned: Sequence[dict[str, Any]],
    tones_s: Sequence[float],
) -> None:  # fmt: skip
    """When these alerts (locked by this transaction) are looked at again, and what comes next for
    those of them that are planned, for the consoles: each is written once."""
    left = {one["id"] for one in planned}
    look_again(session, [one for one in moments if one["id"] not in left])
    if planned:
        at = {one["id"]: one["at"] for one in moments}
        columns = {name: [one[name] for one in planned] for name in _LEFT}
        columns["at"] = [at[one["id"]] for one in planned]
        columns["next_step"] = [s if s is None else json.dumps(s) for s in columns["next_step"]]
        session.connection().execute(_LEAVE, columns | {"tones_s": list(tones_s)})


_WRITE_ANSWERS = text(
    """
    UPDATE delivery AS d SET state = a.state, next_try_at = a.next_try_at, said = a.said,
        reference = coalesce(a.reference, d.reference), lease_owner = NULL, lease_until = NULL,
        received_at = CASE WHEN a.arrived THEN coalesce(d.received_at, :now) ELSE d.received_at END
    FROM unnest(CAST(:id AS uuid[]), CAST(:token AS bigint[]), CAST(:state AS text[]),
                CAST(:next_try_at AS timestamptz[]), CAST(:said AS text[]),
                CAST(:reference AS text[]), CAST(:arrived AS boolean[]))
         AS a(id, token, state, next_try_at, said, reference, arrived)
    JOIN delivery AS o ON o.id = a.id
    WHERE d.id = a.id AND d.lease_token = a.token
        AND d.state NOT IN ('received', 'taken', 'withdrawn')
    RETURNING d.id, d.lease_token, d.alert, d.key, d.destination, d.topic,
        o.state AS was, o.said AS was_said
    """
)
_ANSWER = ("id", "token", "state", "next_try_at", "said", "reference", "arrived")


def write_answers(
    session: Session, answers: Sequence[dict[str, Any]], now: datetime
) -> dict[tuple[UUID, int], Any]:
    """The answers of deliveries whose lease is still ours, by delivery and fencing token.

    A zombie's is not among them.
    """
    columns = {name: [answer[name] for answer in answers] for name in _ANSWER}
    rows = session.connection().execute(_WRITE_ANSWERS, columns | {"now": now})
    return {(row.id, row.lease_token): row for row in rows}


_HURRY = text(
    """
    UPDATE alert SET look_again_at = least(look_again_at, h.at)
    FROM (SELECT id, min(at) AS at
          FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS u(id, at) GROUP BY id)
         AS h
    WHERE alert.id = h.id
    """
)


def hurry_each(session: Session, moments: Sequence[tuple[UUID, datetime]]) -> None:
    """Look at each of these alerts at its moment, if no earlier one is set."""
    if moments:
        ids, ats = (list(column) for column in zip(*moments, strict=True))
        session.connection().execute(_HURRY, {"ids": ids, "ats": ats})


def hurry(session: Session, alerts: Iterable[UUID], at: datetime) -> None:
    """Look at these alerts at this moment, if no earlier one is set."""
    ids = sorted(set(alerts))
    if ids:
        session.connection().execute(
            text("UPDATE alert SET look_again_at = least(look_again_at, :at) WHERE id = ANY(:ids)"),
            {"ids": ids, "at": at},
        )


def delivery_by_key(session: Session, key: str, destination: str) -> Any:
    """The delivery of this key to this destination, locked; None when it is none of its own."""
    named = {"key": key, "destination": destination}
    found = session.connection().execute(
        text("SELECT alert FROM delivery WHERE key = :key AND destination = :destination"), named
    )
    lock_alerts(session, list(found.scalars()))
    return (
        session.connection()
        .execute(
            text(
                "SELECT id, alert, topic, round, state, attempts, said, (SELECT a.state = 'closed'"
                " FROM alert a WHERE a.id = delivery.alert) AS is_over FROM delivery"
                " WHERE key = :key AND destination = :destination FOR UPDATE"
            ),
            named,
        )
        .one_or_none()
    )


def mark_delivery(session: Session, delivery: UUID, state: str, said: str, now: datetime) -> None:
    """A destination said by itself that it has it, or that a human there took it."""
    session.connection().execute(
        text(
            "UPDATE delivery SET state = :state, said = :said, next_try_at = NULL,"
            " received_at = coalesce(received_at, :now), lease_owner = NULL, lease_until = NULL"
            " WHERE id = :id AND state NOT IN ('taken', 'withdrawn')"
        ),
        {"id": delivery, "state": state, "said": said, "now": now},
    )


def is_new_answer(session: Session, row: dict[str, Any]) -> bool:
    """Remember an answer's id; False when it was heard before."""
    found = session.connection().execute(
        text(
            "INSERT INTO answer_heard (id, destination, delivery, said, heard_at)"
            " VALUES (:id, :destination, :delivery, :said, :now)"
            " ON CONFLICT (id) DO NOTHING RETURNING id"
        ),
        row,
    )
    return found.one_or_none() is not None


def leased_workers(session: Session) -> list[str]:
    """Who holds leases now."""
    rows = session.connection().execute(
        text("SELECT DISTINCT lease_owner FROM delivery WHERE lease_owner IS NOT NULL")
    )
    return [row.lease_owner for row in rows]


def is_dead(session: Session, worker: str) -> bool:
    """True when no living session holds the worker's lock (taken for a moment to find out)."""
    found = session.connection().execute(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:w, 7468))"), {"w": worker}
    )
    return bool(found.scalar_one())


def free_leases(session: Session, worker: str, now: datetime) -> int:
    """Give back what a dead worker had claimed: it is told again at once, with the same keys."""
    held = session.connection().execute(
        text("SELECT DISTINCT alert FROM delivery WHERE lease_owner = :worker"),
        {"worker": worker},
    )
    lock_alerts(session, list(held.scalars()))
    rows = list(
        session.connection().execute(
            text(
                "UPDATE delivery SET lease_owner = NULL, lease_until = NULL, next_try_at = :now,"
                " lease_token = lease_token + 1 WHERE lease_owner = :worker"
                " AND state NOT IN ('received', 'taken', 'withdrawn') RETURNING alert"
            ),
            {"worker": worker, "now": now},
        )
    )
    hurry(session, (row.alert for row in rows), now)
    return len(rows)


def next_look(session: Session) -> datetime | None:
    """The earliest moment at which any alert is to be looked at."""
    found = session.connection().execute(text("SELECT min(look_again_at) FROM alert"))
    return found.scalar_one_or_none()


def plan_figures(session: Session, now: datetime) -> Any:
    """For the metrics: how late the plan is, how long the oldest untaken alert waits."""
    return (
        session.connection()
        .execute(
            text(
                "SELECT coalesce(max(extract(epoch FROM :now - look_again_at))"
                "   FILTER (WHERE look_again_at < :now), 0) AS late_s,"
                " coalesce(max(extract(epoch FROM :now - opened_at))"
                "   FILTER (WHERE state = 'open' AND lane = 'real'), 0) AS untaken_s,"
                " count(*) FILTER (WHERE state <> 'closed' AND lane = 'real') AS open_alerts,"
                " count(*) FILTER (WHERE state NOT IN ('open', 'closed') AND lane = 'real')"
                "   AS taken_alerts"
                " FROM alert WHERE look_again_at IS NOT NULL"
            ),
            {"now": now},
        )
        .one()
    )


def newest_delivery(session: Session, alert: str, destination: str) -> Any:
    """The newest delivery of an alert (id or reference) to this destination, locked."""
    return (
        session.connection()
        .execute(
            text(
                "SELECT d.id, d.alert, d.topic, d.state FROM delivery d"
                " JOIN alert a ON a.id = d.alert WHERE d.destination = :destination"
                " AND (CAST(a.id AS text) = :alert OR 'AL-' || lpad(CAST(a.number AS text),"
                # lpad also cuts: after a million alerts it must not name another one
                " greatest(6, length(CAST(a.number AS text))), '0') = :alert)"
                " ORDER BY d.made_at DESC, d.id DESC LIMIT 1 FOR UPDATE OF a, d"
            ),
            {"alert": alert, "destination": destination},
        )
        .one_or_none()
    )


NOT_REACHED = "not_reached"
"""How `said` begins of a delivery that was sent and reached nobody."""


def try_again(session: Session, delivery: UUID, why: str, at: datetime) -> None:
    """What was sent has not arrived: it is told again then.

    The provider may say so before the sending call has returned: that call's answer is none of the
    delivery any more.
    """
    session.connection().execute(
        text(
            "UPDATE delivery SET state = 'pending', said = :why, next_try_at = :at,"
            " lease_owner = NULL, lease_until = NULL, lease_token = lease_token + 1"
            " WHERE id = :id AND state IN ('pending', 'sent')"
        ),
        {"id": delivery, "why": f"{NOT_REACHED} {why}"[:200], "at": at},
    )
