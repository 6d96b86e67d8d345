"""What is told from the spool: by the one plan, under the keys that stay, and nothing more."""

from dataclasses import fields, replace
from datetime import timedelta
from uuid import UUID

import pytest

from dispatch.blind_facts import (
    BlindAlert,
    BlindAnswer,
    BlindDelivery,
    delivery_facts,
    facts,
    reference,
    telling,
)
from dispatch.policy import AnyDestination
from dispatch.routing import plan
from dispatch.telling import Topic
from tests.acts.dispatching import POLICY
from tests.conftest import NOW
from tgd.rules.delivery import DeliveryState

ALERT = UUID("01a21b7c-376e-7c62-8847-2494bd974eb5")
KINDS = {d.name: d.kind for d in POLICY.destinations}
ANA = BlindAlert(ALERT, "hana000000000", "mqtt", "press", NOW)


def planned(alert: BlindAlert, after_s: float) -> list[str]:
    """Whom the plan tells anew, so long after the press."""
    made = plan(
        facts(alert, KINDS), delivery_facts(alert.deliveries.values()), POLICY,
        NOW + timedelta(seconds=after_s),
    )  # fmt: skip
    return [tell.destination for tell in made.tell]


def delivered(name: str, state: DeliveryState = DeliveryState.RECEIVED) -> BlindDelivery:
    return BlindDelivery(f"{ALERT}:opened:0:{name}", name, 0, state, 1, NOW, None)


def answered(name: str, state: str, id: str = "a1") -> BlindAnswer:
    said = {"id": id, "key": f"{ALERT}:opened:0:{name}", "alert": str(ALERT), "state": state}
    return BlindAnswer(name, KINDS[name], said)


def test_the_steps_of_the_policy_follow_at_their_times() -> None:
    assert planned(ANA, 0) == ["platform"]
    ana = ANA.told(delivered("platform"))
    assert planned(ana, 19) == []
    assert planned(ana, 20) == ["other-platform", "duty"]
    assert planned(ana.told(delivered("duty")).told(delivered("other-platform")), 60) == ["room"]


def test_the_keys_are_those_of_the_record() -> None:
    made = plan(facts(ANA, KINDS), [], POLICY, NOW)
    assert [tell.key for tell in made.tell] == [f"{ALERT}:opened:0:platform"]


def test_a_human_who_takes_it_stops_the_ringing_for_the_whole_outage() -> None:
    ana = ANA.told(delivered("platform")).heard(answered("platform", "taken"))
    assert [planned(ana, s) for s in (20, 60, 3600)] == [[], [], []]


def test_a_machine_that_received_it_stops_nothing() -> None:
    ana = ANA.told(delivered("platform")).heard(answered("platform", "received"))
    assert planned(ana, 20) == ["other-platform", "duty"]


def test_the_same_answer_twice_is_one() -> None:
    ana = ANA.told(delivered("platform"))
    once = ana.heard(answered("platform", "taken"))
    assert once.heard(answered("platform", "taken")) == once
    assert len(once.heard(answered("platform", "taken", id="a2")).answers) == 2


@pytest.mark.parametrize("told", POLICY.destinations, ids=lambda d: d.name)
def test_nothing_about_her_is_said(told: AnyDestination) -> None:
    said = telling(ANA, f"{ALERT}:opened:0:{told.name}", NOW)
    assert (said.person, said.handset_number, said.position, said.places) == (None, None, None, ())
    assert (said.topic, said.lane, said.labels) == (Topic.OPENED, "real", ("told_from_spool",))
    allowed = {str(ALERT), "hana000000000", reference(ALERT), said.key, "told_from_spool", "real"}
    words = {getattr(said, f.name) for f in fields(said) if isinstance(getattr(said, f.name), str)}
    assert words - allowed == {Topic.OPENED, "open"}


def test_an_unproven_source_gives_no_handset() -> None:
    assert telling(replace(ANA, handset=None), "k", NOW).handset is None
