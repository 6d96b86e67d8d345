"""Questions about the count of a stock: what lies there, and what was counted before."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session


def pools(session: Session, courts: Sequence[str]) -> list[Any]:
    """The stocks of these courts, and when each was counted last."""
    rows = session.connection().execute(
        text(
            "SELECT p.code, p.name, (SELECT max(c.counted_at) FROM stock_census c"
            " WHERE c.pool = p.code) AS counted_at FROM pool p WHERE p.court = ANY(:courts)"
            " ORDER BY p.code"
        ),
        {"courts": list(courts)},
    )
    return list(rows)


def lying_in(session: Session, pool: str) -> list[Any]:
    """What should lie in this stock by model and state: nothing that somebody carries, that is
    lost or on its way."""
    rows = session.connection().execute(
        text(
            "SELECT coalesce(h.model, '') AS model, h.state, count(*) AS count FROM handset h"
            " WHERE h.pool = :pool AND h.state IN ('in_stock', 'reserved', 'provisioned',"
            " 'returned', 'wiping', 'refurbished', 'quarantined', 'faulty')"
            " AND NOT EXISTS (SELECT 1 FROM allocation a WHERE a.handset = h.id"
            " AND a.ended_at IS NULL) AND NOT EXISTS (SELECT 1 FROM handset_transfer t"
            " WHERE t.handset = h.id AND t.received_at IS NULL)"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {"pool": pool},
    )
    return list(rows)


def counted(session: Session, courts: Sequence[str], limit: int = 100) -> list[Any]:
    """What was counted in the stocks of these courts, the newest first."""
    rows = session.connection().execute(
        text(
            "SELECT c.id, c.pool, c.counted_by, c.counted_at, c.lines, c.differing, c.words"
            " FROM stock_census c JOIN pool p ON p.code = c.pool WHERE p.court = ANY(:courts)"
            " ORDER BY c.counted_at DESC, c.id DESC LIMIT :limit"
        ),
        {"courts": list(courts), "limit": limit},
    )
    return list(rows)
