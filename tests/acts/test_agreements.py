"""Agreements with associations: their end is said until somebody settles it, and ends nobody."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import col, select

from tests.acts.allocating import made_walk  # noqa: F401  (a fixture)
from tests.walking import EXAMPLE, LEAD, NANTERRE, Walk
from tgd.allocation import agreeing, chasing, courts, reading, sheets
from tgd.allocation.acting import NotThere
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.records import Clearance, Deadline, PartnershipAgreement
from tgd.rules.access import Role
from tgd.rules.deadlines import DeadlineKind


def agree(
    walk: Walk, days: int = 400, by: str = "Camille", court: str = NANTERRE
) -> PartnershipAgreement:
    last_day: date = (walk.now + timedelta(days=days)).date()
    return agreeing.agree(
        walk.session, walk.officer(by), court, LEAD, "convention 2026/4", last_day, walk.now
    )


def reminded_of(walk: Walk) -> set[object]:
    walk.session.expire_all()
    asked = select(Deadline).where(
        col(Deadline.kind) == "agreement_end", col(Deadline.settled_at).is_(None)
    )
    return {one.agreement for one in walk.session.exec(asked)}


def of_agreement(walk: Walk, who: str) -> Any:
    rows = reading.deadlines_shown(walk.session, walk.officer(who))
    (found,) = [row for row in rows if row.kind == "agreement_end"]
    return found


def told(walk: Walk) -> list[tuple[DeadlineKind, Role]]:
    """What a turn says, but for the counts that the stocks are owed."""
    return [(t.kind, t.to) for t in walk.chase() if t.kind is not DeadlineKind.CENSUS_DUE]


def test_its_end_is_said_to_the_prosecutor_and_further_up_when_nobody_has_seen_it(
    walk: Walk,
) -> None:
    agree(walk, days=100)
    assert told(walk) == []
    walk.world.wait(days=41)
    assert told(walk) == [(DeadlineKind.AGREEMENT_END, Role.PROSECUTOR)]
    walk.world.wait(days=16)
    assert {to for _, to in told(walk)} == {Role.PROSECUTOR, Role.REGISTRY}
    shown = of_agreement(walk, "Greta")
    chasing.acknowledge(walk.session, walk.officer("Greta"), shown.id, walk.now)
    walk.world.wait(days=2)
    assert told(walk) == []
    walk.world.wait(days=100)
    assert DeadlineKind.AGREEMENT_END in {t.kind for t in walk.chase()}, "its day does not end it"


def test_only_those_of_the_court_see_it_and_say_that_they_have(walk: Walk) -> None:
    agree(walk, days=30)
    walk.chase()
    shown = of_agreement(walk, "Camille")
    assert (shown.court, shown.association) == (NANTERRE, LEAD)
    for who in ("Paul", "Lea"):
        kinds = {d.kind for d in reading.deadlines_shown(walk.session, walk.officer(who))}
        assert "agreement_end" not in kinds
        with pytest.raises((NotThere, NotAllowed)):
            chasing.acknowledge(walk.session, walk.officer(who), shown.id, walk.now)


def test_a_longer_one_follows_it_and_gives_the_reminder_back_when_it_ends(walk: Walk) -> None:
    first, shorter = agree(walk, days=200), agree(walk, days=100)
    assert reminded_of(walk) == {first.id, shorter.id}
    longer = agree(walk, days=400)
    assert reminded_of(walk) == {longer.id}
    agreeing.end_agreement(walk.session, walk.officer("Cyril"), longer.id, walk.now)
    assert reminded_of(walk) == {first.id}, "and the shorter one is followed by it still"
    with pytest.raises(WrongState):
        agreeing.end_agreement(walk.session, walk.officer("Cyril"), longer.id, walk.now)


def clear(walk: Walk, days: int, who: str = "Noa", association: str | None = LEAD) -> Clearance:
    court = None if association else NANTERRE
    ends_at = walk.now + timedelta(days=days)
    return courts.clear(
        walk.session, walk.officer("Camille"), who, ends_at, walk.now, court=court,
        association=association,
    )  # fmt: skip


def test_an_agent_is_cleared_by_an_agreement_and_no_longer_than_it_lasts(walk: Walk) -> None:
    with pytest.raises(Incomplete, match="no agreement"):
        clear(walk, 10)
    agreed = agree(walk, days=100)
    with pytest.raises(Incomplete, match="longer than the agreement"):
        clear(walk, 102)
    clear(walk, 99)
    agreeing.end_agreement(walk.session, walk.officer("Camille"), agreed.id, walk.now)
    with pytest.raises(Incomplete, match="no agreement"):
        clear(walk, 10)


@pytest.mark.parametrize(
    ("who", "association", "why"),
    [("Camille", None, "clears herself"), ("Noa", None, "Agents of an association"),
     ("Greta", LEAD, "Agents of an association")],
)  # fmt: skip
def test_whom_a_prosecutor_does_not_clear(
    walk: Walk, who: str, association: str | None, why: str
) -> None:
    agree(walk)
    with pytest.raises(Incomplete, match=why):
        clear(walk, 10, who, association)


def test_its_end_ends_no_clearance_lea_finds_her_file(walk: Walk) -> None:
    agreed = agree(walk)
    walk.until("hand_over")
    agreeing.end_agreement(walk.session, walk.officer("Camille"), agreed.id, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "She sleeps.", walk.now)


def test_the_clearance_of_an_agent_is_the_matter_of_the_courts_that_have_an_agreement(
    walk: Walk,
) -> None:
    def told(who: str) -> set[str]:
        rows = reading.deadlines_shown(walk.session, walk.officer(who))
        return {row.account for row in rows if row.association == LEAD and row.account}

    assert told("Paul") == told("Camille") == {"Lea"}, "nobody has one: nobody forgets her"
    agree(walk)
    assert told("Camille") == {"Lea"}
    assert told("Paul") == set()
    lea = walk.session.exec(select(Clearance).where(col(Clearance.account) == "Lea")).one()
    with pytest.raises(NotThere):
        courts.revoke(walk.session, walk.officer("Paul"), lea.id, walk.now)
    agree(walk, by="Paul", court=EXAMPLE)
    assert told("Paul") == {"Lea"}


def test_who_records_and_ends_them(walk: Walk) -> None:
    agreed = agree(walk)
    for who, error in (("Greta", NotAllowed), ("Lea", NotAllowed), ("Paul", NotThere)):
        with pytest.raises(error):
            agree(walk, by=who)
        with pytest.raises(error):
            agreeing.end_agreement(walk.session, walk.officer(who), agreed.id, walk.now)
    with pytest.raises(NotThere):
        agreeing.end_agreement(walk.session, walk.officer("Camille"), uuid4(), walk.now)
    with pytest.raises(Incomplete):
        agree(walk, days=-1)


def test_the_page_says_which_end_soon(walk: Walk) -> None:
    agree(walk, days=50)
    said = agreeing.terms_shown(walk.session, walk.officer("Greta"), walk.now)
    assert [(a["standing"], a["is_near"]) for a in said["agreements"]] == [("running", True)]
    assert {c["account"] for c in said["clearances"]} == {
        "Camille", "Cyril", "Greta", "Sofia", "Lea", "Noa",
    }, "with Noa's association no court has an agreement"  # fmt: skip
    assert {c["is_near"] for c in said["clearances"]} == {False}
    with pytest.raises(NotAllowed):
        agreeing.terms_shown(walk.session, walk.officer("Sofia"), walk.now)
