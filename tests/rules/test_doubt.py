"""The doctrine for whatever can be said: nothing is refused, and trust is never given away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.alert import Lane
from tgd.rules.doubt import Known, Label, Trust, Verdict, better, judge
from tgd.rules.handset import PROVES_NOTHING, HandsetState
from tgd.rules.trigger import (
    Meaning,
    Nothing,
    Position,
    PositionReport,
    StateReport,
    Trigger,
    TriggerKind,
    Unreadable,
)

NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)

moments = st.datetimes(timezones=st.just(UTC))
positions = st.builds(
    Position, st.floats(-90, 90), st.floats(0.001, 180), st.none() | st.floats(0, 1e6)
)
triggers = st.builds(
    Trigger,
    kind=st.sampled_from(TriggerKind),
    id=st.none() | st.text(max_size=64),
    counter=st.none() | st.integers(0, 2**53),
    claimed_at=st.none() | moments,
    position=st.none() | positions,
    battery_pct=st.none() | st.floats(0, 100),
    text=st.none() | st.text(max_size=20),
)
tests = st.builds(Trigger, kind=st.just(TriggerKind.TEST))
meanings = st.one_of(
    triggers,
    st.builds(PositionReport, st.none() | positions),
    st.builds(StateReport, st.sampled_from(["online", "lost"])),
    st.builds(Nothing, st.text(max_size=5)),
    st.builds(Unreadable, st.text(max_size=5)),
)
knowns = st.builds(
    Known,
    handset=st.none() | st.just("hana"),
    state=st.none() | st.sampled_from(HandsetState),
    allocated=st.booleans(),
    allocation_ended=st.booleans(),
    geolocation_agreed=st.booleans(),
    last_counter=st.none() | st.integers(0, 2**53),
)
signatures = st.sampled_from([None, True, False])


def judged(
    meaning: Meaning, known: Known, proven: bool = False, signature: bool | None = None
) -> Verdict:
    return judge(meaning, known, proven_by_transport=proven, signature=signature, received_at=NOW)


@given(meanings, knowns, st.booleans(), signatures, moments)
def test_whatever_is_said_by_whomever_there_is_a_verdict_and_never_a_refusal(
    meaning: Meaning, known: Known, proven: bool, signature: bool | None, at: datetime
) -> None:
    verdict = judge(meaning, known, proven_by_transport=proven, signature=signature, received_at=at)
    assert verdict.lane in Lane
    assert verdict.labels <= set(Label)


@given(triggers | tests, knowns, st.booleans(), signatures)
def test_only_a_proven_handset_that_says_test_comes_into_the_test_lane(
    meaning: Meaning, known: Known, proven: bool, signature: bool | None
) -> None:
    verdict = judged(meaning, known, proven, signature)
    says_test = isinstance(meaning, Trigger) and meaning.kind is TriggerKind.TEST
    assert (verdict.lane is Lane.TEST) == (says_test and verdict.trust is Trust.VERIFIED)
    assert (Label.TEST_UNVERIFIED in verdict.labels) == (
        says_test and verdict.trust is not Trust.VERIFIED
    )


CANARY = Known("canaryabc", HandsetState.PROVISIONED, is_canary=True)


@pytest.mark.parametrize(("known", "proven", "signature", "lane"), [
    (CANARY, True, None, Lane.CANARY),
    (CANARY, False, True, Lane.CANARY),
    (CANARY, False, None, Lane.REAL),  # Dora says that she is the canary
    (CANARY, False, False, Lane.REAL),
    (CANARY, True, False, Lane.REAL),
    (replace(CANARY, allocated=True), True, None, Lane.REAL),  # no record has that; and yet
    (replace(CANARY, is_canary=False), True, None, Lane.REAL),
    (Known(), True, None, Lane.REAL),
    (Known(is_canary=True), True, None, Lane.REAL),
])  # fmt: skip
@pytest.mark.parametrize("kind", [k for k in TriggerKind if k is not TriggerKind.TEST])
def test_only_a_proven_canary_that_nobody_carries_comes_into_the_lane_of_canaries(
    known: Known, proven: bool, signature: bool | None, lane: Lane, kind: TriggerKind
) -> None:
    assert judged(Trigger(kind=kind), known, proven, signature).lane is lane


@given(meanings, knowns, st.booleans(), signatures)
def test_nothing_that_a_message_says_makes_it_a_canary(
    meaning: Meaning, known: Known, proven: bool, signature: bool | None
) -> None:
    assert judged(meaning, known, proven, signature).lane is not Lane.CANARY


@given(meanings)
def test_nothing_that_a_canary_says_makes_it_an_alert(meaning: Meaning) -> None:
    assert judged(meaning, CANARY, proven=True).lane is Lane.CANARY


@given(meanings, knowns, st.booleans(), signatures)
def test_trust_is_what_was_proven_and_nothing_more(
    meaning: Meaning, known: Known, proven: bool, signature: bool | None
) -> None:
    verdict = judged(meaning, known, proven, signature)
    if known.handset is None:
        assert verdict.trust is Trust.UNKNOWN
        assert Label.UNKNOWN_SOURCE in verdict.labels
    elif signature is False:
        assert verdict.trust is Trust.UNVERIFIED
        assert Label.BAD_SIGNATURE in verdict.labels
    elif known.state in PROVES_NOTHING:
        assert verdict.trust is Trust.UNVERIFIED
    else:
        assert (verdict.trust is Trust.VERIFIED) == (proven or signature is True)


@given(meanings, knowns, st.booleans(), signatures)
def test_no_position_is_kept_without_her_agreement_nor_for_a_stranger(
    meaning: Meaning, known: Known, proven: bool, signature: bool | None
) -> None:
    verdict = judged(meaning, known, proven, signature)
    assert verdict.keep_position == (known.handset is not None and known.geolocation_agreed)
    withheld = Label.POSITION_WITHHELD in verdict.labels
    has_one = isinstance(meaning, Trigger | PositionReport) and meaning.position is not None
    assert withheld == (has_one and known.handset is not None and not known.geolocation_agreed)


@given(triggers, knowns, st.booleans(), signatures)
def test_the_state_of_the_stock_and_the_allocation_never_mute(
    trigger: Trigger, known: Known, proven: bool, signature: bool | None
) -> None:
    plain = Known("hana", HandsetState.ISSUED, True, False, known.geolocation_agreed, None)
    doubted = judged(trigger, known, proven, signature)
    trusted = judged(trigger, plain, proven, signature)
    if known.handset is not None and known.state not in PROVES_NOTHING:
        assert (doubted.lane, doubted.trust) == (trusted.lane, trusted.trust)
        assert trusted.labels <= doubted.labels


@given(triggers | tests, knowns, st.booleans(), signatures, st.sampled_from(sorted(PROVES_NOTHING)))
def test_what_a_thief_holds_proves_nothing_and_rings_all_the_same(
    trigger: Trigger, known: Known, proven: bool, signature: bool | None, state: HandsetState
) -> None:
    """Whatever he says with her keys: real, doubted, with the label of its state."""
    verdict = judged(trigger, replace(known, handset="hana", state=state), proven, signature)
    assert (verdict.lane, verdict.trust) == (Lane.REAL, Trust.UNVERIFIED)
    assert state.value in verdict.labels
    assert Label.REPLAYED not in verdict.labels


def test_a_retired_canary_that_is_still_sent_rings_for_nobody() -> None:
    retired = replace(CANARY, state=HandsetState.RETIRED)
    assert judged(Trigger(), retired, proven=True).lane is Lane.CANARY


def test_the_edges_of_lateness() -> None:
    edges = {
        timedelta(minutes=-2): set(),
        timedelta(minutes=-2, microseconds=-1): {Label.CLOCK_IMPLAUSIBLE},
        timedelta(minutes=5): set(),
        timedelta(minutes=5, microseconds=1): {Label.LATE},
        timedelta(hours=24): {Label.LATE},
        timedelta(hours=24, microseconds=1): {Label.VERY_LATE},
        timedelta(days=400): {Label.VERY_LATE},
        timedelta(days=400, microseconds=1): {Label.CLOCK_IMPLAUSIBLE},
    }
    known = Known("hana", HandsetState.ISSUED, allocated=True)
    for age, labels in edges.items():
        verdict = judged(Trigger(claimed_at=NOW - age), known, proven=True)
        assert verdict.labels == labels | {Label.NO_POSITION}, age


def test_a_counter_is_replayed_when_it_is_not_above_the_last_and_only_for_a_proven_source() -> None:
    known = Known("hana", HandsetState.ISSUED, allocated=True, last_counter=7)
    for counter, replayed in [(6, True), (7, True), (8, False), (None, False)]:
        proven = judged(Trigger(counter=counter), known, proven=True)
        assert (Label.REPLAYED in proven.labels) == replayed
        assert Label.REPLAYED not in judged(Trigger(counter=counter), known).labels


def test_the_better_of_two_trusts() -> None:
    order = [Trust.UNKNOWN, Trust.UNVERIFIED, Trust.VERIFIED]
    for one in order:
        for other in order:
            assert better(one, other) is order[max(order.index(one), order.index(other))]
