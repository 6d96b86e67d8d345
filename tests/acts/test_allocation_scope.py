"""Whose files are there for whom: by court, by association, by an open alert."""

import pytest

from tests.acts.allocating import (
    decide,
    made_walk,  # noqa: F401  (a fixture)
)
from tgd.allocation import reading, returning, sheets
from tgd.allocation.acting import NotThere
from tgd.errors import NotAllowed
from tgd.rules.allocation import AllocationState, DecisionKind
from tgd.rules.scope import FileGroup


def test_each_one_sees_her_own_files_and_the_others_are_not_there(walk):
    walk.until("hand_over")
    for who in ("Paul", "Noa", "Bruno"):
        with pytest.raises((NotThere, NotAllowed)):
            sheets.follow_up(walk.session, walk.officer(who), walk.id, "Hello.", walk.now)
    with pytest.raises(NotThere):
        decide(walk, "Paul", DecisionKind.REFUSE)
    with pytest.raises(NotAllowed):
        decide(walk, "Greta", DecisionKind.REFUSE)
    with pytest.raises(NotAllowed):  # the stock manager never sees a person
        sheets.confirm_sheet(walk.session, walk.officer("Sofia"), walk.id, walk.now)
    with pytest.raises(NotThere):
        returning.wipe(walk.session, walk.officer("Sacha"), walk.handset, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "She sleeps again.", walk.now)


def test_bruno_reads_the_sheet_while_the_alert_is_open_and_not_after(walk, world):
    walk.until("hand_over")
    walk.press("press")
    alert = next(a for a in world.alerts() if a.lane == "real")
    bruno = walk.officer("Bruno")
    sheet = sheets.sheet_of_alert(walk.session, bruno, alert.id)
    assert sheet.sheet["name"] == "Ana FICTIVE"
    assert alert.person == walk.file().person
    for change in (
        "trust = 'unverified'",
        "trust = 'verified', state = 'closed',"
        " outcome = 'other', reason = 'x', closed_by = 'x', closed_at = now()",
    ):
        walk.session.connection().exec_driver_sql(f"UPDATE alert SET {change}")
        assert sheets.sheet_of_alert(walk.session, bruno, alert.id) is None


def test_lists_show_what_is_within_reach_and_nothing_else(walk):
    walk.until("hand_over")

    def numbers(who: str) -> list[int]:
        return [f.number for f in reading.files_shown(walk.session, walk.officer(who))]

    mine = [walk.file().number]
    assert [numbers(who) for who in ("Camille", "Greta", "Lea", "Paul", "Noa", "Bruno")] == [
        mine, mine, mine, [], [], [],
    ]  # fmt: skip
    assert reading.files_shown(
        walk.session, walk.officer("Camille"), states=(AllocationState.REPORTED,)
    ) == []  # fmt: skip
    assert {d.kind for d in reading.deadlines_shown(walk.session, walk.officer("Lea"))} == {
        "renewal_first", "test_due",
    }  # fmt: skip
    theirs = reading.deadlines_shown(walk.session, walk.officer("Paul"))
    assert [d for d in theirs if d.case_file is not None] == []
    (row,) = reading.stock_shown(walk.session, walk.officer("Sofia"))
    assert (row.id, row.state) == (walk.handset, "issued")
    assert not {"person", "name", "case_file"} & set(row._fields)
    assert reading.stock_shown(walk.session, walk.officer("Sacha")) == []
    with pytest.raises(NotAllowed):
        reading.files_shown(walk.session, walk.officer("Sofia"))


def test_parts_of_a_file_open_and_shut_with_the_alert(walk):
    walk.until("hand_over")
    with pytest.raises(NotThere):
        reading.file_shown(walk.session, walk.officer("Bruno"), walk.id)
    walk.press("press")
    _, groups = reading.file_shown(walk.session, walk.officer("Bruno"), walk.id)
    assert groups == {FileGroup.HANDSET, FileGroup.PERSON, FileGroup.DECISION}
    _, groups = reading.file_shown(walk.session, walk.officer("Lea"), walk.id)
    assert FileGroup.BAN_DATES in groups
    assert FileGroup.CONDITIONS not in groups
