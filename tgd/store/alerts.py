"""Questions about alerts on the hot path: one statement per question, whatever the batch's size."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.records import Alert, AlertPosition, AlertTrigger, Journal, Sighting
from tgd.store import many


def lock_sources(session: Session, names: Iterable[str]) -> None:
    """Make every other door wait that raises an alert for one of these sources.

    Always in the same order, so that two doors never wait for each other.
    """
    session.connection().execute(
        text(
            "SELECT pg_advisory_xact_lock(k) FROM"
            " (SELECT DISTINCT hashtextextended(n, 7467) AS k FROM unnest(CAST(:names AS text[]))"
            " AS n ORDER BY k) AS locks"
        ),
        {"names": sorted(set(names))},
    )


_SEEN = text(
    """
    SELECT s.channel, s.transport_id, s.alert, t.trigger, a.state FROM sighting s
    LEFT JOIN alert_trigger t ON t.id = s.trigger LEFT JOIN alert a ON a.id = s.alert
    WHERE (s.channel, s.transport_id) IN
          (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])))
    """
)


def seen_messages(session: Session, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Which (channel, transport id) are kept already, with their trigger and alert."""
    rows = session.connection().execute(
        _SEEN, {"channels": [c for c, _ in keys], "ids": [t for _, t in keys]}
    )
    return {(row.channel, row.transport_id): row for row in rows}


_KNOWN = """
    SELECT '{column}' AS by, t.id, t.source, t.trigger, t.kind, t.counter, t.alert, t.claimed_at,
           t.heard_at, a.state, a.lane
    FROM alert_trigger t JOIN alert a ON a.id = t.alert
    WHERE (t.source, t.{column}) IN
          (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:{column}s AS {type}[])))
    """
_BY_ID, _BY_COUNTER = (
    _KNOWN.format(column="trigger", type="text"), _KNOWN.format(column="counter", type="bigint"),
)  # fmt: skip
_NEWEST_FIRST = "ORDER BY heard_at DESC, id DESC"
_KNOWN_BY_ID = text(f"{_BY_ID} {_NEWEST_FIRST}")
_KNOWN_BY_EITHER = text(f"{_BY_ID} UNION ALL {_BY_COUNTER} {_NEWEST_FIRST}")


def known_triggers(session: Session, keys: Sequence[tuple[str, str]]) -> list[Any]:
    """The triggers with these (source, trigger id), with the state of their alert, newest first."""
    values = {"sources": [s for s, _ in keys], "triggers": [t for _, t in keys]}
    return list(session.connection().execute(_KNOWN_BY_ID, values))


def known_or_counted(
    session: Session, keys: Sequence[tuple[str, str, int | None]]
) -> tuple[list[Any], list[Any]]:
    """The triggers with these (source, trigger id), and those with these (source, counter), each
    with the state of its alert, newest first."""
    sources, triggers, counters = (list(column) for column in zip(*keys, strict=True))
    values = {"sources": sources, "triggers": triggers, "counters": counters}
    rows = list(session.connection().execute(_KNOWN_BY_EITHER, values))
    return [r for r in rows if r.by == "trigger"], [r for r in rows if r.by == "counter"]


def open_alerts(session: Session, sources: Iterable[str]) -> list[Any]:
    """The open alerts of these sources, locked until this transaction ends."""
    rows = session.connection().execute(
        text(
            "SELECT id, source, lane, state, labels, trust, handset FROM alert"
            " WHERE source = ANY(:sources) AND state <> 'closed' ORDER BY id FOR UPDATE"
        ),
        {"sources": sorted(set(sources))},
    )
    return list(rows)


def open_strangers(session: Session) -> set[str]:
    """The sources of open alerts that are nobody's we know."""
    rows = session.connection().execute(
        text("SELECT source FROM alert WHERE state <> 'closed' AND handset IS NULL")
    )
    return set(rows.scalars())


def insert_raised(
    session: Session,
    alerts: many.Rows = (),
    triggers: many.Rows = (),
    positions: many.Rows = (),
    lines: many.Rows = (),
) -> None:
    """New alerts, their triggers, positions and lines of the journal, in one statement; the
    constraint of one open alert per source and lane stands behind."""
    many.add(
        session,
        (Alert, alerts), (AlertTrigger, triggers), (AlertPosition, positions), (Journal, lines),
    )  # fmt: skip


def insert_sightings(session: Session, rows: many.Rows) -> None:
    """Messages as they came; one that is kept already stays as it was."""
    many.add_once(session, Sighting, rows, "sighting_once")


AGAIN_AFTER = timedelta(seconds=60)
"""A press after such a pause is another cry; a button that is stuck makes none."""
_JOIN = text(
    """
    UPDATE alert SET
        presses = alert.presses + j.presses, pressed_at = greatest(alert.pressed_at, j.at),
        changed_at = :now, updates = alert.updates + j.presses, trust = j.trust,
        labels = string_to_array(j.packed, ' '),
        proposed_by = NULL, proposed_outcome = NULL, proposed_reason = NULL,
        pressed_again_at = CASE
            WHEN alert.owner IS NOT NULL AND alert.pressed_at < :now - :pause
                AND coalesce(alert.pressed_again_at <= alert.acted_at, true)
            THEN :now ELSE alert.pressed_again_at END,
        battery_pct = coalesce(j.battery, alert.battery_pct),
        look_again_at = least(coalesce(alert.look_again_at, :now), :now)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:presses AS int[]), CAST(:ats AS timestamptz[]),
                CAST(:trusts AS text[]), CAST(:batteries AS float[]), CAST(:packed AS text[]))
         AS j(id, presses, at, trust, battery, packed)
    WHERE alert.id = j.id
    """
)


def join_presses(session: Session, joins: Sequence[dict[str, Any]], now: datetime) -> None:
    """Add presses, labels and trust to alerts that are locked by this transaction."""
    if not joins:
        return
    session.connection().execute(
        _JOIN,
        {
            "now": now,
            "pause": AGAIN_AFTER,
            "ids": [j["id"] for j in joins],
            "presses": [j["presses"] for j in joins],
            "ats": [j["at"] for j in joins],
            "trusts": [j["trust"] for j in joins],
            "batteries": [j["battery"] for j in joins],
            "packed": [" ".join(sorted(j["labels"])) for j in joins],
        },
    )


def move_heard(session: Session, before: UUID, after: UUID) -> None:
    """What was heard of one alert belongs to another from now on: presses, places, calls."""
    for table in ("alert_trigger", "alert_position", "sighting", "conversation", "recording"):
        session.connection().execute(
            text(f"UPDATE {table} SET alert = :after WHERE alert = :before"),  # noqa: S608 (ours)
            {"before": before, "after": after},
        )


def places_known(session: Session, alerts: Iterable[UUID]) -> list[Any]:
    """Where she was, as these alerts know it."""
    rows = session.connection().execute(
        text(
            "SELECT alert, lat, lon, radius_m, found_at, heard_at FROM alert_position"
            " WHERE alert = ANY(:ids)"
        ),
        {"ids": sorted(set(alerts))},
    )
    return list(rows)


def look_again_now(session: Session, alerts: Iterable[UUID], now: datetime) -> None:
    """A position joined these alerts: they are without one no more, and dispatch looks at them."""
    if not (ids := sorted(set(alerts))):
        return
    session.connection().execute(
        text(
            "UPDATE alert SET look_again_at = least(look_again_at, :now), changed_at = :now,"
            " updates = updates + 1, labels = array_remove(labels, 'no_position')"
            " WHERE id = ANY(:ids) AND state <> 'closed'"
        ),
        {"ids": ids, "now": now},
    )
