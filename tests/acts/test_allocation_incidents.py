"""Loss, theft, breakage: she has nothing in her hands, and somebody is told until she has."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.acts.allocating import (
    allocations,
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
    real_alert,
    state_of,
)
from tests.walking import EXAMPLE, NANTERRE, OTHER_POOL, REASONS
from tgd.allocation import equipping, recalling, returning, stock
from tgd.allocation.acting import NotThere, NotYet
from tgd.errors import WrongState
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.handset import AsideReason, IncidentKind

PARIS_END = datetime(2027, 5, 23, 22, 0, tzinfo=UTC)


def test_a_replacement_that_does_not_exist_is_a_sentence(walk):
    """Somebody mistypes it in a hurry: nothing is done, and nothing breaks."""
    walk.until("hand_over")
    with pytest.raises(WrongState, match="no such handset"):
        stock.report_incident(
            walk.session, walk.officer("Greta"), walk.handset, IncidentKind.LOST, "In the tram.",
            walk.now, replacement="h" + "0" * 12,
        )  # fmt: skip
    assert state_of(walk, walk.handset) == "issued"


@pytest.mark.parametrize(("kind", "place"), [("lost", "lost"), ("stolen", "stolen"),
                                             ("broken", "faulty")])  # fmt: skip
def test_a_loss_is_blocked_replaced_and_told_in_one_act(walk, kind, place):
    walk.until("hand_over")
    second = walk.order("+33639980022")
    told = stock.report_incident(
        walk.session, walk.officer("Greta"), walk.handset, IncidentKind(kind), "In the tram.",
        walk.now, replacement=second,
    )  # fmt: skip
    assert told.told == ["platform", "association:Association Exemple", "court:TJ-NANTERRE"]
    assert (state_of(walk, walk.handset), state_of(walk, second)) == (place, "reserved")
    walk.press("press")  # by whoever has it: still an alert
    assert ("stolen" in real_alert(walk).labels) is (kind == "stolen")
    first, walk.handset = walk.handset, second
    walk.world.wait(minutes=1)
    assert isinstance(
        equipping.hand_over(walk.session, walk.officer("Greta"), walk.id, walk.now), NotYet
    )
    walk.provision()
    walk.press()
    walk.test()
    walk.hand_over()
    before, after = allocations(walk)
    assert (before.handset, after.handset) == (first, second)
    assert before.ended_at == before.period.upper == after.period.lower == walk.now
    assert (after.period.upper, after.decision) == (PARIS_END, before.decision)
    returning.receive_back(walk.session, walk.officer("Sofia"), first, walk.now)
    assert state_of(walk, first) == "returned"


def test_what_the_association_reports_it_reports_of_its_own_people_only(walk):
    walk.until("hand_over")
    with pytest.raises(NotThere):
        stock.report_incident(
            walk.session, walk.officer("Noa"), walk.handset, IncidentKind.LOST, "Not mine.",
            walk.now,
        )  # fmt: skip
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.LOST, "In the tram.", walk.now
    )
    stock.report_found(walk.session, walk.officer("Lea"), walk.handset, walk.now)
    assert state_of(walk, walk.handset) == "issued"


def test_a_lost_handset_that_never_comes_back_does_not_keep_her_file_open(walk):
    walk.until("hand_over")
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.STOLEN, "By him.", walk.now
    )
    with pytest.raises(WrongState):
        returning.settle(walk.session, walk.officer("Greta"), walk.id, REASONS, walk.now)
    walk.withdraw()
    returning.settle(walk.session, walk.officer("Greta"), walk.id, REASONS, walk.now)
    assert walk.file().state == "closed"
    assert set(open_kinds(walk)) == {"platform_erasure", "traces_erasure"}
    stock.retire(walk.session, walk.officer("Sofia"), walk.handset, AsideReason.GONE, walk.now)


def test_a_handset_that_works_is_not_written_off(walk):
    walk.until("withdraw")
    with pytest.raises(WrongState, match="take it back"):
        returning.settle(walk.session, walk.officer("Greta"), walk.id, REASONS, walk.now)


@pytest.mark.parametrize("kind", list(IncidentKind))
def test_who_has_lost_hers_waits_for_another_and_somebody_is_told(walk, kind):
    """Not only a line on the stock's board: a deadline, due at once, until it is in her hands."""
    walk.until("hand_over")
    walk.chase()
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, kind, "In the tram.", walk.now
    )
    assert DeadlineKind.HAND_OVER_WAITING in {one.kind for one in walk.chase()}
    walk.world.wait(minutes=1)
    walk.handset = walk.order("+33639980022")
    for step in (walk.reserve, walk.provision, walk.press, walk.test):
        step()
    assert "hand_over_waiting" in open_kinds(walk)
    walk.hand_over()
    assert "hand_over_waiting" not in open_kinds(walk)


def test_who_finds_hers_again_waits_no_longer(walk):
    walk.until("hand_over")
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.LOST, "In the tram.", walk.now
    )
    stock.report_found(walk.session, walk.officer("Lea"), walk.handset, walk.now)
    assert "hand_over_waiting" not in open_kinds(walk)


def test_a_broken_one_that_she_carries_is_not_set_aside_as_if_it_lay_there(walk):
    walk.until("hand_over")
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.BROKEN, "It fell.", walk.now
    )
    with pytest.raises(WrongState, match="still carries"):
        stock.quarantine(
            walk.session, walk.officer("Sofia"), walk.handset, AsideReason.DAMAGED, walk.now
        )
    found = recalling.recall(
        walk.session, walk.officer("Sofia"), "model", "Modele A", "It swells.", walk.now
    )
    assert walk.handset in found.carried
    assert state_of(walk, walk.handset) == "faulty"


def test_a_handset_of_another_court_is_sent_here_before_it_is_kept(walk):
    walk.until("grant")
    walk.handset = walk.order("+33639980023", OTHER_POOL, "Sacha")
    both = replace(
        walk.officer("Greta"), reach=replace(
            walk.officer("Greta").reach, courts=frozenset({NANTERRE, EXAMPLE})
        ),
    )  # fmt: skip
    with pytest.raises(WrongState, match="another court"):
        equipping.reserve(walk.session, both, walk.id, walk.handset, walk.now)
