"""He comes out: it stays somebody's matter until Ana was told of it and says that she knows."""

from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
)
from tests.walking import REASONS, Walk
from tgd.allocation import chasing, deciding, releasing
from tgd.allocation.acting import NotThere, NotYet
from tgd.casework import due
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.purge import purge
from tgd.records import Decision, Journal, Notice
from tgd.rules.access import Role
from tgd.rules.allocation import EndReason, ToldHow
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.forgetting import Obstacle
from tgd.rules.guards import Missing
from tgd.store import deadlines


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
    assert {one.to for one in told} == {Role.PROSECUTOR, Role.REGISTRY, Role.ASSOCIATION}
    assert "release" in open_kinds(expected), "also after the day itself"


@pytest.mark.parametrize("end", ["withdrawn", "expired", "resumed"])
def test_an_end_does_not_end_it_while_she_has_the_handset(expected: Walk, end: str) -> None:
    """Withdrawn because he is detained: he comes out all the same, and she may still press."""
    camille = expected.officer("Camille")
    if end == "withdrawn":
        assert isinstance(detained(expected), Decision), "the day is announced already"
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


def detained(walk: Walk, **more: date) -> object:
    """Withdrawn because he is in prison."""
    return deciding.withdraw(
        walk.session, walk.officer("Camille"), walk.id, EndReason.RESTRAINED_PERSON_DETAINED,
        REASONS, walk.now, safety_checked=True, release_checked=True, **more,
    )  # fmt: skip


def test_whoever_withdraws_because_he_is_detained_says_when_he_is_out(walk: Walk) -> None:
    walk.until("hand_over")
    assert detained(walk) == NotYet((Missing.RELEASE_DAY,))
    with pytest.raises(Incomplete, match="is over"):
        detained(walk, release_on=walk.now.date() - timedelta(days=1))
    day = walk.now.date() + timedelta(days=90)
    assert isinstance(detained(walk, release_on=day), Decision)
    assert (walk.file().release_on, "release" in open_kinds(walk)) == (day, True)


def test_a_handset_that_is_back_does_not_end_it(expected: Walk) -> None:
    """He comes out two weeks after she gave it back: it is said, told further up, and told her."""
    expected.withdraw()
    expected.take_back()
    assert open_kinds(expected) == {"release", "platform_erasure", "traces_erasure"}
    told = []
    for _ in range(16):
        expected.world.wait(days=1)
        told += [t for t in expected.chase() if t.kind is DeadlineKind.RELEASE]
    assert {one.to for one in told} == {Role.PROSECUTOR, Role.REGISTRY, Role.ASSOCIATION}
    later = expected.now.date() + timedelta(days=10)
    releasing.expect_release(
        expected.session, expected.officer("Greta"), expected.id, later, expected.now
    )
    tell(expected)
    assert "release" not in open_kinds(expected)


def test_her_file_is_not_forgotten_before_she_knows(expected: Walk) -> None:
    """And a day that is far away is looked at a month before the file would go."""
    far = expected.now.date() + timedelta(days=900)
    releasing.expect_release(
        expected.session, expected.officer("Greta"), expected.id, far, expected.now
    )
    expected.withdraw()
    expected.take_back()
    purge_at = expected.file().purge_at
    assert purge_at is not None
    (watched,) = [d for d in deadlines.of_file(expected.session, expected.id)
                  if d.kind == "release"]  # fmt: skip
    assert watched.due_at == purge_at - timedelta(days=30)
    expected.world.now = purge_at + timedelta(days=1)
    said = purge(expected.session, expected.now)
    assert [one.obstacles for one in said.waiting] == [(Obstacle.RELEASE_UNHEARD,)]
    assert expected.file().state == "closed"
    tell(expected)
    assert purge(expected.session, expected.now).files
    assert expected.file().state == "purged"


def test_what_is_withdrawn_before_the_hand_over_is_watched_too(walk: Walk) -> None:
    walk.until("grant")
    assert isinstance(detained(walk, release_on=walk.now.date() + timedelta(days=50)), Decision)
    assert (walk.file().state, open_kinds(walk)) == ("closed", {"release"})
    tell(walk)
    assert open_kinds(walk) == set()


def test_what_cannot_be_is_refused(expected: Walk) -> None:
    for odd in (timedelta(hours=3), timedelta(days=-400)):
        with pytest.raises(Incomplete, match="not later than now"):
            tell(expected, told=expected.now.replace(tzinfo=None) + odd)
    with pytest.raises(NotThere):
        tell(expected, "Noa")
    assert "release" in open_kinds(expected)


def test_the_association_is_told_of_it_too_for_it_tells_her(expected: Walk) -> None:
    walk = expected
    walk.live_until(walk.now.date() + timedelta(days=13))
    told = select(Notice.to_role).where(Notice.about == "release", Notice.kind == "reminder")
    assert set(walk.session.exec(told)) == {Role.PROSECUTOR, Role.ASSOCIATION}
    rows = due.due_shown(walk.session, walk.officer("Lea"), walk.now)["deadlines"]
    (release,) = [row for row in rows if row["kind"] == "release"]
    assert release["reference"]
    assert not release["may_acknowledge"], "the court has to see it"
    with pytest.raises(NotAllowed):
        chasing.acknowledge(walk.session, walk.officer("Lea"), release["id"], walk.now)
    rows = due.due_shown(walk.session, walk.officer("Noa"), walk.now)["deadlines"]
    assert rows == []
