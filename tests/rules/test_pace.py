"""A time is judged by its target; a flood by how many there are who hear it."""

from datetime import timedelta

import pytest

from tgd.rules.pace import Pace, is_flood
from tgd.rules.walk import TARGET_S, Step


@pytest.mark.parametrize("step", Step)
def test_a_step_is_late_when_more_than_one_of_ten_is(step: Step) -> None:
    target, second = timedelta(seconds=TARGET_S[step]), timedelta(seconds=1)
    for most, is_late in ((target, False), (target + second, True), (target - second, False)):
        assert Pace(step, 3, second, most).is_late is is_late


@pytest.mark.parametrize(
    ("opened", "heard", "flood"),
    [(0, 0, False), (10, 0, False), (11, 0, True), (11, 1, True), (20, 2, False), (21, 2, True)],
)
def test_ten_in_ten_minutes_are_what_one_can_follow(opened: int, heard: int, flood: bool) -> None:
    assert is_flood(opened, heard) is flood
