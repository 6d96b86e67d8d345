"""The test press of a hand-over: where she is, only by the agreement of her who is given it."""

import json
from uuid import uuid4

import pytest
from sqlmodel import col, select

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
)
from tests.walking import Walk
from tests.world import HERE
from tgd.allocation import equipping
from tgd.records import Alert, AlertPosition
from tgd.rules.handset import ConsentScope
from tgd.store import casework


def answer(walk: Walk, *, agreed: bool) -> None:
    """What she says about geolocation, after all that was said before."""
    walk.world.wait(minutes=1)
    equipping.record_consent(
        walk.session, walk.officer("Greta"), walk.id, ConsentScope.GEOLOCATION, walk.now,
        agreed=agreed,
    )  # fmt: skip
    walk.tell_nobody()


def press_here(walk: Walk) -> bool:
    """She presses a test with a position; whether the record keeps it."""
    walk.world.wait(minutes=1)
    body = {"trigger": uuid4().hex, "kind": "test", "position": HERE}
    walk.world.hear(walk.world.mqtt(walk.handset, json.dumps(body).encode()))
    newest = walk.session.exec(select(Alert.id).order_by(col(Alert.number).desc())).first()
    kept = walk.session.exec(select(AlertPosition).where(AlertPosition.alert == newest)).all()
    walk.session.connection().exec_driver_sql(
        "UPDATE alert SET state = 'closed', outcome = 'test', reason = 'x', closed_by = 'Bruno',"
        " closed_at = now(), look_again_at = NULL"
    )
    return bool(kept)


@pytest.mark.parametrize("agreed", [True, False])
def test_on_a_new_handset_her_own_answer_decides(walk: Walk, agreed: bool) -> None:
    walk.until("describe")
    answer(walk, agreed=agreed)
    assert press_here(walk) is agreed
    pressed = casework.newest_press(walk.session, walk.handset, walk.file().opened_at)
    assert (pressed.lane, pressed.has_position) == ("test", agreed)


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True)])
def test_on_a_used_one_the_answer_of_who_had_it_before_counts_no_more(
    walk: Walk, before: bool, now: bool
) -> None:
    """Ana had it; it was erased and is being prepared for Bella."""
    walk.until("consent")
    answer(walk, agreed=before)
    walk.go_on("consent")
    bella = Walk(walk.world, walk.people, handset=walk.handset)
    bella.until("describe")
    answer(bella, agreed=now)
    assert press_here(bella) is now
    bella.press()
    bella.test()
    bella.hand_over()
    assert press_here(bella) is now


def test_while_it_is_in_her_hands_her_answer_counts_and_no_other(walk: Walk) -> None:
    walk.until("hand_over")
    answer(walk, agreed=False)
    assert press_here(walk) is False
    answer(walk, agreed=True)
    assert press_here(walk) is True
