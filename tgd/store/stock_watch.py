"""Questions about what waits in the stocks, and the dates that a stock has."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tgd.records import Deadline
from tgd.rules.deadlines import DeadlineKind, Planned
from tgd.store.deadlines import planned_row

OF_STOCK = (
    DeadlineKind.ORDER_LATE, DeadlineKind.SENDING_LATE, DeadlineKind.ERASURE_LATE,
    DeadlineKind.CENSUS_DUE,
)  # fmt: skip
_WAITING = text(
    """
    WITH waiting AS (
        SELECT h.pool,
            min(h.enrolled_at) FILTER (WHERE h.state = 'ordered') AS ordered_since,
            min(coalesce((SELECT max(j.at) FROM journal j
                WHERE j.handset = h.id AND j.act LIKE 'Handset%'
                AND j.act IN ('HandsetReturned', 'HandsetReceivedBack')), h.enrolled_at))
                FILTER (WHERE h.state IN ('returned', 'wiping', 'refurbished')) AS returned_since
        FROM handset h
        WHERE h.state IN ('ordered', 'returned', 'wiping', 'refurbished') AND h.pool IS NOT NULL
        GROUP BY h.pool
    ), sent AS (
        SELECT t.to_pool AS pool, min(t.sent_at) AS sent_since
        FROM handset_transfer t JOIN handset h ON h.id = t.handset
        WHERE t.received_at IS NULL AND h.state = 'in_stock' GROUP BY t.to_pool
    )
    SELECT p.code, w.ordered_since, w.returned_since, s.sent_since,
        (SELECT max(c.counted_at) FROM stock_census c WHERE c.pool = p.code) AS counted_at
    FROM pool p LEFT JOIN waiting w ON w.pool = p.code LEFT JOIN sent s ON s.pool = p.code
    ORDER BY p.code
    """
)
"""What came back without a certificate is received back; what is lost on its way arrives no more,
and its incident is somebody's already."""


def waiting(session: Session) -> list[Any]:
    """Each stock with the oldest matter of each kind that waits in it."""
    return list(session.connection().execute(_WAITING))


def planned(session: Session) -> dict[str, dict[DeadlineKind, datetime]]:
    """The days that the stocks have, by stock and kind."""
    rows = session.connection().execute(
        text(
            "SELECT pool, kind, due_at FROM deadline WHERE pool IS NOT NULL AND settled_at IS NULL"
        )
    )
    found: dict[str, dict[DeadlineKind, datetime]] = {}
    for row in rows:
        found.setdefault(row.pool, {})[DeadlineKind(row.kind)] = row.due_at
    return found


def settle(session: Session, pool: str, kind: DeadlineKind, by: str, now: datetime) -> None:
    """Nothing of this kind waits in the stock any more."""
    session.connection().execute(
        text(
            "UPDATE deadline SET settled_at = :now, settled_by = :by, look_again_at = NULL"
            " WHERE pool = :pool AND kind = :kind AND settled_at IS NULL"
        ),
        {"pool": pool, "kind": kind.value, "by": by, "now": now},
    )


def plan(session: Session, pool: str, one: Planned, now: datetime) -> None:
    """A new date of this stock."""
    session.add(Deadline(**planned_row(one, now), pool=pool))
    session.flush()


def court_of(session: Session, pool: str) -> str | None:
    """The court whose stock it is."""
    found: str | None = (
        session.connection()
        .execute(text("SELECT court FROM pool WHERE code = :pool"), {"pool": pool})
        .scalar()
    )
    return found
