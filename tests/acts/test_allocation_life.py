"""What happens to an allocation while it lives: losses, recalls, deadlines, alerts, its ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from tests.acts.allocating import allocations, real_alert, state_of
from tests.walking import NANTERRE, OTHER_POOL, POOL, REASONS, Walk
from tgd.allocation import (
    chasing,
    courts,
    deciding,
    equipping,
    recalling,
    referring,
    releasing,
    returning,
    stock,
)
from tgd.allocation.acting import NotThere, NotYet
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import Deadline, Journal
from tgd.rules.access import Role
from tgd.rules.allocation import EndReason
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.guards import Missing
from tgd.rules.handset import ConsentScope
from tgd.rules.law import Condition
from tgd.store import deadlines

PARIS_END = datetime(2027, 5, 23, 22, 0, tzinfo=UTC)


@pytest.fixture
def walk(world) -> Walk:
    return Walk(world).settle_in()


def open_kinds(walk: Walk) -> dict[str, datetime]:
    return {one.kind: one.due_at for one in deadlines.of_file(walk.session, walk.id)}


def close_alerts(walk: Walk) -> None:
    walk.session.connection().exec_driver_sql(
        "UPDATE alert SET state = 'closed', outcome = 'other', reason = 'for the story',"
        " closed_by = 'Bruno', closed_at = opened_at, look_again_at = NULL"
    )


def renew(walk: Walk, who: str = "Camille"):
    return deciding.renew(walk.session, walk.officer(who), walk.id, REASONS, walk.now)


# The stock


def test_a_recall_sets_aside_what_lies_there_and_leaves_nobody_without(walk):
    walk.until("hand_over")
    free = walk.order("+33639980022")
    other = walk.order("+33639980023", OTHER_POOL, "Sacha")
    found = recalling.recall(
        walk.session, walk.officer("Sofia"), "battery", "B1", "It swells.", walk.now
    )
    assert (found.set_aside, found.carried) == ((free,), (walk.handset,))
    assert state_of(walk, walk.handset) == "issued"
    assert state_of(walk, free) == "quarantined"
    assert state_of(walk, other) == "in_stock"  # another court's
    with pytest.raises(Incomplete):
        recalling.recall(walk.session, walk.officer("Sofia"), "colour", "red", "Ugly.", walk.now)


def test_a_recalled_handset_is_swapped_and_comes_back(walk):
    walk.until("hand_over")
    recalling.recall(walk.session, walk.officer("Sofia"), "model", "Modele A", "Recall.", walk.now)
    first = walk.handset
    walk.handset = stock.order(
        walk.session, walk.officer("Sofia"), POOL, walk.now, model="Modele B"
    )
    stock.receive(walk.session, walk.officer("Sofia"), walk.handset, walk.now)
    walk.world.wait(minutes=1)
    for step in (walk.reserve, walk.provision, walk.press, walk.test, walk.hand_over):
        step()
    assert state_of(walk, first) == "return_due"
    returning.receive_back(walk.session, walk.officer("Sofia"), first, walk.now)
    assert state_of(walk, first) == "returned"


def test_a_handset_travels_and_is_given_to_nobody_on_its_way(walk):
    walk.until("grant")
    sent = walk.order("+33639980022", OTHER_POOL, "Sacha")
    stock.transfer(walk.session, walk.officer("Sacha"), sent, POOL, walk.now)
    with pytest.raises(NotThere):  # it is not his any more
        stock.transfer(walk.session, walk.officer("Sacha"), sent, OTHER_POOL, walk.now)
    with pytest.raises(WrongState, match="on its way"):
        equipping.reserve(walk.session, walk.officer("Greta"), walk.id, sent, walk.now)
    stock.receive(walk.session, walk.officer("Sofia"), sent, walk.now)
    equipping.reserve(walk.session, walk.officer("Greta"), walk.id, sent, walk.now)
    with pytest.raises(WrongState):
        stock.receive(walk.session, walk.officer("Sofia"), sent, walk.now)


def test_one_handset_is_kept_for_one_file_and_one_file_keeps_one(walk):
    walk.until("reserve")
    second = walk.order("+33639980022")
    with pytest.raises(SomebodyWasFaster, match="this file already"):
        equipping.reserve(walk.session, walk.officer("Greta"), walk.id, second, walk.now)
    equipping.unreserve(walk.session, walk.officer("Sofia"), walk.id, walk.now)
    assert state_of(walk, walk.handset) == "in_stock"
    equipping.reserve(walk.session, walk.officer("Sofia"), walk.id, second, walk.now)


def test_a_stock_below_its_floor_says_so(walk):
    walk.until("find")
    sofia = walk.officer("Sofia")
    assert stock.is_below_floor(walk.session, sofia, POOL)
    walk.handset = walk.order()
    assert not stock.is_below_floor(walk.session, sofia, POOL)
    walk.grant()
    walk.reserve()
    assert stock.is_below_floor(walk.session, sofia, POOL)


# Time


def test_every_date_is_said_and_an_end_that_nobody_renews_is_told_and_silences_nothing(walk):
    walk.until("hand_over")
    before = set(open_kinds(walk))
    assert before == {
        "renewal_first", "renewal_second", "renewal_last", "allocation_end", "ban_end", "test_due",
    }  # fmt: skip
    said: dict[str, int] = {}
    while walk.file().state == "active":
        walk.world.wait(days=1)
        for told in walk.chase():
            said[f"{told.kind} {told.to}"] = said.get(f"{told.kind} {told.to}", 0) + 1
    assert walk.now - PARIS_END < timedelta(days=1)
    assert said["renewal_first association"] > 50
    assert said["renewal_first prosecutor"] > 40  # nobody answered
    assert said["renewal_last prosecutor"] > 15
    assert (walk.file().state, walk.file().end_reason) == ("expired", "expiry")
    assert state_of(walk, walk.handset) == "return_due"
    assert set(open_kinds(walk)) == {"return_due"}
    walk.press("press")
    alert = real_alert(walk)
    assert "allocation_ended" in alert.labels
    assert alert.person == walk.file().person


def test_nothing_open_is_ever_without_a_next_look_in_a_year_of_turns(walk):
    walk.until("hand_over")
    for _ in range(60):
        walk.world.wait(days=6)
        walk.chase()
        walk.session.expire_all()
        for one in walk.session.exec(select(Deadline)):
            assert one.settled_at is not None or one.look_again_at > walk.now


def test_an_acknowledged_deadline_is_quiet_and_comes_again(walk):
    walk.until("hand_over")
    walk.live_until(date(2027, 3, 24))
    first = next(d for d in deadlines.of_file(walk.session, walk.id) if d.kind == "renewal_first")
    with pytest.raises(NotThere):
        chasing.acknowledge(walk.session, walk.officer("Noa"), first.id, walk.now)
    with pytest.raises(NotAllowed):  # neither the owner nor the one above
        chasing.acknowledge(walk.session, walk.officer("Greta"), first.id, walk.now)
    chasing.acknowledge(walk.session, walk.officer("Lea"), first.id, walk.now)
    told = []
    for _ in range(15):
        walk.world.wait(days=1)
        told.append([t.to for t in walk.chase() if t.kind is DeadlineKind.RENEWAL_FIRST])
    assert told[:13] == [[]] * 13
    assert [Role.ASSOCIATION] in told[13:]


def test_a_test_every_fifteen_days_moves_the_date_by_itself_and_a_missed_one_is_said(walk):
    walk.until("hand_over")
    for _ in range(3):
        walk.world.wait(days=13)
        walk.press()
        walk.world.wait(hours=6)
        assert [t for t in walk.chase() if t.kind is DeadlineKind.TEST_DUE] == []
        assert open_kinds(walk)["test_due"] == walk.now - timedelta(hours=6) + timedelta(days=15)
    walk.world.wait(days=16)
    told = [t for t in walk.chase() if t.kind is DeadlineKind.TEST_DUE]
    assert [t.to for t in told] == [Role.ASSOCIATION]


def test_camille_renews_from_the_day_on_which_the_period_ends(walk):
    walk.until("hand_over")
    walk.live_until(date(2027, 5, 1))
    signed = renew(walk)
    assert (signed.begins_on, signed.ends_at) == (
        date(2027, 5, 24), datetime(2027, 11, 23, 23, 0, tzinfo=UTC),
    )  # fmt: skip
    assert allocations(walk)[0].period.upper == walk.file().ends_at == signed.ends_at
    assert open_kinds(walk)["allocation_end"] == signed.ends_at
    again = renew(walk)  # no cap in the law
    assert again.ends_at == datetime(2028, 5, 23, 22, 0, tzinfo=UTC)


def test_a_late_renewal_begins_today_and_the_handset_is_hers_again(walk):
    walk.until("hand_over")
    walk.live_until(date(2027, 6, 2))
    assert walk.file().state == "expired"
    signed = renew(walk)
    assert signed.begins_on == date(2027, 6, 3)  # already tomorrow at the court
    assert (walk.file().state, state_of(walk, walk.handset)) == ("active", "issued")
    assert "return_due" not in open_kinds(walk)


def test_only_an_unconfirmed_immediate_order_is_shortened(walk):
    walk.until("hand_over")

    def shorten(last_day: date):
        return deciding.shorten(
            walk.session, walk.officer("Camille"), walk.id, last_day, REASONS, walk.now
        )

    assert shorten(date(2027, 1, 31)) == NotYet((Missing.OPPI_ONLY,))
    oppi = {"framework": "immediate_provisional_protection_order", "since": "2026-11-23"}
    referring.record_condition(
        walk.session, walk.officer("Greta"), walk.id, Condition.BAN, {"bans": [oppi]},
        "order 26/1", walk.now,
    )  # fmt: skip
    assert open_kinds(walk)["oppi_unconfirmed"] == datetime(2026, 11, 29, 23, tzinfo=UTC)
    with pytest.raises(Incomplete):
        shorten(date(2027, 9, 1))
    signed = shorten(date(2027, 1, 31))
    walk.tell_nobody()
    assert signed.ends_at == datetime(2027, 1, 31, 23, tzinfo=UTC)
    assert allocations(walk)[0].period.upper == signed.ends_at
    assert set(open_kinds(walk)) == {"allocation_end", "test_due"}


def test_he_is_detained_and_the_day_of_his_release_is_not_forgotten(walk):
    walk.until("hand_over")
    camille = walk.officer("Camille")
    deciding.suspend(walk.session, camille, walk.id, date(2027, 2, 1), REASONS, walk.now)
    assert (walk.file().state, state_of(walk, walk.handset)) == ("suspended", "issued")
    walk.press("press")
    assert "allocation_ended" not in real_alert(walk).labels
    walk.live_until(date(2027, 1, 18))
    assert open_kinds(walk)["release"] == datetime(2027, 1, 31, 23, tzinfo=UTC)
    assert walk.session.exec(
        select(Journal).where(
            Journal.act == "DeadlineReminded", col(Journal.detail)["kind"].astext == "release"
        )
    ).all()
    deciding.resume(walk.session, camille, walk.id, REASONS, walk.now)
    assert walk.file().state == "active"
    assert "release" in open_kinds(walk), "nobody has told her yet"


def test_what_is_granted_can_be_reserved_for_his_release(walk):
    walk.until("reserve")
    releasing.expect_release(
        walk.session, walk.officer("Greta"), walk.id, date(2027, 2, 1), walk.now
    )
    assert walk.file().release_on == date(2027, 2, 1)
    assert state_of(walk, walk.handset) == "reserved"
    assert "release" in open_kinds(walk)


def test_a_grant_that_nobody_handed_over_is_said_and_ends_by_its_day(walk):
    walk.until("grant")
    said = {t.kind: t.to for t in walk.chase()}
    assert said[DeadlineKind.HAND_OVER_WAITING] == "registry", "now: she is in danger"
    walk.reserve()
    walk.world.wait(days=4)
    assert DeadlineKind.HAND_OVER_WAITING in {t.kind for t in walk.chase()}
    walk.world.now = PARIS_END + timedelta(minutes=1)
    walk.chase()
    assert (walk.file().state, state_of(walk, walk.handset)) == ("closed", "in_stock")
    assert walk.file().purge_at is not None


def test_the_end_of_a_clearance_is_said_and_after_it_nothing_is_there(walk):
    walk.until("hand_over")
    cleared = courts.clear(
        walk.session, walk.officer("Camille"), "Paul", walk.now + timedelta(days=40), walk.now,
        court=NANTERRE,
    )  # fmt: skip
    walk.world.wait(days=11)
    told = [t for t in walk.chase() if t.kind is DeadlineKind.CLEARANCE_END]
    assert [t.to for t in told] == [Role.PROSECUTOR]
    chasing.acknowledge(walk.session, walk.officer("Camille"), told[0].deadline, walk.now)
    assert courts.may_decide(walk.officer("Paul"), NANTERRE)
    courts.revoke(walk.session, walk.officer("Camille"), cleared.id, walk.now)
    assert not courts.may_decide(walk.officer("Paul"), NANTERRE)


def test_she_does_not_want_it_any_more_and_the_prosecutor_hears_it_now(walk):
    walk.until("hand_over")
    equipping.withdraw_consent(
        walk.session, walk.officer("Lea"), walk.id, ConsentScope.DEVICE, walk.now
    )
    assert Role.PROSECUTOR in {
        t.to for t in walk.chase() if t.kind is DeadlineKind.CONSENT_WITHDRAWN
    }
    with pytest.raises(WrongState):
        equipping.withdraw_consent(
            walk.session, walk.officer("Lea"), walk.id, ConsentScope.DEVICE, walk.now
        )


# The alert


def test_an_allocation_that_ends_during_an_alert_changes_nothing_until_it_is_closed(walk):
    walk.until("hand_over")
    walk.press("press")
    alert = real_alert(walk).model_copy()
    walk.world.wait(minutes=1)
    deciding.withdraw(
        walk.session, walk.officer("Camille"), walk.id, EndReason.DANGER_ENDED, REASONS, walk.now,
        safety_checked=True, release_checked=True,
    )  # fmt: skip
    again = real_alert(walk)
    assert (again.id, again.state, again.person) == (alert.id, "open", walk.file().person)
    assert again.labels == alert.labels
    greta = walk.officer("Greta")
    told = returning.take_back(walk.session, greta, walk.id, "Lea", walk.now)
    assert told == NotYet((Missing.ALERT_OPEN,))
    walk.world.wait(minutes=1)
    walk.press("press")
    again = real_alert(walk)
    assert (again.presses, again.person, again.labels) == (2, alert.person, alert.labels)
    close_alerts(walk)
    returning.take_back(walk.session, greta, walk.id, "Lea", walk.now)
    walk.world.wait(minutes=1)
    walk.press("press")
    assert "allocation_ended" in real_alert(walk).labels


def test_a_period_that_passes_during_an_alert_changes_nothing_either(walk):
    """She presses a minute before midnight of the last day, and once more after it."""
    walk.until("hand_over")
    walk.world.now = walk.file().ends_at - timedelta(minutes=1)
    walk.press("press")
    before = real_alert(walk).model_copy()
    walk.world.wait(minutes=2)
    walk.chase()
    assert walk.file().state == "expired"
    walk.press("press")
    after = real_alert(walk)
    assert (after.id, after.presses, after.labels) == (before.id, 2, before.labels)
    close_alerts(walk)
    walk.press("press")
    assert "allocation_ended" in real_alert(walk).labels


@pytest.mark.parametrize(
    ("last", "label", "names_her"),
    [("reserve", "no_allocation", False), ("test", "no_allocation", False),
     ("hand_over", None, True), ("withdraw", "allocation_ended", True),
     ("take_back", "allocation_ended", True), ("wipe", "allocation_ended", False),
     ("restock", "allocation_ended", False)],
)  # fmt: skip
def test_wherever_a_handset_is_a_press_of_it_is_an_alert(walk, last, label, names_her):
    walk.until(last)
    walk.world.wait(minutes=1)
    walk.press("press")
    alert = real_alert(walk)
    labels = set(alert.labels) & {"no_allocation", "allocation_ended"}
    assert labels == ({label} if label else set())
    assert (alert.person is not None) is names_her
