"""A minute of evenings in which every fault, every road and every line of the plan is met."""

from collections import Counter

import pytest

from tests.simulation.cover import SEEDS, Evening, chosen
from tests.simulation.ground import Ground
from tests.simulation.met import Lines, not_met
from tests.simulation.night import live

pytestmark = pytest.mark.timeout(900)
AGAIN = "a draw has changed: python -m tests.simulation --cover 0-200 finds other seeds"


def test_the_chosen_evenings_meet_everything(ground: Ground) -> None:
    """What no evening meets, no kept promise says anything about."""
    met: Counter[str] = Counter()
    lines = Lines()
    with lines.noted():
        for seed in SEEDS:
            met += live(seed, ground).met
    assert not_met(met) == set(), AGAIN
    assert lines.never_run() == set(), AGAIN


def test_few_are_chosen_and_show_as_much_as_all() -> None:
    """The cheap before the dear; one whose news others bring as well is left out."""
    cheap = Evening(1, frozenset({"crash", "loss"}), 1.0)
    dear = Evening(2, frozenset({"crash", "loss", "frozen"}), 2.0)
    same = Evening(3, frozenset({"crash"}), 0.9)
    other = Evening(4, frozenset({"ghost", "loss"}), 0.1)
    assert chosen([cheap, dear, same, other]) == [other, dear]
