"""What is to be mended on handsets, settled by a human; never an alert."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from tgd import journal
from tgd.alerts.acts import SHORTEST_REASON, Actor
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.journal import Line
from tgd.rules.access import Act, may
from tgd.store import console as store

HOURS = ("1", "4", "12", "24")
"""For how long something may be put aside."""
LONGEST_WHY = 400


def settle(session: Session, actor: Actor, item: UUID, now: datetime) -> None:
    """The cause was dealt with. Raises NotAllowed, and WrongState when it is settled already."""
    if actor.role is None or not may(actor.role, Act.SETTLE_TECHNICAL):
        raise NotAllowed
    found = store.settle_item(session, item, actor.name, now)
    if found is None:
        raise WrongState("This is settled already.")
    detail = {"kind": found.kind}
    journal.write(session, [Line(now, actor.name, "TechnicalSettled", None, found.handset, detail)])


def shelve(session: Session, actor: Actor, item: UUID, hours: str, why: str, now: datetime) -> None:
    """Put it aside for some hours, with a reason: it comes back by itself. Raises NotAllowed,
    Incomplete, and WrongState when it is settled already."""
    if actor.role is None or not may(actor.role, Act.SETTLE_TECHNICAL):
        raise NotAllowed
    if hours not in HOURS:
        raise Incomplete("Choose for how many hours, 24 at most.")
    why = why.strip()[:LONGEST_WHY]
    if len(why) < SHORTEST_REASON:
        raise Incomplete("Say why in at least 10 characters.")
    until = now + timedelta(hours=int(hours))
    found = store.shelve_item(session, item, actor.name, why, until)
    if found is None:
        raise WrongState("This is settled already.")
    detail = {"kind": found.kind, "until": until.isoformat()}
    journal.write(session, [Line(now, actor.name, "TechnicalShelved", None, found.handset, detail)])
