"""What is to be mended on handsets, settled by a human; never an alert."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import journal
from tgd.alerts.acts import Actor
from tgd.errors import NotAllowed, WrongState
from tgd.journal import Line
from tgd.rules.access import Act, may
from tgd.store import console as store


def settle(session: Session, actor: Actor, item: UUID, now: datetime) -> None:
    """The cause was dealt with. Raises NotAllowed, and WrongState when it is settled already."""
    if actor.role is None or not may(actor.role, Act.SETTLE_TECHNICAL):
        raise NotAllowed
    found = store.settle_item(session, item, actor.name, now)
    if found is None:
        raise WrongState("This is settled already.")
    detail = {"kind": found.kind}
    journal.write(session, [Line(now, actor.name, "TechnicalSettled", None, found.handset, detail)])
