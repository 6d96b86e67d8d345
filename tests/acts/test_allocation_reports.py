"""Reports and reminders: what is urgent is said now, what is known goes where it belongs."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
)
from tests.walking import NANTERRE, Walk
from tgd.allocation import chasing, courts, referring
from tgd.allocation.acting import NotThere
from tgd.casework import facts
from tgd.errors import NotAllowed, WrongState
from tgd.records import CaseFile, Deadline, Referral
from tgd.rules.deadlines import DeadlineKind


def add(walk: Walk, who: str = "Greta", *, urgent: bool = False) -> CaseFile:
    return referring.add_report(
        walk.session, walk.officer(who), walk.id, "He was seen at her door.", walk.now,
        is_urgent=urgent,
    )  # fmt: skip


def waits(walk: Walk) -> set[DeadlineKind]:
    return {one.kind for one in walk.chase()}


@pytest.mark.parametrize("urgent", [True, False])
def test_an_urgent_report_is_said_to_who_decides_at_once(walk: Walk, urgent: bool) -> None:
    seen = referring.refer(
        walk.session, None, NANTERRE, "Ana FICTIVE", "He waits below.", walk.now, is_urgent=urgent
    )
    told = {one.file for one in walk.chase()}
    assert (seen.id in told) is urgent
    walk.world.wait(days=1)
    assert seen.id in {one.file for one in walk.chase()} | told


def test_greta_adds_a_report_to_the_file_of_a_known_woman(walk: Walk) -> None:
    walk.until("open")
    assert waits(walk) == set()
    add(walk)
    assert waits(walk) == set(), "it is not urgent"
    add(walk, urgent=True)
    assert waits(walk) == {DeadlineKind.REFERRAL_WAITING}
    assert len(walk.session.exec(select(Referral).where(Referral.case_file == walk.id)).all()) == 3
    assert len(walk.session.exec(select(CaseFile)).all()) == 1


def test_while_she_carries_it_a_report_opens_no_new_decision(walk: Walk) -> None:
    walk.until("hand_over")
    before = open_kinds(walk)
    add(walk, urgent=True)
    assert open_kinds(walk) == before
    walk.withdraw()
    walk.take_back()
    with pytest.raises(WrongState, match="has ended"):
        add(walk)


def test_no_other_court_and_no_association_adds_to_it(walk: Walk) -> None:
    walk.until("open")
    with pytest.raises(NotThere):
        add(walk, "Paul")
    with pytest.raises(NotAllowed):
        add(walk, "Lea")


def test_seen_is_offered_again_when_it_is_said_again(walk: Walk) -> None:
    """Camille has seen that a decision waits; two days later it is said again."""
    walk.until("open")
    walk.world.wait(days=1)
    camille = walk.officer("Camille")
    (told,) = walk.chase()

    def quiet() -> bool:
        shown = facts.file_of(walk.session, camille, walk.id, walk.now)["deadlines"]
        return next(one["is_quiet"] for one in shown if one["id"] == str(told.deadline))

    assert not quiet()
    chasing.acknowledge(walk.session, camille, told.deadline, walk.now)
    assert quiet()
    walk.world.wait(days=2, minutes=1)
    assert not quiet()
    chasing.acknowledge(walk.session, camille, told.deadline, walk.now)
    assert quiet()


def test_a_clearance_that_is_given_anew_ends_the_reminders_of_the_one_before(walk: Walk) -> None:
    camille = walk.officer("Camille")

    def clear(days: int, account: str = "Greta") -> None:
        ends_at = walk.now + timedelta(days=days)
        courts.clear(walk.session, camille, account, ends_at, walk.now, court=NANTERRE)

    def left() -> int:
        asked = select(Deadline).where(Deadline.kind == "clearance_end")
        walk.session.expire_all()
        return sum(one.settled_at is None for one in walk.session.exec(asked))

    before = left()
    clear(10, "Paul")
    assert left() == before + 1
    clear(5, "Paul")
    assert left() == before + 2, "a shorter one follows nothing"
    clear(400, "Paul")
    assert left() == before + 1
    clear(1000)
    assert left() == before + 1, "Greta has one for longer than before"


def test_a_revoked_clearance_gives_the_reminder_back_to_the_one_that_it_had_followed(
    walk: Walk,
) -> None:
    camille = walk.officer("Camille")

    def clear(days: int) -> UUID:
        ends_at = walk.now + timedelta(days=days)
        return courts.clear(walk.session, camille, "Paul", ends_at, walk.now, court=NANTERRE).id

    def reminded_of() -> set[UUID | None]:
        asked = select(Deadline).where(
            col(Deadline.clearance).in_(given), col(Deadline.settled_at).is_(None)
        )
        walk.session.expire_all()
        return {one.clearance for one in walk.session.exec(asked)}

    given = [clear(40), clear(400), clear(500)]
    assert reminded_of() == {given[2]}
    courts.revoke(walk.session, camille, given[1], walk.now)
    assert reminded_of() == {given[2]}, "another one follows it still"
    courts.revoke(walk.session, camille, given[2], walk.now)
    assert reminded_of() == {given[0]}
    walk.world.wait(days=11)
    assert DeadlineKind.CLEARANCE_END in waits(walk)
    courts.revoke(walk.session, camille, given[0], walk.now)
    assert reminded_of() == set()


def test_what_ended_meanwhile_is_not_reminded_of_again(walk: Walk) -> None:
    camille = walk.officer("Camille")
    older, newer = [
        courts.clear(walk.session, camille, "Paul", walk.now + timedelta(days=days), walk.now,
                     court=NANTERRE).id
        for days in (40, 400)
    ]  # fmt: skip
    walk.world.wait(days=41)
    courts.revoke(walk.session, camille, newer, walk.now)
    asked = select(Deadline).where(
        col(Deadline.clearance).in_([older, newer]), col(Deadline.settled_at).is_(None)
    )
    assert walk.session.exec(asked).all() == []
