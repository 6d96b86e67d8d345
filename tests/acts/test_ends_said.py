"""What is said outside of the end of an alert: who may end it alone, and what is only kept."""

from uuid import UUID

import pytest

from dispatch.hearing import Effect
from tests.acts.answering import (
    SAFE,
    WHY,
    bring,
    everybody_is_told,
    hear,
    words_of_people,
)
from tests.acts.dispatching import acts_of, alert_now
from tests.world import Carried, World
from tgd.alerts import acts
from tgd.errors import Incomplete
from tgd.rules.alert import SEEN_OUTCOMES, Outcome


@pytest.fixture
def alert(world: World) -> UUID:
    """Ana has pressed, and a minute later all four destinations have been told."""
    world.hear(world.press(world.give("Ana")))
    everybody_is_told(world)
    return world.only_alert().id


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.TEST])
def test_the_platform_closes_alone_only_what_was_heard(
    world: World, alert: UUID, outcome: Outcome
) -> None:
    """It has sent nobody: that she is safe it knows by her voice or the word agreed with her."""
    told = {"outcome": outcome.value, "reason": WHY}
    for heard in ({}, {"verified": "silent"}, {"verified": "danger"}):
        with pytest.raises(Incomplete, match="second person"):
            hear(world, alert, "closed", **told, **heard)
    now = alert_now(world.session, alert)
    assert (now.state, now.owner, now.verified) == ("open", None, None)
    hear(world, alert, "closed", **told, verified="safe_code_word")
    now = alert_now(world.session, alert)
    assert (now.state, now.outcome, now.reason) == ("closed", outcome, WHY)
    assert now.verified == "safe_code_word"


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.TEST])
def test_a_room_closes_alone_only_what_its_people_saw(
    world: World, alert: UUID, outcome: Outcome
) -> None:
    told = {"outcome": outcome.value, "reason": WHY}
    if outcome not in SEEN_OUTCOMES:
        with pytest.raises(Incomplete, match="second person"):
            hear(world, alert, "closed", "cisu", **told)
        return
    hear(world, alert, "closed", "cisu", **told)
    assert alert_now(world.session, alert).state == "closed"


def test_what_a_room_says_of_the_end_is_kept_while_one_of_ours_has_it(
    world: World, alert: UUID
) -> None:
    """Bruno has asked for a patrol; the room says that he is in custody: Bruno sees it, and ends
    it alone, for those who were there have said so."""
    bring(world, alert, "requested")
    caught = {"outcome": "apprehended", "reason": "He is in custody."}
    assert hear(world, alert, "closed", "cisu", **caught) == Effect("done", "closed")
    now = alert_now(world.session, alert)
    assert (now.state, now.owner) == ("requested", "bruno")
    assert (now.reported_outcome, now.reported_by) == ("apprehended", "room/nadia")
    assert "EndReported" in acts_of(world.session, alert)
    assert ("room/nadia", "He is in custody.") in words_of_people(world)
    assert not acts.needs_second(now, Outcome.APPREHENDED)
    assert acts.needs_second(now, Outcome.ACCIDENTAL)
    world.wait(seconds=5)
    world.hear(world.press(Carried("hana0000000000"[:13], "", "", counter=7)))
    assert acts.needs_second(alert_now(world.session, alert), Outcome.APPREHENDED), "of before"


def test_what_a_platform_says_of_the_end_is_words_and_no_proof(world: World, alert: UUID) -> None:
    bring(world, alert, "requested")
    hear(world, alert, "closed", by="agent-7", **SAFE)
    now = alert_now(world.session, alert)
    assert (now.state, now.reported_outcome) == ("requested", None)
    assert ("platform/agent-7", WHY) in words_of_people(world)
    assert acts.needs_second(now, Outcome.MADE_SAFE)


@pytest.mark.parametrize("kind", ["cancel", "duress"])
def test_a_cancelled_or_forced_press_is_ended_from_outside_only_when_she_was_seen(
    world: World, alert: UUID, kind: str
) -> None:
    world.hear(world.press(world.give("Bea", number="+33639980002"), kind=kind))
    everybody_is_told(world)
    beas = world.alerts()[1].id
    with pytest.raises(Incomplete, match="second person"):
        hear(world, beas, "closed", outcome="accidental", reason=WHY, verified="safe_voice")
    with pytest.raises(Incomplete, match="second person"):
        hear(world, beas, "closed", **SAFE)
    hear(world, beas, "closed", "cisu", **SAFE)
    assert alert_now(world.session, beas).state == "closed"


@pytest.mark.parametrize("outcome", [None, "test", "all good"])
def test_an_outcome_that_is_none_ends_nothing(
    world: World, alert: UUID, outcome: str | None
) -> None:
    with pytest.raises(Incomplete):
        hear(world, alert, "closed", outcome=outcome, reason=WHY, verified="safe_voice")
    assert alert_now(world.session, alert).state == "open"


def test_a_colleague_who_closes_is_named_and_not_the_one_who_took(
    world: World, alert: UUID
) -> None:
    hear(world, alert, "taken", by="agent-7")
    world.wait(seconds=5)
    hear(world, alert, "closed", id="end", by="agent-8", verified="safe_voice", **SAFE)
    now = alert_now(world.session, alert)
    assert (now.closed_by, now.owner) == ("platform/agent-8", "platform/agent-8")
    (line,) = world.lines("AlertClosed")
    assert line.who == "platform/agent-8"


@pytest.mark.parametrize("stranger", ["other-platform", "room"])
def test_another_house_does_not_close_it(world: World, alert: UUID, stranger: str) -> None:
    """What it says is kept for those who have it."""
    hear(world, alert, "taken", by="agent-7")
    hear(world, alert, "closed", to=stranger, **SAFE)
    now = alert_now(world.session, alert)
    assert (now.state, now.owner) == ("taken", "platform/agent-7")
    assert (f"{stranger}/nadia", WHY) in words_of_people(world)
