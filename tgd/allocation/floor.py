"""What must always be left in a stock: told as soon as it is used, ordered in one act."""

from datetime import datetime

from sqlmodel import Session

from tgd.allocation.acting import NotThere, Officer, must, write
from tgd.errors import WrongState
from tgd.records import Handset
from tgd.rules.access import Act, Role
from tgd.rules.handset import HandsetState
from tgd.rules.notice import NoticeKind
from tgd.rules.scope import reaches_stock
from tgd.store import equipment, notices

FREE_STATES = (HandsetState.IN_STOCK, HandsetState.PROVISIONED)


def used(session: Session, before: Handset, by: str, now: datetime) -> None:
    """One that could have been given lies there no more (`before` is how it was): when it belonged
    to the reserve, whoever orders is told at once, for each of them."""
    pool = equipment.pool(session, before.pool) if before.pool else None
    if pool is None or before.state not in FREE_STATES:
        return
    free = equipment.free_in(session, pool.code)
    if free >= pool.floor:
        return
    notices.add(session, NoticeKind.STOCK, "below_floor", now, to_role=Role.STOCK_MANAGER.value,
                handset=before.id)  # fmt: skip
    write(session, by, "StockBelowFloor", now, handset=before.id, pool=pool.code, free=free,
          floor=pool.floor)  # fmt: skip


def lacking(session: Session, officer: Officer, pool_code: str) -> int:
    """How many are neither free nor ordered of what must always be left; nobody else orders for
    this stock meanwhile. Raises NotAllowed, NotThere, WrongState when none."""
    must(officer, Act.SET_ASIDE)
    pool = equipment.pool(session, pool_code)
    if pool is None or not reaches_stock(officer.reach, pool.court):
        raise NotThere("There is no such stock.")
    equipment.stand_in_line_of_pool(session, pool_code)
    coming = equipment.ordered_in(session, pool_code)
    lacks = pool.floor - equipment.free_in(session, pool_code) - coming
    if lacks <= 0:
        raise WrongState("The reserve is whole, or what it lacks is on its way.")
    return lacks
