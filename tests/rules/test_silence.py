"""Human silence, exhaustively and in virtual time: whoever is silent, a human outside is rung.

Every subset of the four tiers is silent, each in three ways: it is deaf, its machine says yes and
no human comes, or somebody takes the alert and falls asleep on it.
"""

from dataclasses import dataclass, field
from itertools import chain, combinations, product

import pytest

from dispatch.telling import Topic
from tests.rules.night_of_plans import Night, opened
from tgd.rules.alert import Lane

TIERS = {
    "first platform": ("platform",),
    "second platform": ("platform-second",),
    "supervisor": ("supervisor", "supervisor-sms"),
    "control room": ("control-room-92", "control-room-92-line"),
}
OUTSIDE = (*TIERS["supervisor"], *TIERS["control room"])
WAYS = ("deaf", "only a machine", "asleep")
SUBSETS = [
    frozenset(names)
    for names in chain.from_iterable(combinations(TIERS, n) for n in range(len(TIERS) + 1))
]
RUNG_WITHIN_S = 90.0
WATCHED_S = 600.0


@dataclass
class Watched(Night):
    """A night that notes when nobody answered for the alert."""

    alone: list[list[float]] = field(default_factory=lambda: [[0.0, WATCHED_S]])

    def taken(self, by: str = "bruno") -> None:
        if self.alert.owner is None:
            self.alone[-1][1] = self.age_s
        super().taken(by)

    def nobody(self) -> None:
        super().nobody()
        self.alone.append([self.age_s, WATCHED_S])


def names_of(silent: frozenset[str]) -> frozenset[str]:
    return frozenset(chain.from_iterable(TIERS[tier] for tier in silent))


def played(silent: frozenset[str], way: str, lane: Lane) -> Watched:
    quiet = names_of(silent)

    def answers(night: Night, name: str, topic: Topic) -> None:
        """Those who are not silent have it too, and are on their way: nobody stops the ringing."""
        if way == "asleep" and name in quiet and topic is Topic.OPENED and not night.alert.owner:
            night.taken(name)

    night = Watched(opened(lane), deaf=quiet if way == "deaf" else frozenset(), on_told=answers)
    night.until(WATCHED_S)
    return night


def _named(value: object) -> str:
    """The same in every process: a set is written in another order in each."""
    return "+".join(sorted(value)) or "nobody" if isinstance(value, frozenset) else str(value)


@pytest.mark.parametrize(("silent", "way"), list(product(SUBSETS, WAYS)), ids=_named)
def test_whenever_nobody_answers_a_human_outside_is_rung_within_90_s(
    silent: frozenset[str], way: str
) -> None:
    night = played(silent, way, Lane.REAL)
    for begun, ended in night.alone:
        rings = [at for at, name, _, _ in night.told if name in OUTSIDE and at >= begun]
        assert ended - begun <= RUNG_WITHIN_S or min(rings) - begun <= RUNG_WITHIN_S


@pytest.mark.parametrize("silent", SUBSETS, ids=_named)
def test_an_owner_who_falls_asleep_loses_it_in_a_minute(silent: frozenset[str]) -> None:
    night = played(silent, "asleep", Lane.REAL)
    owned = [
        after[0] - before[1] for before, after in zip(night.alone, night.alone[1:], strict=False)
    ]
    assert all(seconds <= 62 for seconds in owned)
    # the second platform is not even told while the first has it
    assert owned or silent <= {"second platform"}, "somebody was to fall asleep"


@pytest.mark.parametrize(("silent", "way"), list(product(SUBSETS, WAYS)), ids=_named)
def test_a_test_rings_nobody_whoever_is_silent(silent: frozenset[str], way: str) -> None:
    night = played(silent, way, Lane.TEST)
    assert night.rung() & set(OUTSIDE) == set()
    assert "platform" in night.rung()
