"""A recall reaches those who can act: her file says so and waits until another is in her hands."""

import pytest

from tests.acts.allocating import made_walk, open_kinds, state_of  # noqa: F401  (a fixture)
from tests.walking import NANTERRE, REASONS, Walk
from tgd.allocation import deciding, equipping, recalling, stock
from tgd.casework import facts
from tgd.rules.access import Role
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.handset import IncidentKind, LiftReason
from tgd.store import board, models

WAITS = "recall_waiting"


@pytest.fixture(name="carried")
def made_carried(walk: Walk) -> Walk:
    """Ana carries a handset whose battery is recalled."""
    walk.until("hand_over")
    walk.chase()
    recalling.recall(walk.session, walk.officer("Sofia"), "battery", "B1", "It swells.", walk.now)
    return walk


def replace(walk: Walk) -> None:
    made = stock.order(
        walk.session, walk.officer("Sofia"), "NANTERRE-1", walk.now, model="Modele A",
        battery="B2", number="+33639980031",
    )  # fmt: skip
    stock.receive(walk.session, walk.officer("Sofia"), made, walk.now)
    walk.world.wait(minutes=1)
    walk.handset = made
    for step in (walk.reserve, walk.provision, walk.press, walk.test, walk.hand_over):
        step()


def waiting(walk: Walk) -> list[tuple[str, str]]:
    return [(row.why, row.state) for row in board.waiting_files(walk.session, [NANTERRE])]


def test_her_file_says_it_waits_for_another_and_the_registry_is_told(carried: Walk) -> None:
    assert WAITS in open_kinds(carried)
    told = [(t.kind, t.to) for t in carried.chase()]
    assert (DeadlineKind.RECALL_WAITING, Role.REGISTRY) in told
    assert waiting(carried) == [("recalled", "active")]
    for who in ("Camille", "Greta", "Lea"):
        said = facts.file_of(carried.session, carried.officer(who), carried.id, carried.now)
        recall = said["handset"]["held"]["recall"]
        assert (recall["value"], recall["reason"], recall["by"]) == ("B1", "It swells.", "Sofia")
        assert said["handset"]["waits"]
    carried.world.wait(days=4)
    assert (DeadlineKind.RECALL_WAITING, Role.PROSECUTOR) in [
        (t.kind, t.to) for t in carried.chase()
    ]


@pytest.mark.parametrize(
    ("criterion", "value"), [("battery", " b1"), ("radio", "VoLTE"), ("model", "MODELE A ")]
)
def test_however_it_is_written_nobody_is_left_with_it(
    walk: Walk, criterion: str, value: str
) -> None:
    walk.until("hand_over")
    sofia = walk.officer("Sofia")
    said = recalling.recall(walk.session, sofia, criterion, value, "It swells.", walk.now)
    assert said.carried == (walk.handset,)
    assert WAITS in open_kinds(walk)
    accepted = models.is_accepted(walk.session, walk.handset)
    assert accepted is (criterion != "model")


def test_it_closes_when_another_one_is_in_her_hands(carried: Walk) -> None:
    first = carried.handset
    replace(carried)
    assert WAITS not in open_kinds(carried)
    assert state_of(carried, first) == "return_due"
    assert waiting(carried) == []
    said = facts.file_of(carried.session, carried.officer("Greta"), carried.id, carried.now)
    assert said["handset"]["held"]["recall"] is None
    assert not said["handset"]["waits"]
    acts = [line["act"] for line in said["follow_up"]["history"]]
    assert "HandsetRecalled" in acts


def test_a_recall_that_is_lifted_waits_no_longer(carried: Walk) -> None:
    recalling.lift_recall(
        carried.session, carried.officer("Sofia"), carried.handset, LiftReason.CHECKED, carried.now
    )
    assert WAITS not in open_kinds(carried)
    assert waiting(carried) == []


def test_one_that_is_lost_waits_as_lost_and_when_found_as_recalled_again(carried: Walk) -> None:
    stock.report_incident(
        carried.session, carried.officer("Lea"), carried.handset, IncidentKind.LOST, "In a tram.",
        carried.now,
    )  # fmt: skip
    assert WAITS not in open_kinds(carried)
    assert "hand_over_waiting" in open_kinds(carried)
    assert waiting(carried) == [("lost", "active")]
    stock.report_found(carried.session, carried.officer("Lea"), carried.handset, carried.now)
    assert WAITS in open_kinds(carried)
    assert waiting(carried) == [("recalled", "active")]


def test_after_its_end_it_is_asked_back_and_renewed_late_it_waits_again(carried: Walk) -> None:
    carried.world.now = carried.file().ends_at
    carried.chase()
    assert carried.file().state == "expired"
    assert WAITS not in open_kinds(carried)
    signed = deciding.renew(
        carried.session, carried.officer("Camille"), carried.id, REASONS, carried.now
    )
    assert not isinstance(signed, deciding.NotYet)
    assert WAITS in open_kinds(carried)


def test_what_lay_in_the_stock_is_no_matter_of_a_file(walk: Walk) -> None:
    walk.until("provision")
    done = recalling.recall(
        walk.session, walk.officer("Sofia"), "battery", "B1", "Swells.", walk.now
    )
    assert (done.set_aside, done.carried) == ((walk.handset,), ())
    assert WAITS not in open_kinds(walk)
    assert waiting(walk) == [("granted", "granted")]
    assert equipping.readiness(walk.session, walk.officer("Greta"), walk.id, walk.now)
