"""Questions about signs of life: presence, batteries, silence. Never a position, never an alert."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

_REMEMBER = text(
    """
    INSERT INTO handset_status AS s
        (handset, state, session, battery_pct, radio, rssi_dbm, version, sim, heard_at)
    VALUES (:handset, :state, :session, :battery_pct, :radio, :rssi_dbm, :version, :sim, :heard_at)
    ON CONFLICT (handset) DO UPDATE SET
        state = excluded.state,
        session = coalesce(excluded.session, s.session),
        battery_pct = coalesce(excluded.battery_pct, s.battery_pct),
        radio = coalesce(excluded.radio, s.radio),
        rssi_dbm = coalesce(excluded.rssi_dbm, s.rssi_dbm),
        version = coalesce(excluded.version, s.version),
        sim = coalesce(excluded.sim, s.sim),
        heard_at = greatest(s.heard_at, excluded.heard_at)
    WHERE coalesce(excluded.session, s.session, 0) >= coalesce(s.session, 0)
    """
)


def remember_states(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The newest state of each handset; a late Will of an older session changes nothing."""
    if rows:
        session.connection().execute(_REMEMBER, list(rows))


def sims_of(session: Session, handsets: Sequence[str]) -> dict[str, str]:
    """The SIM card that each of these was last heard with; held until the transaction ends."""
    rows = session.connection().execute(
        text(
            "SELECT handset, sim FROM handset_status WHERE handset = ANY(:names)"
            " AND sim IS NOT NULL ORDER BY handset FOR UPDATE"
        ),
        {"names": list(handsets)},
    )
    return {row.handset: row.sim for row in rows}


def note_technical(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Open technical items; one of each kind per handset at a time."""
    if rows:
        session.connection().execute(
            text(
                "INSERT INTO technical_item (id, handset, kind, raised_at)"
                " VALUES (:id, :handset, :kind, :now)"
                " ON CONFLICT (handset, kind) WHERE settled_at IS NULL DO NOTHING"
            ),
            list(rows),
        )


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
    """Handsets that somebody carries and that have not been heard since; none twice."""
    rows = session.connection().execute(
        text(
            "SELECT s.handset FROM handset_status s JOIN handset h ON h.id = s.handset"
            " WHERE s.heard_at < :before AND h.state = 'issued'"
            " AND EXISTS (SELECT 1 FROM allocation a WHERE a.handset = h.id"
            "             AND a.period @> CAST(:now AS timestamptz))"
            " AND NOT EXISTS (SELECT 1 FROM technical_item t WHERE t.handset = h.id"
            "                 AND t.kind = 'silent' AND t.settled_at IS NULL)"
        ),
        {"before": before, "now": now},
    )
    return [row.handset for row in rows]


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
