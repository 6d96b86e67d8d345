"""A patrol has set out: said by those who sent it, with the minutes that they expect it to take.

It changes no state: until a patrol is there nothing rests, rings less or is closed because of it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.errors import WrongState
from tgd.records import Alert
from tgd.store import acting


def set_out(
    session: Session, actor: Actor, alert_id: UUID, now: datetime, minutes: int | None = None
) -> Alert:
    """Somebody is on the way; said again, what was expected last counts. Raises WrongState,
    SomebodyWasFaster."""
    seen = acting.alert(session, alert_id)
    if seen is None:
        raise WrongState("There is no such alert.")
    at = now + timedelta(minutes=minutes) if minutes is not None else None
    detail = {} if minutes is None else {"minutes": minutes}
    changes = {"on_the_way_at": now, "expected_at": at}
    return acts.write_act(session, actor, seen, "PatrolOnTheWay", now, detail, changes)
