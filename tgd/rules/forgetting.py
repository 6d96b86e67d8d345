"""What must be forgotten, when, and by which text; what stands in the way, and what stays.

Periods are those of art. 5 and 6 of the order of 22 April 2015 (NOR JUST1508539A).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tgd.rules.allocation import AllocationState
from tgd.rules.deadlines import PLATFORM_ERASES_AFTER_DAYS

FORGOTTEN_LATER = (AllocationState.CLOSED, AllocationState.REFUSED, AllocationState.MERGED)
"""How a file ends; its day of forgetting is known from then on."""
POSITIONS_FOR = timedelta(days=3)
"""From the recording."""
POSITIONS_AT_MOST = timedelta(days=8)
"""On a prosecutor's authorisation; longer only for a criminal procedure."""


class Keeping(StrEnum):
    """What a prosecutor keeps of one alert beyond its day."""

    POSITIONS = "positions"  # and the messages that hold them, up to eight days
    PROCEDURE = "procedure"  # recordings and everything else, until a prosecutor ends that


def positions_until(recorded_at: datetime, kept: Collection[Keeping]) -> datetime | None:
    """Until when a position may be kept once its alert is closed; None: until that is ended."""
    if Keeping.PROCEDURE in kept:
        return None
    return recorded_at + (POSITIONS_AT_MOST if Keeping.POSITIONS in kept else POSITIONS_FOR)


class Stage(StrEnum):
    """What is erased together."""

    POSITIONS = "positions"
    NOBODY = "nobody"
    PLATFORM = "platform"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of what is kept."""

    what: str
    stage: Stage
    after: str
    source: str
    stays: str


_ORDER = "order of 22 April 2015"
RULES: tuple[Rule, ...] = (
    Rule("positions of an alert", Stage.POSITIONS,
         "3 days from the recording (8 where a prosecutor authorises it), alert closed",
         f"{_ORDER}, art. 5", "nothing"),
    Rule("messages as they came, sealed", Stage.POSITIONS,
         "3 days from the recording (8 where a prosecutor authorises it), alert closed",
         f"{_ORDER}, art. 5 (they hold positions)",
         "channel, moment and transport id, so that none is heard twice"),
    Rule("alerts of nobody: notes, words of closing and of shifts about them, names of senders",
         Stage.NOBODY, "3 days after the closing (8 where a prosecutor authorises it)",
         f"{_ORDER}, art. 5 (held by the call centre)",
         "the alert: its moments, states, labels and outcome"),
    Rule("notes and words of closing of her alerts, words of a shift about them", Stage.PLATFORM,
         "3 days after the return certificate", f"{_ORDER}, art. 5 (held by the call centre)",
         "the alert: its moments, states and outcome"),
    Rule("case sheets, what an alert shows of her", Stage.PLATFORM,
         "3 days after the return certificate", f"{_ORDER}, art. 5 (held by the call centre)",
         "the list of those who had a copy, until the file goes"),
    Rule("referrals, assessments, opinions, conditions, follow-up, person under the ban",
         Stage.FILE, "6 months after the return, the refusal or the merging",
         f"{_ORDER}, art. 5 and 6", "their counts"),
    Rule("decisions, allocations, certificate, tests, words of incidents", Stage.FILE,
         "6 months after the return, the refusal or the merging", f"{_ORDER}, art. 6",
         "their counts, and the journal's lines without a name"),
    Rule("consents, the name", Stage.FILE, "with her last file", f"{_ORDER}, art. 5 and 6",
         "an empty row under an opaque id"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """One file as it stands before the clock."""

    state: AllocationState
    purge_at: datetime | None
    platform_by_at: datetime
    """When what the platform has is erased: with the certificate, or from the closing."""
    platform_is_erased: bool = False
    alert_open: bool = False
    carries: bool = False
    held: bool = False
    release_unheard: bool = False


class Obstacle(StrEnum):
    """Why a file that is due is not touched."""

    ALERT_OPEN = "alert_open"
    CARRIES = "carries"
    LEGAL_HOLD = "legal_hold"
    RELEASE_UNHEARD = "release_unheard"  # he comes out, and nobody has told her


def platform_by(closed_at: datetime, promised: datetime | None) -> datetime:
    """What was promised with the return, or the same delay from the closing."""
    return promised or closed_at + timedelta(days=PLATFORM_ERASES_AFTER_DAYS)


def obstacles(kept: Kept, stage: Stage = Stage.FILE) -> tuple[Obstacle, ...]:
    """What stands in the way of this stage today; the platform forgets whoever comes out."""
    found = {
        Obstacle.ALERT_OPEN: kept.alert_open, Obstacle.CARRIES: kept.carries,
        Obstacle.LEGAL_HOLD: kept.held,
        Obstacle.RELEASE_UNHEARD: kept.release_unheard and stage is Stage.FILE,
    }  # fmt: skip
    return tuple(one for one, there in found.items() if there)


def due(kept: Kept, now: datetime) -> Stage | None:
    """The furthest stage whose day has come; it contains the one before."""
    if kept.state not in FORGOTTEN_LATER:
        return None
    if kept.purge_at is not None and kept.purge_at <= now:
        return Stage.FILE
    waits = kept.state is AllocationState.CLOSED and not kept.platform_is_erased
    return Stage.PLATFORM if waits and kept.platform_by_at <= now else None
