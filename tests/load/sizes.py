"""How much is thrown at the service: what every run of the tests can afford, and the whole goal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of one storm."""

    seconds: int
    presses_per_s: int
    bad_per_s: int
    stuck_presses: int
    handsets: int
    """Those that come back at once when the gateway was killed."""
    limits: bool
    """Whether the wide limits of the goal are asserted: only on a machine kept for it."""

    @property
    def presses(self) -> int:
        """All real presses of the storm."""
        return self.seconds * self.presses_per_s


SHORT = Size(10, 110, 1000, 1_500, 500, limits=False)
LONG = Size(60, 110, 1000, 36_000, 5_000, limits=True)
"""The whole French fleet in a minute; an hour of a handset that presses ten times a second."""
TO_RECORD_S, TO_PLATFORM_S, BACK_S = 2.0, 5.0, 60.0
"""Limits of the goal: every press on record and at the platform, and all connected again."""
