"""What a destination says becomes acts: once, about its own, in the name of who did it."""

from uuid import UUID

import pytest

from dispatch.hearing import Effect, NotYours, hear_answer, hear_failure
from dispatch.telling import Later, Sent
from tests.acts.answering import (
    DESTINATION,
    SAFE,
    bring,
    everybody_is_told,
    hear,
    key,
)
from tests.acts.dispatching import (
    BRUNO,
    acts_of,
    alert_now,
    answer,
    deliveries,
    named,
    not_reached,
    said,
    turn,
)
from tests.world import World
from tgd.alerts import acts
from tgd.errors import Incomplete, NotAllowed, Refusal, WrongState
from tgd.rules.alert import AlertState, Verified

REFUSED: dict[str, type[Refusal]] = {
    "NOT-ALLOWED": NotAllowed, "UNSEEN": Incomplete, "OVER": WrongState,
}  # fmt: skip

SAME = " ".join(AlertState)
TAKES = "taken taken verified requested acknowledged on_scene closed"
HAS_IT = "acknowledged acknowledged acknowledged acknowledged acknowledged on_scene closed"
HAS_THE_RINGING = "acknowledged acknowledged acknowledged requested acknowledged on_scene closed"
ARRIVES = "on_scene on_scene on_scene on_scene on_scene on_scene closed"
ENDS = "closed taken verified requested acknowledged on_scene OVER"
"""What one of ours has, ours end: what is said of it is kept."""
NEEDS_TWO = "UNSEEN taken verified requested acknowledged on_scene OVER"
"""A platform has sent nobody: nobody has seen her."""
AFTER = {
    ("webhook", "received"): SAME, ("webhook", "taken"): TAKES,
    ("webhook", "on_the_way"): SAME, ("cisu", "on_the_way"): HAS_IT,
    ("webhook", "on_scene"): ARRIVES, ("webhook", "closed"): NEEDS_TWO,
    ("cisu", "received"): HAS_THE_RINGING, ("cisu", "taken"): HAS_IT,
    ("cisu", "on_scene"): ARRIVES, ("cisu", "closed"): ENDS,
    ("voice", "received"): SAME, ("voice", "taken"): TAKES,
    ("sms", "received"): SAME,
}  # fmt: skip
"""State after each answer, for an alert that is open, taken by Bruno, verified … closed."""


@pytest.fixture
def alert(world: World) -> UUID:
    """Ana has pressed, and a minute later all four destinations have been told."""
    world.hear(world.press(world.give("Ana")))
    everybody_is_told(world)
    return world.only_alert().id


@pytest.mark.parametrize("kind", list(DESTINATION))
@pytest.mark.parametrize("word", ["received", "taken", "on_the_way", "on_scene", "closed"])
def test_each_answer_of_each_kind_in_each_state(world: World, kind: str, word: str) -> None:
    for number, _ in enumerate(AlertState):
        world.hear(world.press(world.give(f"P{number}", number=f"+3363998100{number}")))
    everybody_is_told(world)
    after = AFTER.get((kind, word), "NOT-ALLOWED " * 7).split()
    for alert, before, expected in zip(world.alerts(), AlertState, after, strict=True):
        bring(world, alert.id, before)
        if expected in REFUSED:
            with pytest.raises(REFUSED[expected]):
                hear(world, alert.id, word, kind, id=f"about {before}", **SAFE)
        else:
            effect = hear(world, alert.id, word, kind, id=f"about {before}", **SAFE)
            assert effect == Effect("done", word)
        now = alert_now(world.session, alert.id)
        assert now.state == (before if expected in REFUSED else expected), before
        takes = (word == "taken" and expected not in REFUSED) or now.state == "closed"
        name = "/nadia" if word == "closed" else ""
        nobodys = DESTINATION[kind] + name if takes else None
        assert now.owner == (nobodys if before == "open" else "bruno"), before


@pytest.mark.parametrize("word", ["on_the_way", "on_scene", "closed"])
@pytest.mark.parametrize("by", ["", "  ", "\x00/"])
def test_no_machine_of_a_platform_says_that_a_patrol_is_there_or_that_it_is_over(
    world: World, alert: UUID, word: str, by: str
) -> None:
    with pytest.raises(Incomplete, match="must be named"):
        hear(world, alert, word, "webhook", by=by, **SAFE)
    assert alert_now(world.session, alert).state == "open"


def test_the_same_answer_twice_is_one_and_another_id_is_another(world: World, alert: UUID) -> None:
    assert hear(world, alert, "taken", by="Agent 7") == Effect("done", "taken")
    before = acts_of(world.session, alert)
    version = alert_now(world.session, alert).version
    assert hear(world, alert, "taken", by="Agent 7") == Effect("known", "taken")
    assert acts_of(world.session, alert) == before
    assert alert_now(world.session, alert).version == version
    assert hear(world, alert, "taken", by="Agent 7", id="answer-2") == Effect("done", "taken")


def test_the_same_id_of_another_destination_is_another_answer(world: World, alert: UUID) -> None:
    hear(world, alert, "received")
    assert hear(world, alert, "received", to="other-platform") == Effect("done", "received")


@pytest.mark.parametrize("end", ["a", "b"])
def test_two_long_ids_that_begin_alike_are_two_answers(world: World, alert: UUID, end: str) -> None:
    hear(world, alert, "received", id="x" * 199 + "c")
    assert hear(world, alert, "received", id="x" * 199 + end).result == "done"
    assert hear(world, alert, "received", id="x" * 199 + end).result == "known"


def test_a_refused_answer_may_be_repeated_when_it_is_mended(world: World, alert: UUID) -> None:
    with pytest.raises(Incomplete):
        hear(world, alert, "closed", outcome="made_safe", reason="ok")
    assert alert_now(world.session, alert).owner is None
    heard = SAFE | {"verified": "safe_voice"}
    assert hear(world, alert, "closed", **heard) == Effect("done", "closed")


def test_nobody_answers_about_another_destinations_telling(world: World, alert: UUID) -> None:
    theirs = said(key(alert, "other-platform"), "taken")
    with pytest.raises(NotYours):
        hear_answer(world.session, "platform", "webhook", theirs, world.now)
    with pytest.raises(NotYours):
        hear_failure(world.session, "platform", not_reached(key(alert, "duty")), world.now)
    with pytest.raises(NotYours):
        hear(world, alert, "taken", to="nobody")
    assert alert_now(world.session, alert).owner is None


def test_a_key_and_another_alert_are_nobodys(world: World, alert: UUID) -> None:
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    other = world.alerts()[1].id
    mixed = said(key(alert), "taken", alert_=str(other))
    with pytest.raises(NotYours):
        hear_answer(world.session, "platform", "webhook", mixed, world.now)


def test_a_late_yes_to_the_ringing_is_none_to_the_request(world: World, alert: UUID) -> None:
    """Bruno asks for a patrol; only then the room's machine has the message of before."""
    bring(world, alert, "requested")
    asked = turn(world.session, world.now)
    assert "room:requested" in named(asked)
    answer(world.session, world.now, *asked, said=Sent(10, "sent"))
    hear(world, alert, "received", "cisu")
    assert alert_now(world.session, alert).acknowledged_at is None
    request = said(f"{alert}:requested:0:room", "received", id="answer-2")
    hear_answer(world.session, "room", "cisu", request, world.now)
    assert alert_now(world.session, alert).state == AlertState.ACKNOWLEDGED


def test_a_second_taken_takes_it_from_nobody(world: World, alert: UUID) -> None:
    hear(world, alert, "taken", by="agent-7")
    hear(world, alert, "taken", to="other-platform", by="agent-1")
    hear(world, alert, "taken", "voice")
    assert alert_now(world.session, alert).owner == "platform/agent-7"


def test_a_name_is_cleaned_and_cannot_pass_for_another_house(world: World, alert: UUID) -> None:
    hear(world, alert, "taken", by="room/<b>Zoë</b>\n" + "x" * 80)
    owner = alert_now(world.session, alert).owner
    assert owner == "platform/roombZoëb" + "x" * 21


def test_a_late_answer_about_a_closed_alert_changes_nothing(world: World, alert: UUID) -> None:
    bring(world, alert, "closed")
    before = alert_now(world.session, alert)
    for word in ("received", "taken", "on_scene"):
        assert hear(world, alert, word, "cisu", id=word).result == "done"
    after = alert_now(world.session, alert)
    assert (after.state, after.owner, after.version) == ("closed", "bruno", before.version)
    assert (after.acknowledged_at, after.on_scene_at) == (None, None)
    with pytest.raises(WrongState):
        hear(world, alert, "closed", "cisu", id="end", **SAFE)


def test_what_reached_nobody_is_told_again_at_once_and_once(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    (told,) = turn(world.session, world.now)
    assert told.telling.key == key(alert)
    world.wait(seconds=1)
    failure = not_reached(key(alert))
    assert hear_failure(world.session, "platform", failure, world.now).result == "done"
    (again,) = turn(world.session, world.now)
    assert (again.telling.key, again.attempt) == (key(alert), 2)
    assert hear_failure(world.session, "platform", failure, world.now).result == "known"
    assert turn(world.session, world.now) == []


@pytest.mark.parametrize(("why", "slowest_s"), [("busy", 6.0), ("refused_by_room", 30.0)])
def test_what_reaches_nobody_again_and_again_waits_longer_and_fills_no_journal(
    world: World, why: str, slowest_s: float
) -> None:
    world.hear(world.press(world.give("Ana")))
    alert, waited = world.only_alert().id, []
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    for n in range(8):
        before = world.now
        while not (told := turn(world.session, world.now)):
            world.wait(seconds=0.25)
        waited.append((world.now - before).total_seconds())
        answer(world.session, world.now, *told, said=Sent(45, "sent"))
        lost = not_reached(key(alert), id=f"failure-{n}", why=why)
        hear_failure(world.session, "platform", lost, world.now)
        world.session.commit()
    assert waited[:2] == [0, 0], "the first time it is told again at once"
    assert min(waited[2:]) > 0.5
    assert slowest_s * 0.75 < max(waited) <= slowest_s * 1.25
    assert acts_of(world.session, alert).count("DeliverySent") == 1


def test_a_failure_that_comes_before_the_send_returns_is_not_forgotten(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    (told,) = turn(world.session, world.now)
    hear_failure(world.session, "platform", not_reached(key(alert)), world.now)
    assert answer(world.session, world.now, told, said=Sent(45, "sent")) == 0
    now = deliveries(world.session)["platform:opened"]
    assert (now.state, now.next_try_at, now.lease_owner) == ("pending", world.now, None)
    (again,) = turn(world.session, world.now)
    assert (again.telling.key, again.attempt) == (told.telling.key, 2)
    assert answer(world.session, world.now, again, said=Sent(45, "sent")) == 1


def test_what_is_sent_again_because_nobody_acknowledged_is_no_news(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    for _ in range(3):
        (told,) = turn(world.session, world.now)
        answer(world.session, world.now, told, said=Sent(5, "sent"))
        world.wait(seconds=6)
    assert acts_of(world.session).count("DeliverySent") == 1


def test_what_is_sent_after_a_failed_attempt_is_news(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    for said_ in (Sent(5, "sent"), Later("connect"), Sent(5, "sent")):
        (told,) = turn(world.session, world.now)
        answer(world.session, world.now, told, said=said_)
        world.wait(seconds=8)
    assert acts_of(world.session).count("DeliverySent") == 2


def test_a_failure_after_it_was_received_takes_nothing_back(world: World, alert: UUID) -> None:
    hear(world, alert, "received")
    hear_failure(world.session, "platform", not_reached(key(alert)), world.now)
    assert deliveries(world.session)["platform:opened"].state == "received"
    assert "platform:opened" not in named(turn(world.session, world.now))


def test_an_answer_by_reference_needs_no_key(world: World, alert: UUID) -> None:
    number = world.only_alert().number
    by_reference = said("", "taken", alert_=f"AL-{number:06d}")
    assert hear_answer(world.session, "platform", "webhook", by_reference, world.now).result
    assert alert_now(world.session, alert).owner == "platform"
    assert deliveries(world.session)["platform:opened"].state == "taken"


@pytest.mark.parametrize("name", ["AL-999999", "AL-1", "1", "", "%", "AL-______"])
def test_a_reference_that_names_no_alert_is_refused(world: World, alert: UUID, name: str) -> None:
    with pytest.raises(NotYours):
        hear_answer(world.session, "platform", "webhook", said("", "taken", alert_=name), world.now)


def test_the_millionth_alert_is_not_taken_for_another(world: World, alert: UUID) -> None:
    number = 1_000_000 + 10 * (world.only_alert().number or 0)
    world.session.connection().exec_driver_sql(
        f"ALTER TABLE alert ALTER number RESTART WITH {number}"
    )
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    everybody_is_told(world)
    beas = world.alerts()[1]
    by_reference = said("", "taken", alert_=f"AL-{beas.number:06d}")
    hear_answer(world.session, "platform", "webhook", by_reference, world.now)
    assert alert_now(world.session, beas.id).owner == "platform"
    cut = said("", "taken", id="cut", alert_=f"AL-{beas.number:06d}"[:9])
    with pytest.raises(NotYours):
        hear_answer(world.session, "platform", "webhook", cut, world.now)
