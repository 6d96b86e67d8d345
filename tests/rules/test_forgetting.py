"""What is forgotten when: the table, the days, what stands in the way; its page is not stale."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tgd.rules.allocation import AllocationState
from tgd.rules.forgetting import (
    FORGOTTEN_LATER,
    RULES,
    Keeping,
    Kept,
    Obstacle,
    Stage,
    due,
    obstacles,
    platform_by,
    positions_until,
)

CLOSED = datetime(2027, 1, 10, 12, tzinfo=UTC)
PLATFORM, LAST = CLOSED + timedelta(days=3), CLOSED + timedelta(days=181)
FILE = Kept(AllocationState.CLOSED, LAST, PLATFORM)
MOMENT = timedelta(seconds=1)
PAGE = Path(__file__).parents[2] / "docs" / "allocation-states.md"


@pytest.mark.parametrize(
    ("now", "is_erased", "expected"),
    [
        (PLATFORM - MOMENT, False, None), (PLATFORM, False, Stage.PLATFORM),
        (PLATFORM, True, None), (LAST - MOMENT, True, None), (LAST, True, Stage.FILE),
        (LAST, False, Stage.FILE),
    ],
)  # fmt: skip
def test_each_stage_has_its_moment(now: datetime, is_erased: bool, expected: Stage | None) -> None:
    assert due(replace(FILE, platform_is_erased=is_erased), now) is expected


@pytest.mark.parametrize("state", [AllocationState.REFUSED, AllocationState.MERGED])
def test_a_file_without_a_grant_has_no_copy_outside_and_goes_whole(state: AllocationState) -> None:
    refused = replace(FILE, state=state)
    assert due(refused, LAST - MOMENT) is None
    assert due(refused, LAST) is Stage.FILE


@pytest.mark.parametrize("state", sorted(set(AllocationState) - set(FORGOTTEN_LATER)))
def test_what_has_not_ended_is_never_due(state: AllocationState) -> None:
    assert due(replace(FILE, state=state), LAST + timedelta(days=4000)) is None


def test_what_stands_in_the_way() -> None:
    assert obstacles(FILE) == ()
    assert obstacles(replace(FILE, alert_open=True)) == (Obstacle.ALERT_OPEN,)
    assert obstacles(replace(FILE, carries=True)) == (Obstacle.CARRIES,)
    assert obstacles(replace(FILE, held=True)) == (Obstacle.LEGAL_HOLD,)


@pytest.mark.parametrize(
    ("kept", "days"),
    [((), 3), ((Keeping.POSITIONS,), 8), ((Keeping.PROCEDURE,), None), (tuple(Keeping), None)],
)
def test_positions_go_after_three_days_or_eight_or_when_a_procedure_ends(
    kept: tuple[Keeping, ...], days: int | None
) -> None:
    until = CLOSED + timedelta(days=days) if days else None
    assert positions_until(CLOSED, kept) == until


def test_the_platform_keeps_what_it_was_promised_or_three_days() -> None:
    assert platform_by(CLOSED, LAST) == LAST
    assert platform_by(CLOSED, None) == PLATFORM


def test_the_page_has_every_class_with_its_period_and_its_text() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [f"| {r.what} | `{r.stage.value}` | {r.after} | {r.source} | {r.stays} |" for r in RULES]
    assert [row for row in rows if row not in page] == []
    assert {r.stage for r in RULES} == set(Stage)
