"""The plan on a virtual clock: whoever is deaf or stays silent, somebody outside is rung."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.routing import CLOSED_NOTICE_FOR, HORIZON, UPDATES_APART, Plan, plan
from dispatch.telling import Topic
from tests.rules.night_of_plans import EXAMPLE, HUMANS, NAMES, OPENED, Night, opened
from tgd.rules.alert import AlertState, Lane
from tgd.rules.delivery import DeliveryState

PLATFORMS = {"platform", "platform-second"}
SUBSETS = [
    frozenset(s) for s in chain.from_iterable(combinations(NAMES, n) for n in range(len(NAMES) + 1))
]


@pytest.mark.parametrize("deaf", SUBSETS, ids=lambda s: "+".join(sorted(s)) or "nobody")
def test_whatever_is_deaf_every_human_outside_is_rung_within_90_s(deaf: frozenset[str]) -> None:
    night = Night(deaf=deaf)
    night.until(90)
    for name in HUMANS:
        first = night.first_s(name)
        assert first is not None
        assert first <= 90
    heard = HUMANS - deaf
    assert {d.destination for d in night.deliveries.values() if d.state.has_arrived} >= heard


@pytest.mark.parametrize("silent", SUBSETS, ids=lambda s: "+".join(sorted(s)) or "nobody")
def test_the_first_human_who_answers_stops_the_ringing_of_the_others(
    silent: frozenset[str],
) -> None:
    """R19: for every subset of tiers that stay silent, the next one is rung."""

    def answers(night: Night, name: str, topic: Topic) -> None:
        if name not in silent and name in HUMANS and topic is Topic.OPENED:
            night.taken(name)
            night.alert = replace(night.alert, state=AlertState.VERIFIED)

    night = Night(on_told=answers)
    night.until(300)
    rung_at = {n: night.first_s(n) for n in HUMANS}
    answering = [at for n, at in rung_at.items() if at is not None and n not in silent]
    if silent >= HUMANS:
        assert None not in rung_at.values()
    else:
        assert min(answering) <= 90
        assert all(at <= min(answering) for at in rung_at.values() if at is not None)


def test_the_example_says_when_each_is_first_rung() -> None:
    night = Night(deaf=frozenset(NAMES))
    night.until(100)
    firsts = {n: round(night.first_s(n) or 0) for n in NAMES}
    assert firsts == {
        "platform": 0, "platform-second": 10, "supervisor": 40, "supervisor-sms": 40,
        "control-room-92": 60, "control-room-92-line": 80,
    }  # fmt: skip


def test_a_machines_yes_never_stops_the_human_steps() -> None:
    night = Night()
    night.until(100)
    assert night.rung() == set(NAMES) - {"platform-second"}


def test_each_step_is_told_once_and_a_deaf_one_is_told_again_with_the_same_key() -> None:
    night = Night(deaf=frozenset({"supervisor"}))
    night.until(200)
    keys = [(name, key) for _, name, _, key in night.told]
    assert len({k for n, k in keys if n == "supervisor"}) == 1
    assert sum(n == "supervisor" for n, _ in keys) > 20
    others = [k for n, k in keys if n != "supervisor"]
    assert len(others) == len(set(others))


def test_a_deaf_one_is_tried_for_ever() -> None:
    night = Night(deaf=frozenset({"platform"}))
    night.until(3600)
    assert [at for at, n, _, _ in night.told if n == "platform"][-1] > 3590


def test_taken_stops_the_ringing_at_once_and_withdraws_what_waited() -> None:
    night = Night(deaf=frozenset({"supervisor", "supervisor-sms"}))
    night.until(50)
    night.taken()
    night.until(50.5)
    states = {d.destination: d.state for d in night.deliveries.values()}
    assert states["supervisor"] is DeliveryState.WITHDRAWN
    assert states["supervisor-sms"] is DeliveryState.WITHDRAWN
    night.until(100)
    assert night.rung(since_s=50.5) == set()


def test_a_patrol_that_somebody_reports_stops_no_ringing_until_a_human_has_the_alert() -> None:
    """A platform's machine says so a second after the press: nobody of ours knows of it."""
    night = Night()
    night.until(1)
    night.alert = replace(night.alert, state=AlertState.ON_SCENE)
    night.until(100)
    assert night.rung(Topic.OPENED) >= HUMANS


def test_the_second_platform_is_told_only_when_the_first_does_not_have_it() -> None:
    well = Night()
    well.until(90)
    assert "platform-second" not in well.rung()
    deaf = Night(deaf=frozenset({"platform"}))
    deaf.until(90)
    assert deaf.first_s("platform-second") == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("deaf", [frozenset(), frozenset(NAMES), frozenset({"platform"})])
def test_a_test_never_reaches_a_control_room_or_a_telephone(deaf: frozenset[str]) -> None:
    night = Night(opened(Lane.TEST), deaf=deaf)
    night.until(60)
    night.taken()
    night.requested()
    night.until(200)
    night.closed()
    night.until(400)
    assert night.rung() <= PLATFORMS


@pytest.mark.parametrize("state", AlertState)
def test_a_canary_is_told_to_nobody_whatever_a_policy_or_a_row_says(state: AlertState) -> None:
    """Born closed by the record's own constraint; the plan does not depend on that."""
    kinds = {d.kind for d in EXAMPLE.destinations if d.lane_test}
    assert kinds == {"webhook"}, "some destination hears tests, or this shows nothing"
    acted = {"requested_at": OPENED, "owner": "bruno", "acted_at": OPENED}
    canary = opened(Lane.CANARY, state=state, **acted)
    for seconds in (0, 60, 3600):
        assert plan(canary, [], EXAMPLE, OPENED + timedelta(seconds=seconds)) == Plan()


def test_after_the_closing_a_platform_hears_the_end_after_the_beginning() -> None:
    night = Night(deaf=frozenset({"platform"}))
    night.until(3)
    night.closed()
    night.until(60)
    assert night.rung(Topic.CLOSED) == set()
    night.deaf = frozenset()
    night.until(120)
    topics = [t for _, n, t, _ in night.told if n == "platform"]
    assert topics[-2:] == [Topic.OPENED, Topic.CLOSED]


def test_after_the_closing_nobody_is_sent_out_or_rung() -> None:
    night = Night(deaf=frozenset(HUMANS))
    night.until(85)
    night.closed()
    night.until(2 * 3600)
    after = [(n, t) for at, n, t, _ in night.told if at >= 85]
    assert {t for _, t in after} == {Topic.CLOSED}
    assert {n for n, _ in after} <= {"platform", "control-room-92"}
    waiting = {d.destination for d in night.deliveries.values() if not d.state.is_settled}
    assert waiting <= {"control-room-92"}


def test_only_those_who_were_told_hear_of_the_end() -> None:
    night = Night()
    night.until(5)
    night.closed()
    night.until(100)
    assert night.rung(Topic.CLOSED) == {"platform"}


def test_a_burst_of_presses_is_told_once_every_two_seconds() -> None:
    night = Night()
    for tenth in range(1, 101):
        night.until(tenth / 10)
        night.alert = replace(night.alert, updates=tenth)
    night.until(20)
    moments = [at for at, n, t, _ in night.told if n == "platform" and t is Topic.UPDATED]
    apart = [b - a for a, b in pairwise(moments)]
    assert 4 <= len(moments) <= 6
    assert min(apart) >= UPDATES_APART.total_seconds()
    assert max(d.round for d in night.deliveries.values() if d.topic is Topic.UPDATED) == 100


def test_a_platform_out_of_the_policy_is_told_no_more() -> None:
    night = Night(deaf=frozenset({"platform"}))
    night.until(5)
    steps = tuple(s for s in EXAMPLE.steps if "platform" not in s.tell)
    others = tuple(d for d in EXAMPLE.destinations if d.name != "platform")
    night.policy = EXAMPLE.model_copy(update={"steps": steps, "destinations": others})
    night.until(30)
    assert "platform" not in night.rung(since_s=5)


def test_a_closing_that_nobody_takes_is_given_up_after_a_day() -> None:
    for deaf in ({"platform"}, {"control-room-92"}, set(NAMES)):
        night = Night()
        night.until(90)
        night.deaf = frozenset(deaf)
        night.closed()
        night.until(CLOSED_NOTICE_FOR.total_seconds() + 200)
        assert plan(night.alert, [*night.deliveries.values()], EXAMPLE, night.now).again == ()


def test_an_opening_that_a_dead_platform_never_takes_ends_a_day_after_the_closing() -> None:
    night = Night(deaf=frozenset(NAMES))
    night.until(5)
    night.closed()
    night.until(CLOSED_NOTICE_FOR.total_seconds() + 100)
    looks = night.looks
    night.until(CLOSED_NOTICE_FOR.total_seconds() + 7200)
    assert night.looks - looks <= 2
    assert "platform" not in night.rung(Topic.CLOSED), "the end of what it never heard of"


acts = st.lists(
    st.tuples(
        st.sampled_from(
            ["press", "take", "verify", "request", "acknowledge", "scene", "deaf", "hear", "close"]
        ),
        st.floats(0, 70),
        st.sampled_from(NAMES),
    ),
    max_size=14,
)


def happen(night: Night, act: str, name: str) -> None:
    if night.alert.state is AlertState.CLOSED:
        return
    if act == "press":
        again_at = night.now if night.alert.owner else night.alert.pressed_again_at
        updates = night.alert.updates + 1
        night.alert = replace(night.alert, updates=updates, pressed_again_at=again_at)
    elif act == "take":
        night.taken()
    elif act == "verify" and night.alert.state is AlertState.TAKEN:
        night.alert = replace(night.alert, state=AlertState.VERIFIED, verified_at=night.now)
    elif act == "request" and night.alert.owner and night.alert.state is not AlertState.REQUESTED:
        night.requested()
    elif act == "acknowledge":
        night.acknowledged()
    elif act == "scene":
        night.alert = replace(night.alert, state=AlertState.ON_SCENE)
    elif act == "deaf":
        night.deaf |= {name}
    elif act == "hear":
        night.deaf -= {name}
    elif act == "close":
        night.closed()


@settings(max_examples=150, deadline=None)
@given(acts, st.sampled_from([Lane.REAL, Lane.TEST]))
def test_in_any_night_nothing_is_forgotten_and_a_closing_ends_it(
    history: list[tuple[str, float, str]], lane: Lane
) -> None:
    night = Night(opened(lane))
    for act, seconds, name in history:
        night.until(night.age_s + seconds)
        happen(night, act, name)
        made = plan(night.alert, list(night.deliveries.values()), EXAMPLE, night.now)
        if night.alert.state is not AlertState.CLOSED:
            assert made.look_again_at is not None
            assert made.look_again_at <= night.now + HORIZON
            acts_now = made.lapse or made.tell or made.again or made.withdraw
            assert made.look_again_at > night.now or acts_now
    night.deaf = frozenset()
    night.until(night.age_s + 200)
    waiting = [d for d in night.deliveries.values() if not d.state.is_settled]
    assert waiting == []
    assert "platform" in night.rung(Topic.OPENED)
    if lane is Lane.TEST:
        assert night.rung() <= PLATFORMS
    elif night.alert.state is AlertState.OPEN:
        assert night.rung() >= HUMANS
    night.closed()
    night.until(night.age_s + 100)
    looks = night.looks
    night.until(night.age_s + 10_000)
    assert night.looks == looks + 1
    assert plan(night.alert, [*night.deliveries.values()], EXAMPLE, night.now).look_again_at is None


def test_a_look_too_early_changes_nothing() -> None:
    night = Night()
    night.until(30)
    before = dict(night.deliveries)
    for _ in range(5):
        night.now += timedelta(milliseconds=10)
        night.look()
    assert night.deliveries == before
