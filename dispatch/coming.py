"""What comes next for an alert once this turn's plan is done: the moment, and what it brings. Pure.

The same rules as the plan itself, so that a countdown never promises what will not be done.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from dispatch.facts import AHEAD, AlertFacts, DeliveryFacts
from dispatch.owning import idle_at
from dispatch.policy import Policy, Step
from dispatch.routing import (
    due_at,
    is_met,
    key_of,
    may_hear,
    round_of,
    topic_of,
)
from tgd.rules.alert import AlertState, Lane
from tgd.rules.coming import Coming


def coming(
    alert: AlertFacts, deliveries: Sequence[DeliveryFacts], policy: Policy, now: datetime
) -> Coming | None:
    """The next moment after now of this alert, with all that it brings; None when nothing is left.

    What is due now is told in this very turn and counts as told.
    """
    if alert.state is AlertState.CLOSED or alert.lane is Lane.CANARY:
        return None
    found = [*_steps(alert, deliveries, policy, now), *_tones(alert, policy, now)]
    lapses_at = idle_at(alert, policy, now)
    if lapses_at is not None and lapses_at > now:
        found.append(Coming(lapses_at, lapse=True))
    at = min((one.at for one in found), default=None)
    return _together(at, [one for one in found if one.at == at]) if at is not None else None


def _together(at: datetime, found: Sequence[Coming]) -> Coming:
    """Several steps of one moment are one."""
    tells = dict(told for one in found for told in one.tells)
    tone = max(one.tone for one in found)
    return Coming(at, tuple(tells.items()), tone, any(one.lapse for one in found))


def _steps(
    alert: AlertFacts, deliveries: Sequence[DeliveryFacts], policy: Policy, now: datetime
) -> Iterator[Coming]:
    """The steps whose moment comes and that tell somebody who has not been told."""
    moments = [(step, due_at(step, alert, deliveries, now)) for step in policy.steps
               if not is_met(step.until, alert, deliveries)]  # fmt: skip
    made = {one.key for one in deliveries}
    for step, at in moments:
        if at is not None and at <= now:
            made |= {_key(step, alert, name) for name in step.tell}
    for step, at in moments:
        heard = [d for d in policy.destinations if d.name in step.tell and may_hear(d, alert.lane)]
        tells = tuple((d.name, d.kind) for d in heard if _key(step, alert, d.name) not in made)
        if at is not None and at > now and tells:
            yield Coming(at, tells)


def _key(step: Step, alert: AlertFacts, name: str) -> str:
    return key_of(alert.id, topic_of(step), round_of(step, alert), name)


def _tones(alert: AlertFacts, policy: Policy, now: datetime) -> Iterator[Coming]:
    """Consoles are loud for real alerts alone, and while nobody answers for them."""
    if alert.lane is not Lane.REAL or alert.owner is not None:
        return
    since = now if alert.waiting_since > now + AHEAD else min(alert.waiting_since, now)
    for number, after_s in enumerate(policy.console.tones_s, 1):
        at = since + timedelta(seconds=after_s)
        if at > now:
            yield Coming(at, tone=number)


def to_leave(
    row: Any, alert: AlertFacts, deliveries: Sequence[DeliveryFacts], policy: Policy, now: datetime
) -> list[dict[str, Any]]:
    """What comes next, to be written into this row; nothing where the row says the same."""
    found = coming(alert, deliveries, policy, now)
    at, step = (found.at, found.step()) if found else (None, None)
    new = (row.version, at, step, list(policy.console.tones_s))
    if new == (row.next_version, row.next_at, row.next_step, row.tones_s):
        return []
    return [{"id": row.id, "version": row.version, "next_at": at, "next_step": step}]
