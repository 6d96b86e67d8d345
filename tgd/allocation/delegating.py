"""Who decides for a court on call: given for a period by a prosecutor of the court, and ended."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import NotThere, Officer, must, write
from tgd.errors import Incomplete, WrongState
from tgd.records import Clearance
from tgd.rules.access import Act, Role
from tgd.rules.deadlines import USUAL_ZONE
from tgd.rules.delegation import at_the_court, fits, standing
from tgd.store import accounts, delegations, files

ON_CALL = "on_call"


def delegate(
    session: Session, officer: Officer, account: str, court: str, begins: datetime,
    ends: datetime, now: datetime,
) -> Clearance:  # fmt: skip
    """This prosecutor decides for this court between these hours of the court's own clock.

    By somebody who is cleared for it herself, not on call. Raises NotAllowed, NotThere, Incomplete,
    WrongState.
    """
    must(officer, Act.DELEGATE)
    if court not in own_courts(officer):
        raise NotThere("There is no such court.")
    known = accounts.account(session, account)
    if known is None or known.role != Role.PROSECUTOR:
        raise Incomplete("Only a prosecutor decides on call: choose one.")
    zone = _zone(session, court)
    begins_at, ends_at = (at_the_court(one, zone).astimezone(UTC) for one in (begins, ends))
    if not fits(begins_at, ends_at, now):
        raise Incomplete("A delegation ends after it begins, later than now, within seven days.")
    delegations.stand_in_line(session, account)
    if delegations.overlapping(session, account, court, begins_at, ends_at):
        raise WrongState("This person is on call for this court then already.")
    row = Clearance(
        id=ids.new(now), account=account, kind=ON_CALL, court=court, begins_at=begins_at,
        ends_at=ends_at, given_by=officer.name,
    )  # fmt: skip
    files.add(session, row)
    write(session, officer.name, "DelegationGiven", now, account=account, court=court,
          delegation=str(row.id), begins_at=begins_at.isoformat(),
          ends_at=ends_at.isoformat())  # fmt: skip
    return row


def end_delegation(session: Session, officer: Officer, delegation: UUID, now: datetime) -> None:
    """It ends now: from this moment the files of the court are not there for that person.

    Raises NotAllowed, NotThere, WrongState.
    """
    must(officer, Act.DELEGATE)
    seen = files.clearance(session, delegation)
    if seen is None or seen.kind != ON_CALL or seen.court not in own_courts(officer):
        raise NotThere
    if not delegations.end(session, delegation, officer.name, now):
        raise WrongState("This delegation has ended already.")
    write(session, officer.name, "DelegationEnded", now, account=seen.account, court=seen.court,
          delegation=str(seen.id))  # fmt: skip


def delegations_shown(session: Session, officer: Officer, now: datetime) -> dict[str, Any]:
    """The delegations of this person's own courts, newest first, and who can be asked."""
    must(officer, Act.DELEGATE)
    courts = sorted(own_courts(officer))
    rows = [dict(row._mapping) for row in delegations.of_courts(session, courts)]
    for row in rows:
        row["zone"] = _zone(session, row["court"])
        row["standing"] = standing(row["begins_at"], row["ends_at"], row["revoked_at"], now).value
    return {"delegations": rows, "courts": courts, "prosecutors": delegations.prosecutors(session)}


def own_courts(officer: Officer) -> frozenset[str]:
    """The courts that she is cleared for by herself: on call nothing is handed on."""
    return officer.reach.courts - officer.on_call_for


def _zone(session: Session, court: str) -> str:
    known = files.court(session, court)
    return known.zone if known else USUAL_ZONE
