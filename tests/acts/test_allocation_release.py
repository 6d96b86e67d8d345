"""He comes out: it stays somebody's matter until Ana was told of it and says that she knows."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
)
from tests.walking import REASONS, Walk
from tgd.allocation import deciding, releasing
from tgd.allocation.acting import NotThere
from tgd.errors import Incomplete, WrongState
from tgd.records import Journal
from tgd.rules.access import Role
from tgd.rules.allocation import EndReason, ToldHow
from tgd.rules.deadlines import DeadlineKind


@pytest.fixture(name="expected")
def made_expected(walk: Walk) -> Walk:
    """She carries it, and he is expected out in twenty days."""
    walk.until("hand_over")
    day = walk.now.date() + timedelta(days=20)
    releasing.expect_release(walk.session, walk.officer("Greta"), walk.id, day, walk.now)
    walk.world.wait(days=6)
    return walk


def tell(walk: Walk, who: str = "Lea", *, acknowledged: bool = True, **more: object) -> None:
    releasing.tell_release(
        walk.session, walk.officer(who), walk.id, ToldHow.BY_TELEPHONE, walk.now,
        acknowledged=acknowledged, **more,
    )  # fmt: skip


def test_lea_reaches_her_and_the_matter_ends(expected: Walk) -> None:
    tell(expected, acknowledged=False)
    assert "release" in open_kinds(expected), "nobody picked up: she does not know"
    tell(expected)
    assert "release" not in open_kinds(expected)
    lines = expected.session.exec(
        select(Journal).where(col(Journal.act).startswith("Release")).order_by(col(Journal.seq))
    ).all()
    assert [line.act for line in lines] == ["ReleaseAnnounced", "ReleaseNotHeard", "ReleaseTold"]
    assert lines[-1].detail["kind"] == "by_telephone"
    with pytest.raises(WrongState, match="announce it first"):
        tell(expected)


def test_until_then_it_is_said_and_told_further_up(expected: Walk) -> None:
    told = []
    for _ in range(20):
        expected.world.wait(days=1)
        told += [t for t in expected.chase() if t.kind is DeadlineKind.RELEASE]
    assert {one.to for one in told} == {Role.PROSECUTOR, Role.REGISTRY}
    assert "release" in open_kinds(expected), "also after the day itself"


@pytest.mark.parametrize("end", ["withdrawn", "expired", "resumed"])
def test_an_end_does_not_end_it_while_she_has_the_handset(expected: Walk, end: str) -> None:
    """Withdrawn because he is detained: he comes out all the same, and she may still press."""
    camille = expected.officer("Camille")
    if end == "withdrawn":
        deciding.withdraw(
            expected.session, camille, expected.id, EndReason.RESTRAINED_PERSON_DETAINED, REASONS,
            expected.now, safety_checked=True, release_checked=True,
        )  # fmt: skip
    elif end == "expired":
        expected.world.now = expected.file().ends_at + timedelta(minutes=1)
        expected.chase()
    else:
        day = expected.now.date() + timedelta(days=14)
        deciding.suspend(
            expected.session, camille, expected.id, day, REASONS, expected.now
        )  # fmt: skip
        deciding.resume(expected.session, camille, expected.id, REASONS, expected.now)
    assert "release" in open_kinds(expected)
    tell(expected)
    assert "release" not in open_kinds(expected)


def test_when_she_has_given_it_back_nothing_is_left_open(expected: Walk) -> None:
    expected.withdraw()
    expected.take_back()
    assert "release" not in open_kinds(expected)


def test_what_cannot_be_is_refused(expected: Walk) -> None:
    for odd in (timedelta(hours=3), timedelta(days=-400)):
        with pytest.raises(Incomplete, match="not later than now"):
            tell(expected, told=expected.now.replace(tzinfo=None) + odd)
    with pytest.raises(NotThere):
        tell(expected, "Noa")
    assert "release" in open_kinds(expected)
