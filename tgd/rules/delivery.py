"""The life of one telling to one destination; each state says precisely what it promises."""

from datetime import datetime, timedelta
from enum import StrEnum


class DeliveryState(StrEnum):
    """*Sent is not delivered*: only `received` and `taken` let the next step wait."""

    PENDING = "pending"  # to be told, or to be told again at next_try_at
    SENT = "sent"  # the peer took the bytes; its acknowledgement is still expected
    RECEIVED = "received"  # acknowledged in the way of its protocol: the peer has it
    TAKEN = "taken"  # a human behind the destination answers for it
    REFUSED = "refused"  # the peer says no; tried again slowly while the alert is open
    WITHDRAWN = "withdrawn"  # no longer needed: what it was for has happened

    @property
    def is_settled(self) -> bool:
        """True when nothing is left to do for this delivery."""
        return self in (DeliveryState.RECEIVED, DeliveryState.TAKEN, DeliveryState.WITHDRAWN)

    @property
    def has_arrived(self) -> bool:
        """True when the destination has it, machine or human."""
        return self in (DeliveryState.RECEIVED, DeliveryState.TAKEN)


class MessageStatus(StrEnum):
    """What the SMS and voice provider says of one message or call, in the order of their rank."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    DELIVERED = "delivered"


_RANK = {status: rank for rank, status in enumerate(MessageStatus)}
_AS = {
    "accepted": MessageStatus.QUEUED,
    "scheduled": MessageStatus.QUEUED,
    "initiated": MessageStatus.QUEUED,
    "ringing": MessageStatus.SENDING,
    "in-progress": MessageStatus.SENT,
    "completed": MessageStatus.SENT,
    "busy": MessageStatus.UNDELIVERED,
    "no-answer": MessageStatus.UNDELIVERED,
    "canceled": MessageStatus.FAILED,
    "read": MessageStatus.DELIVERED,
}


def message_status(word: str) -> MessageStatus | None:
    """The provider's word as one of ours, or None for a word that we do not know."""
    if word in _AS:
        return _AS[word]
    return MessageStatus(word) if word in MessageStatus.__members__.values() else None


def later_of(one: MessageStatus, other: MessageStatus) -> MessageStatus:
    """Status callbacks come twice and out of order; a status never goes back."""
    return one if _RANK[one] >= _RANK[other] else other


FIRST_RETRIES_S = (0.5, 1.0, 2.0, 4.0)
SLOWEST_RETRY_S = 5.0
"""RELIABILITY 4.5: 0.5, 1, 2, 4, then every 5 s, never a maximum for an alert."""
OVER_RETRY_S = 60.0
"""When the alert is closed nobody waits for it any more: a destination that is away for a day is
not told of every alert of that day every five seconds, which would keep from it what is new."""
REFUSED_RETRY_S = 30.0
"""A refusal is tried again slowly: somebody may mend the peer while the alert is open."""


def next_try(
    attempt: int, now: datetime, seed: int, *, retry_after_s: float | None, is_over: bool = False
) -> datetime:
    """When to tell again after the `attempt`-th failure (1 = the first one failed).

    `is_over`: the alert is closed. `seed` spreads peers that failed together (±20 %), without
    chance: the same delivery and attempt give the same moment. A peer's Retry-After is honoured
    up to 60 s.
    """
    slowest = OVER_RETRY_S if is_over else SLOWEST_RETRY_S
    base = FIRST_RETRIES_S[attempt - 1] if attempt <= len(FIRST_RETRIES_S) else slowest
    if retry_after_s is not None:
        base = max(base, min(retry_after_s, 60.0))
    spread = 0.8 + 0.4 * ((seed * 2654435761 + attempt * 40503) % 1000) / 1000
    return now + timedelta(seconds=base * spread)


def try_after_failure(
    attempt: int, now: datetime, seed: int, *, is_refusal: bool, is_over: bool = False
) -> datetime:
    """When to tell again what the peer took and nobody got: a number that is busy, a room's no.

    At once after the first attempt, then as after any other failure; a refusal slowly, as any
    refusal. A wrong number fails in an instant: without a pause it would be rung without end.
    """
    if attempt <= 1:
        return now
    if is_refusal:
        return now + timedelta(seconds=REFUSED_RETRY_S)
    return next_try(attempt, now, seed, retry_after_s=None, is_over=is_over)
