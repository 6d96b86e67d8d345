"""An alert goes from one colleague to another by an offer and a yes, whatever was asked already.

Until the yes the giver answers for it: nobody waits between two hands.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd.alerts import acts
from tgd.alerts.acts import NOT_OFFERED, Actor
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.records import Alert
from tgd.rules.access import Act, may
from tgd.rules.alert import AlertEvent, AlertState
from tgd.store import acting
from tgd.store import shifts as store


def offer(session: Session, actor: Actor, alert_id: UUID, to: str, now: datetime) -> Alert:
    """Ask one colleague, who is on shift, to answer for it from now on. Raises NotAllowed,
    WrongState, SomebodyWasFaster, Incomplete."""
    seen = acts.owned(session, actor, alert_id, Act.RELEASE)
    if seen.state == AlertState.CLOSED:
        raise WrongState("This alert is closed already.")
    if to not in store.colleagues(session, actor.name):
        raise Incomplete("Choose a colleague who is on shift.")
    changes = {"offered_to": to, "offered_at": now}
    return acts.write_act(session, actor, seen, "AlertOffered", now, {"to": to}, changes)


def accept(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """Answer for what one was offered: state, request and notes stay as they are. One who is too
    late is told who has it. Raises NotAllowed, WrongState, SomebodyWasFaster."""
    seen = _offered(session, actor, alert_id)
    if seen.offered_to != actor.name:
        raise WrongState("This alert is not offered to you any more.")
    changes = {"owner": actor.name, "acted_at": now,
               "owner_seen_at": now if actor.has_screen else None, **NOT_OFFERED}  # fmt: skip
    return acts.move(
        session, actor, seen, AlertEvent.TAKE, "AlertHandedOn", now, changes, {"from": seen.owner}
    )


def decline(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """The one who is asked says no, or the giver takes the offer back. Raises like `accept`."""
    seen = _offered(session, actor, alert_id)
    if actor.name not in (seen.offered_to, seen.owner):
        raise WrongState("This alert is not offered to you any more.")
    act = "OfferDeclined" if seen.offered_to == actor.name else "OfferTakenBack"
    detail = {"to": seen.offered_to}
    return acts.write_act(session, actor, seen, act, now, detail, dict(NOT_OFFERED))


def _offered(session: Session, actor: Actor, alert_id: UUID) -> Alert:
    if actor.role is None or not may(actor.role, Act.TAKE):
        raise NotAllowed
    seen = acting.alert(session, alert_id)
    if seen is None or seen.state == AlertState.CLOSED or seen.offered_to is None:
        raise WrongState("This alert is not offered to you any more.")
    return seen
