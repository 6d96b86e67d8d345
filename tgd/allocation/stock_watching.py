"""Each turn over the deadlines looks at the stocks: what waits there has a day, whoever forgot it.

One day for each kind of matter and stock, that of its oldest: a hundred late handsets are one
reminder. When the oldest is done, the next one's day takes its place.
"""

from datetime import datetime

from sqlmodel import Session

from tgd.rules.deadlines import Planned
from tgd.rules.stock_watch import Waits, due_in
from tgd.store import stock_watch

MACHINE = "dispatch"


def watch(session: Session, now: datetime) -> None:
    """Plan what is new, settle what is done; nothing is written while nothing has changed."""
    known = stock_watch.planned(session)
    for row in stock_watch.waiting(session):
        mine = known.get(row.code, {})
        waits = Waits(row.ordered_since, row.sent_since, row.returned_since, row.counted_at)
        wanted = due_in(waits, mine, now)
        for kind in stock_watch.OF_STOCK:
            if mine.get(kind) == wanted.get(kind):
                continue
            if kind in mine:
                stock_watch.settle(session, row.code, kind, MACHINE, now)
            if kind in wanted:
                stock_watch.plan(session, row.code, Planned(kind, wanted[kind]), now)
