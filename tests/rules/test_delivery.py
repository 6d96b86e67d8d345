"""The life of a telling: when it is tried again, and the provider's words, which never go back."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.delivery import DeliveryState, MessageStatus, later_of, message_status, next_try

NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
BASES_S = [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def wait_s(attempt: int, seed: int = 0, retry_after_s: float | None = None) -> float:
    return (next_try(attempt, NOW, seed, retry_after_s=retry_after_s) - NOW).total_seconds()


@pytest.mark.parametrize(("attempt", "base_s"), list(enumerate(BASES_S, 1)))
def test_each_failure_waits_longer_up_to_five_seconds(attempt: int, base_s: float) -> None:
    for seed in range(50):
        assert 0.8 * base_s <= wait_s(attempt, seed) <= 1.2 * base_s


@pytest.mark.parametrize(("attempt", "base_s"), list(enumerate([*BASES_S[:4], 60.0, 60.0], 1)))
def test_what_is_over_makes_room_for_what_is_not(attempt: int, base_s: float) -> None:
    """A day's closed alerts do not stand each five seconds before a destination that is away."""
    for seed in range(50):
        at = next_try(attempt, NOW, seed, retry_after_s=None, is_over=True)
        assert 0.8 * base_s <= (at - NOW).total_seconds() <= 1.2 * base_s


@given(st.integers(1, 10**9), st.integers(0, 0xFFFF))
def test_there_is_no_last_attempt(attempt: int, seed: int) -> None:
    assert (
        timedelta() < next_try(attempt, NOW, seed, retry_after_s=None) - NOW <= timedelta(seconds=6)
    )


def test_peers_that_failed_together_are_spread_and_each_is_sure_of_its_moment() -> None:
    waits = [wait_s(3, seed) for seed in range(40)]
    assert len(set(waits)) > 20
    assert waits == [wait_s(3, seed) for seed in range(40)]


@pytest.mark.parametrize(
    ("asked_s", "from_s", "to_s"), [(0, 0.4, 0.6), (30, 24, 36), (60, 48, 72), (86_400, 48, 72)]
)
def test_a_peer_may_ask_for_more_time_up_to_a_minute(
    asked_s: float, from_s: float, to_s: float
) -> None:
    assert from_s <= wait_s(1, 7, asked_s) <= to_s


def test_sent_and_refused_are_not_settled_and_have_not_arrived() -> None:
    settled = {s for s in DeliveryState if s.is_settled}
    assert settled == {DeliveryState.RECEIVED, DeliveryState.TAKEN, DeliveryState.WITHDRAWN}
    assert {s for s in DeliveryState if s.has_arrived} == settled - {DeliveryState.WITHDRAWN}


@pytest.mark.parametrize("order", list(permutations(MessageStatus)))
def test_in_whatever_order_the_provider_speaks_the_status_ends_at_the_highest(
    order: tuple[MessageStatus, ...],
) -> None:
    seen = [order[0]]
    for status in order[1:]:
        seen.append(later_of(seen[-1], status))
    ranks = [list(MessageStatus).index(s) for s in seen]
    assert ranks == sorted(ranks)
    assert seen[-1] is MessageStatus.DELIVERED


@pytest.mark.parametrize(("one", "other"), list(product(MessageStatus, repeat=2)))
def test_the_later_of_two_is_the_same_both_ways_and_is_one_of_them(
    one: MessageStatus, other: MessageStatus
) -> None:
    assert later_of(one, other) is later_of(other, one)
    assert later_of(one, other) in (one, other)
    assert reduce(later_of, [one, other, one]) is later_of(one, other)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("accepted", "queued"), ("scheduled", "queued"), ("queued", "queued"),
        ("initiated", "queued"), ("sending", "sending"), ("ringing", "sending"),
        ("sent", "sent"), ("in-progress", "sent"), ("completed", "sent"),
        ("undelivered", "undelivered"), ("busy", "undelivered"), ("no-answer", "undelivered"),
        ("failed", "failed"), ("canceled", "failed"),
        ("delivered", "delivered"), ("read", "delivered"),
        ("", None), ("DELIVERED", None), ("received", None), ("delivered ", None),
    ],
)  # fmt: skip
def test_the_words_of_the_provider(word: str, status: str | None) -> None:
    assert message_status(word) == status


def test_an_answered_call_proves_nothing() -> None:
    assert message_status("completed") is not MessageStatus.DELIVERED
