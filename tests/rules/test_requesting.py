"""An intervention that is asked for, and asked again: whom it waits for, who is rung meanwhile."""

from dataclasses import replace

import pytest

from dispatch.routing import is_met
from dispatch.telling import Topic
from tests.rules.night_of_plans import Night
from tgd.rules.alert import AlertState
from tgd.rules.delivery import DeliveryState


def test_after_a_request_a_human_of_the_room_is_waited_for_not_its_machine() -> None:
    night = Night()
    night.taken()
    night.requested()
    night.until(2)
    night.acknowledged()
    night.until(300)
    assert night.first_s("supervisor", Topic.REQUESTED) == pytest.approx(120, abs=1)


def test_a_human_of_the_room_who_has_it_ends_what_was_to_ring_for_the_request() -> None:
    def takes(night: Night, name: str, topic: Topic) -> None:
        if name == "control-room-92" and topic is Topic.REQUESTED:
            night.acknowledged()
            one = next(k for k, d in night.deliveries.items() if d.destination == name)
            night.deliveries[one] = replace(night.deliveries[one], state=DeliveryState.TAKEN)

    night = Night(on_told=takes)
    night.taken()
    night.requested()
    night.until(300)
    assert night.rung(Topic.REQUESTED) == {"control-room-92"}


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.ON_SCENE])
def test_a_second_request_is_told_as_the_first_was(state: AlertState) -> None:
    """Twenty minutes later: he is back, the patrol has left."""
    night = Night()
    night.taken()
    night.requested()
    night.until(2)
    night.alert = replace(
        night.alert, state=state, acknowledged_at=night.now, on_scene_at=night.now,
        verified_at=night.now,
    )  # fmt: skip
    night.until(1200)
    night.requested()
    night.until(1200 + 130)
    since = night.rung(Topic.REQUESTED, since_s=1199)
    assert since >= {"control-room-92", "control-room-92-line", "supervisor"}
    assert {key.split(":")[2] for at, _, t, key in night.told
            if t is Topic.REQUESTED and at >= 1199} == {"1"}  # fmt: skip


def test_steps_of_a_request_wait_for_a_request() -> None:
    night = Night()
    night.taken()
    night.alert = replace(night.alert, state=AlertState.VERIFIED)
    night.until(1000)
    assert night.rung(Topic.REQUESTED) == set()
    night.requested()
    night.until(1001)
    assert night.rung(Topic.REQUESTED) == {"control-room-92"}
    night.until(1061)
    assert night.rung(Topic.REQUESTED) == {
        "control-room-92", "control-room-92-line", "supervisor", "platform",
    }  # fmt: skip


def test_a_room_that_had_the_opening_is_still_asked_to_send_somebody() -> None:
    """The escalation told it that nobody answers and its machine said yes; then Bruno asks."""
    night = Night()
    night.until(70)
    assert "control-room-92" in night.rung(Topic.OPENED)
    night.acknowledged()
    night.until(75)
    night.taken()
    night.requested()
    night.until(76)
    assert not is_met("acknowledged", night.alert, ()), "its yes was about something else"
    night.until(75 + 70)
    assert night.rung(Topic.REQUESTED) == {
        "control-room-92", "control-room-92-line", "supervisor", "platform",
    }  # fmt: skip
    night.acknowledged()
    assert is_met("acknowledged", night.alert, ())


def test_an_acknowledged_request_rings_nobody_else_while_a_human_of_the_room_is_waited_for() -> (
    None
):
    night = Night(
        on_told=lambda n, _, topic: n.acknowledged() if topic is Topic.REQUESTED else None
    )
    night.taken()
    night.requested()
    night.until(119)
    assert night.rung(Topic.REQUESTED) == {"control-room-92"}
