"""What dispatch remembers of the open alerts on record, should the record go away.

Grey. Looked at each second and kept in memory: opaque ids, moments and deliveries, nobody's name.
The steps that are due meanwhile are told from here (decision 0039).
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlmodel import Session

from dispatch.blind_facts import BlindAlert, BlindDelivery
from tgd.rules.delivery import DeliveryState
from tgd.rules.doubt import Trust
from tgd.store import remembering as store

MOST = 500
"""Alerts that are remembered, those first that nobody has: more at once were never seen."""
ON_RECORD = "record"


@dataclass(frozen=True, slots=True)
class Remembered:
    """The open alerts, as the record had them at the last look."""

    untaken: dict[UUID, BlindAlert] = field(default_factory=dict)
    in_hands: frozenset[UUID] = frozenset()
    """Somebody has these: nobody could write down an act meanwhile, so nothing of them lapses."""


def remember(session: Session) -> Remembered:
    """What the record says now; raises what the record raises."""
    found = store.open_alerts(session, MOST)
    untaken = {row.id: _alert(row) for row in found if row.is_untaken}
    for row in store.openings_of(session, list(untaken)):
        untaken[row.alert] = untaken[row.alert].told(_delivery(row))
    return Remembered(untaken, frozenset(row.id for row in found if not row.is_untaken))


def _alert(row: Any) -> BlindAlert:
    proven = row.handset if row.trust == Trust.VERIFIED else None
    return BlindAlert(
        row.id, proven, ON_RECORD, "press", row.opened_at, row.presses,
        waiting_since=row.waiting_since, waits=row.waits, number=row.number,
    )  # fmt: skip


def _delivery(row: Any) -> BlindDelivery:
    return BlindDelivery(
        row.key, row.destination, row.step, DeliveryState(row.state), row.attempts, row.made_at,
        row.next_try_at, row.said or "", row.reference, row.round, is_on_record=True,
    )  # fmt: skip
