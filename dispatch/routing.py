"""The plan: whom to tell what now, and when to look again. Pure; leaves no choice to the executor.

A step of the policy is due `after_s` after the opening (or the request) and no longer needed once
its `until` has come. Steps that wait for a human count from the last moment when nobody answered
for the alert, so that a lapsed ownership rings again. Nothing has a last attempt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.facts import AHEAD, AlertFacts, DeliveryFacts
from dispatch.owning import is_unseen, lapses_at
from dispatch.policy import HEARS_EXERCISES, AnyDestination, Policy, Step
from dispatch.telling import Topic
from tgd.rules.alert import AlertState, Lane
from tgd.rules.delivery import DeliveryState

HORIZON = timedelta(seconds=60)
"""An open alert is looked at again at least this often, whatever happens."""
UPDATES_APART = timedelta(seconds=2)
"""A handset that presses ten times a second is told of once every two seconds."""
CLOSED_NOTICE_FOR = timedelta(hours=24)
"""How long a destination is told of an alert that is over, or of its end, and does not take it."""
LONGEST_PAUSE = timedelta(seconds=660)
"""No delivery waits longer for its next try (`acknowledge_within_s` is at most 600)."""
RESTS_AGAIN = timedelta(seconds=1)
"""When a delivery that rests is looked at again: its date says nothing."""
LEFT_TWICE = 2
"""Once so many had it and no longer do, whoever is to be rung is rung at once: people who take it
one after the other and do nothing would else keep everybody outside from ever hearing of it."""
FOLLOWS = ("webhook", "cisu")
"""Kinds that are told what happens after the opening; a telephone is only rung."""


@dataclass(frozen=True, slots=True)
class Tell:
    """One new thing to tell."""

    key: str
    destination: str
    topic: Topic
    round: int
    step: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now. `look_again_at` is None only when nothing is left to do for ever."""

    tell: tuple[Tell, ...] = ()
    again: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    lapse: bool = False
    look_again_at: datetime | None = None
    unseen: bool = False
    """It lapses because the owner's screen is gone, not because the owner does nothing."""


def plan(
    alert: AlertFacts, deliveries: Sequence[DeliveryFacts], policy: Policy, now: datetime
) -> Plan:
    """What to do for this alert now; for a canary nothing, ever."""
    if alert.lane is Lane.CANARY:
        return Plan()
    gone_at = lapses_at(alert, policy, now)
    if gone_at is not None and gone_at <= now:
        return Plan(lapse=True, unseen=is_unseen(alert, policy, now), look_again_at=now)
    destinations = {d.name: d for d in policy.destinations if may_hear(d, alert.lane)}
    unneeded = _unneeded(alert, deliveries, policy, destinations, now)
    wanted, later = _steps(alert, deliveries, policy, destinations, now)
    news, news_later = _news(alert, deliveries, destinations, now)
    alive = [d for d in deliveries if d.key not in unneeded and not d.state.is_settled]
    again = [d.key for d in alive if _is_due(d, now)]
    moments = [*later, *news_later]
    moments += [_try_at(d, now) for d in alive if not _is_due(d, now)]
    if gone_at is not None:
        moments.append(gone_at)
    if alert.state is not AlertState.CLOSED or wanted or news or again:
        moments.append(now + HORIZON)
    return Plan(
        (*wanted, *news), tuple(again), tuple(sorted(unneeded)), False, min(moments, default=None)
    )


def _is_due(delivery: DeliveryFacts, now: datetime) -> bool:
    at = delivery.next_try_at
    if at is not None and _is_of_another_clock(at, now):
        return not delivery.rests
    return at is None or at <= now


def _try_at(delivery: DeliveryFacts, now: datetime) -> datetime:
    """When one that is not due is to be looked at again."""
    at = delivery.next_try_at
    assert at is not None
    return now + RESTS_AGAIN if _is_of_another_clock(at, now) else at


def _is_of_another_clock(at: datetime, now: datetime) -> bool:
    """A date that none of ours would bear: ahead of every pause, or passed and never looked at."""
    return at > now + LONGEST_PAUSE or at < now - HORIZON


def key_of(alert: str, topic: Topic, round_: int, destination: str) -> str:
    """The idempotency key, the same for ever: `{alert}:{topic}:{round}:{destination}`."""
    return f"{alert}:{topic.value}:{round_}:{destination}"


def may_hear(destination: AnyDestination, lane: Lane) -> bool:
    """Whether an alert of this lane is told to it at all."""
    if lane is Lane.EXERCISE:
        return isinstance(destination, HEARS_EXERCISES) and destination.lane_exercise
    return lane is Lane.REAL or (lane is Lane.TEST and destination.lane_test)


def is_met(until: str, alert: AlertFacts, deliveries: Iterable[DeliveryFacts]) -> bool:
    """Whether what a step waits for has happened.

    `taken` means that a human of ours answers for it: neither a machine's acknowledgement nor a
    patrol that somebody reports stops that ringing. `answered` means that a human of the room that
    was asked has it, or that its patrol is there.
    """
    if alert.state is AlertState.CLOSED:
        return True
    there = alert.state is AlertState.ON_SCENE and not _is_asked_since(alert, alert.on_scene_at)
    if until == "taken":
        return alert.owner is not None
    if until == "acknowledged":
        return there or _is_acknowledged(alert)
    if until == "answered":
        asked = [d for d in deliveries if (d.topic, d.round) == (Topic.REQUESTED, _asked(alert))]
        return there or any(d.state is DeliveryState.TAKEN for d in asked)
    if until == "received":
        arrived = any(d.state.has_arrived for d in deliveries if d.topic is not Topic.CLOSED)
        return there or alert.owner is not None or arrived
    return False


def _is_acknowledged(alert: AlertFacts) -> bool:
    """A room that has only heard that nobody answered has not been asked to send somebody."""
    at = alert.acknowledged_at
    return at is not None and not _is_asked_since(alert, at)


def _is_asked_since(alert: AlertFacts, at: datetime | None) -> bool:
    """What a room said, or did, before the newest request is no answer to it."""
    return at is not None and alert.requested_at is not None and at < alert.requested_at


def _asked(alert: AlertFacts) -> int:
    """The round of the newest request; the first one is 0."""
    return max(0, alert.requests - 1)


def due_at(
    step: Step, alert: AlertFacts, deliveries: Sequence[DeliveryFacts], now: datetime
) -> datetime | None:
    """When the step is due; None while nobody has asked for an intervention.

    Counted from the first telling, or from now, where that is earlier than the event: then the
    event was written by another host, whose clock is ahead of ours.
    """
    base = alert.waiting_since if step.until == "taken" else alert.opened_at
    if step.since == "request":
        if alert.requested_at is None:
            return None
        base = alert.requested_at
    topic, round_ = topic_of(step), round_of(step, alert)
    told = [d.made_at for d in deliveries if d.topic is topic and d.round == round_]
    if min([base, *told]) > now + AHEAD:
        return now
    is_left = step.until == "taken" and step.since == "opening" and alert.waits >= LEFT_TWICE
    return min([base, now, *told]) + timedelta(seconds=0 if is_left else step.after_s)


def round_of(step: Step, alert: AlertFacts) -> int:
    """Which time it is rung: a wait that began anew rings all of them again, a request too."""
    if step.since == "request":
        return _asked(alert)
    return alert.waits if step.until == "taken" else 0


def topic_of(step: Step) -> Topic:
    """What a step tells."""
    return Topic.REQUESTED if step.since == "request" else Topic.OPENED


def _steps(
    alert: AlertFacts,
    deliveries: Sequence[DeliveryFacts],
    policy: Policy,
    destinations: dict[str, AnyDestination],
    now: datetime,
) -> tuple[list[Tell], list[datetime]]:
    """New tellings of the steps that are due, and the moments of those that are not yet."""
    made = {d.key for d in deliveries}
    wanted: dict[str, Tell] = {}
    later = []
    for number, step in enumerate(policy.steps):
        at = due_at(step, alert, deliveries, now)
        if at is None or is_met(step.until, alert, deliveries):
            continue
        if at > now:
            later.append(at)
            continue
        for name in step.tell:
            key = key_of(alert.id, topic_of(step), round_of(step, alert), name)
            if name in destinations and key not in made:
                tell = Tell(key, name, topic_of(step), round_of(step, alert), number)
                wanted.setdefault(key, tell)
    return list(wanted.values()), later


def _unneeded(
    alert: AlertFacts,
    deliveries: Sequence[DeliveryFacts],
    policy: Policy,
    destinations: dict[str, AnyDestination],
    now: datetime,
) -> set[str]:
    """Deliveries that are not settled and whose reason has gone."""
    waiting = [d for d in deliveries if not d.state.is_settled]
    return {
        d.key for d in waiting if not _is_needed(d, alert, deliveries, policy, destinations, now)
    }


def _is_needed(
    delivery: DeliveryFacts,
    alert: AlertFacts,
    deliveries: Sequence[DeliveryFacts],
    policy: Policy,
    destinations: dict[str, AnyDestination],
    now: datetime,
) -> bool:
    destination = destinations.get(delivery.destination)
    if destination is None:
        return False  # taken out of the policy while the alert was open
    if alert.closed_at is not None:
        begun_at = max(alert.closed_at, delivery.made_at)  # a clock ahead of ours made one of them
        if now >= begun_at + CLOSED_NOTICE_FOR:
            return False
    if delivery.topic is Topic.CLOSED:
        return True
    if alert.state is AlertState.CLOSED:
        # a platform hears of every alert, even of one that was closed meanwhile; nobody is sent
        # out or rung for one
        return destination.kind == "webhook" and delivery.topic is Topic.OPENED
    if delivery.topic is Topic.UPDATED:
        return delivery.round >= _last_update(delivery.destination, deliveries)
    return any(
        delivery.destination in step.tell
        and delivery.topic is topic_of(step)
        and delivery.round == round_of(step, alert)
        and not is_met(step.until, alert, deliveries)
        for step in policy.steps
    )


def _last_update(destination: str, deliveries: Iterable[DeliveryFacts]) -> int:
    rounds = [
        d.round for d in deliveries if d.destination == destination and d.topic is Topic.UPDATED
    ]
    return max(rounds, default=0)


def _news(
    alert: AlertFacts,
    deliveries: Sequence[DeliveryFacts],
    destinations: dict[str, AnyDestination],
    now: datetime,
) -> tuple[list[Tell], list[datetime]]:
    """What those who were told must still hear: that it changed, that it ended."""
    wanted, later = [], []
    for name, destination in destinations.items():
        told = [d for d in deliveries if d.destination == name and d.attempts > 0]
        if destination.kind not in FOLLOWS or not told:
            continue
        if alert.state is AlertState.CLOSED:
            wanted += _closing(alert, name, deliveries, destination, now)
            continue
        tell, at = _update(alert, name, told, now)
        wanted += tell
        later += at
    return wanted, later


def _closing(
    alert: AlertFacts,
    name: str,
    deliveries: Sequence[DeliveryFacts],
    destination: AnyDestination,
    now: datetime,
) -> list[Tell]:
    """The end is told after the beginning has arrived; a control room is told at once.

    However long ago it was, whoever has it is told once: a clock a day ahead calls it yesterday.
    """
    mine = [d for d in deliveries if d.destination == name]
    opening = [d for d in mine if d.topic is Topic.OPENED and not d.state.is_settled]
    if any(d.topic is Topic.CLOSED for d in mine):
        return []
    is_old = alert.closed_at is not None and now >= alert.closed_at + CLOSED_NOTICE_FOR
    if is_old and not any(d.state.has_arrived for d in mine):
        return []
    if destination.kind == "webhook" and opening:
        return []
    return [Tell(key_of(alert.id, Topic.CLOSED, 0, name), name, Topic.CLOSED, 0, None)]


def _update(
    alert: AlertFacts, name: str, told: Sequence[DeliveryFacts], now: datetime
) -> tuple[list[Tell], list[datetime]]:
    updates = [d for d in told if d.topic is Topic.UPDATED]
    known = max((d.round for d in updates), default=_updates_at_opening(told, alert))
    if alert.updates <= known:
        return [], []
    last_at = max(d.made_at for d in told)
    if now < last_at + UPDATES_APART and last_at <= now + AHEAD:
        return [], [last_at + UPDATES_APART]
    key = key_of(alert.id, Topic.UPDATED, alert.updates, name)
    return [Tell(key, name, Topic.UPDATED, alert.updates, None)], []


def _updates_at_opening(told: Sequence[DeliveryFacts], alert: AlertFacts) -> int:
    """An opening that is still being tried carries the newest facts by itself."""
    return 0 if any(d.state.is_settled for d in told) else alert.updates
