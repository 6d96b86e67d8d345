"""The table of an alert's states: every state with every event, and when four eyes are needed."""

from itertools import product

import pytest

from tgd.errors import WrongState
from tgd.rules.alert import (
    SEEN_OUTCOMES,
    TRANSITIONS,
    AlertEvent,
    AlertState,
    Outcome,
    Verified,
    after,
    needs_second_person,
)

WHAT_MAY_FOLLOW = {
    # state: what take, lapse, release, verify, request, acknowledge, arrive and close make of it
    "open": "taken -        -    -            -            acknowledged on_scene -",
    "taken": "taken open     open verified     requested    acknowledged on_scene closed",
    "verified": "verified open  open verified     requested    acknowledged on_scene closed",
    "requested": "requested requested - requested    -            acknowledged on_scene closed",
    "acknowledged": "acknowledged acknowledged - acknowledged acknowledged acknowledged"
    " on_scene closed",
    "on_scene": "on_scene on_scene - on_scene     on_scene     on_scene     on_scene closed",
    "closed": "- - - - - - - -",
}
"""Written out a second time, by hand: whoever changes the rule must say so twice."""


@pytest.mark.parametrize(("state", "event"), list(product(AlertState, AlertEvent)))
def test_each_event_leads_where_the_table_says_or_is_refused(
    state: AlertState, event: AlertEvent
) -> None:
    then = WHAT_MAY_FOLLOW[state].split()[list(AlertEvent).index(event)]
    if then == "-":
        with pytest.raises(WrongState) as refused:
            after(state, event)
        assert f"“{state}”" in str(refused.value)
        assert f"“{event}”" in str(refused.value)
    else:
        assert after(state, event) is AlertState(then)


def test_there_is_no_way_out_of_closed() -> None:
    assert [event for state, event in TRANSITIONS if state is AlertState.CLOSED] == []


def test_nobody_closes_what_nobody_has_taken() -> None:
    assert (AlertState.OPEN, AlertEvent.CLOSE) not in TRANSITIONS


def test_only_giving_back_and_lapsing_lead_back_to_open() -> None:
    back = {event for (_, event), then in TRANSITIONS.items() if then is AlertState.OPEN}
    assert back == {AlertEvent.LAPSE, AlertEvent.RELEASE}


def test_every_open_state_can_be_reached_and_can_be_closed() -> None:
    reached, grown = {AlertState.OPEN}, True
    while grown:
        new = {then for (state, _), then in TRANSITIONS.items() if state in reached}
        grown = not new <= reached
        reached |= new
    assert reached == set(AlertState)
    closable = {state for state, event in TRANSITIONS if event is AlertEvent.CLOSE}
    assert closable == set(AlertState) - {AlertState.OPEN, AlertState.CLOSED}


HEARD_HER = {Verified.SAFE_CODE_WORD, Verified.SAFE_VOICE}


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("verified", [None, *Verified])
@pytest.mark.parametrize("doubtful_end", [False, True])
def test_seen_by_those_on_the_scene_one_person_is_enough(
    outcome: Outcome, verified: Verified | None, doubtful_end: bool
) -> None:
    assert not needs_second_person(outcome, verified, seen=True, doubtful_end=doubtful_end)


@pytest.mark.parametrize("verified", [None, *Verified])
@pytest.mark.parametrize(("seen", "doubtful_end"), list(product([False, True], repeat=2)))
def test_a_test_is_ended_by_one_person(
    verified: Verified | None, seen: bool, doubtful_end: bool
) -> None:
    assert not needs_second_person(Outcome.TEST, verified, seen=seen, doubtful_end=doubtful_end)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.TEST}))
@pytest.mark.parametrize("verified", [None, *Verified])
def test_unseen_only_her_voice_or_code_word_lets_one_person_end_it(
    outcome: Outcome, verified: Verified | None
) -> None:
    alone = not needs_second_person(outcome, verified, seen=False, doubtful_end=False)
    assert alone == (verified in HEARD_HER)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.TEST}))
@pytest.mark.parametrize("verified", [None, *Verified])
def test_a_cancel_or_a_duress_unseen_always_needs_two(
    outcome: Outcome, verified: Verified | None
) -> None:
    assert needs_second_person(outcome, verified, seen=False, doubtful_end=True)


def test_what_only_a_witness_can_report() -> None:
    assert {"made_safe", "apprehended", "met_and_warned"} == SEEN_OUTCOMES
