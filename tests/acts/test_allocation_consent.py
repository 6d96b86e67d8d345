"""Ana agrees no more: Camille reads it in the advice, and decides; her new yes ends the matter."""

import pytest

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
)
from tests.walking import REASONS, Walk
from tgd.allocation import deciding, equipping, referring
from tgd.records import Decision
from tgd.rules.handset import ConsentScope
from tgd.rules.law import Condition

DEVICE, GEOLOCATION = ConsentScope.DEVICE, ConsentScope.GEOLOCATION


@pytest.fixture(name="withdrawn")
def made_withdrawn(walk: Walk) -> Walk:
    """She carries it, and tells Lea that she agrees to it no more."""
    walk.until("hand_over")
    assert advised(walk).holds
    walk.world.wait(days=1)
    equipping.withdraw_consent(walk.session, walk.officer("Lea"), walk.id, DEVICE, walk.now)
    return walk


def advised(walk: Walk):
    return referring.advice_of(walk.session, walk.officer("Camille"), walk.id, walk.now)


def answer(walk: Walk, *, agreed: bool, scope: ConsentScope = DEVICE) -> None:
    walk.world.wait(minutes=1)
    equipping.record_consent(
        walk.session, walk.officer("Lea"), walk.id, scope, walk.now, agreed=agreed
    )


def test_the_advice_says_that_her_consent_is_missing(withdrawn: Walk) -> None:
    assert not advised(withdrawn).holds
    assert advised(withdrawn).against == (Condition.CONSENT,)
    assert "consent_withdrawn" in open_kinds(withdrawn)
    assert "referral_waiting" not in open_kinds(withdrawn)


def test_her_new_yes_ends_it(withdrawn: Walk) -> None:
    answer(withdrawn, agreed=True, scope=GEOLOCATION)
    assert "consent_withdrawn" in open_kinds(withdrawn), "that was another question"
    answer(withdrawn, agreed=True)
    assert advised(withdrawn).holds
    assert "consent_withdrawn" not in open_kinds(withdrawn)


def test_a_renewal_ends_it_and_says_why_against_the_advice(withdrawn: Walk) -> None:
    camille = withdrawn.officer("Camille")
    signed = deciding.renew(withdrawn.session, camille, withdrawn.id, REASONS, withdrawn.now)
    assert isinstance(signed, Decision)
    assert signed.against_advice
    assert "consent_withdrawn" not in open_kinds(withdrawn)


def test_what_is_recorded_later_counts_and_geolocation_is_no_condition(walk: Walk) -> None:
    walk.until("find")
    answer(walk, agreed=False)
    assert not advised(walk).holds
    walk.world.wait(minutes=1)
    referring.record_condition(
        walk.session, walk.officer("Greta"), walk.id, Condition.CONSENT, {"met": True},
        "signed form of today", walk.now,
    )  # fmt: skip
    assert advised(walk).holds
    answer(walk, agreed=False, scope=GEOLOCATION)
    assert advised(walk).holds
