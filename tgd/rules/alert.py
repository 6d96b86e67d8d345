"""The life of an alert: its states, its events and the only table of what may follow what.

Two rules: everything that decides a state lives in this table, and nothing here knows who acts.
A closed alert never opens again: the next press is a new alert.
"""

from enum import StrEnum

from tgd.rules import transitions


class AlertState(StrEnum):
    """Each state says what it promises."""

    OPEN = "open"  # nobody answers for it: it rings
    TAKEN = "taken"  # a named human answers for it; lapses without an act
    VERIFIED = "verified"  # the doubt was removed (levée de doute), with an outcome
    REQUESTED = "requested"  # an intervention was asked of the control room
    ACKNOWLEDGED = "acknowledged"  # the control room said that it has the case
    ON_SCENE = "on_scene"  # a patrol is there
    CLOSED = "closed"  # a human ended it, with an outcome and a reason


class AlertEvent(StrEnum):
    """What can happen to an alert."""

    TAKE = "take"
    LAPSE = "lapse"  # the owner did nothing for too long, or the owner's screen is gone
    RELEASE = "release"  # the owner gives it back
    VERIFY = "verify"
    REQUEST = "request"
    ACKNOWLEDGE = "acknowledge"
    ARRIVE = "arrive"
    CLOSE = "close"


class Lane(StrEnum):
    """Real and test alerts never share a queue; silence and batteries are no alerts at all."""

    REAL = "real"
    TEST = "test"
    EXERCISE = "exercise"  # announced beforehand; walks the whole way, and is told only as such
    CANARY = "canary"  # our own press that shows that a channel is heard: born closed, told nobody


class Outcome(StrEnum):
    """How an alert ended (DOMAIN 4.2, 8.4)."""

    MADE_SAFE = "made_safe"
    APPREHENDED = "apprehended"
    MET_AND_WARNED = "met_and_warned"
    NOT_FOUND = "not_found"
    ACCIDENTAL = "accidental"
    TEST = "test"
    DUPLICATE = "duplicate"
    OTHER = "other"


class Verified(StrEnum):
    """What the operator found when removing the doubt. Silence is danger (Bas-Rhin, 2018)."""

    DANGER = "danger"
    SILENT = "silent"
    SAFE_CODE_WORD = "safe_code_word"
    SAFE_VOICE = "safe_voice"


_S, _E = AlertState, AlertEvent
TRANSITIONS: dict[tuple[AlertState, AlertEvent], AlertState] = {
    (_S.OPEN, _E.TAKE): _S.TAKEN,
    (_S.OPEN, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,  # the room was told directly by the escalation
    (_S.OPEN, _E.ARRIVE): _S.ON_SCENE,
    (_S.TAKEN, _E.TAKE): _S.TAKEN,  # a supervisor takes over
    (_S.TAKEN, _E.LAPSE): _S.OPEN,
    (_S.TAKEN, _E.RELEASE): _S.OPEN,
    (_S.TAKEN, _E.VERIFY): _S.VERIFIED,
    (_S.TAKEN, _E.REQUEST): _S.REQUESTED,
    (_S.TAKEN, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.TAKEN, _E.ARRIVE): _S.ON_SCENE,
    (_S.TAKEN, _E.CLOSE): _S.CLOSED,
    (_S.VERIFIED, _E.TAKE): _S.VERIFIED,
    (_S.VERIFIED, _E.LAPSE): _S.OPEN,
    (_S.VERIFIED, _E.RELEASE): _S.OPEN,
    (_S.VERIFIED, _E.VERIFY): _S.VERIFIED,  # the call goes on: the finding may change
    (_S.VERIFIED, _E.REQUEST): _S.REQUESTED,
    (_S.VERIFIED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.VERIFIED, _E.ARRIVE): _S.ON_SCENE,
    (_S.VERIFIED, _E.CLOSE): _S.CLOSED,
    (_S.REQUESTED, _E.TAKE): _S.REQUESTED,
    (_S.REQUESTED, _E.LAPSE): _S.REQUESTED,  # the police stays asked; somebody else follows it up
    (_S.REQUESTED, _E.VERIFY): _S.REQUESTED,
    (_S.REQUESTED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.REQUESTED, _E.ARRIVE): _S.ON_SCENE,
    (_S.REQUESTED, _E.CLOSE): _S.CLOSED,
    (_S.ACKNOWLEDGED, _E.TAKE): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.LAPSE): _S.ACKNOWLEDGED,  # a machine's answer excuses no idle owner
    (_S.ACKNOWLEDGED, _E.VERIFY): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.REQUEST): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.ARRIVE): _S.ON_SCENE,
    (_S.ACKNOWLEDGED, _E.CLOSE): _S.CLOSED,
    (_S.ON_SCENE, _E.TAKE): _S.ON_SCENE,
    (_S.ON_SCENE, _E.LAPSE): _S.ON_SCENE,
    (_S.ON_SCENE, _E.VERIFY): _S.ON_SCENE,
    (_S.ON_SCENE, _E.REQUEST): _S.ON_SCENE,
    (_S.ON_SCENE, _E.ACKNOWLEDGE): _S.ON_SCENE,
    (_S.ON_SCENE, _E.ARRIVE): _S.ON_SCENE,
    (_S.ON_SCENE, _E.CLOSE): _S.CLOSED,
}


def after(state: AlertState, event: AlertEvent) -> AlertState:
    """The state after the event; raises WrongState for anything that the table does not hold."""
    return transitions.apply(TRANSITIONS, state, event)


SEEN_OUTCOMES = frozenset({Outcome.MADE_SAFE, Outcome.APPREHENDED, Outcome.MET_AND_WARNED})
"""Outcomes that only somebody who met her or him can report."""

HEARD_HER = frozenset({Verified.SAFE_CODE_WORD, Verified.SAFE_VOICE})
"""Findings of somebody who has heard that she is safe."""


def needs_second_person(
    outcome: Outcome, verified: Verified | None, *, seen: bool, doubtful_end: bool
) -> bool:
    """True when closing this way needs four eyes.

    `seen`: a patrol is on the scene, or those who were there report it. Without that, an alert
    ended without a voice or a code word, and one that the handset itself cancelled or pressed
    under duress, is never ended by one person (RELIABILITY 3.0: never close alone on a "cancel").
    """
    if seen or outcome is Outcome.TEST:
        return False
    return doubtful_end or verified not in HEARD_HER


def reference(number: int | None) -> str:
    """What people say on the telephone: `AL-000042`."""
    return f"AL-{number or 0:06d}"
