"""The two tables of states explored whole, and the guards over every combination."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.errors import WrongState
from tgd.rules import allocation, case_sheet, handset
from tgd.rules.allocation import AllocationEvent, AllocationState, DecisionKind
from tgd.rules.guards import SENTENCES, Missing, Prepared, for_hand_over
from tgd.rules.handset import MAY_BECOME, HandsetEvent, HandsetState
from tgd.rules.territory import DEMO, of_commune, of_position

NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
A, E, H = AllocationState, AllocationEvent, HandsetState


def reached(table: dict[tuple[Any, Any], Any], first: Any, without: Iterable[Any] = ()) -> set[Any]:
    """Every state that some walk reaches, when these events never happen."""
    known, forbidden = {first}, set(without)
    while True:
        more = {to for (s, e), to in table.items() if s in known and e not in forbidden} - known
        if not more:
            return known
        known |= more


def test_every_state_can_be_reached() -> None:
    assert reached(allocation.TRANSITIONS, A.REPORTED) == set(A)
    assert reached(handset.TRANSITIONS, H.ORDERED) == set(H)


def test_what_the_table_does_not_hold_is_refused() -> None:
    for state, event in product(A, E):
        if (state, event) not in allocation.TRANSITIONS:
            with pytest.raises(WrongState):
                allocation.after(state, event)
    for place, what in product(H, HandsetEvent):
        if (place, what) not in handset.TRANSITIONS:
            with pytest.raises(WrongState):
                handset.after(place, what)


def test_nobody_carries_a_handset_without_a_grant_and_a_hand_over() -> None:
    with_her = {A.ACTIVE, A.SUSPENDED, A.EXPIRED}
    assert reached(allocation.TRANSITIONS, A.REPORTED, [E.GRANT]) & with_her == set()
    assert reached(allocation.TRANSITIONS, A.REPORTED, [E.HAND_OVER]) & with_her == set()


def test_a_refusal_leads_to_forgetting_only() -> None:
    assert reached(allocation.TRANSITIONS, A.REFUSED) == {A.REFUSED, A.PURGED}


@pytest.mark.parametrize("state", A)
def test_from_every_state_the_end_is_reached_and_every_end_is_forgotten(state: A) -> None:
    assert A.PURGED in reached(allocation.TRANSITIONS, state)
    assert {s for s in A if not any(b is s for b, _ in allocation.TRANSITIONS)} == {A.PURGED}


def test_nobody_carries_a_handset_that_was_not_reserved_given_keys_and_issued() -> None:
    for event in (HandsetEvent.ISSUE, HandsetEvent.PROVISION, HandsetEvent.RESERVE):
        found = reached(handset.TRANSITIONS, H.ORDERED, [event, HandsetEvent.FIND])
        assert found & {H.ISSUED, H.RETURN_DUE} == set()


@pytest.mark.parametrize("state", sorted(set(H) - {H.RETIRED}))
def test_no_handset_is_ever_stuck_it_comes_back_to_the_stock_or_is_retired(state: H) -> None:
    assert {H.IN_STOCK, H.RETIRED} <= reached(handset.TRANSITIONS, state)


@pytest.mark.parametrize("state", sorted(set(H) - {H.RETIRED, H.LOST, H.STOLEN}))
def test_a_handset_may_be_lost_or_stolen_in_every_place(state: H) -> None:
    assert handset.after(state, HandsetEvent.LOSE) is H.LOST
    assert handset.after(state, HandsetEvent.STEAL) is H.STOLEN


def test_what_was_with_her_is_erased_before_it_is_given_again() -> None:
    for with_her in (H.ISSUED, H.RETURN_DUE):
        back = reached(handset.TRANSITIONS, with_her, [HandsetEvent.WIPE])
        assert back & {H.IN_STOCK, H.RESERVED, H.PROVISIONED} == set()


def test_the_command_line_knows_every_place_and_gives_to_nobody() -> None:
    assert set(MAY_BECOME) == set(H)
    carried = {H.LOST, H.STOLEN, H.FAULTY}
    assert {s for s, to in MAY_BECOME.items() if H.ISSUED in to} == carried


PRESENT: dict[str, tuple[Any, Any, set[Missing]]] = {
    # field: what is there, what is not, what is then missing
    "decision": (DecisionKind.GRANT, None, {Missing.DECISION}),
    "ends_at": (NOW + timedelta(days=9), NOW, {Missing.DECISION_RUNS}),
    "device_agreed": (True, False, {Missing.DEVICE_CONSENT}),
    "geolocation_answered": (True, False, {Missing.GEOLOCATION_ANSWER}),
    "sheet_confirmed_at": (NOW, None, {Missing.CASE_SHEET}),
    "sheet_lacks": ((), ("contacts",), {Missing.SHEET_COMPLETE}),
    "area_resolved": (True, False, {Missing.AREA}),
    "handset": ("hana", None, {Missing.HANDSET, Missing.TEST_PRESS}),
    "model_accepted": (True, False, {Missing.MODEL_ACCEPTED}),
    "provisioned_at": (NOW - timedelta(hours=2), None, {Missing.KEYS, Missing.TEST_PRESS}),
    "profile_live": (True, False, {Missing.PLATFORM_PROFILE}),
    "tested_handset": ("hana", "hbea", {Missing.TEST_PRESS}),
    "tested_at": (NOW - timedelta(hours=1), NOW - timedelta(hours=3), {Missing.TEST_PRESS}),
}


def test_over_every_combination_exactly_what_is_missing_is_said() -> None:
    count = 0
    for there in product([True, False], repeat=len(PRESENT)):
        values = {
            name: yes if is_there else no
            for (name, (yes, no, _)), is_there in zip(PRESENT.items(), there, strict=True)
        }
        lacks: set[Missing] = set()
        for (_, _, missing), is_there in zip(PRESENT.values(), there, strict=True):
            lacks |= set() if is_there else missing
        if values["handset"] is None:
            lacks -= {Missing.MODEL_ACCEPTED}  # of which one?
        assert set(for_hand_over(Prepared(**values), NOW)) == lacks
        count += not lacks
    assert count == 1


@pytest.mark.parametrize("kind", [k for k in DecisionKind if k is not DecisionKind.GRANT])
def test_no_decision_but_a_grant_gives_a_handset(kind: DecisionKind) -> None:
    there = {name: yes for name, (yes, _, _) in PRESENT.items()} | {"decision": kind}
    assert for_hand_over(Prepared(**there), NOW) == (Missing.DECISION,)


@given(minutes=st.integers(-3000, 3000))
def test_a_test_counts_for_the_keys_that_the_handset_has_now(minutes: int) -> None:
    there = {name: yes for name, (yes, _, _) in PRESENT.items()}
    there["tested_at"] = there["provisioned_at"] + timedelta(minutes=minutes)
    assert (for_hand_over(Prepared(**there), NOW) == ()) is (minutes >= 0)


def test_everything_that_can_be_missing_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Missing)
    assert len(set(SENTENCES.values())) == len(Missing)


def test_a_sheet_says_what_it_lacks() -> None:
    assert case_sheet.lacks({}) == sorted(case_sheet.NEEDED)
    nowhere = {"places": [{"label": "home", "city": "Nanterre", "insee": ""}]}
    assert "places" in case_sheet.lacks(nowhere)
    assert case_sheet.malformed({"name": 3, "places": ["x"], "children": "two"}) == [
        "children", "name", "places",
    ]  # fmt: skip
    assert case_sheet.unknown_fields({"name": "A", "restrained": "B"}) == ["restrained"]


def test_a_place_has_its_court_its_force_and_its_room_and_a_border_has_two() -> None:
    nanterre = of_commune("92050", DEMO)
    assert nanterre is not None
    assert (nanterre.court, nanterre.force.value) == ("TJ-NANTERRE", "police")
    assert of_commune("00000", DEMO) is None
    assert of_commune(None, DEMO) is None
    assert [a.insee for a in of_position(45.05, 2.05, DEMO)] == ["99101", "99102"]
    assert of_position(0.5, 0.5, DEMO) == ()
