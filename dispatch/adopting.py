"""What was told from the spool becomes deliveries of the record, before anything is told anew.

Grey: one transaction, the one that also plans. A press that opened its alert has its keys already;
one that joined another alert brings its keys there, and the destinations are told which it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from dispatch.blind_facts import BlindAlert, BlindDelivery, spoken
from dispatch.telling import Topic
from dispatch.turn import FAULTS, WORKER, Fault
from tgd import ids, journal
from tgd.journal import Line
from tgd.rules.delivery import DeliveryState
from tgd.store import adopting as adopted_store
from tgd.store import dispatching as store
from tgd.store import merges


@dataclass(slots=True)
class Adopted:
    """Which of them the record knows now, and what went wrong with the others."""

    done: set[UUID] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


MOST = 200
"""Alerts that one turn takes over, newest first: a fresh press never waits behind an outage."""


def adopt(
    session: Session, told: Mapping[UUID, BlindAlert], now: datetime, most: int = MOST
) -> Adopted:
    """Take over what the record can name by now; the rest waits for its batch of the spool.

    One that no table takes holds no other: its alert is then told again, under the same keys.
    """
    found = Adopted()
    if not told:
        return found
    opened = merges.known_alerts(session, told)
    became = merges.merged_into(session, set(told) - opened) | {name: name for name in opened}
    became = dict(sorted(became.items(), reverse=True)[:most])
    store.lock_alerts(session, list(became.values()))
    for name, alert in became.items():
        try:
            with session.begin_nested():
                _take_over(session, told[name], alert, now)
        except (SQLAlchemyError, *FAULTS) as error:
            found.faults.append(Fault("adoption_failed", alert, error))
        found.done.add(name)
    return found


def _take_over(session: Session, told: BlindAlert, alert: UUID, now: datetime) -> None:
    made = [one for one in told.deliveries.values() if not one.is_on_record]
    rows = [_row(one, told, alert, now) for one in made]
    new = adopted_store.adopt_deliveries(session, rows)
    if alert != told.id:
        merges.mark_told(session, told.id, now)
    if not new:
        return
    journal.write(session, [
        Line(now, WORKER, "DeliveryToldBlind", alert, told.handset, _detail(one, told))
        for one in made if one.key in new
    ])  # fmt: skip
    # they know that there is an alert, and nothing more: now they hear the rest
    adopted_store.tell_the_rest(session, alert, now)


def _row(one: BlindDelivery, told: BlindAlert, alert: UUID, now: datetime) -> dict[str, Any]:
    state, again = one.state, one.next_try_at
    if state is DeliveryState.PENDING:
        again = now
    if alert != told.id and not state.is_settled:
        # the alert that it joined is told by itself: this one is over
        state, again = DeliveryState.WITHDRAWN, None
    return {
        "id": ids.new(now), "key": one.key, "alert": alert, "destination": one.destination,
        "topic": Topic.OPENED.value, "round": one.round, "step": one.step, "state": state.value,
        "attempts": one.attempts, "next_try_at": again, "lease_owner": None, "lease_token": 1,
        "lease_until": None, "made_at": one.made_at, "told_at": one.made_at,
        "received_at": now if state.has_arrived else None, "said": one.said[:200],
        "reference": one.reference and one.reference[:120],
    }  # fmt: skip


def _detail(one: BlindDelivery, told: BlindAlert) -> dict[str, Any]:
    return {
        "destination": one.destination, "state": one.state.value, "attempt": one.attempts,
        "told_at": one.made_at.isoformat(), "reference": spoken(told),
        "told": str(told.id),
    }  # fmt: skip
