"""The count of a stock by a human, kept beside what the record said at that moment."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import NotThere, Officer, clean, must, write
from tgd.errors import Incomplete, SomebodyWasFaster
from tgd.records import StockCensus
from tgd.rules import census
from tgd.rules.access import Act
from tgd.rules.census import Lies
from tgd.store import counting as store
from tgd.store import files

MOST_COUNTED = 100_000


def to_count(session: Session, officer: Officer, now: datetime) -> list[dict[str, Any]]:
    """Each stock of this person's courts: what lies there, and when it was counted last."""
    must(officer, Act.COUNT_STOCK)
    found = []
    for pool in store.pools(session, sorted(officer.reach.courts)):
        lines = _lies(session, pool.code)
        found.append({
            "pool": pool.code, "name": pool.name, "lines": [asdict(one) for one in lines],
            "seen": census.fingerprint(lines), "counted_at": pool.counted_at,
            "is_due": census.is_due(pool.counted_at, now),
        })  # fmt: skip
    return found


def _lies(session: Session, pool: str) -> list[Lies]:
    return [Lies(row.model, row.state, row.count) for row in store.lying_in(session, pool)]


def count_stock(
    session: Session, officer: Officer, pool: str, seen: str, read: Callable[[int], int],
    words: str | None, now: datetime,
) -> StockCensus:  # fmt: skip
    """Keep what was counted; `read` gives the number of a line, in the order that was shown.

    `seen` is the fingerprint of what the page showed. Nothing in the stock changes: what differs is
    said in words and looked for by people. Raises NotAllowed, NotThere, Incomplete and, when the
    stock has changed meanwhile, SomebodyWasFaster.
    """
    must(officer, Act.COUNT_STOCK)
    if pool not in {one.code for one in store.pools(session, sorted(officer.reach.courts))}:
        raise NotThere
    lies = _lies(session, pool)
    if seen != census.fingerprint(lies):
        raise SomebodyWasFaster("The stock has changed since this page was shown: count again.")
    lines = census.compared(lies, [read(n) for n in range(len(lies))])
    if any(not 0 <= one["counted"] <= MOST_COUNTED for one in lines):
        raise Incomplete("This is no number that is possible here.")
    differing = census.differing(lines)
    if differing and not (words or "").strip():
        raise Incomplete("Say in words what differs and where it may be.")
    row = StockCensus(
        id=ids.new(now), pool=pool, counted_by=officer.name, counted_at=now, lines=lines,
        differing=differing, words=clean(words) if words and words.strip() else None,
    )  # fmt: skip
    files.add(session, row)
    write(session, officer.name, "StockCounted", now, pool=pool, lines=len(lines),
          differing=differing)  # fmt: skip
    return row


def counts_shown(session: Session, officer: Officer) -> list[dict[str, Any]]:
    """What was counted in the stocks of this person's courts, the newest first."""
    must(officer, Act.COUNT_STOCK)
    rows = store.counted(session, sorted(officer.reach.courts))
    return [dict(row._mapping) for row in rows]
