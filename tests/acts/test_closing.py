"""How humans end an alert: with a reason, as what it was, and with four eyes where it is due."""

from uuid import UUID

import pytest

from tests.acts.dispatching import BRUNO, SONIA, alert_now
from tests.world import Carried, World
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.rules.access import Role
from tgd.rules.alert import Outcome, Verified
from tgd.store import acting

WHY = "pressed in a bag"
CORG = Actor("corg", Role.CONTROL_ROOM)


@pytest.fixture
def alert(world: World) -> UUID:
    """Ana has pressed."""
    world.hear(world.press(world.give("Ana")))
    return world.only_alert().id


def test_a_voice_heard_before_the_newest_press_lets_nobody_close_alone(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    world.wait(seconds=30)
    world.hear(world.press(ana))
    proposed = acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert (proposed.state, proposed.proposed_by) == ("verified", "bruno")
    world.hear(world.press(ana))
    with pytest.raises(WrongState):
        acts.countersign(world.session, SONIA, alert, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert acts.countersign(world.session, SONIA, alert, world.now).state == "closed"


def test_a_voice_is_no_answer_to_a_press_that_the_page_did_not_show(world: World) -> None:
    """She presses while “a reassuring voice” is on its way; danger is never refused."""
    ana = world.give("Ana")
    world.hear(world.press(ana))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    world.hear(world.press(ana))
    for found in (Verified.SAFE_VOICE, Verified.SAFE_CODE_WORD):
        with pytest.raises(SomebodyWasFaster, match="pressed again"):
            acts.verify(world.session, BRUNO, alert, found, world.now, shown=1)
    for found in (Verified.SILENT, Verified.DANGER):
        acts.verify(world.session, BRUNO, alert, found, world.now, shown=1)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now, shown=2)


def test_a_test_ends_as_a_test_and_nothing_else_does(world: World, alert: UUID) -> None:
    world.hear(world.press(world.give("Bea", number="+33639980002"), kind="test"))
    test = world.alerts()[1].id
    for one in (alert, test):
        acts.take(world.session, BRUNO, one, world.now)
        acts.verify(world.session, BRUNO, one, Verified.SAFE_VOICE, world.now)
    with pytest.raises(Incomplete):
        acts.close(world.session, BRUNO, alert, Outcome.TEST, WHY, world.now)
    for outcome in set(Outcome) - {Outcome.TEST}:
        with pytest.raises(Incomplete):
            acts.close(world.session, BRUNO, test, outcome, WHY, world.now)
    assert acts.close(world.session, BRUNO, test, Outcome.TEST, WHY, world.now).state == "closed"


def test_four_eyes_are_those_of_two_people_and_one_is_a_supervisor(
    world: World, alert: UUID
) -> None:
    with pytest.raises(WrongState, match="Nobody has proposed"):
        acts.countersign(world.session, SONIA, alert, world.now)
    acts.take(world.session, SONIA, alert, world.now)
    proposed = acts.close(world.session, SONIA, alert, Outcome.NOT_FOUND, WHY, world.now)
    assert (proposed.state, proposed.proposed_by, proposed.proposed_reason) == (
        "taken", "sonia", WHY,
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="second person"):
        acts.countersign(world.session, SONIA, alert, world.now)
    with pytest.raises(NotAllowed):
        acts.countersign(world.session, BRUNO, alert, world.now)
    closed = acts.countersign(world.session, Actor("sam", Role.SUPERVISOR), alert, world.now)
    assert (closed.state, closed.outcome, closed.reason) == ("closed", "not_found", WHY)
    assert (closed.closed_by, closed.countersigned_by) == ("sonia", "sam")
    (line,) = world.lines("AlertClosed")
    assert line.detail == {"outcome": "not_found", "countersigned_by": "sam"}


@pytest.mark.parametrize(
    ("state", "labels", "needs"),
    [("verified", [], False), ("on_scene", ["cancel_asked"], False),
     ("verified", ["cancel_asked"], True), ("verified", ["duress"], True),
     ("verified", ["fall", "late"], False)],
)  # fmt: skip
def test_a_doubtful_end_needs_a_second_person_where_nobody_is_there(
    world: World, alert: UUID, state: str, labels: list[str], needs: bool
) -> None:
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_CODE_WORD, world.now)
    seen = acting.alert(world.session, alert)
    assert seen is not None
    changes = {"state": state, "labels": labels, "on_scene_at": world.now}
    acting.change(world.session, seen, changes)
    ended = acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert (ended.state != "closed") == needs


@pytest.mark.parametrize("again", ["press", "request"])
def test_a_patrol_of_before_is_no_witness_of_what_came_after(
    world: World, alert: UUID, again: str
) -> None:
    """It was there at ten and left; she presses again, or Bruno asks again: nobody has seen her."""
    acts.take(world.session, BRUNO, alert, world.now)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    acts.arrive(world.session, CORG, alert, world.now)
    assert not acts.needs_second(alert_now(world.session, alert), Outcome.ACCIDENTAL)
    world.wait(seconds=40)
    if again == "press":
        world.hear(world.press(Carried("hana0000000000"[:13], "", "", counter=7)))
    else:
        acts.acknowledge(world.session, CORG, alert, world.now)
        acts.request_intervention(world.session, BRUNO, alert, world.now)
    assert acts.needs_second(alert_now(world.session, alert), Outcome.ACCIDENTAL)
    world.wait(seconds=5)
    acts.arrive(world.session, CORG, alert, world.now)
    assert not acts.needs_second(alert_now(world.session, alert), Outcome.ACCIDENTAL)


@pytest.mark.parametrize("reason", ["", "   too few ", "\x00\x07\u202e" * 9, "123456789"])
def test_a_reason_that_explains_nothing_ends_nothing(
    world: World, alert: UUID, reason: str
) -> None:
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    with pytest.raises(Incomplete):
        acts.close(world.session, BRUNO, alert, Outcome.OTHER, reason, world.now)
    ended = acts.close(world.session, BRUNO, alert, Outcome.OTHER, "1234567890", world.now)
    assert ended.reason == "1234567890"
