"""Legs of a call: every word, every order, every pair of states."""

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.calling import Following, LegState, Party, follow, later_leg, leg_state

OVER = [state for state in LegState if state.is_over]
WORDS = ["queued", "initiated", "ringing", "in-progress", "completed"]


@pytest.mark.parametrize("order", list(permutations(WORDS)))
def test_whatever_the_order_of_the_callbacks_the_end_is_the_same(order: tuple[str, ...]) -> None:
    state = LegState.ASKED
    for word in order:
        said = leg_state(word)
        assert said is not None
        state = later_leg(state, said)
    assert state is LegState.ENDED


@given(st.lists(st.sampled_from(list(LegState))))
def test_the_first_end_stays(said: list[LegState]) -> None:
    state, first = LegState.WAITING, next((s for s in said if s.is_over), None)
    for one in said:
        state = later_leg(state, one)
    assert state.is_over == (first is not None)
    assert first is None or state is first


def test_a_word_that_nobody_knows_is_none() -> None:
    assert [leg_state(word) for word in ("", "Ringing", "answered", "x" * 99)] == [None] * 4


@pytest.mark.parametrize(("operator", "handset"), list(product(LegState, LegState)))
def test_nobody_is_left_alone_and_nobody_rings_for_nobody(
    operator: LegState, handset: LegState
) -> None:
    next_ = follow(operator, handset)
    assert next_.ring_handset == (operator is LegState.ANSWERED and handset is LegState.WAITING)
    if operator in OVER and handset in OVER:
        assert next_ == Following(is_over=True)
    elif operator in OVER and handset is LegState.WAITING:
        assert next_ == Following(give_up_handset=True, is_over=True)
    elif operator in OVER:
        assert next_ == Following(hang_up=Party.HANDSET)
    elif handset in OVER:
        assert next_ == Following(hang_up=Party.OPERATOR)
    else:
        assert (next_.hang_up, next_.is_over) == (None, False)
