"""What the plan knows of an alert and of what was told about it: plain facts, without a record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.telling import Topic
from tgd.rules.alert import AlertState, Lane
from tgd.rules.delivery import DeliveryState

AHEAD = timedelta(seconds=60)
"""A moment of the past that lies further ahead than this was written by a wrong clock, or ours has
stepped back. What waits for it is due now: early is a nuisance, late is a death."""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What the plan needs of an alert."""

    id: str
    lane: Lane
    state: AlertState
    opened_at: datetime
    waiting_since: datetime
    waits: int
    updates: int
    owner: str | None
    acted_at: datetime | None
    requested_at: datetime | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    verified_at: datetime | None = None
    owner_seen_at: datetime | None = None
    """The last sign of the owner's screen, if it ever gave one."""
    verified: str | None = None
    on_scene_at: datetime | None = None
    pressed_again_at: datetime | None = None
    requests: int = 0

    @classmethod
    def of(cls, a: Any) -> "AlertFacts":
        """From a row of the record."""
        return cls(
            str(a.id), Lane(a.lane), AlertState(a.state), a.opened_at, a.waiting_since, a.waits,
            a.updates, a.owner, a.acted_at, a.requested_at, a.acknowledged_at, a.closed_at,
            a.verified_at, a.owner_seen_at, a.verified, a.on_scene_at, a.pressed_again_at,
            a.requests,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """What the plan needs of a delivery that exists."""

    key: str
    destination: str
    topic: Topic
    round: int
    state: DeliveryState
    attempts: int
    next_try_at: datetime | None
    made_at: datetime
    rests: bool = False
    """This process told it a moment ago, and its own pause is not over by its steady clock."""

    @classmethod
    def of(cls, d: Any, *, rests: bool = False) -> "DeliveryFacts":
        """From a row of the record."""
        return cls(
            d.key, d.destination, Topic(d.topic), d.round, DeliveryState(d.state), d.attempts,
            d.next_try_at, d.made_at, rests,
        )  # fmt: skip
