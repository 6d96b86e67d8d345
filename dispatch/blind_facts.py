"""What is known of alerts that are told without the record, for the one plan. White.

The plan, its steps and its keys are those of routing.py: what is told while the record is away is
what would have been told, to the same destinations, under the same keys, and says less.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.facts import AlertFacts, DeliveryFacts
from dispatch.telling import Telling, Topic
from tgd.rules.alert import AlertState, Lane
from tgd.rules.alert import reference as numbered
from tgd.rules.delivery import DeliveryState

LABEL = "told_from_spool"
"""Among the labels of such a telling: the record is away, the facts will follow."""
ANSWERABLE = ("received", "taken", "on_scene")
"""What may be kept for the record; a closing needs it, for it may need a second person."""


@dataclass(frozen=True, slots=True)
class BlindDelivery:
    """One telling of such an alert, and what was answered last."""

    key: str
    destination: str
    step: int | None
    state: DeliveryState
    attempts: int
    made_at: datetime
    next_try_at: datetime | None
    said: str = ""
    reference: str | None = None
    round: int = 0
    is_on_record: bool = False
    """The record made it before it went away, and nothing has become of it since."""


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """What a destination said by itself, to be heard by the record when it is back."""

    destination: str
    kind: str
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BlindAlert:
    """One alert of the spool, or one of the record that nobody had when it went away."""

    id: UUID
    handset: str | None
    channel: str
    kind: str
    opened_at: datetime
    presses: int = 1
    deliveries: dict[str, BlindDelivery] = field(default_factory=dict)
    """By key."""
    answers: tuple[BlindAnswer, ...] = ()
    waiting_since: datetime | None = None
    waits: int = 0
    number: int | None = None
    """The last three of an alert of the record: since when it waits, how often it came back, and
    what people call it."""

    @property
    def is_told(self) -> bool:
        """Whether something was told or heard of it that the record does not know."""
        return bool(self.answers) or any(not d.is_on_record for d in self.deliveries.values())

    def told(self, delivery: BlindDelivery) -> "BlindAlert":
        """With this delivery as it is now."""
        return replace(self, deliveries={**self.deliveries, delivery.key: delivery})

    def heard(self, answer: BlindAnswer) -> "BlindAlert":
        """With this answer, and what it says of its delivery; the same answer twice is one."""
        if any(a.destination == answer.destination and a.said["id"] == answer.said["id"]
               for a in self.answers):  # fmt: skip
            return self
        kept = replace(self, answers=(*self.answers, answer))
        delivery = self.deliveries.get(answer.said["key"])
        if delivery is None or delivery.state is DeliveryState.TAKEN:
            return kept
        taken = answer.said["state"] == "taken"
        state = DeliveryState.TAKEN if taken else DeliveryState.RECEIVED
        return kept.told(replace(delivery, state=state, next_try_at=None))


def facts(alert: BlindAlert, policy_kinds: Mapping[str, str]) -> AlertFacts:
    """The alert as the plan reads it. Who took it keeps it until the record is back: nobody could
    write down an act meanwhile, so nothing lapses."""
    said = [(a, a.said["state"]) for a in alert.answers]
    owner = next((a.destination for a, state in said if state == "taken"), None)
    rooms = [a for a, state in said if policy_kinds.get(a.destination) == "cisu"]
    on_scene = any(state == "on_scene" for _, state in said)
    return AlertFacts(
        str(alert.id), Lane.REAL, AlertState.ON_SCENE if on_scene else AlertState.OPEN,
        alert.opened_at, alert.waiting_since or alert.opened_at, alert.waits, 0, owner, None, None,
        alert.opened_at if rooms else None, None,
    )  # fmt: skip


def delivery_facts(deliveries: Iterable[BlindDelivery]) -> list[DeliveryFacts]:
    """Its deliveries as the plan reads them."""
    return [
        DeliveryFacts(
            d.key, d.destination, Topic.OPENED, d.round, d.state, d.attempts, d.next_try_at,
            d.made_at,
        )
        for d in deliveries
    ]  # fmt: skip


def telling(alert: BlindAlert, key: str, now: datetime) -> Telling:
    """What is said: that there is an alert, and by which handset if that is proven. No person, no
    number, no place: whether they may be told is only in the record."""
    return Telling(
        key=key, topic=Topic.OPENED, alert=str(alert.id), reference=spoken(alert),
        lane=Lane.REAL.value, state=AlertState.OPEN.value, labels=(LABEL,),
        opened_at=alert.opened_at, told_at=now, presses=alert.presses, position=None,
        handset=alert.handset, handset_number=None, person=None,
    )  # fmt: skip


def spoken(alert: BlindAlert) -> str:
    """What people say of it on the telephone: the number that the record gave it, if it did."""
    return numbered(alert.number) if alert.number else reference(alert.id)


def reference(alert: UUID) -> str:
    """What people say on the telephone until the record gives a number: `BL-4F2A9C`."""
    return f"BL-{alert.hex[-6:].upper()}"
