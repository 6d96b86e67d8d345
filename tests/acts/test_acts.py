"""What humans do with an alert: one winner, an end with reasons, and four eyes where it is due."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.acts.dispatching import BERTA, BRUNO, CAMILLE, SONIA, acts_of, alert_now
from tests.world import World
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.database import transaction
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import Note
from tgd.rules.access import ACTS, Act, Role
from tgd.rules.alert import Outcome, Verified
from tgd.store import acting

WHY = "pressed in a bag"
CORG = Actor("corg", Role.CONTROL_ROOM)


def test_one_winner_and_only_a_supervisor_takes_over(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    with pytest.raises(NotAllowed):
        acts.take(world.session, CAMILLE, alert, world.now)
    assert acts.take(world.session, BRUNO, alert, world.now).owner == "bruno"
    with pytest.raises(SomebodyWasFaster, match="bruno has already taken"):
        acts.take(world.session, BERTA, alert, world.now)
    with pytest.raises(Incomplete):
        acts.take(world.session, SONIA, alert, world.now)
    assert acts.take(world.session, SONIA, alert, world.now, reason=WHY).owner == "sonia"
    assert acts_of(world.session, alert).count("AlertAcknowledged") == 2


def test_two_operators_get_two_alerts(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    one = acts.take_next(world.session, BRUNO, world.now)
    other = acts.take_next(world.session, BERTA, world.now)
    assert one is not None
    assert other is not None
    assert one.id != other.id
    assert acts.take_next(world.session, SONIA, world.now) is None


def test_what_is_closed_is_taken_by_nobody_not_even_its_owner(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    closed = acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)
    assert closed.state == "closed"
    for actor in (BRUNO, SONIA):
        with pytest.raises(WrongState):
            acts.take(world.session, actor, alert, world.now)


ROLE = {role: Actor(f"somebody as {role}", role) for role in Role}
DOES: dict[Act, Callable[[World, Actor, UUID], object]] = {
    Act.TAKE: lambda w, who, a: acts.take(w.session, who, a, w.now),
    Act.RELEASE: lambda w, who, a: acts.release(w.session, who, a, w.now),
    Act.NOTE: lambda w, who, a: acts.note(w.session, who, a, "she whispers", w.now),
    Act.VERIFY: lambda w, who, a: acts.verify(w.session, who, a, Verified.SAFE_VOICE, w.now),
    Act.REQUEST_INTERVENTION: lambda w, who, a: acts.request_intervention(
        w.session, who, a, w.now
    ),
    Act.CLOSE: lambda w, who, a: acts.close(
        w.session, who, a, Outcome.ACCIDENTAL, WHY, w.now
    ),
    Act.COUNTERSIGN: lambda w, who, a: acts.countersign(w.session, who, a, w.now),
}  # fmt: skip
LINE = {
    Act.TAKE: "AlertAcknowledged", Act.RELEASE: "AlertReleased", Act.NOTE: "NoteWritten",
    Act.VERIFY: "VerificationDone", Act.REQUEST_INTERVENTION: "InterventionRequested",
    Act.CLOSE: "ClosingProposed", Act.COUNTERSIGN: "AlertClosed",
}  # fmt: skip


@pytest.fixture
def alert(world: World) -> UUID:
    """Ana has pressed."""
    world.hear(world.press(world.give("Ana")))
    return world.only_alert().id


def ready_for(world: World, act: Act, actor: Actor, alert: UUID) -> None:
    """Everything but the role is as the act needs it."""
    if act in (Act.TAKE, Act.NOTE):
        return
    first = BRUNO if act is Act.COUNTERSIGN else actor
    owner = {"owner": first.name, "state": "taken", "acted_at": world.now}
    seen = acting.alert(world.session, alert)
    assert seen is not None
    assert acting.change(world.session, seen, owner)
    if act is Act.COUNTERSIGN:
        acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, WHY, world.now)


@pytest.mark.parametrize("act", list(DOES))
def test_each_role_does_what_the_table_allows_and_writes_one_line(world: World, act: Act) -> None:
    for number, role in enumerate(Role):
        world.hear(world.press(world.give(f"P{number}", number=f"+3363998100{number}")))
        alert, actor = world.alerts()[-1].id, ROLE[role]
        ready_for(world, act, actor, alert)
        before = acts_of(world.session, alert)
        if act not in ACTS[role]:
            with pytest.raises(NotAllowed):
                DOES[act](world, actor, alert)
            assert acts_of(world.session, alert) == before
            continue
        DOES[act](world, actor, alert)
        assert acts_of(world.session, alert) == [*before, LINE[act]], role


def test_what_is_given_back_rings_again_at_once(world: World, alert: UUID) -> None:
    acts.take(world.session, BRUNO, alert, world.now)
    world.wait(seconds=9)
    given = acts.release(world.session, BRUNO, alert, world.now)
    assert (given.state, given.owner, given.acted_at, given.waits) == ("open", None, None, 1)
    assert given.waiting_since == given.look_again_at == world.now
    with pytest.raises(WrongState):
        acts.release(world.session, BRUNO, alert, world.now)
    assert acts.take(world.session, BERTA, alert, world.now).owner == "berta"


def test_a_request_is_not_given_back(world: World, alert: UUID) -> None:
    acts.take(world.session, BRUNO, alert, world.now)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    with pytest.raises(WrongState):
        acts.release(world.session, BRUNO, alert, world.now)


def test_nobody_gives_back_what_another_answers_for(world: World, alert: UUID) -> None:
    acts.take(world.session, BRUNO, alert, world.now)
    for act in (Act.RELEASE, Act.VERIFY, Act.REQUEST_INTERVENTION, Act.CLOSE):
        for other in (BERTA, SONIA):
            with pytest.raises(SomebodyWasFaster):
                DOES[act](world, other, alert)
    acts.release(world.session, BRUNO, alert, world.now)
    with pytest.raises(WrongState, match="Take the alert first"):
        acts.verify(world.session, BRUNO, alert, Verified.DANGER, world.now)


def test_a_lapse_rings_again_and_takes_the_proposal_with_it(world: World, alert: UUID) -> None:
    acts.take(world.session, BRUNO, alert, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.NOT_FOUND, WHY, world.now)
    world.wait(seconds=60)
    lapsed = acts.lapse(world.session, alert, world.now)
    assert (lapsed.state, lapsed.owner, lapsed.waits) == ("open", None, 1)
    assert (lapsed.proposed_by, lapsed.proposed_outcome, lapsed.proposed_reason) == (None,) * 3
    assert lapsed.waiting_since == lapsed.look_again_at == world.now
    (line,) = world.lines("OwnershipLapsed")
    assert line.who == "dispatch"
    with pytest.raises(WrongState):
        acts.countersign(world.session, SONIA, alert, world.now)


def test_an_intervention_is_requested_again_once_it_was_answered_and_never_for_a_test(
    world: World, alert: UUID
) -> None:
    asked_at = world.now
    acts.take(world.session, BRUNO, alert, world.now)
    assert acts.request_intervention(world.session, BRUNO, alert, asked_at).state == "requested"
    with pytest.raises(WrongState):
        acts.request_intervention(world.session, BRUNO, alert, world.now)
    acts.acknowledge(world.session, Actor("room"), alert, world.now)
    world.wait(seconds=30)
    again = acts.request_intervention(world.session, BRUNO, alert, world.now)
    assert (again.state, again.requested_at, again.requests) == ("acknowledged", world.now, 2)
    world.hear(world.press(world.give("Bea", number="+33639980002"), kind="test"))
    test = world.alerts()[1].id
    acts.take(world.session, BRUNO, test, world.now)
    with pytest.raises(WrongState, match="test"):
        acts.request_intervention(world.session, BRUNO, test, world.now)


def test_an_acknowledgement_of_before_is_none_of_the_request(world: World, alert: UUID) -> None:
    acts.acknowledge(world.session, Actor("room"), alert, world.now)
    acts.take(world.session, BRUNO, alert, world.now)
    world.wait(seconds=5)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    world.wait(seconds=5)
    answered_at = world.now
    assert acts.acknowledge(world.session, Actor("room"), alert, answered_at).acknowledged_at == (
        answered_at
    )
    world.wait(seconds=5)
    again = acts.acknowledge(world.session, Actor("room"), alert, world.now)
    assert again.acknowledged_at == answered_at


def test_a_note_is_kept_clean_and_stays_out_of_the_journal(world: World, alert: UUID) -> None:
    words = "  elle dit\x00 «\u202evite\x07»\n" + "x" * 5000
    acts.note(world.session, CORG, alert, words, world.now)
    (kept,) = world.session.exec(select(Note)).all()
    assert kept.words.startswith("elle dit «vite»\nxxx")
    assert (len(kept.words), kept.who, kept.alert) == (4000, "corg", alert)
    (line,) = world.lines("NoteWritten")
    assert line.detail is None or "vite" not in str(line.detail)
    for nothing in ("", " \n ", "\x00"):
        with pytest.raises(Incomplete):
            acts.note(world.session, CORG, alert, nothing, world.now)


def test_the_owners_note_keeps_the_ownership_and_a_strangers_does_not(
    world: World, alert: UUID
) -> None:
    taken_at = world.now
    acts.take(world.session, BRUNO, alert, world.now)
    world.wait(seconds=50)
    acts.note(world.session, BERTA, alert, "I hear her too", world.now)
    assert alert_now(world.session, alert).acted_at == taken_at
    acts.note(world.session, BRUNO, alert, "still listening", world.now)
    assert alert_now(world.session, alert).acted_at == world.now


def test_no_act_finds_an_alert_that_is_not_there(world: World) -> None:
    for act, do in DOES.items():
        actor = SONIA if act is Act.COUNTERSIGN else BRUNO
        with pytest.raises(WrongState, match="no such alert"):
            do(world, actor, UUID(int=7))


def raced(engine: Engine, *work: Callable[[Session], str]) -> list[str]:
    """Each in its own session and thread, as near to the same moment as threads can."""
    gate = threading.Barrier(len(work))

    def one(act: Callable[[Session], str]) -> str:
        gate.wait(10)
        try:
            with transaction(engine) as session:
                return act(session)
        except SomebodyWasFaster:
            return "too late"

    with ThreadPoolExecutor(len(work)) as pool:
        return [f.result(30) for f in [pool.submit(one, act) for act in work]]


def test_of_two_who_take_at_the_same_moment_one_wins(world: World, engine: Engine) -> None:
    for number in range(10):
        world.hear(world.press(world.give(f"P{number}", number=f"+3363998100{number}")))
        world.session.commit()
        alert = world.alerts()[-1].id
        takers: list[Callable[[Session], str]] = [
            lambda s, who=who, alert=alert: str(  # type: ignore[misc]
                acts.take(s, who, alert, world.now).owner
            )
            for who in (BRUNO, BERTA)
        ]
        result = raced(engine, *takers)
        assert result.count("too late") == 1
        assert alert_now(world.session, alert).owner in result
        assert acts_of(world.session, alert).count("AlertAcknowledged") == 1
        world.session.commit()


def test_two_who_take_the_next_at_the_same_moment_get_two_alerts(
    world: World, engine: Engine
) -> None:
    for number in range(8):
        world.hear(world.press(world.give(f"P{number}", number=f"+3363998100{number}")))
    world.session.commit()
    takers: list[Callable[[Session], str]] = [
        lambda s, who=who: str(getattr(acts.take_next(s, who, world.now), "id", ""))  # type: ignore[misc]
        for who in (BRUNO, BERTA)
    ]
    taken = [one for _ in range(4) for one in raced(engine, *takers)]
    assert len(set(taken)) == 8
    assert "too late" not in taken
    assert {a.owner for a in world.alerts()} == {"bruno", "berta"}


def test_the_next_is_the_oldest_real_one_that_nobody_has(world: World, alert: UUID) -> None:
    world.wait(seconds=1)
    world.hear(world.press(world.give("Bea", number="+33639980002"), kind="test"))
    world.hear(world.press(world.give("Clea", number="+33639980003")))
    first = acts.take_next(world.session, BRUNO, world.now)
    second = acts.take_next(world.session, BRUNO, world.now)
    assert first is not None
    assert second is not None
    assert first.id == alert
    assert second.lane == "real"
    assert acts.take_next(world.session, BRUNO, world.now) is None
