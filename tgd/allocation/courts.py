"""Who works for whom: courts, stocks, communes, and individual clearances with their end."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import NotThere, Officer, clean, must, write
from tgd.errors import Incomplete, NotAllowed
from tgd.records import Clearance, Commune, Court, Pool
from tgd.rules.access import Act, Role
from tgd.rules.territory import Area
from tgd.store import accounts, delegations, files, terms, whose
from tgd.store.terms import Term

COMMAND_LINE = "command line"


def make_court(
    session: Session, code: str, name: str, zone: str, now: datetime, by: str = COMMAND_LINE
) -> Court:
    """A court whose civil days are those of this zone. Raises Incomplete."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Incomplete("There is no such time zone: write it like Europe/Paris.") from None
    row = Court(code=clean(code)[:40], name=clean(name)[:120], zone=zone)
    if files.add_unless_refused(session, row) is not None:
        raise Incomplete("There is a court with this code already.")
    write(session, by, "CourtMade", now, court=row.code)
    return row


def make_pool(
    session: Session, code: str, court: str, name: str, now: datetime, *, floor: int = 1,
    by: str = COMMAND_LINE,
) -> Pool:  # fmt: skip
    """A stock at a court. Raises Incomplete, NotThere."""
    if files.court(session, court) is None:
        raise NotThere("There is no such court.")
    row = Pool(code=clean(code)[:40], court=court, name=clean(name)[:120], floor=floor)
    if files.add_unless_refused(session, row) is not None:
        raise Incomplete("There is a stock with this code already, or its floor is below zero.")
    write(session, by, "PoolMade", now, pool=row.code, court=court)
    return row


def import_communes(
    session: Session, areas: Iterable[Area], now: datetime, by: str = COMMAND_LINE
) -> int:
    """Whose area each commune is in; what is known already is replaced. Raises NotThere."""
    count = 0
    for area in areas:
        if files.court(session, area.court) is None:
            raise NotThere("There is no such court.")
        box = [area.box.south, area.box.west, area.box.north, area.box.east] if area.box else None
        files.put_commune(
            session,
            Commune(insee=area.insee, name=area.name, court=area.court, force=area.force.value,
                    control_room=area.control_room, box=box),
        )  # fmt: skip
        count += 1
    write(session, by, "CommunesImported", now, count=count)
    return count


def clear(
    session: Session, officer: Officer | None, account: str, ends_at: datetime, now: datetime, *,
    court: str | None = None, association: str | None = None, kind: str = "standing",
    begins_at: datetime | None = None, control_room: str | None = None,
) -> Clearance:  # fmt: skip
    """Habilitate an account, for one court, as an agent of one association or of one control room,
    until a day.

    A prosecutor clears for her own courts, for the rooms that are sent somewhere in their area and
    for the associations that have an agreement with one of them, no longer than it lasts (the
    command line for all, for any time); `on_call` is a delegation to decide for a court. Raises
    NotAllowed, NotThere, Incomplete.
    """
    if officer is not None:
        must(officer, Act.CLEAR)
        _must_be_hers_to_give(session, officer, account, court, control_room)
        if association is not None:
            _must_be_agreed(session, officer, association, ends_at, now)
    if not files.account_is_known(session, account):
        raise NotThere("There is no such account.")
    _must_fit(session, account, association, control_room)
    delegations.stand_in_line(session, account)
    row = Clearance(
        id=ids.new(now), account=account, kind=kind, court=court, association=association,
        control_room=control_room, begins_at=begins_at or now, ends_at=ends_at,
        given_by=officer.name if officer else COMMAND_LINE,
    )  # fmt: skip
    refused_by = files.add_unless_refused(session, row)
    if refused_by is not None:
        raise Incomplete(
            "A clearance is for one court, one association or one control room, and ends after it"
            " begins."
        )
    if kind == "standing":  # nobody is reminded of the end of a night
        terms.plan(session, Term.CLEARANCE, row.id, ends_at, now)
    terms.settle_followed(session, Term.CLEARANCE, row.id, row.given_by, now)
    write(session, row.given_by, "Cleared", now, account=account, court=court, kind=kind,
          association=association, control_room=control_room,
          until=ends_at.isoformat())  # fmt: skip
    return row


def _must_be_hers_to_give(
    session: Session, officer: Officer, account: str, court: str | None, control_room: str | None
) -> None:
    own = sorted(officer.reach.courts - officer.on_call_for)
    if account == officer.name:
        raise Incomplete("Nobody clears herself: another prosecutor does it.")
    if court is not None and court not in own:
        raise NotThere("There is no such court.")
    if control_room is not None and control_room not in whose.rooms_of(session, own):
        raise NotThere("This control room is sent nowhere in the area of your court.")


def _must_be_agreed(
    session: Session, officer: Officer, association: str, ends_at: datetime, now: datetime
) -> None:
    own = sorted(officer.reach.courts - officer.on_call_for)
    until = terms.agreed_until(session, own, association, now)
    if until is None:
        raise Incomplete("Your court has no agreement with this association that runs.")
    if ends_at > until:
        raise Incomplete("This is longer than the agreement with the association lasts.")


def _must_fit(
    session: Session, account: str, association: str | None, control_room: str | None
) -> None:
    """A clearance of the wrong kind would be one that opens nothing."""
    known = accounts.account(session, account)
    role = known.role if known else None
    wants = (role == Role.ASSOCIATION, role == Role.CONTROL_ROOM)
    if wants != (association is not None, control_room is not None):
        raise Incomplete(
            "Agents of an association are cleared for it, people of a control room for it, all"
            " others for a court."
        )


def revoke(session: Session, officer: Officer | None, clearance: UUID, now: datetime) -> None:
    """It ends now; one before it that it had followed is reminded of again. Raises NotAllowed,
    NotThere."""
    seen = files.clearance(session, clearance)
    if officer is not None:
        must(officer, Act.CLEAR)
        own = sorted(officer.reach.courts - officer.on_call_for)
        if seen is not None and not terms.is_theirs(session, clearance, own):
            raise NotThere
    by = officer.name if officer else COMMAND_LINE
    if seen is not None:
        delegations.stand_in_line(session, seen.account)
    if seen is None or not terms.revoke(session, Term.CLEARANCE, clearance, by, now):
        raise NotThere("There is no such clearance.")
    terms.settle(session, Term.CLEARANCE, clearance, by, now)
    again = terms.reopen_followed(session, Term.CLEARANCE, clearance, now)
    write(session, by, "ClearanceRevoked", now, account=seen.account, reminded_again=again)


def may_decide(officer: Officer, court: str) -> bool:
    """Whether this officer may sign for this court now, in her own name or on call."""
    try:
        must(officer, Act.DECIDE)
    except NotAllowed:
        return False
    return court in officer.reach.courts
