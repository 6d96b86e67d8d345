"""An alert goes from hand to hand at any step: an offer, a yes, never a moment without owner."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.acts.dispatching import BERTA, BRUNO, CAMILLE, SONIA, acts_of
from tests.world import World
from tgd import accounts, shifts
from tgd.alerts import acts, handing_on
from tgd.alerts.acts import Actor
from tgd.database import transaction
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import Alert
from tgd.rules.alert import Outcome, Verified
from tgd.store import acting

WHY = "the patrol was there"


@pytest.fixture
def asked(world: World) -> Alert:
    """Bruno, Berta and Sonia are on shift; Bruno has asked for the police for Ana."""
    for actor in (BRUNO, BERTA, SONIA):
        assert actor.role is not None
        accounts.make_account(world.session, actor.name, actor.role, "x", world.now)
        shifts.start(world.session, actor, world.now, heard_sound=True)
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.DANGER, world.now)
    return acts.request_intervention(world.session, BRUNO, alert, world.now)


def test_it_stays_with_the_giver_until_the_yes_and_keeps_what_was_asked(
    world: World, asked: Alert
) -> None:
    world.wait(seconds=30)
    offered = handing_on.offer(world.session, BRUNO, asked.id, "berta", world.now)
    assert (offered.owner, offered.offered_to, offered.acted_at) == ("bruno", "berta", world.now)
    acts.note(world.session, BRUNO, asked.id, "she whispers", world.now)
    world.wait(seconds=5)
    taken = handing_on.accept(world.session, BERTA, asked.id, world.now)
    assert (taken.owner, taken.offered_to, taken.acted_at) == ("berta", None, world.now)
    assert (taken.state, taken.verified, taken.requests) == ("requested", "danger", 1)
    assert acts_of(world.session, asked.id)[-3:] == ["AlertOffered", "NoteWritten", "AlertHandedOn"]
    with pytest.raises(SomebodyWasFaster):
        acts.verify(world.session, BRUNO, asked.id, Verified.SAFE_VOICE, world.now)


def test_only_to_a_colleague_on_shift_and_only_by_whoever_has_it(
    world: World, asked: Alert
) -> None:
    for nobody in ("", "bruno", "nobody", "camille"):
        with pytest.raises(Incomplete):
            handing_on.offer(world.session, BRUNO, asked.id, nobody, world.now)
    with pytest.raises(SomebodyWasFaster):
        handing_on.offer(world.session, BERTA, asked.id, "sonia", world.now)
    with pytest.raises(NotAllowed):
        handing_on.offer(world.session, CAMILLE, asked.id, "berta", world.now)
    with pytest.raises(WrongState):
        handing_on.accept(world.session, BERTA, asked.id, world.now)
    with pytest.raises(NotAllowed):
        handing_on.accept(world.session, CAMILLE, asked.id, world.now)


def test_a_no_and_a_second_thought_end_the_offer(world: World, asked: Alert) -> None:
    for actor, act in ((BERTA, "OfferDeclined"), (BRUNO, "OfferTakenBack")):
        handing_on.offer(world.session, BRUNO, asked.id, "berta", world.now)
        with pytest.raises(WrongState):
            handing_on.decline(world.session, SONIA, asked.id, world.now)
        assert handing_on.decline(world.session, actor, asked.id, world.now).offered_to is None
        assert acts_of(world.session, asked.id)[-1] == act
        with pytest.raises(WrongState):
            handing_on.accept(world.session, BERTA, asked.id, world.now)


@pytest.mark.parametrize("how", ["lapse", "over", "closed"])
def test_an_offer_ends_with_whoever_made_it(world: World, asked: Alert, how: str) -> None:
    handing_on.offer(world.session, BRUNO, asked.id, "berta", world.now)
    if how == "lapse":
        acts.lapse(world.session, asked.id, world.now)
    elif how == "over":
        acts.take(world.session, SONIA, asked.id, world.now, reason="bruno had to leave")
    else:
        acts.arrive(world.session, Actor("room"), asked.id, world.now)
        acts.close(world.session, BRUNO, asked.id, Outcome.MADE_SAFE, WHY, world.now)
    seen = acting.alert(world.session, asked.id)
    assert seen is not None
    assert (seen.offered_to, seen.offered_at) == (None, None)
    with pytest.raises(WrongState):
        handing_on.accept(world.session, BERTA, asked.id, world.now)


def test_a_shift_ends_only_after_the_yes_and_nobody_leaves_an_offer_unanswered(
    world: World, asked: Alert
) -> None:
    handing_on.offer(world.session, BRUNO, asked.id, "berta", world.now)
    for actor in (BRUNO, BERTA):
        with pytest.raises(WrongState):
            shifts.end(world.session, actor, world.now)
    handing_on.accept(world.session, BERTA, asked.id, world.now)
    shifts.end(world.session, BRUNO, world.now)


def test_a_yes_that_comes_too_late_wins_nothing(engine: Engine, world: World, asked: Alert) -> None:
    """Berta's yes was read before Sonia took it over: compare-and-set lets one of the two win."""
    handing_on.offer(world.session, BRUNO, asked.id, "berta", world.now)
    world.session.commit()
    with transaction(engine) as hers:
        seen = acting.alert(hers, asked.id)
        assert seen is not None
        acts.take(world.session, SONIA, asked.id, world.now, reason="bruno had to leave")
        world.session.commit()
        assert not acting.change(hers, seen, {"owner": "berta"})
    with Session(engine) as now:
        assert (found := acting.alert(now, asked.id)) is not None
        assert found.owner == "sonia"
