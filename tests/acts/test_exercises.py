"""An exercise is announced, marked and told only as one; whatever is in doubt is real."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from dispatch.formats import cisu
from dispatch.policy import read_policy
from dispatch.telling import Topic
from dispatch.turn import claim
from tests.acts.dispatching import BRUNO, SONIA, acts_of
from tests.world import Carried, World
from tgd import accounts
from tgd.alerts import acts, duress, exercising
from tgd.errors import Incomplete, Misconfigured, NotAllowed, WrongState
from tgd.records import Handset
from tgd.rules.alert import Outcome, Verified
from tgd.store import exercises as store

SECRET = "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ=="
WHY = "exercice mené jusqu'au bout"


def policy(rooms: str = "") -> Any:
    return read_policy(
        f"""
        [[destination]]
        name = "platform"
        kind = "webhook"
        url = "https://platform.example/alerts"
        secret = "{SECRET}"

        [[destination]]
        name = "duty"
        kind = "voice"
        number = "+33639980101"

        [[destination]]
        name = "room"
        kind = "cisu"
        url = "https://hub.example/edxl"
        recipient = "fr.police.cic92"
        {rooms}

        [[step]]
        after_s = 0
        tell = ["platform", "duty"]

        [[step]]
        since = "request"
        after_s = 0
        tell = ["room"]
        """
    )


@pytest.fixture
def spare(world: World) -> Carried:
    """A handset of the stock, in an exercise of half an hour that Sonia has announced."""
    accounts.make_account(world.session, SONIA.name, SONIA.role, "no hash", world.now)
    carried = world.give("Spare", days=None, state="in_stock")
    exercising.announce(world.session, SONIA, carried.handset, "30", world.now)
    world.wait(minutes=1)
    return carried


def lanes(world: World) -> list[str]:
    return [alert.lane for alert in world.alerts()]


def test_an_announced_press_is_an_exercise_and_walks_the_whole_way(
    world: World, spare: Carried
) -> None:
    world.hear(world.press(spare))
    alert = world.only_alert()
    assert (alert.lane, alert.state) == ("exercise", "open")
    for act in (
        lambda: acts.take(world.session, BRUNO, alert.id, world.now),
        lambda: acts.verify(world.session, BRUNO, alert.id, Verified.DANGER, world.now),
        lambda: acts.request_intervention(world.session, BRUNO, alert.id, world.now),
        lambda: acts.arrive(world.session, SONIA, alert.id, world.now),
    ):
        act()
    acts.close(world.session, BRUNO, alert.id, Outcome.MADE_SAFE, WHY, world.now)
    assert world.only_alert().state == "closed"


def test_nobody_is_told_of_an_exercise_unless_the_policy_says_so(
    world: World, spare: Carried
) -> None:
    world.hear(world.press(spare))
    acts.take(world.session, BRUNO, world.only_alert().id, world.now)
    acts.request_intervention(world.session, BRUNO, world.only_alert().id, world.now)
    assert claim(world.session, policy(), world.now, "w1") == []


def test_a_room_that_takes_exercises_is_told_one_and_no_human_is_rung(
    world: World, spare: Carried
) -> None:
    world.hear(world.press(spare))
    alert = world.only_alert()
    acts.take(world.session, BRUNO, alert.id, world.now)
    acts.request_intervention(world.session, BRUNO, alert.id, world.now)
    told = claim(world.session, policy("lane_exercise = true"), world.now, "w1")
    assert [(one.destination, one.telling.topic) for one in told] == [("room", Topic.REQUESTED)]
    assert told[0].telling.lane == "exercise"
    sent = cisu.compose(told[0].telling, recipient="fr.police.cic92")
    assert json.loads(sent)["distributionStatus"] == "Exercise"


@pytest.mark.parametrize("kind", ["voice", "sms"])
def test_no_policy_rings_a_human_for_an_exercise(kind: str) -> None:
    text = f"""
    [[destination]]
    name = "duty"
    kind = "{kind}"
    number = "+33639980101"
    lane_exercise = true
    [[step]]
    after_s = 0
    tell = ["duty"]
    """
    with pytest.raises(Misconfigured, match="lane_exercise"):
        read_policy(text)


@pytest.mark.parametrize("said", [
    {"kind": "duress"}, {"kind": "cancel"}, {"kind": "fall"}, {"verified": False},
    {"at": "2020-01-01T00:00:00Z"}, {"counter": -1},
])  # fmt: skip
def test_what_is_more_or_less_than_a_plain_proven_press_is_real(
    world: World, spare: Carried, said: dict[str, Any]
) -> None:
    if said == {"counter": -1}:  # one that counts back may be repeated by somebody else
        world.hear(world.press(spare, counter=9))
        said = {"counter": 3}
    world.hear(world.press(spare, **said))
    assert lanes(world)[-1] == "real"


def test_another_handset_and_another_time_are_real(world: World, spare: Carried) -> None:
    world.hear(world.press(world.give("Ana", number="+33639980002")))
    world.wait(minutes=29)
    world.hear(world.press(spare))
    assert lanes(world) == ["real", "real"]


def test_what_somebody_presses_who_was_given_one_is_never_an_exercise(
    world: World, spare: Carried
) -> None:
    """A supervisor who mistypes a handset must not silence its holder for half an hour."""
    ana = world.give("Ana", number="+33639980002")
    with pytest.raises(Incomplete, match="in somebody's hands"):
        exercising.announce(world.session, SONIA, f"{spare.handset} {ana.handset}", "30", world.now)
    store.announce(
        world.session,
        {"id": uuid4(), "handset": ana.handset, "now": world.now, "who": SONIA.name,
         "until": world.now + timedelta(minutes=30)},
    )  # fmt: skip
    world.hear(world.press(ana))
    assert lanes(world) == ["real"], "also when it was given to her after it was announced"


def test_one_that_she_has_kept_after_her_time_is_hers(world: World, spare: Carried) -> None:
    kept = world.give("Ana", number="+33639980002", days=(-200, -20))
    with pytest.raises(Incomplete, match="in somebody's hands"):
        exercising.announce(world.session, SONIA, kept.handset, "30", world.now)


@pytest.mark.parametrize("state", ["stolen", "lost"])
def test_a_handset_in_other_hands_is_real(world: World, spare: Carried, state: str) -> None:
    world.session.get_one(Handset, spare.handset).state = state
    world.session.flush()
    world.hear(world.press(spare))
    assert lanes(world) == ["real"]


def test_beside_a_real_alert_the_press_is_real(world: World, spare: Carried) -> None:
    world.hear(world.press(spare, kind="duress"))
    world.hear(world.press(spare))
    assert (lanes(world), world.only_alert().presses) == (["real"], 2)


def test_an_ended_exercise_is_over_at_once(world: World, spare: Carried) -> None:
    (row,) = world.session.connection().exec_driver_sql("SELECT id FROM exercise").all()
    exercising.end(world.session, SONIA, row.id, world.now)
    world.hear(world.press(spare))
    assert lanes(world) == ["real"]
    with pytest.raises(WrongState, match="over"):
        exercising.end(world.session, SONIA, row.id, world.now)
    announced = [act for act in acts_of(world.session) if act.startswith("Exercise")]
    assert announced == ["ExerciseAnnounced", "ExerciseEnded"]


def test_one_key_makes_it_real_and_the_next_press_joins_that(world: World, spare: Carried) -> None:
    world.hear(world.press(spare))
    exercise = world.only_alert()
    acts.take(world.session, BRUNO, exercise.id, world.now)
    real = duress.make_real(world.session, BRUNO, exercise.id, world.now)
    assert (real.lane, real.owner) == ("real", BRUNO.name)
    assert (exercise.state, exercise.outcome) == ("closed", "other")
    world.hear(world.press(spare))
    world.session.expire_all()
    assert (lanes(world), real.presses) == (["exercise", "real"], 2)
    told = claim(world.session, policy(), world.now, "w1")
    assert {(one.destination, one.telling.lane) for one in told} == {
        ("platform", "real"), ("duty", "real"),
    }  # fmt: skip


def test_the_word_of_duress_in_an_exercise_asks_the_room_for_real(
    world: World, spare: Carried
) -> None:
    world.hear(world.press(spare))
    acts.take(world.session, BRUNO, world.only_alert().id, world.now)
    duress.hear_duress(world.session, BRUNO, world.only_alert().id, world.now)
    told = claim(world.session, policy("lane_exercise = true"), world.now, "w1")
    rooms = [one.telling for one in told if one.telling.topic is Topic.REQUESTED]
    assert [one.lane for one in rooms] == ["real"]


def test_only_a_supervisor_announces_and_only_what_has_an_end(world: World, spare: Carried) -> None:
    with pytest.raises(NotAllowed):
        exercising.announce(world.session, BRUNO, spare.handset, "30", world.now)
    for handsets, minutes in [
        ("", "30"), (spare.handset, "100000"), (spare.handset, ""), ("hnobody", "30"),
        (world.canary().handset, "30"), (" ".join(f"h{n}" for n in range(21)), "30"),
    ]:  # fmt: skip
        with pytest.raises(Incomplete):
            exercising.announce(world.session, SONIA, handsets, minutes, world.now)
