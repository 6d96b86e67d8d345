"""What is said to come next is what then happens: the moment, and who is told, on the example."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.coming import coming
from dispatch.routing import key_of
from dispatch.telling import Topic
from tests.rules.night_of_plans import NAMES, OPENED, Night, opened
from tgd.rules.alert import AlertState, Lane
from tgd.rules.coming import Coming, left
from tgd.rules.delivery import DeliveryState

PLATFORMS_SECOND = (("platform-second", "webhook"),)
SUPERVISOR = (("supervisor", "voice"), ("supervisor-sms", "sms"))
ROOM = (("control-room-92", "cisu"),)
LINE = (("control-room-92-line", "voice"),)


def after(night: Night) -> Coming | None:
    """What is said to come once the plan of this moment is done."""
    night.look()
    return coming(night.alert, list(night.deliveries.values()), night.policy, night.now)


def at_s(night: Night, found: Coming | None) -> float:
    assert found is not None
    return (found.at - OPENED).total_seconds()


def walked(night: Night, until_s: float) -> list[tuple[float, tuple[tuple[str, str], ...], int]]:
    """From each announced moment to the next."""
    said = []
    found = after(night)
    while found is not None and at_s(night, found) <= until_s:
        assert found.at > night.now
        said.append((at_s(night, found), found.tells, found.tone))
        night.until(at_s(night, found))
        found = after(night)
    return said


def test_nobody_answers_and_no_machine_either_each_step_is_announced() -> None:
    """Every step of the default policy: second channel, tones, supervisor, room, its line."""
    assert walked(Night(deaf=frozenset(NAMES)), 300) == [
        (10, PLATFORMS_SECOND, 0), (20, (), 1), (40, SUPERVISOR, 2), (60, ROOM, 3), (80, LINE, 0),
    ]  # fmt: skip


def test_a_platform_that_has_it_spares_its_second_channel_and_no_human() -> None:
    assert walked(Night(), 300) == [
        (20, (), 1), (40, SUPERVISOR, 2), (60, ROOM, 3), (80, LINE, 0),
    ]  # fmt: skip


def test_when_all_are_told_nothing_more_is_announced() -> None:
    night = Night()
    night.until(81)
    assert after(night) is None


def test_bruno_takes_it_and_loses_it_if_he_does_nothing() -> None:
    night = Night()
    night.until(15)
    night.taken()
    assert after(night) == Coming(OPENED + timedelta(seconds=75), lapse=True)
    night.until(75)
    night.look()
    assert night.alert.owner is None
    assert at_s(night, after(night)) == pytest.approx(95, abs=0.1), "the tones begin anew"


def test_once_the_doubt_is_removed_nothing_comes_until_he_asks_for_the_patrol() -> None:
    night = Night()
    night.taken()
    night.alert = replace(night.alert, state=AlertState.VERIFIED, verified_at=night.now)
    assert after(night) is None
    night.until(30)
    night.requested()
    last = (("platform", "webhook"), ("supervisor", "voice"))
    assert walked(night, 300) == [(50, LINE, 0), (90, last, 0)]


def test_a_room_that_has_the_case_ends_what_was_to_come() -> None:
    night = Night()
    night.taken()
    night.alert = replace(night.alert, state=AlertState.VERIFIED, verified_at=night.now)
    night.requested()
    assert after(night) is not None
    night.acknowledged()
    human = (("supervisor", "voice"), ("control-room-92-line", "voice"))
    assert after(night) == Coming(OPENED + timedelta(seconds=120), human), "its machine is no human"
    night.look()
    one = key_of("a1", Topic.REQUESTED, 0, "control-room-92")
    night.deliveries[one] = replace(night.deliveries[one], state=DeliveryState.TAKEN)
    assert after(night) is None


def test_a_closed_alert_and_a_canary_have_nothing_to_come() -> None:
    night = Night()
    night.closed()
    assert after(night) is None
    assert after(Night(alert=opened(Lane.CANARY, state=AlertState.CLOSED))) is None


@pytest.mark.parametrize("lane", [Lane.TEST, Lane.EXERCISE])
def test_a_test_and_an_exercise_announce_no_tone_and_nobody_who_is_not_told(lane: Lane) -> None:
    said = walked(Night(alert=opened(lane), deaf=frozenset(NAMES)), 300)
    assert said == ([(10, PLATFORMS_SECOND, 0)] if lane is Lane.TEST else [])


@settings(max_examples=150, deadline=None)
@given(
    deaf=st.frozensets(st.sampled_from(NAMES)),
    takes_at=st.one_of(st.none(), st.integers(1, 100)),
    asks_after=st.integers(1, 90),
)
def test_what_is_announced_is_told_then_and_nothing_new_before(
    deaf: frozenset[str], takes_at: int | None, asks_after: int
) -> None:
    """Whoever is deaf, whenever Bruno acts: between two acts only what was announced is new."""
    night = Night(deaf=deaf)
    for act, ends_s in (("take", takes_at), ("ask", asks_after), ("", 90)):
        end = night.age_s + (ends_s if ends_s is not None else 130)
        found = after(night)
        while found is not None and at_s(night, found) <= end:
            before, waits = set(night.deliveries), night.alert.waits
            night.until(at_s(night, found) - 0.01)
            assert {k for k in set(night.deliveries) - before if ":updated:" not in k} == set()
            night.until(at_s(night, found))
            night.look()
            lapsed = night.alert.waits > waits
            new = {night.deliveries[k].destination for k in set(night.deliveries) - before}
            spared = {d.destination for d in night.deliveries.values() if d.state.has_arrived}
            assert lapsed == found.lapse
            assert lapsed or new <= {name for name, _ in found.tells}, "a lapse begins all anew"
            assert lapsed or {name for name, _ in found.tells} <= new | spared
            found = after(night)
        night.until(end)
        if act == "take":
            night.taken()
        if act == "ask" and night.alert.owner:
            night.requested()


def test_the_record_keeps_it_and_a_row_that_changed_since_says_nothing() -> None:
    class Row:
        version, next_version, state = 3, 3, "open"
        next_at = OPENED
        next_step = Coming(OPENED, SUPERVISOR, 2).step()

    assert left(Row) == Coming(OPENED, SUPERVISOR, 2)
    Row.version = 4
    assert left(Row) is None
    Row.next_version, Row.state = 4, "closed"
    assert left(Row) is None
