"""A renewal is no habit: the association advises again, and what may have changed is looked at."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.acts.allocating import made_walk, open_kinds  # noqa: F401  (a fixture)
from tests.walking import REASONS, Walk
from tgd.allocation import deciding, referring
from tgd.allocation.acting import NotYet
from tgd.casework.facts import file_of
from tgd.errors import WrongState
from tgd.records import Decision
from tgd.rules.allocation import OpinionKind
from tgd.rules.guards import Missing
from tgd.rules.law import Condition
from tgd.store import deadlines

SHORT = "Nothing has changed."


@pytest.fixture(name="carried")
def made_carried(walk: Walk) -> Walk:
    return walk.until("hand_over")


def advise(walk: Walk) -> None:
    referring.assess(walk.session, walk.officer("Lea"), walk.id, "danger-grid/2026-1",
                     {"weapon": "yes"}, walk.now)  # fmt: skip
    referring.give_opinion(
        walk.session, walk.officer("Lea"), walk.id, OpinionKind.FAVOURABLE, REASONS, walk.now
    )


def renew(walk: Walk, reasons: str) -> object:
    return deciding.renew(walk.session, walk.officer("Camille"), walk.id, reasons, walk.now)


def look_again(walk: Walk) -> None:
    said: dict[Condition, dict[str, Any]] = {
        Condition.GRAVE_DANGER: {"met": True}, Condition.NO_COHABITATION: {"cohabitation": False},
    }  # fmt: skip
    for condition, found in said.items():
        referring.record_condition(
            walk.session, walk.officer("Greta"), walk.id, condition, found, "report", walk.now
        )


def test_the_association_advises_again_and_who_decides_is_told_the_same_day(carried: Walk) -> None:
    advise(carried)
    assert "renewal_first" in open_kinds(carried), "it was not asked yet"
    carried.world.wait(days=121)
    advise(carried)
    assert carried.file().state == "active"
    assert "renewal_first" not in open_kinds(carried)
    (second,) = [d for d in deadlines.of_file(carried.session, carried.id)
                 if d.kind == "renewal_second"]  # fmt: skip
    assert (second.owner, second.due_at) == ("prosecutor", carried.now)


def test_an_opinion_is_given_while_she_carries_it_and_not_after(carried: Walk) -> None:
    day = (carried.now + timedelta(days=30)).date()
    deciding.suspend(
        carried.session, carried.officer("Camille"), carried.id, day, REASONS, carried.now
    )
    advise(carried)
    assert carried.file().state == "suspended"
    carried.withdraw()
    with pytest.raises(WrongState):
        advise(carried)


def test_what_was_true_half_a_year_ago_is_not_known_for_a_renewal(carried: Walk) -> None:
    carried.world.wait(days=10)
    early = file_of(carried.session, carried.officer("Camille"), carried.id, carried.now)
    assert not [f for f in early["conditions"]["findings"] if f["is_old"]]
    carried.world.wait(days=150)
    shown = file_of(carried.session, carried.officer("Camille"), carried.id, carried.now)
    old = {f["condition"] for f in shown["conditions"]["findings"] if f["is_old"]}
    assert old == {"grave_danger", "no_cohabitation"}
    assert not shown["conditions"]["holds"]
    assert renew(carried, SHORT) == NotYet((Missing.REASON_AGAINST_ADVICE,))
    look_again(carried)
    signed = renew(carried, SHORT)
    assert isinstance(signed, Decision)
    assert not signed.against_advice
    carried.world.wait(days=180)
    assert renew(carried, SHORT) == NotYet((Missing.REASON_AGAINST_ADVICE,)), "and again"


def test_it_is_renewed_against_the_advice_with_a_reason(carried: Walk) -> None:
    carried.world.wait(days=170)
    signed = renew(carried, REASONS)
    assert isinstance(signed, Decision)
    assert signed.against_advice
    assert signed.advice["grave_danger"] is None


def test_he_is_detained_and_the_judge_refuses_the_order(carried: Walk) -> None:
    """Suspended, and shortened all the same."""
    oppi = {"framework": "immediate_provisional_protection_order",
            "since": carried.now.date().isoformat()}  # fmt: skip
    referring.record_condition(
        carried.session, carried.officer("Greta"), carried.id, Condition.BAN, {"bans": [oppi]},
        "order 26/1", carried.now,
    )  # fmt: skip
    camille = carried.officer("Camille")
    day = (carried.now + timedelta(days=30)).date()
    deciding.suspend(carried.session, camille, carried.id, day, REASONS, carried.now)
    signed = deciding.shorten(
        carried.session, camille, carried.id, date(2027, 1, 31), REASONS, carried.now
    )
    assert isinstance(signed, Decision)
    assert (carried.file().state, carried.file().ends_at) == ("suspended", signed.ends_at)


def test_what_is_granted_and_not_handed_over_is_renewed(walk: Walk) -> None:
    walk.until("grant")
    walk.world.wait(days=170)
    signed = renew(walk, REASONS)
    assert isinstance(signed, Decision)
    assert (walk.file().state, walk.file().ends_at) == ("granted", signed.ends_at)
