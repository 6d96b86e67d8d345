"""Who has an alert keeps it while something is done and a screen is there; else it rings again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.telling import Topic
from tests.rules.night_of_plans import HUMANS, OPENED, Night
from tgd.rules.alert import AlertState


def test_an_owner_who_does_nothing_loses_it_and_all_of_them_ring_again() -> None:
    night = Night()
    night.until(5)
    night.taken()
    night.until(64)
    assert night.alert.owner == "bruno"
    night.until(66)
    assert (night.alert.owner, night.alert.waits) == (None, 1)
    night.until(65 + 90)
    rung = {n: night.first_s(n) for n in HUMANS}
    assert {n: round(at or 0) for n, at in rung.items()} == {
        "supervisor": 105, "supervisor-sms": 105, "control-room-92": 125,
        "control-room-92-line": 145,
    }  # fmt: skip


def test_it_rings_again_after_each_lapse_those_who_were_rung_before() -> None:
    night = Night()
    night.until(90)
    for begins in (90, 250):
        night.until(begins)
        night.taken()
        before = begins + 60
        night.until(before + 85)
        assert night.rung(Topic.OPENED, since_s=before) == HUMANS


def test_people_who_take_it_in_turn_and_do_nothing_keep_it_from_nobody() -> None:
    """Bruno, Berthe, Bruno: each takes it before the supervisor is due, and does nothing."""
    night = Night()
    for _ in range(3):
        night.until(night.age_s + 20)
        night.taken()
        night.until(night.age_s + 61)
    assert night.rung(Topic.OPENED) >= HUMANS
    assert (night.first_s("supervisor") or 0) == pytest.approx(160, abs=5)


def test_an_act_of_the_owner_puts_the_lapse_off_and_a_removed_doubt_ends_it() -> None:
    night = Night()
    night.taken()
    night.until(40)
    night.taken()
    night.until(99)
    assert night.alert.owner == "bruno"
    night.alert = replace(night.alert, state=AlertState.VERIFIED)
    night.until(900)
    assert night.alert.owner == "bruno"


def test_an_idle_owner_of_what_a_machine_acknowledged_loses_it_too() -> None:
    night = Night()
    night.until(61)
    night.acknowledged()
    night.taken()
    assert night.alert.state is AlertState.ACKNOWLEDGED
    night.until(130)
    assert night.alert.owner is None
    night.until(130 + 85)
    assert "control-room-92-line" in night.rung(since_s=130)


OWNED = [s for s in AlertState if s not in (AlertState.OPEN, AlertState.CLOSED)]


@pytest.mark.parametrize("state", OWNED)
def test_a_screen_that_is_gone_gives_the_alert_back_whatever_was_done(state: AlertState) -> None:
    """The operator's computer dies while the patrol drives: somebody else must follow it up."""
    night = Night()
    night.until(5)
    night.taken()
    done = {
        "verified": "danger", "verified_at": night.now, "requested_at": night.now,
        "acknowledged_at": night.now,
    }  # fmt: skip
    night.alert = replace(night.alert, state=state, owner_seen_at=night.now, **done)
    night.until(24)
    assert night.alert.owner == "bruno"
    night.until(26)
    assert night.alert.owner is None
    assert night.alert.state in (state, AlertState.OPEN)
    night.until(25 + 90)
    assert night.rung(Topic.OPENED, since_s=25) >= {"supervisor", "supervisor-sms"}


@pytest.mark.parametrize("state", OWNED)
def test_an_owner_whose_screen_is_there_keeps_what_is_verified(state: AlertState) -> None:
    night = Night()
    night.taken()
    done = {"verified": "safe_voice", "verified_at": night.now}
    night.alert = replace(night.alert, state=state, **done)
    kept = state is not AlertState.TAKEN
    for second in range(0, 600, 4):
        seen = replace(night.alert, owner_seen_at=night.now) if night.alert.owner else night.alert
        night.alert = seen
        night.until(second)
    assert (night.alert.owner is not None) == kept


@pytest.mark.parametrize("found", ["danger", "silent"])
def test_danger_for_which_nobody_asks_for_the_police_rings_again(found: str) -> None:
    night = Night()
    night.taken()
    night.alert = replace(
        night.alert, state=AlertState.VERIFIED, verified=found, verified_at=night.now
    )
    night.until(59)
    assert night.alert.owner == "bruno"
    night.until(61)
    assert (night.alert.owner, night.alert.state) == (None, AlertState.OPEN)
    night.until(60 + 90)
    assert night.rung(Topic.OPENED, since_s=61) >= HUMANS


def test_a_control_room_that_verified_the_danger_itself_keeps_it() -> None:
    night = Night()
    night.taken("control-room-92/poste-3")
    night.alert = replace(
        night.alert, state=AlertState.VERIFIED, verified="danger", verified_at=night.now
    )
    night.until(600)
    assert night.alert.owner == "control-room-92/poste-3"


@pytest.mark.parametrize("state", [s for s in OWNED if s is not AlertState.TAKEN])
def test_another_press_hours_later_is_seen_to_or_rings_again(state: AlertState) -> None:
    night = Night()
    night.taken()
    done = {"verified": "safe_voice", "verified_at": night.now, "requested_at": night.now,
            "acknowledged_at": night.now}  # fmt: skip
    night.alert = replace(night.alert, state=state, **done)
    night.until(3 * 3600)
    assert night.alert.owner == "bruno"
    again = night.now
    night.alert = replace(night.alert, pressed_again_at=again, updates=1)
    night.until(3 * 3600 + 59)
    assert night.alert.owner == "bruno"
    night.until(3 * 3600 + 61)
    assert night.alert.owner is None
    night.until(3 * 3600 + 60 + 90)
    assert night.rung(Topic.OPENED, since_s=3 * 3600 + 1) >= {"supervisor", "supervisor-sms"}


def test_an_owner_who_acts_after_another_press_keeps_it() -> None:
    night = Night()
    night.taken()
    night.alert = replace(night.alert, state=AlertState.REQUESTED, pressed_again_at=night.now)
    night.until(30)
    night.taken()
    night.until(900)
    assert night.alert.owner == "bruno"


@pytest.mark.parametrize("ahead_h", [2, 26])
def test_a_sign_from_a_clock_far_ahead_keeps_nothing(ahead_h: int) -> None:
    night = Night()
    night.taken()
    seen = night.now + timedelta(hours=ahead_h)
    night.alert = replace(night.alert, state=AlertState.REQUESTED, owner_seen_at=seen)
    assert night.look().lapse


@pytest.mark.parametrize("why", ["verified", "requested", "their own"])
def test_an_owner_who_has_acted_or_sits_in_the_control_room_keeps_it(why: str) -> None:
    night = Night()
    night.acknowledged()
    night.taken("control-room-92/poste-3" if why == "their own" else "bruno")
    moments = {"verified": {"verified_at": OPENED}, "requested": {"requested_at": OPENED}}
    night.alert = replace(night.alert, **moments.get(why, {}))
    night.until(600)
    assert night.alert.owner is not None
