"""With which associations a court works, until when; and who is cleared to work for whom."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import NotThere, Officer, clean, must, write
from tgd.allocation.courts import COMMAND_LINE
from tgd.errors import Incomplete, WrongState
from tgd.records import PartnershipAgreement
from tgd.rules.access import Act
from tgd.rules.deadlines import RULES, DeadlineKind, end_of
from tgd.rules.delegation import standing
from tgd.store import files, terms, whose
from tgd.store.terms import Term

SHOWN_AFTER_END = timedelta(days=90)


def agree(
    session: Session, officer: Officer | None, court: str, association: str, reference: str,
    last_day: date, now: datetime,
) -> PartnershipAgreement:  # fmt: skip
    """An agreement that both have signed, from now to the end of a day at the court.

    By a prosecutor of the court, or the command line. Its end is a deadline; one that lasts longer
    settles that of the one before. Raises NotAllowed, NotThere, Incomplete.
    """
    if officer is not None:
        must(officer, Act.CLEAR)
    known = files.court(session, court)
    if known is None or (officer is not None and court not in own_courts(officer)):
        raise NotThere("There is no such court.")
    row = PartnershipAgreement(
        id=ids.new(now), court=court, association=clean(association)[:80],
        reference=clean(reference)[:120], begins_at=now, ends_at=end_of(last_day, known.zone),
        recorded_by=officer.name if officer else COMMAND_LINE, recorded_at=now,
    )  # fmt: skip
    if row.ends_at <= now:
        raise Incomplete("An agreement ends on a day to come.")
    files.stand_in_line_of_court(session, court)
    files.add(session, row)
    terms.plan(session, Term.AGREEMENT, row.id, row.ends_at, now)
    terms.settle_followed(session, Term.AGREEMENT, row.id, row.recorded_by, now)
    write(session, row.recorded_by, "AgreementRecorded", now, agreement=str(row.id), court=court,
          association=row.association, until=row.ends_at.isoformat())  # fmt: skip
    return row


def end_agreement(
    session: Session, officer: Officer | None, agreement: UUID, now: datetime
) -> None:
    """It ends now; no clearance ends by it: who accompanies somebody tonight goes on until a
    prosecutor revokes that. Raises NotAllowed, NotThere, WrongState."""
    if officer is not None:
        must(officer, Act.CLEAR)
    seen = terms.agreement(session, agreement)
    if seen is None or (officer is not None and seen.court not in own_courts(officer)):
        raise NotThere
    by = officer.name if officer else COMMAND_LINE
    files.stand_in_line_of_court(session, seen.court)
    if not terms.revoke(session, Term.AGREEMENT, agreement, by, now):
        raise WrongState("This agreement has ended already.")
    terms.settle(session, Term.AGREEMENT, agreement, by, now)
    again = terms.reopen_followed(session, Term.AGREEMENT, agreement, now)
    write(session, by, "AgreementEnded", now, agreement=str(agreement), court=seen.court,
          association=seen.association, reminded_again=again)  # fmt: skip


def own_courts(officer: Officer) -> frozenset[str]:
    """The courts that this person is cleared for by herself, not on call."""
    return officer.reach.courts - officer.on_call_for


def terms_shown(session: Session, officer: Officer, now: datetime) -> dict[str, Any]:
    """Clearances and agreements of this person's own courts, and for whom new ones can be."""
    must(officer, Act.SEE_CLEARANCES)
    courts, since = sorted(own_courts(officer)), now - SHOWN_AFTER_END
    cleared = [_shown(row, DeadlineKind.CLEARANCE_END, now)
               for row in terms.clearances(session, courts, since)]  # fmt: skip
    agreed = [_shown(row, DeadlineKind.AGREEMENT_END, now)
              for row in terms.agreements(session, courts, since)]  # fmt: skip
    return {
        "clearances": cleared, "agreements": agreed, "courts": courts,
        "associations": sorted({a["association"] for a in agreed if a["standing"] == "running"}),
        "rooms": whose.rooms_of(session, courts),
        "accounts": [dict(row._mapping) for row in terms.who_may_be_cleared(session)],
    }  # fmt: skip


def _shown(row: Any, kind: DeadlineKind, now: datetime) -> dict[str, Any]:
    """The row with how it stands, and whether its owner has been told of its end already."""
    how = standing(row.begins_at, row.ends_at, row.revoked_at, now).value
    is_near = how == "running" and row.ends_at - RULES[kind].warn_before <= now
    return dict(row._mapping) | {"standing": how, "is_near": is_near}
