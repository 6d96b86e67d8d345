"""A test that does not come: a reminder, then a call, then somebody goes and sees."""

import pytest
from sqlmodel import col, select

from tests.acts.allocating import made_walk, open_kinds  # noqa: F401  (a fixture)
from tests.walking import Walk
from tgd.allocation import reaching
from tgd.allocation.acting import NotThere
from tgd.casework import facts
from tgd.errors import NotAllowed, WrongState
from tgd.records import FollowUp
from tgd.rules.access import Role
from tgd.rules.deadlines import DeadlineKind

STAGES = {"test_due", "test_call", "test_visit"}
CALL, VISIT = DeadlineKind.TEST_CALL, DeadlineKind.TEST_VISIT


@pytest.fixture(name="silent")
def made_silent(walk: Walk) -> Walk:
    """She has carried it for fifteen days and made no test since."""
    walk.until("hand_over")
    walk.world.wait(days=15, hours=1)
    walk.chase()
    return walk


def stages(walk: Walk) -> set[str]:
    return open_kinds(walk) & STAGES


def days(walk: Walk, count: int) -> set[tuple[DeadlineKind, Role]]:
    """So many days go by; who was told of what on the last one."""
    told = []
    for _ in range(count):
        walk.world.wait(days=1)
        told = walk.chase()
    return {(one.kind, one.to) for one in told}


def tried(walk: Walk, stage: DeadlineKind, *, reached: bool, who: str = "Lea") -> None:
    reaching.record_try(
        walk.session, walk.officer(who), walk.id, stage, "Sa voisine l’a vue hier.", walk.now,
        reached=reached,
    )  # fmt: skip


def test_after_the_reminder_she_is_called_and_then_somebody_goes(silent: Walk) -> None:
    assert stages(silent) == {"test_due"}
    days(silent, 1)
    assert stages(silent) == {"test_due", "test_call"}
    assert (CALL, Role.ASSOCIATION) in days(silent, 1)
    days(silent, 2)
    assert stages(silent) == STAGES
    assert (VISIT, Role.PROSECUTOR) in days(silent, 1)
    assert (VISIT, Role.REGISTRY) in days(silent, 2), "nobody has acknowledged it"


def test_a_test_of_hers_ends_every_stage(silent: Walk) -> None:
    days(silent, 5)
    assert stages(silent) == STAGES
    silent.press()
    silent.world.wait(days=1)
    silent.chase()
    assert stages(silent) == {"test_due"}, "the next one"


def test_who_is_reached_by_a_call_is_not_visited_and_her_test_is_waited_for(silent: Walk) -> None:
    days(silent, 1)
    tried(silent, CALL, reached=True)
    assert stages(silent) == {"test_due"}
    days(silent, 6)
    assert stages(silent) == {"test_due"}, "she was reached for this test"
    notes = silent.session.exec(select(FollowUp).order_by(col(FollowUp.at))).all()
    assert [note.words for note in notes] == ["Sa voisine l’a vue hier."]


def test_a_call_that_reaches_nobody_is_a_visit_at_once(silent: Walk) -> None:
    days(silent, 1)
    tried(silent, CALL, reached=False)
    assert stages(silent) == {"test_due", "test_visit"}
    assert VISIT in {one.kind for one in silent.chase()}
    tried(silent, VISIT, reached=False, who="Greta")
    assert "test_visit" in stages(silent), "until somebody has seen her"
    tried(silent, VISIT, reached=True, who="Camille")
    assert stages(silent) == {"test_due"}


def test_who_records_it_and_when(silent: Walk) -> None:
    for stage in (CALL, VISIT):
        with pytest.raises(WrongState):
            tried(silent, stage, reached=True)
    days(silent, 1)
    said = facts.file_of(silent.session, silent.officer("Lea"), silent.id, silent.now)
    assert "record-call" in said["may"]
    assert "record-visit" not in said["may"]
    for who, error in (("Noa", NotThere), ("Sofia", NotAllowed), ("Paul", NotThere)):
        with pytest.raises(error):
            tried(silent, CALL, reached=True, who=who)
