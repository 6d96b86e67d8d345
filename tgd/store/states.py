"""Questions about signs of life: presence, batteries, silence. Never a position, never an alert."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import func, or_, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, col

from tgd.records import HandsetStatus, TechnicalItem

_said = upsert(HandsetStatus)
_SESSION = func.coalesce(_said.excluded.session, HandsetStatus.session, 0)
_REMEMBER = _said.on_conflict_do_update(
    index_elements=["handset"],
    set_={
        "state": _said.excluded.state,
        "heard_at": func.greatest(HandsetStatus.heard_at, _said.excluded.heard_at),
    }
    | {
        name: func.coalesce(_said.excluded[name], getattr(HandsetStatus, name))
        for name in ("session", "battery_pct", "radio", "rssi_dbm", "version", "sim")
    },
    where=or_(_said.excluded.state != "lost", func.coalesce(HandsetStatus.session, 0) <= _SESSION),
).returning(col(HandsetStatus.handset))  # what returns something is one statement for many rows


def remember_states(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The newest state of each handset; a late Will of an older session changes nothing.

    A birth always counts: after a reset or with a new firmware a handset numbers its sessions anew.
    """
    for turn in _turns(_together(rows)):
        session.connection().execute(_REMEMBER, turn)


def _together(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Of each handset what it said, one row for each run of one state in one session: kept or not
    as a whole."""
    by_handset: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        runs = by_handset.setdefault(row["handset"], [])
        if runs and all(runs[-1][name] == row[name] for name in ("session", "state")):
            before = runs.pop()
            news = {name: value for name, value in row.items() if value is not None}
            row = before | news | {"heard_at": max(before["heard_at"], row["heard_at"])}
        runs.append(row)
    return by_handset


def _turns(runs: dict[str, list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Statements in which each handset is named once, in one order for every gateway."""
    ordered = [runs[handset] for handset in sorted(runs)]
    for turn in zip_longest(*ordered):
        yield [row for row in turn if row is not None]


def sims_of(session: Session, handsets: Sequence[str]) -> dict[str, str]:
    """The SIM card that each of these was last heard with; held until the transaction ends."""
    if not handsets:
        return {}
    rows = session.connection().execute(
        text(
            "SELECT handset, sim FROM handset_status WHERE handset = ANY(:names)"
            " AND sim IS NOT NULL ORDER BY handset FOR UPDATE"
        ),
        {"names": list(handsets)},
    )
    return {row.handset: row.sim for row in rows}


_NOTE = upsert(TechnicalItem).on_conflict_do_nothing(
    index_elements=["handset", "kind"], index_where=col(TechnicalItem.settled_at).is_(None)
)


def note_technical(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Open technical items; one of each kind per handset at a time."""
    if rows:
        session.connection().execute(_NOTE, list(rows))


def settle_technical(
    session: Session, handset_kinds: Sequence[tuple[str, str]], now: datetime
) -> None:
    """Close technical items whose cause has gone."""
    if handset_kinds:
        session.connection().execute(
            text(
                "UPDATE technical_item SET settled_at = :now, settled_by = 'gateway'"
                " WHERE settled_at IS NULL AND (handset, kind) IN"
                " (SELECT * FROM unnest(CAST(:handsets AS text[]), CAST(:kinds AS text[])))"
            ),
            {
                "now": now,
                "handsets": [h for h, _ in handset_kinds],
                "kinds": [k for _, k in handset_kinds],
            },
        )


def silent_handsets(session: Session, before: datetime, now: datetime) -> list[str]:
    """Handsets that somebody has carried since before then and that have not been heard since, or
    never; none twice."""
    rows = session.connection().execute(
        text(
            "SELECT h.id AS handset FROM handset h"
            " JOIN allocation a ON a.handset = h.id AND a.period @> CAST(:now AS timestamptz)"
            " LEFT JOIN handset_status s ON s.handset = h.id"
            " WHERE greatest(s.heard_at, lower(a.period)) < :before AND h.state = 'issued'"
            " AND NOT EXISTS (SELECT 1 FROM technical_item t WHERE t.handset = h.id"
            "                 AND t.kind = 'silent' AND t.settled_at IS NULL)"
        ),
        {"before": before, "now": now},
    )
    return [row.handset for row in rows]


_HERE = text(
    """
    INSERT INTO handset_status (handset, state, heard_at)
    SELECT h.id, 'online', :now FROM handset h WHERE h.id = ANY(:names) ORDER BY h.id
    ON CONFLICT (handset) DO UPDATE SET heard_at = :now WHERE handset_status.heard_at < :before
    RETURNING handset
    """
)


def note_here(
    session: Session, handsets: Iterable[str], before: datetime, now: datetime
) -> list[str]:
    """These are connected now; gives those of ours that had not been heard since then."""
    named = {"names": sorted(handsets), "before": before, "now": now}
    return list(session.connection().execute(_HERE, named).scalars())


def untested_handsets(session: Session, before: datetime, now: datetime) -> list[str]:
    """Handsets that somebody has carried since before then, and has not tested since; none that
    is named already."""
    rows = session.connection().execute(
        text(
            "SELECT h.id FROM handset h WHERE h.state = 'issued'"
            " AND EXISTS (SELECT 1 FROM allocation a WHERE a.handset = h.id"
            "             AND a.period @> CAST(:now AS timestamptz) AND lower(a.period) < :before)"
            " AND NOT EXISTS (SELECT 1 FROM alert_trigger t JOIN alert a ON a.id = t.alert"
            "   WHERE t.source = 'handset:' || h.id AND t.kind = 'test'"
            "   AND t.heard_at >= :before AND a.trust = 'verified')"
            " AND NOT EXISTS (SELECT 1 FROM technical_item i WHERE i.handset = h.id"
            "                 AND i.kind = 'test_missed' AND i.settled_at IS NULL) ORDER BY h.id"
        ),
        {"before": before, "now": now},
    )
    return [row.id for row in rows]


def settle_tested(session: Session, before: datetime, now: datetime) -> None:
    """Close the items of those that have been tested since then."""
    session.connection().execute(
        text(
            "UPDATE technical_item SET settled_at = :now, settled_by = 'gateway'"
            " WHERE settled_at IS NULL AND kind = 'test_missed'"
            " AND EXISTS (SELECT 1 FROM alert_trigger t JOIN alert a ON a.id = t.alert"
            "   WHERE t.source = 'handset:' || technical_item.handset AND t.kind = 'test'"
            "   AND t.heard_at >= :before AND a.trust = 'verified')"
        ),
        {"before": before, "now": now},
    )


def open_technical(session: Session, limit: int = 200) -> list[Any]:
    """What is to be mended, oldest first."""
    rows = session.connection().execute(
        text(
            "SELECT id, handset, kind, raised_at, shelved_until, shelved_by, shelved_why"
            " FROM technical_item WHERE settled_at IS NULL ORDER BY raised_at, id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return list(rows)
