"""The soak is judged by numbers: what leaks or slows down is found, what is flat passes."""

from dataclasses import replace

import pytest

from simulators.control_room import Watch
from simulators.platform import Agent
from tests.load.soak import Minute, judge
from tgd.rules.alert import Outcome

FLAT = Minute(
    1, {"gateway": 130.0, "dispatch": 125.0}, {"gateway": 60, "dispatch": 40}, 12, 0, 90, 60.0
)


def minutes(**growth: float) -> list[Minute]:
    """Half an hour in which these grow by so much each minute."""
    return [
        replace(
            FLAT, number=n,
            rss_mb={part: mb + growth.get("mb", 0) * n for part, mb in FLAT.rss_mb.items()},
            descriptors={k: v + int(growth.get("fd", 0) * n) for k, v in FLAT.descriptors.items()},
            connections=FLAT.connections + int(growth.get("connections", 0) * n),
            p99_ms=FLAT.p99_ms + growth.get("ms", 0) * n,
        )
        for n in range(1, 31)
    ]  # fmt: skip


def test_half_an_hour_without_growth_passes() -> None:
    judge(minutes())
    judge(minutes(mb=0.05, ms=0.1))


@pytest.mark.parametrize(
    ("growth", "said"),
    [({"mb": 0.5}, "MB"), ({"fd": 1}, "descriptors"), ({"connections": 0.5}, "connections"),
     ({"ms": 2}, "p99")],
)  # fmt: skip
def test_what_grows_is_found(growth: dict[str, float], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        judge(minutes(**growth))


def test_a_transaction_that_idles_is_found() -> None:
    with pytest.raises(AssertionError, match="idle"):
        judge([*minutes(), replace(FLAT, number=31, idle_in_transaction=1)])


def test_alerts_that_nobody_ends_are_found() -> None:
    """Then every press joins the alert that is open, and nothing of an end was tried."""
    with pytest.raises(AssertionError, match="nobody ended them"):
        judge([replace(one, open_alerts=600) for one in minutes()])


def test_a_short_one_is_only_shown() -> None:
    judge(minutes(mb=5)[:5])


def test_simulated_people_end_an_alert_in_words_that_the_service_knows() -> None:
    """An outcome of another vocabulary is refused, and every simulated alert stays open."""
    assert {Agent().outcome, Watch().outcome} <= set(Outcome)
