"""A prosecutor keeps the traces of one alert beyond their day, and lets them go again.

Positions, with the messages that hold them, up to eight days; recordings and all else while a
procedure needs them. An alert of nobody, which no court has a file of, is any prosecutor's.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.allocation.acting import NotThere, Officer, clean, must
from tgd.errors import NotAllowed, WrongState
from tgd.journal import Line
from tgd.records import Alert, KeptLonger
from tgd.rules.access import Act, may_on_call
from tgd.rules.alert import Lane
from tgd.rules.forgetting import Keeping
from tgd.rules.scope import OfAlert, reaches_alert
from tgd.store import acting, deadlines, files, nudges
from tgd.store import keeping as store

NEEDED: dict[Keeping, Act] = {
    Keeping.POSITIONS: Act.KEEP_POSITIONS, Keeping.PROCEDURE: Act.KEEP_EVIDENCE,
}  # fmt: skip
_BEGUN = {Keeping.POSITIONS: "PositionsKept", Keeping.PROCEDURE: "EvidenceKept"}
_ENDED = {Keeping.POSITIONS: "PositionsLetGo", Keeping.PROCEDURE: "EvidenceLetGo"}


def keep(
    session: Session, officer: Officer, alert_id: UUID, what: Keeping, reason: str, now: datetime
) -> None:
    """Keep this of the alert longer, for a reason. Raises NotAllowed, NotThere, Incomplete,
    WrongState."""
    seen = _reached(session, officer, NEEDED[what], alert_id)
    reason = clean(reason)
    deadlines.stand_in_line(session)
    left = store.left(session, seen.id)
    if not (left.where_ or (what is Keeping.PROCEDURE and left.heard)):
        raise WrongState("Nothing of it is kept any more.")
    row = KeptLonger(
        id=ids.new(now), alert=seen.id, what=what.value, reason=reason, by=officer.name,
        begun_at=now,
    )  # fmt: skip
    if files.add_unless_refused(session, row) is not None:
        raise WrongState("This is kept already.")
    _write(session, officer, _BEGUN[what], seen, now)


def let_go(
    session: Session, officer: Officer, alert_id: UUID, what: Keeping, now: datetime
) -> None:
    """It is needed no longer: its usual day counts again. Raises like `keep`."""
    seen = _reached(session, officer, NEEDED[what], alert_id)
    if not store.end(session, seen.id, what.value, officer.name, now):
        raise WrongState("This is not kept longer than usual.")
    _write(session, officer, _ENDED[what], seen, now)


def reaches(session: Session, officer: Officer, act: Act, person: UUID | None) -> bool:
    """Whether this prosecutor works for a court that has a file of this person, if any has."""
    on_call = officer.on_call_for if not may_on_call(officer.role, act) else frozenset()
    reach = replace(officer.reach, courts=officer.reach.courts - on_call)
    return reaches_alert(reach, OfAlert(courts=store.courts_of(session, person)))


def _reached(session: Session, officer: Officer, act: Act, alert_id: UUID) -> Alert:
    must(officer, act)
    seen = acting.alert(session, alert_id)
    if seen is None or seen.lane == Lane.CANARY:
        raise NotThere
    if not reaches(session, officer, act, seen.person):
        raise NotAllowed("Another court answers for this person.")
    return seen


def _write(session: Session, officer: Officer, act: str, seen: Alert, now: datetime) -> None:
    journal.write(session, [Line(now, officer.name, act, seen.id, seen.handset)])
    nudges.nudge(session, nudges.CONSOLE)
