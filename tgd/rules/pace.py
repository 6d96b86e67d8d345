"""How quickly alerts are answered, and when there are more than people can follow. White."""

from dataclasses import dataclass
from datetime import timedelta

from tgd.rules.walk import TARGET_S, Step

LOOKED_BACK = timedelta(hours=12)
"""A shift: what is older says nothing of this one."""
FLOOD_WITHIN = timedelta(minutes=10)
FLOOD_MORE_THAN = 10
"""Alerts that one person can follow within that time (ISA-18.2; CONSOLE 3.2)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one step: how many alerts, the time of the middle one, and the one that nine of ten
    were within."""

    step: Step
    alerts: int
    half: timedelta
    most: timedelta

    @property
    def target(self) -> timedelta:
        """How long it may take."""
        return timedelta(seconds=TARGET_S[self.step])

    @property
    def is_late(self) -> bool:
        """Whether more than one of ten takes longer than it may."""
        return self.most > self.target


def is_flood(opened: int, heard: int) -> bool:
    """Whether so many alerts within ten minutes are more than those who are heard can follow."""
    return opened > FLOOD_MORE_THAN * max(heard, 1)
