"""Questions that the stock's board asks: places, states, models, what is free, what travels."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

FREE = (
    "h.recall IS NULL AND h.state IN ('in_stock', 'provisioned') AND NOT EXISTS"
    " (SELECT 1 FROM provisioning r WHERE r.handset = h.id AND r.ended_at IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM handset_transfer v"
    " WHERE v.handset = h.id AND v.received_at IS NULL)"
)
"""What could be kept for somebody now: one that is on its way lies in no stock."""


def pools(session: Session, courts: Collection[str]) -> list[Any]:
    """The stocks of these courts: how many handsets, free, on their way, and to be left always."""
    rows = session.connection().execute(
        text(
            f"""
            SELECT p.code, p.court, p.name, p.floor, count(h.id) AS handsets,
                   count(h.id) FILTER (WHERE {FREE}) AS free,
                   count(h.id) FILTER (WHERE h.state = 'ordered') AS ordered
            FROM pool p LEFT JOIN handset h ON h.pool = p.code
            WHERE p.court = ANY(:courts) GROUP BY p.code ORDER BY p.court, p.code
            """  # noqa: S608 -- a constant of this file
        ),
        {"courts": sorted(courts)},
    )
    return list(rows)


def floors(session: Session) -> list[Any]:
    """Every stock: how many are free now, and how many must always be left."""
    rows = session.connection().execute(
        text(
            f"SELECT p.code, p.floor, count(h.id) FILTER (WHERE {FREE}) AS free"  # noqa: S608
            " FROM pool p LEFT JOIN handset h ON h.pool = p.code GROUP BY p.code ORDER BY p.code"
        )
    )
    return list(rows)


def all_pools(session: Session) -> list[Any]:
    """Every stock: where a handset can be sent."""
    rows = session.connection().execute(text("SELECT code, court, name FROM pool ORDER BY code"))
    return list(rows)


_SHOWN = f"""
    SELECT h.id, h.state, h.version, h.pool, p.court, h.model, h.battery, h.radio, h.imei, h.imsi,
           h.number, h.recall IS NOT NULL AS is_recalled, {FREE} AS is_free,
           s.battery_pct, s.heard_at, s.state AS status,
           t.from_pool AS comes_from, h.is_test_device
    FROM handset h
    LEFT JOIN pool p ON p.code = h.pool
    LEFT JOIN handset_status s ON s.handset = h.id
    LEFT JOIN handset_transfer t ON t.handset = h.id AND t.received_at IS NULL
"""  # noqa: S608 -- a constant of this file
_HERE = (
    "(h.pool = ANY(SELECT code FROM pool WHERE court = ANY(:courts)) OR h.pool IS NULL)"
    " AND NOT h.is_canary"
)
"""A canary belongs to no stock: nobody ever carries it."""
_ORDER = "h.pool NULLS FIRST, h.model NULLS LAST, h.enrolled_at, h.id"


def handsets(
    session: Session, courts: Collection[str], *, skip: int = 0, limit: int = 100
) -> list[Any]:
    """A page of the handsets of these courts and of those that no stock has yet; never who carries
    them. The page is chosen first, what is shown of it is looked up afterwards."""
    chosen = f"SELECT h.id FROM handset h WHERE {_HERE} ORDER BY {_ORDER} OFFSET :skip LIMIT :limit"  # noqa: S608
    rows = session.connection().execute(
        text(f"{_SHOWN} WHERE h.id IN ({chosen}) ORDER BY {_ORDER}"),
        {"courts": sorted(courts), "skip": skip, "limit": limit},
    )
    return list(rows)


def handset(session: Session, courts: Collection[str], handset_id: str) -> Any:
    """One handset of these courts or of no stock yet; None for any other."""
    rows = session.connection().execute(
        text(f"{_SHOWN} WHERE h.id = :id AND {_HERE}"),
        {"courts": sorted(courts), "id": handset_id},
    )
    return rows.one_or_none()


def sought(
    session: Session, courts: Collection[str], words: str, digits: str, number: str | None,
    limit: int = 50,
) -> list[Any]:  # fmt: skip
    """Those whose id, IMEI or IMSI begins so, or that have this number, in these courts or no
    stock."""
    rows = session.connection().execute(
        text(
            f"{_SHOWN} WHERE {_HERE} AND (starts_with(h.id, :words) OR h.number = :number"
            " OR (:digits <> ''"
            " AND (starts_with(h.imei, :digits) OR starts_with(h.imsi, :digits))))"
            f" ORDER BY {_ORDER} LIMIT :limit"
        ),
        {"courts": sorted(courts), "words": words, "digits": digits, "number": number,
         "limit": limit},
    )  # fmt: skip
    return list(rows)


def exported(session: Session, courts: Collection[str]) -> list[Any]:
    """Every handset of these courts and of no stock yet, as a list that is taken elsewhere."""
    rows = session.connection().execute(
        text(
            "SELECT h.pool, h.model, h.battery, h.radio, h.number, h.imei, h.imsi, h.id, h.state,"  # noqa: S608
            f" h.recall IS NOT NULL AS is_recalled FROM handset h WHERE {_HERE} ORDER BY {_ORDER}"
        ),
        {"courts": sorted(courts)},
    )
    return list(rows)


def cells(session: Session, courts: Collection[str]) -> list[Any]:
    """How many handsets each place has of each model and state, those of no stock first."""
    rows = session.connection().execute(
        text(
            "SELECT coalesce(h.pool, '') AS pool, coalesce(h.model, '') AS model, h.state,"  # noqa: S608
            f" count(*) AS count FROM handset h WHERE {_HERE} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ),
        {"courts": sorted(courts)},
    )
    return list(rows)


def waiting_files(session: Session, courts: Collection[str], limit: int = 50) -> list[Any]:
    """Granted files and replacements that no handset is kept for, those that wait longest first,
    who still carries one that is recalled last; their number and why, never a name. Each says how
    many there are."""
    rows = session.connection().execute(
        text(
            "SELECT f.id, f.number, f.court, f.state, f.version, count(*) OVER () AS total,"
            " CASE WHEN f.state = 'granted' THEN 'granted' WHEN c.is_gone THEN c.state"
            " ELSE 'recalled' END AS why"
            " FROM case_file f LEFT JOIN LATERAL (SELECT h.state, h.recall,"
            "   h.state IN ('lost', 'stolen', 'faulty', 'quarantined') AS is_gone"
            "   FROM decision d JOIN allocation a ON a.decision = d.id AND a.ended_at IS NULL"
            "   JOIN handset h ON h.id = a.handset WHERE d.case_file = f.id) c ON true"
            " WHERE f.court = ANY(:courts) AND NOT f.is_shortcut"
            " AND (f.state = 'granted' OR (f.state IN ('active', 'suspended')"
            "   AND (c.is_gone OR c.recall IS NOT NULL)))"
            " AND NOT EXISTS (SELECT 1 FROM provisioning r"
            "   WHERE r.case_file = f.id AND r.ended_at IS NULL)"
            " ORDER BY f.state <> 'granted' AND NOT c.is_gone, f.number LIMIT :limit"
        ),
        {"courts": sorted(courts), "limit": limit},
    )
    return list(rows)


def free_in_court(session: Session, court: str) -> list[str]:
    """The handsets of a court that could be kept for somebody now."""
    rows = session.connection().execute(
        text(
            f"""
            SELECT h.id FROM handset h JOIN pool p ON p.code = h.pool
            WHERE p.court = :court AND {FREE} ORDER BY h.id
            """  # noqa: S608 -- a constant of this file
        ),
        {"court": court},
    )
    return [row.id for row in rows]


def known_numbers(session: Session, own: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these telephone numbers, IMEIs and IMSIs (each with its column) some handset has
    already."""
    sought = {name: [one for column, one in own if column == name] for name in _UNIQUE}
    rows = session.connection().execute(
        text(
            "SELECT number, imei, imsi FROM handset WHERE number = ANY(:number)"
            " OR imei = ANY(:imei) OR imsi = ANY(:imsi)"
        ),
        sought,
    )
    return {known for row in rows for known in zip(_UNIQUE, row, strict=True) if known[1]}


_UNIQUE = ("number", "imei", "imsi")


def census(session: Session, courts: Collection[str]) -> list[Any]:
    """How many handsets of each state and model each stock has."""
    rows = session.connection().execute(
        text(
            "SELECT h.pool, coalesce(h.model, '') AS model, h.state, count(*) AS count"
            " FROM handset h JOIN pool p ON p.code = h.pool WHERE p.court = ANY(:courts)"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ),
        {"courts": sorted(courts)},
    )
    return list(rows)
