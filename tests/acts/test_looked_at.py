"""What was looked at before a decision is signed with it; of a woman who is dead all is kept."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.acts.allocating import made_walk, open_kinds  # noqa: F401  (a fixture)
from tests.walking import REASONS, Walk
from tgd.allocation import deciding, delegating, holding
from tgd.allocation.acting import NotYet
from tgd.errors import WrongState
from tgd.purge import purge
from tgd.records import Decision, Journal, LegalHold
from tgd.rules.access import Role
from tgd.rules.allocation import EndReason
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.forgetting import Obstacle
from tgd.rules.guards import Missing
from tgd.store import deadlines


def withdraw(walk: Walk, why: EndReason, who: str = "Camille", **checks: bool) -> object:
    checks = {"safety_checked": False, "release_checked": False} | checks
    return deciding.withdraw(
        walk.session, walk.officer(who), walk.id, why, REASONS, walk.now, **checks
    )


def test_the_ground_and_the_checks_of_a_withdrawal_are_signed(walk: Walk) -> None:
    walk.until("hand_over")
    checks = {"safety_checked": True, "release_checked": True, "committee_heard": True}
    signed = withdraw(walk, EndReason.RULES_BREACH, **checks)
    assert isinstance(signed, Decision)
    said = checks | {"ground": "rules_breach", "release_on": None}
    assert signed.details == said
    line = walk.session.exec(
        select(Journal).where(Journal.act == "DecisionSigned").order_by(col(Journal.seq).desc())
    ).first()
    assert line is not None
    assert {key: line.detail.get(key) for key in said} == said


def test_the_hash_stands_on_them(walk: Walk) -> None:
    """Two suspensions that differ by the day of his release alone."""
    walk.until("hand_over")
    hashes = set()
    for day in (30, 31):
        with walk.session.begin_nested() as undone:
            signed = deciding.suspend(
                walk.session, walk.officer("Camille"), walk.id,
                (walk.now + timedelta(days=day)).date(), REASONS, walk.now,
            )  # fmt: skip
            assert isinstance(signed, Decision)
            hashes.add(signed.content_hash)
            undone.rollback()
    assert len(hashes) == 2


@pytest.mark.parametrize("who", ["Camille", "Paul"])
def test_when_she_is_dead_nothing_is_asked_and_nothing_is_erased(walk: Walk, who: str) -> None:
    """Also by a prosecutor on call, who may begin no other procedure."""
    walk.until("hand_over")
    begins = walk.now.replace(tzinfo=None) + timedelta(hours=1)
    delegating.delegate(
        walk.session, walk.officer("Camille"), "Paul", walk.file().court or "", begins,
        begins + timedelta(hours=12), walk.now,
    )  # fmt: skip
    walk.world.wait(hours=2)
    assert isinstance(withdraw(walk, EndReason.DANGER_ENDED), NotYet)
    assert isinstance(withdraw(walk, EndReason.DEATH, who), Decision)
    assert open_kinds(walk) == {"return_due"}, "nobody is tested or told of a release"
    (held,) = walk.session.exec(select(LegalHold)).all()
    assert (held.by, held.ended_at) == (who, None)
    walk.take_back()
    walk.world.wait(days=400)
    said = purge(walk.session, walk.now)
    assert [one.obstacles for one in said.waiting] == [(Obstacle.LEGAL_HOLD,)]
    assert walk.file().state == "closed"
    holding.end_hold(walk.session, walk.officer("Camille"), walk.id, walk.now)
    assert purge(walk.session, walk.now).files


@pytest.mark.parametrize("ended", ["expired", "withdrawn"])
def test_when_she_dies_after_the_end_all_is_kept_too(walk: Walk, ended: str) -> None:
    """She still had it; nothing else can be said of what is over."""
    walk.until("hand_over")
    if ended == "expired":
        walk.world.now = (walk.file().ends_at or walk.now) + timedelta(minutes=1)
        walk.chase()
    else:
        walk.withdraw()
    assert walk.file().state == ended
    with pytest.raises(WrongState, match="only that she has died"):
        withdraw(walk, EndReason.DANGER_ENDED, safety_checked=True, release_checked=True)
    assert isinstance(withdraw(walk, EndReason.DEATH), Decision)
    assert (walk.file().state, walk.file().end_reason) == ("withdrawn", "death")
    assert open_kinds(walk) == {"return_due"}
    (held,) = walk.session.exec(select(LegalHold)).all()
    assert held.ended_at is None
    with pytest.raises(WrongState, match="only that she has died"):
        withdraw(walk, EndReason.DEATH)


def test_a_procedure_that_keeps_it_already_goes_on(walk: Walk) -> None:
    walk.until("hand_over")
    holding.hold(walk.session, walk.officer("Camille"), walk.id, "26/17", walk.now)
    assert isinstance(withdraw(walk, EndReason.DEATH), Decision)
    (held,) = walk.session.exec(select(LegalHold)).all()
    assert held.procedure == "26/17"


def test_of_the_living_her_safety_is_looked_at(walk: Walk) -> None:
    walk.until("hand_over")
    for why in set(EndReason) - {EndReason.DEATH}:
        said = withdraw(walk, why)
        assert isinstance(said, NotYet)
        assert Missing.SAFETY_CHECK in said.missing


def test_after_a_death_the_court_asks_whoever_has_the_handset(walk: Walk) -> None:
    walk.until("hand_over")
    withdraw(walk, EndReason.DEATH)
    (due,) = [d for d in deadlines.of_file(walk.session, walk.id) if d.kind == "return_due"]
    assert (due.owner, due.escalation) == (Role.REGISTRY, Role.PROSECUTOR)
    walk.live_until(walk.now.date() + timedelta(days=9))
    told = {(one.to, one.kind) for one in walk.chase()}
    assert (Role.ASSOCIATION, DeadlineKind.RETURN_DUE) not in told
