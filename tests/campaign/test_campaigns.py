"""Every fault campaign, small; `make campaign` plays the larger ones.

N and the bound stand at the end of the run (`conftest.py`); a failure prints what plays it again.
"""

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from simulators.proxy import FaultProxy
from tests import warm
from tests.campaign import (
    brokers,
    clocks,
    disks,
    everything,
    freezes,
    kills,
    links,
    outages,
    partitions,
    points,
)
from tests.campaign.conftest import Played
from tests.campaign.outcome import Outcome, again, missed, summed_up
from tests.campaign.town import Town
from tests.channels.broker_ground import MOSQUITTO

needs_broker = [
    pytest.mark.needs_system_package,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
]


@pytest.fixture(scope="module", autouse=True)
def everything_starts_from_nothing() -> Iterator[None]:
    """How long a killed part is away is part of the fault."""
    warm.cool_down()
    yield
    warm.warm_up()


def test_a_goal_in_seconds_that_is_missed_is_said() -> None:
    """By hand it is a failure; in the crowd of CI's tests the seconds are the machine's."""
    receipt, without = "s to a receipt, p99", "s without"
    kept = Outcome("R8", "record away", 1, 2, 30, {receipt: 1.9, without: 10.0})
    assert missed([kept]) == []
    late = Outcome("R8", "record away", 1, 2, 30, {receipt: 2.1, without: 10.5})
    assert [one.partition(":")[0] for one in missed([late])] == ["R8", "R22"]
    assert missed([kept, Outcome("R3", "the record", 1, 1, 9, {without: 14.9})]) == []


def test_what_failed_says_what_plays_it_again() -> None:
    """With the size that CI played; what is as every day is left out."""
    size = kills.Size(gateway=9, passages=(1,))
    words = shlex.split(again("kills", 7, size))
    assert words == [
        "python", "-m", "tests.campaign", "kills", "--seed", "7",
        "--size", "gateway=9", "--size", "passages=[1]",
    ]  # fmt: skip
    assert again("links", 7, links.Size()).endswith("links --seed 7")


def test_the_end_of_a_run_tells_each_campaign_once() -> None:
    """In the order of the goals; who passed nothing on has no line."""
    first = Outcome("R5", "everything", 7, 1, 30).line()
    second = Outcome("R10", "lost webhooks", 7, 100, 30).line()
    reports = [Report([("outcome", second)]), Report([("else", "x")]), Report([("outcome", first)])]
    told = summed_up(reports)
    assert told == [first, second]
    assert "N=1, judged 30, lost 0 (< 100.00% per fault at 95 %)" in told[0]
    assert summed_up([Report([])]) == []


async def test_a_fault_that_met_nobody_is_said_and_not_counted() -> None:
    """Else N would grow by faults that nobody had to withstand."""
    way = FaultProxy(1)
    await way.start()
    made = cast(Town, SimpleNamespace(links={"platform": way}))
    felt = await links.broken(made, "platform", "reset", links.Size(bad_s=0.01))
    await way.stop()
    assert not felt
    assert links.told(felt) == "met nobody, not counted"
    assert links.told(Counter(lost=3, cut=2)) == "2 connections cut, 3 bytes lost"


@dataclass
class Report:
    """What pytest keeps of a test, also from another process."""

    user_properties: list[tuple[str, object]]


def test_the_campaign_kills_at_every_step_that_the_source_names() -> None:
    assert points.in_the_source() == set(points.WHO_PASSES) | set(points.ELSEWHERE)
    for name, place in points.ELSEWHERE.items():
        assert name in (points.ROOT / place).read_text()


def test_a_new_transaction_has_a_kill_point_or_a_reason() -> None:
    assert points.transactions(points=False) == set(points.WITHOUT)
    assert len(points.transactions(points=True)) >= 5


def test_a_step_named_by_a_variable_would_be_noticed(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.py"
    hidden.write_text("killpoint.reach(name)")
    with pytest.raises(ValueError, match="written out"):
        points.named_in(hidden)


@pytest.mark.timeout(420)
async def test_every_part_may_die_at_every_step(played: Played) -> None:
    """R1, R3, R4: each named step at its first passage; `tests/acceptance/test_kills.py` takes
    others."""
    await played(kills, gateway=9, dispatch=8, record=1, passages=(1,))


@pytest.mark.timeout(420)
async def test_everything_may_die_at_one_moment(played: Played) -> None:
    """R5."""
    await played(everything, kills=1)


@needs_broker[0]
@needs_broker[1]
@pytest.mark.timeout(420)
async def test_a_frozen_twin_is_taken_over_and_changes_nothing_when_it_wakes(
    played: Played,
) -> None:
    """R7."""
    await played(freezes, rounds=2)


@needs_broker[0]
@needs_broker[1]
@pytest.mark.timeout(420)
async def test_no_receipt_is_a_lie_when_the_broker_is_killed(played: Played) -> None:
    """R2, R9."""
    await played(brokers, kills=6, handsets=60, rate_per_s=5, away_s=3)


@pytest.mark.timeout(420)
async def test_copies_outages_and_lost_webhooks_cost_nobody_an_alert(played: Played) -> None:
    """R6, R8, R10, R12."""
    await played(outages, ids=300, away_s=8, texts=40, killed_texts=24, kills=3)


@pytest.mark.timeout(300)
async def test_bad_links_and_a_locked_record_lose_nothing(played: Played) -> None:
    """F17, F18, F28."""
    await played(links, bad_s=1.5, locked_s=4)


@pytest.mark.needs_system_package
@pytest.mark.skipif(clocks.LIBRARY is None, reason="libfaketime is not installed")
@pytest.mark.timeout(300)
async def test_a_clock_that_is_set_moves_no_escalation(played: Played) -> None:
    """R14."""
    await played(clocks, rounds=4)


@pytest.mark.needs_system_package
@pytest.mark.timeout(300)
async def test_full_disks_lose_nothing_and_promise_nothing(played: Played) -> None:
    """R15."""
    if why := disks.why_not():
        pytest.skip(why)
    await played(disks)


@pytest.mark.needs_system_package
@pytest.mark.timeout(300)
async def test_two_hosts_without_a_link_both_accept_and_agree_again(played: Played) -> None:
    """R17."""
    if why := partitions.why_not():
        pytest.skip(why)
    await played(partitions)
