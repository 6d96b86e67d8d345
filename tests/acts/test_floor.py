"""What must always be left in a stock: told when it is used, ordered at once and once."""

import pytest
from sqlmodel import col, select

from tests.acts.allocating import made_walk  # noqa: F401  (a fixture)
from tests.walking import OTHER_POOL, POOL, Walk
from tgd.allocation import recalling, stock
from tgd.allocation.acting import NotThere
from tgd.errors import NotAllowed, WrongState
from tgd.records import Handset, Notice
from tgd.rules.handset import AsideReason, IncidentKind
from tgd.store import board


def told(walk: Walk) -> list[str | None]:
    asked = select(Notice).where(col(Notice.kind) == "stock").order_by(col(Notice.made_at))
    rows = walk.session.exec(asked).all()
    assert {(row.about, row.to_role) for row in rows} <= {("below_floor", "stock_manager")}
    return [row.handset for row in rows]


def stocked(walk: Walk, count: int) -> list[str]:
    return [walk.order(f"+336399800{n}") for n in range(41, 41 + count)]


def test_keeping_one_that_is_not_of_the_reserve_tells_nobody(walk: Walk) -> None:
    walk.handset, *_ = stocked(walk, 2)
    walk.until("hand_over")
    assert told(walk) == []


def test_keeping_one_of_the_reserve_tells_who_orders(walk: Walk) -> None:
    (walk.handset,) = stocked(walk, 1)
    walk.until("hand_over")
    assert told(walk) == [walk.handset]


@pytest.mark.parametrize("what", ["set aside", "lost", "sent", "recalled"])
def test_whatever_takes_it_away(walk: Walk, what: str) -> None:
    (one,) = stocked(walk, 1)
    sofia = walk.officer("Sofia")
    if what == "set aside":
        stock.quarantine(walk.session, sofia, one, AsideReason.DOUBT, walk.now)
    elif what == "lost":
        stock.report_incident(walk.session, sofia, one, IncidentKind.LOST, "Gone.", walk.now)
    elif what == "sent":
        stock.transfer(walk.session, sofia, one, OTHER_POOL, walk.now)
    else:
        recalling.recall(walk.session, sofia, "battery", "B1", "It swells.", walk.now)
    assert told(walk) == [one]


def test_what_was_not_free_was_no_reserve(walk: Walk) -> None:
    walk.until("hand_over")
    before = told(walk)
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.LOST, "Bus.", walk.now
    )
    assert told(walk) == before


def test_one_act_orders_what_is_lacking_and_no_second_does(walk: Walk) -> None:
    def pool() -> tuple[int, int]:
        (row,) = board.pools(walk.session, ["TJ-NANTERRE"])
        return row.free, row.ordered

    made = stock.refill(walk.session, walk.officer("Sofia"), POOL, "Modele A", walk.now)
    assert len(made) == 1
    assert pool() == (0, 1)
    row = walk.session.get(Handset, made[0])
    assert (row.state, row.model, row.number, row.imei) == ("ordered", "Modele A", None, None)
    with pytest.raises(WrongState, match="on its way"):
        stock.refill(walk.session, walk.officer("Sofia"), POOL, "Modele A", walk.now)
    stock.receive(walk.session, walk.officer("Sofia"), made[0], walk.now)
    assert pool() == (1, 0)
    with pytest.raises(WrongState):
        stock.refill(walk.session, walk.officer("Sofia"), POOL, "Modele A", walk.now)


@pytest.mark.parametrize(("who", "error"), [("Greta", NotAllowed), ("Sacha", NotThere),
                                            ("Camille", NotAllowed)])  # fmt: skip
def test_who_orders(walk: Walk, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        stock.refill(walk.session, walk.officer(who), POOL, "Modele A", walk.now)


def test_the_gauges_say_what_is_free_and_what_must_be(walk: Walk) -> None:
    stocked(walk, 2)
    found = {row.code: (row.free, row.floor) for row in board.floors(walk.session)}
    assert found == {POOL: (2, 1), OTHER_POOL: (0, 1)}
