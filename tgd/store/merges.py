"""Questions about alerts that were told from the spool and turned out to be another alert."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session

from tgd.records import AlertMerge


def known_alerts(session: Session, alerts: Iterable[UUID]) -> set[UUID]:
    """Which of these ids are alerts on record."""
    asked = sorted(set(alerts))
    if not asked:
        return set()
    found = session.connection().execute(
        text("SELECT id FROM alert WHERE id = ANY(:ids)"), {"ids": asked}
    )
    return set(found.scalars())


def taken_names(session: Session, alerts: Collection[UUID]) -> set[UUID]:
    """Which of these ids an alert has, or has had: to open another under them would tell it under
    keys that are there."""
    if not alerts:
        return set()
    return known_alerts(session, alerts) | set(merged_into(session, alerts))


def insert_merges(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Which alert each of these became; what is known already stays."""
    if rows:
        session.connection().execute(upsert(AlertMerge).on_conflict_do_nothing(), list(rows))


def merged_into(session: Session, told: Collection[UUID]) -> dict[UUID, UUID]:
    """Which alert each of these became, for those that are not alerts themselves."""
    rows = session.connection().execute(
        text("SELECT told, alert FROM alert_merge WHERE told = ANY(:ids)"), {"ids": list(told)}
    )
    return {row.told: row.alert for row in rows}


def mark_told(session: Session, told: UUID, now: datetime) -> None:
    """Somebody was told of it under this id and must hear which alert it is."""
    session.connection().execute(
        text("UPDATE alert_merge SET told_at = :now WHERE told = :told AND told_at IS NULL"),
        {"told": told, "now": now},
    )


def told_as(session: Session, alerts: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Under which other ids somebody was told of these alerts."""
    rows = session.connection().execute(
        text(
            "SELECT alert, array_agg(CAST(told AS text) ORDER BY told) AS names FROM alert_merge"
            " WHERE alert = ANY(:ids) AND told_at IS NOT NULL GROUP BY alert"
        ),
        {"ids": list(alerts)},
    )
    return {row.alert: tuple(row.names) for row in rows}
