"""Simulated nights, each from one integer: safety at every commit, then healing, then liveness."""

import os
from collections import Counter

import pytest

from tests.simulation.faults import Faults
from tests.simulation.ground import Ground
from tests.simulation.met import Lines, not_met
from tests.simulation.mutants import MUTANTS, SHORT, WITHIN, Mutant
from tests.simulation.night import WHOLE, live
from tests.simulation.world import PromiseBroken

SEEDS = range(int(os.environ.get("TGD_TEST_NIGHTS", "12")))
CORE = {"loss", "repetition", "record_away", "record_refuses", "crash", "ambiguous", "nudge_lost",
        "told again", "receipt from record"}  # fmt: skip
pytestmark = pytest.mark.timeout(2400)


def test_every_promise_is_kept_in_every_night(ground: Ground) -> None:
    """Twelve nights of twelve hours and a half; the others in the campaign, which also asks that
    every fault and every line of the plan was met (`python -m tests.simulation --seeds 0-1000`)."""
    met: Counter[str] = Counter()
    for seed in SEEDS:
        met += live(seed, ground, length=WHOLE).met
    assert {name for name in CORE if not met[name]} == set(), "these nights show nothing about it"


def test_a_campaign_that_met_nothing_shows_nothing() -> None:
    assert not_met(Counter()) >= CORE
    assert Lines().never_run() != set()


def test_the_same_seed_is_the_same_night(ground: Ground) -> None:
    """Otherwise nobody could see a failure a second time."""
    for seed in (3, 8):
        told = live(seed, ground)
        with ground.finding_otherwise():
            again = live(seed, ground)
        assert list(again.trace) == list(told.trace)
        assert again.digest == told.digest
    assert live(3, ground).digest != live(8, ground).digest


@pytest.mark.parametrize("name", MUTANTS)
def test_a_service_that_is_wrong_is_caught(ground: Ground, name: str) -> None:
    """Broken on purpose in one place, a promise falls within the stated number of nights."""
    mutant = MUTANTS[name]
    with mutant.alive():
        told = next(filter(None, (_told(s, ground, mutant) for s in range(WITHIN))), "")
    assert told, f"{mutant.sentence} And nobody notices."


@pytest.mark.parametrize("weather", sorted({m.weather for m in MUTANTS.values()}, key=str), ids=str)
def test_in_the_same_weather_the_service_as_it_is_keeps_its_promises(
    ground: Ground, weather: Faults
) -> None:
    """What catches a mutant is the mutant, not the weather."""
    live(0, ground, weather, length=SHORT)


def test_a_broken_promise_tells_its_night(ground: Ground) -> None:
    """Seed, faults, the last lines, and how to see it again."""
    mutant = MUTANTS["another key each time"]
    with mutant.alive():
        told = _told(0, ground, mutant)
    assert "faults: platform=slow" in told
    assert "tells platform that AL-000001 is opened" in told
    assert "again: python -m tests.simulation --seed 0" in told


def _told(seed: int, ground: Ground, mutant: Mutant) -> str:
    try:
        live(seed, ground, mutant.weather, length=SHORT)
    except PromiseBroken as broken:
        return str(broken)
    return ""
