"""No handset lies forgotten: what waits in a stock has a day, an owner and somebody above."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.acts.allocating import made_walk  # noqa: F401  (a fixture)
from tests.acts.telling import count
from tests.walking import NANTERRE, OTHER_POOL, POOL, Walk
from tgd.allocation import chasing, returning, stock
from tgd.allocation.acting import NotThere
from tgd.casework import due
from tgd.errors import NotAllowed
from tgd.rules.access import Role
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.handset import IncidentKind
from tgd.rules.stock_watch import Waits, due_in, next_count
from tgd.store import stock_watch


def waits(walk: Walk, pool: str = POOL) -> set[DeadlineKind]:
    """What waits in a stock after a turn, but for its count."""
    walk.chase()
    return set(stock_watch.planned(walk.session).get(pool, {})) - {DeadlineKind.CENSUS_DUE}


def said(walk: Walk, who: str) -> list[tuple[str, str | None, bool]]:
    rows = due.due_shown(walk.session, walk.officer(who), walk.now)["deadlines"]
    return [(row["kind"], row["pool"], row["is_late"]) for row in rows if row["pool"]]


def ordered(walk: Walk) -> str:
    return stock.order(walk.session, walk.officer("Sofia"), POOL, walk.now, model="Modele A")


def test_an_order_that_does_not_come_is_said_and_then_said_further_up(walk: Walk) -> None:
    first = ordered(walk)
    walk.world.wait(days=5)
    second = ordered(walk)
    assert waits(walk) == {DeadlineKind.ORDER_LATE}
    walk.world.wait(days=16)
    assert (DeadlineKind.ORDER_LATE, Role.STOCK_MANAGER) in {(t.kind, t.to) for t in walk.chase()}
    assert ("order_late", POOL, True) in said(walk, "Sofia")
    assert said(walk, "Greta") == []
    walk.live_until(walk.now.date() + timedelta(days=8))
    assert ("order_late", POOL, True) in said(walk, "Greta"), "nobody has seen it for a week"
    stock.receive(walk.session, walk.officer("Sofia"), first, walk.now)
    assert waits(walk) == {DeadlineKind.ORDER_LATE}, "the second one's day takes its place"
    stock.receive(walk.session, walk.officer("Sofia"), second, walk.now)
    assert waits(walk) == set()


def test_what_was_sent_is_missed_where_it_should_arrive(walk: Walk) -> None:
    handset = walk.order()
    stock.transfer(walk.session, walk.officer("Sofia"), handset, OTHER_POOL, walk.now)
    assert (waits(walk), waits(walk, OTHER_POOL)) == (set(), {DeadlineKind.SENDING_LATE})
    walk.world.wait(days=7)
    walk.chase()
    assert ("sending_late", OTHER_POOL, True) in said(walk, "Sacha")
    stock.receive(walk.session, walk.officer("Sacha"), handset, walk.now)
    assert waits(walk, OTHER_POOL) == set()


def test_what_came_back_is_erased_and_tested_within_a_week(walk: Walk) -> None:
    walk.until("take_back")
    since = walk.now
    assert waits(walk) == {DeadlineKind.ERASURE_LATE}
    assert stock_watch.planned(walk.session)[POOL][DeadlineKind.ERASURE_LATE] == since + timedelta(
        days=7
    )
    walk.wipe()
    assert waits(walk) == {DeadlineKind.ERASURE_LATE}, "begun is not done"
    walk.prove()
    returning.back_to_stock(
        walk.session, walk.officer("Sofia"), walk.handset, walk.now, tested=True
    )
    assert waits(walk) == set()


def test_what_is_received_back_has_a_week_from_then(walk: Walk) -> None:
    """No certificate says when it came: it was lost, and lies at the court again."""
    handset, sofia = walk.order(), walk.officer("Sofia")
    stock.report_incident(walk.session, sofia, handset, IncidentKind.LOST, "In the bus", walk.now)
    walk.world.wait(days=90)
    returning.receive_back(walk.session, sofia, handset, walk.now)
    assert waits(walk) == {DeadlineKind.ERASURE_LATE}
    planned = stock_watch.planned(walk.session)[POOL][DeadlineKind.ERASURE_LATE]
    assert planned == walk.now + timedelta(days=7)


def test_what_is_lost_on_its_way_is_missed_no_more(walk: Walk) -> None:
    handset = walk.order()
    stock.transfer(walk.session, walk.officer("Sofia"), handset, OTHER_POOL, walk.now)
    assert waits(walk, OTHER_POOL) == {DeadlineKind.SENDING_LATE}
    sacha, lost = walk.officer("Sacha"), IncidentKind.LOST
    stock.report_incident(walk.session, sacha, handset, lost, "By the carrier", walk.now)
    assert waits(walk, OTHER_POOL) == set()


def test_a_count_is_owed_each_quarter_and_settles_itself(walk: Walk) -> None:
    walk.order()
    walk.chase()
    first = stock_watch.planned(walk.session)[POOL][DeadlineKind.CENSUS_DUE]
    assert first == walk.now + timedelta(days=30), "it was never counted"
    walk.world.wait(days=3)
    walk.chase()
    assert stock_watch.planned(walk.session)[POOL][DeadlineKind.CENSUS_DUE] == first
    walk.world.wait(days=30)
    assert DeadlineKind.CENSUS_DUE in {t.kind for t in walk.chase()}
    count(walk)
    walk.chase()
    again = stock_watch.planned(walk.session)[POOL][DeadlineKind.CENSUS_DUE]
    assert again == next_count(walk.now)


def test_a_turn_that_finds_nothing_new_writes_nothing(walk: Walk) -> None:
    ordered(walk)
    walk.chase()
    asked = text("SELECT count(*), max(id::text) FROM deadline")
    before = walk.session.connection().execute(asked).one()
    walk.world.wait(hours=1)
    walk.chase()
    assert walk.session.connection().execute(asked).one() == before


def test_seen_by_its_stock_manager_and_by_nobody_of_another_court(walk: Walk) -> None:
    ordered(walk)
    walk.world.wait(days=21)
    walk.chase()
    rows = due.due_shown(walk.session, walk.officer("Sofia"), walk.now)["deadlines"]
    late = next(row["id"] for row in rows if row["kind"] == "order_late")
    with pytest.raises(NotThere):
        chasing.acknowledge(walk.session, walk.officer("Sacha"), late, walk.now)
    with pytest.raises(NotThere):
        chasing.acknowledge(walk.session, walk.officer("Lea"), late, walk.now)
    with pytest.raises(NotAllowed):
        chasing.acknowledge(walk.session, walk.officer("Camille"), late, walk.now)
    chasing.acknowledge(walk.session, walk.officer("Sofia"), late, walk.now)
    rows = due.due_shown(walk.session, walk.officer("Sofia"), walk.now)["deadlines"]
    assert next(row for row in rows if row["id"] == late)["is_quiet"]


def test_a_stock_manager_reads_days_of_stocks_alone(walk: Walk) -> None:
    walk.until("hand_over")
    ordered(walk)
    walk.live_until(walk.now.date() + timedelta(days=40))
    rows: list[dict[str, Any]] = due.due_shown(walk.session, walk.officer("Sofia"), walk.now)[
        "deadlines"
    ]
    assert rows
    assert {(row["file"], row["reference"], row["account"]) for row in rows} == {(None,) * 3}
    assert {row["court"] for row in rows} == {NANTERRE}


def test_the_day_is_that_of_the_oldest_matter(walk: Walk) -> None:
    now = walk.now
    assert due_in(Waits(), {}, now) == {DeadlineKind.CENSUS_DUE: now + timedelta(days=30)}
    found = due_in(Waits(now, now, now, now), {}, now)
    assert {kind: (at - now).days for kind, at in found.items()} | {
        DeadlineKind.CENSUS_DUE: 0
    } == {
        DeadlineKind.ORDER_LATE: 21, DeadlineKind.SENDING_LATE: 7, DeadlineKind.ERASURE_LATE: 7,
        DeadlineKind.CENSUS_DUE: 0,
    }  # fmt: skip
    counted = next_count(now)
    assert counted is not None
    assert 85 < (counted - now).days < 93
