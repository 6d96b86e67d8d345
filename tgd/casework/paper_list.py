"""Which papers there are of a file and of a handset now, for somebody; each by its address."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.casework.fields import word
from tgd.records import CaseFile
from tgd.rules.access import Act, may
from tgd.rules.allocation import AllocationState
from tgd.rules.scope import BY_ALERT
from tgd.store import equipment, papers

TITLES = {
    "referral": word("Report, assessment and opinion"), "consent": word("Consents, to be signed"),
    "explanation": word("Explanation sheet to take home"), "sheet": word("Case sheet"),
    "hand-over": word("Hand-over certificate"),
    "return": word("Return certificate"), "incident": word("Declaration of what befell it"),
    "timeline": word("Timeline of the file"),
    "receipt": word("Receipt of a journey"), "erasure": word("Proof of erasure"),
}  # fmt: skip
"""By what the name of a paper begins with."""
CONSENTED = (AllocationState.GRANTED, AllocationState.ACTIVE, AllocationState.SUSPENDED)


def of_file(session: Session, officer: Officer, seen: CaseFile) -> list[dict[str, Any]]:
    """Beside the decisions, which stand on the page with theirs. Nothing behind an alert."""
    if officer.role in BY_ALERT:
        return []
    said = [_one("referral")]
    said += [_one("consent"), _one("explanation")] if seen.state in CONSENTED else []
    sheet = equipment.sheet(session, seen.id)
    said += [_one("sheet", at=sheet.made_at)] if sheet and sheet.sheet else []
    if may(officer.role, Act.RECORD_CONDITION):
        said += [_one("hand-over", one.id, one.since, one.handset)
                 for one in papers.allocations(session, seen.id)]  # fmt: skip
        said.append(_one("timeline"))
        back = equipment.certificate(session, seen.id)
        said += [_one("return", at=back.given_at, handset=back.handset)] if back else []
    said += [_one("incident", one.id, one.reported_at, one.handset)
             for one in papers.incidents(session, file_id=seen.id)]  # fmt: skip
    return said


def of_handset(session: Session, handset: str) -> list[dict[str, Any]]:
    """Of the handset itself: nothing that befell it in somebody's hands."""
    said = [_one("receipt", one.id, one.sent_at) for one in papers.journeys(session, handset)]
    said += [_one("erasure", one.id, one.wiped_at) for one in papers.erasures(session, handset)]
    befell = papers.incidents(session, handset=handset)
    said += [_one("incident", i.id, i.reported_at) for i in befell if i.case_file is None]
    return sorted(said, key=lambda one: one["at"], reverse=True)


def sent_away(session: Session, courts: Collection[str]) -> list[dict[str, Any]]:
    """What these courts sent to another one that has not received it, each with its receipt."""
    return [
        _one("receipt", one.id, one.sent_at, one.handset) | {"to": one.to_name, "by": one.sent_by}
        for one in papers.journeys_from(session, courts)
    ]


def _one(
    kind: str, known: Any = None, at: datetime | None = None, handset: str | None = None
) -> dict[str, Any]:
    name = f"{kind}-{known}.pdf" if known else f"{kind}.pdf"
    return {"name": name, "kind": kind, "title": TITLES[kind], "at": at, "handset": handset}
