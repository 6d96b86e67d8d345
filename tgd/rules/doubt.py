"""The doctrine in doubt: everything that could be a cry for help is an alert; doubt only labels it.

Accepting and trusting are two decisions. Nothing in this file can refuse a trigger: it answers
with labels, a lane and a trust, and the less it trusts, the less is disclosed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tgd.rules.alert import Lane
from tgd.rules.handset import PROVES_NOTHING, HandsetState
from tgd.rules.trigger import Meaning, PositionReport, Trigger, TriggerKind, Unreadable


class Label(StrEnum):
    """One word per doubt; the console has a sentence for each, in both languages."""

    UNKNOWN_SOURCE = "unknown_source"
    MANY_SOURCES = "many_sources"
    NO_ALLOCATION = "no_allocation"
    ALLOCATION_ENDED = "allocation_ended"
    STOLEN = "stolen"
    LOST = "lost"
    RETIRED = "retired"
    SIM_CHANGED = "sim_changed"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    REPLAYED = "replayed"
    LATE = "late"
    VERY_LATE = "very_late"
    CLOCK_IMPLAUSIBLE = "clock_implausible"
    NO_POSITION = "no_position"
    POSITION_WITHHELD = "position_withheld"
    UNDECODABLE = "undecodable"
    FREE_TEXT = "free_text"
    CANCEL_ASKED = "cancel_asked"
    DURESS = "duress"
    FALL = "fall"
    TEST_UNVERIFIED = "test_unverified"


class Trust(StrEnum):
    """How far the source is proven; it only ever widens what may be disclosed."""

    UNKNOWN = "unknown"  # nobody we know
    UNVERIFIED = "unverified"  # says that it is a handset of ours
    VERIFIED = "verified"  # a secret, a certificate or a signature proves it, in the right hands


_TRUST_ORDER = (Trust.UNKNOWN, Trust.UNVERIFIED, Trust.VERIFIED)


def better(one: Trust, other: Trust) -> Trust:
    """The higher of two trusts: a verified press vouches for the alert that it joins."""
    return max(one, other, key=_TRUST_ORDER.index)


LATE_AFTER = timedelta(minutes=5)
VERY_LATE_AFTER = timedelta(hours=24)
FUTURE_SKEW = timedelta(minutes=2)
CLAIM_FLOOR = timedelta(days=400)
"""A claim older than this is a broken clock rather than a message that was late for a year."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record knows of the source at the moment of the press."""

    handset: str | None = None
    state: HandsetState | None = None
    allocated: bool = False
    allocation_ended: bool = False
    geolocation_agreed: bool = False
    last_counter: int | None = None
    sim_changed: bool = False
    """It has another SIM card than before, and nobody has said yet that this is right."""
    in_exercise: bool = False
    """A supervisor has announced an exercise of this very handset, it runs now, and nobody holds
    the handset: what somebody presses who was given one is never an exercise."""
    is_canary: bool = False
    """Enrolled by our own command as a canary: nobody carries it, and nobody ever will."""

    @property
    def proves_nothing(self) -> bool:
        """What it proves itself by is in other hands. Never a canary: that is in nobody's."""
        return self.state in PROVES_NOTHING and not self.is_canary


@dataclass(frozen=True, slots=True)
class Verdict:
    """What we think of one trigger; never whether we take it."""

    lane: Lane
    trust: Trust
    labels: frozenset[Label]
    keep_position: bool


def judge(
    meaning: Meaning,
    known: Known,
    *,
    proven_by_transport: bool,
    signature: bool | None,
    received_at: datetime,
) -> Verdict:
    """The doctrine, row by row (RELIABILITY 3.0).

    `signature` is None for an unsigned form, else whether it is authentic.
    """
    labels: set[Label] = set()
    trust = _trust(known, proven_by_transport, signature, labels)
    labels |= _labels_of_holder(known)
    labels |= _labels_of_meaning(meaning, known, received_at)
    if trust is Trust.VERIFIED and _counts_back(meaning, known.last_counter):
        labels.add(Label.REPLAYED)
    keep = trust is not Trust.UNKNOWN and known.geolocation_agreed
    if _position_of(meaning) and not keep and trust is not Trust.UNKNOWN:
        labels.add(Label.POSITION_WITHHELD)
    return Verdict(_lane(meaning, known, trust, labels), trust, frozenset(labels), keep)


def _trust(
    known: Known, proven_by_transport: bool, signature: bool | None, labels: set[Label]
) -> Trust:
    if known.handset is None:
        labels.add(Label.UNKNOWN_SOURCE)
        return Trust.UNKNOWN
    if signature is False:
        labels.add(Label.BAD_SIGNATURE)
        return Trust.UNVERIFIED
    if proven_by_transport or signature:
        return Trust.UNVERIFIED if known.proves_nothing else Trust.VERIFIED
    labels.add(Label.UNSIGNED)
    return Trust.UNVERIFIED


def _labels_of_holder(known: Known) -> set[Label]:
    labels = set()
    if known.handset is not None and not known.allocated:
        labels.add(Label.ALLOCATION_ENDED if known.allocation_ended else Label.NO_ALLOCATION)
    if known.state is HandsetState.STOLEN:
        labels.add(Label.STOLEN)
    if known.state is HandsetState.LOST:
        labels.add(Label.LOST)
    if known.state is HandsetState.RETIRED:
        labels.add(Label.RETIRED)
    if known.sim_changed:
        labels.add(Label.SIM_CHANGED)
    return labels


def _labels_of_meaning(meaning: Meaning, known: Known, received_at: datetime) -> set[Label]:
    if isinstance(meaning, Unreadable):
        return {Label.UNDECODABLE, Label.NO_POSITION}
    if not isinstance(meaning, Trigger):
        return set()
    labels = _labels_of_time(meaning.claimed_at, received_at)
    if meaning.position is None:
        labels.add(Label.NO_POSITION)
    if meaning.text is not None:
        labels.add(Label.FREE_TEXT)
    by_kind = {
        TriggerKind.CANCEL: Label.CANCEL_ASKED,
        TriggerKind.DURESS: Label.DURESS,
        TriggerKind.FALL: Label.FALL,
    }
    if meaning.kind in by_kind:
        labels.add(by_kind[meaning.kind])
    return labels


def _labels_of_time(claimed_at: datetime | None, received_at: datetime) -> set[Label]:
    """Lateness is shown, an impossible clock is shown; neither ever refuses (Syniverse 2019)."""
    if claimed_at is None:
        return set()
    age = received_at - claimed_at
    if age < -FUTURE_SKEW or age > CLAIM_FLOOR:
        return {Label.CLOCK_IMPLAUSIBLE}
    if age > VERY_LATE_AFTER:
        return {Label.VERY_LATE}
    return {Label.LATE} if age > LATE_AFTER else set()


def _counts_back(meaning: Meaning, last_counter: int | None) -> bool:
    if not isinstance(meaning, Trigger) or meaning.counter is None or last_counter is None:
        return False
    return meaning.counter <= last_counter


def _position_of(meaning: Meaning) -> bool:
    return isinstance(meaning, Trigger | PositionReport) and meaning.position is not None


_OF_ANY_EXERCISE = frozenset(
    {Label.NO_POSITION, Label.POSITION_WITHHELD, Label.NO_ALLOCATION, Label.ALLOCATION_ENDED}
)
"""What an announced press may be said of; with any other doubt it is real."""


def _is_exercise(meaning: Meaning, known: Known, trust: Trust, labels: set[Label]) -> bool:
    """Announced, proven, a plain press of this moment: whatever is less than that is real."""
    plain = isinstance(meaning, Trigger) and meaning.kind is TriggerKind.PRESS
    return plain and known.in_exercise and trust is Trust.VERIFIED and labels <= _OF_ANY_EXERCISE


def _lane(meaning: Meaning, known: Known, trust: Trust, labels: set[Label]) -> Lane:
    """Only a proven handset may say "test": a stranger's test rings like a press.

    Nothing that a message says makes it a canary, only who sent it: a proven handset that the
    record has as one. Whoever merely says the name of a canary is a stranger who may need help.
    """
    if known.is_canary and not known.allocated and trust is Trust.VERIFIED:
        return Lane.CANARY
    if _is_exercise(meaning, known, trust, labels):
        return Lane.EXERCISE
    if not (isinstance(meaning, Trigger) and meaning.kind is TriggerKind.TEST):
        return Lane.REAL
    if trust is Trust.VERIFIED:
        return Lane.TEST
    labels.add(Label.TEST_UNVERIFIED)
    return Lane.REAL
