"""A conversation by telephone: two legs, what each state promises, and what follows what.

The operator is rung first and the handset only once the operator listens: a handset that rings
for nobody gives away where it lies.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Party(StrEnum):
    """Who is at the end of a leg."""

    OPERATOR = "operator"
    HANDSET = "handset"


class LegState(StrEnum):
    """Each state says what is known, never what is hoped."""

    WAITING = "waiting"  # not asked for yet: the operator does not listen yet
    ASKED = "asked"  # the provider is being asked, or has said nothing yet
    RINGING = "ringing"
    ANSWERED = "answered"  # picked up, by a human or by a machine
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    ENDED = "ended"

    @property
    def is_over(self) -> bool:
        """True for a leg that nothing more happens to."""
        return _RANK[self] == LAST


LAST = 4
_RANK = {
    LegState.WAITING: 0, LegState.ASKED: 1, LegState.RINGING: 2, LegState.ANSWERED: 3,
    LegState.BUSY: LAST, LegState.NO_ANSWER: LAST, LegState.FAILED: LAST, LegState.ENDED: LAST,
}  # fmt: skip
_AS = {
    "queued": LegState.ASKED, "initiated": LegState.ASKED, "ringing": LegState.RINGING,
    "in-progress": LegState.ANSWERED, "completed": LegState.ENDED, "busy": LegState.BUSY,
    "no-answer": LegState.NO_ANSWER, "failed": LegState.FAILED, "canceled": LegState.FAILED,
}  # fmt: skip

TOO_LATE = timedelta(seconds=60)
"""Nobody is rung for a call that was wanted so long ago: the moment has passed."""
RECORDING_KEPT_DAYS = 180
"""How long the sound is evidence, unless the operator of the service says otherwise."""
NO_NEWS = timedelta(seconds=75)
"""Of a call that the provider may never have placed; it rings for 30 s at most."""


def leg_state(word: str) -> LegState | None:
    """The provider's word for a call as one of ours; None for a word that we do not know."""
    return _AS.get(word)


def later_leg(before: LegState, said: LegState) -> LegState:
    """Callbacks come twice and out of order; a leg never goes back, and its first end stays."""
    return said if _RANK[said] > _RANK[before] else before


@dataclass(frozen=True, slots=True)
class Following:
    """What is to be done now, of the two legs as they are."""

    ring_handset: bool = False
    give_up_handset: bool = False
    hang_up: Party | None = None
    is_over: bool = False


def follow(operator: LegState, handset: LegState) -> Following:
    """Ring her when the operator listens; leave nobody alone on the line."""
    if operator.is_over and handset is LegState.WAITING:
        return Following(give_up_handset=True, is_over=True)
    if operator.is_over and handset.is_over:
        return Following(is_over=True)
    if operator.is_over:
        return Following(hang_up=Party.HANDSET)
    if handset.is_over:
        return Following(hang_up=Party.OPERATOR)
    ring = operator is LegState.ANSWERED and handset is LegState.WAITING
    return Following(ring_handset=ring)
