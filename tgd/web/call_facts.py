"""The calls of an alert as values for the sheet: legs as they are, recordings and who may hear."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.accounts import Seat
from tgd.alerts.calling import IN_OTHER_HANDS
from tgd.records import Alert
from tgd.rules.access import Act, may
from tgd.rules.alert import AlertState
from tgd.rules.calling import LegState
from tgd.store import calls as store
from tgd.store import console


def calls_of(session: Session, alert: Alert) -> list[dict[str, Any]]:
    """Each call with the state of both telephones; no number."""
    return [dict(row._mapping) for row in store.conversations_of(session, alert.id)]


def recordings_of(session: Session, seat: Seat, alert: UUID) -> list[dict[str, Any]]:
    """What was recorded, for how long it is kept, and whether this person may hear it."""
    hears = may(seat.role, Act.HEAR_RECORDING) and not seat.locked
    return [
        dict(row._mapping) | {"id": str(row.id), "hears": hears and row.erased_at is None}
        for row in store.recordings_of(session, alert)
    ]


def may_speak(session: Session, seat: Seat, alert: Alert) -> bool:
    """Whether the page offers to be heard, to who only listens; the act decides again."""
    if alert.owner != seat.name or not may(seat.role, Act.CALL):
        return False
    return any(
        call.listen_only and call.wanted_by == seat.name and call.speak_wanted_at is None
        and not LegState(call.operator).is_over and not LegState(call.handset).is_over
        for call in store.conversations_of(session, alert.id) if call.ended_at is None
    )  # fmt: skip


def may_call(session: Session, seat: Seat, alert: Alert) -> bool:
    """Whether the page offers the call; the act decides again."""
    return (
        may(seat.role, Act.CALL)
        and alert.owner == seat.name and alert.state != AlertState.CLOSED
        and not IN_OTHER_HANDS & set(alert.labels)
        and console.number_of(session, alert.handset) is not None
        and all(call.ended_at for call in store.conversations_of(session, alert.id))
    )  # fmt: skip
