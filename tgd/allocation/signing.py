"""A decision as it is kept and written down: what all of those that a prosecutor signs share."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import Officer, clean, write, zone_of
from tgd.records import CaseFile, Decision
from tgd.rules import law
from tgd.rules.allocation import DecisionKind, content_hash
from tgd.rules.deadlines import day_in, period_end

_RUN = (DecisionKind.GRANT, DecisionKind.RENEW, DecisionKind.SHORTEN)


def sign(
    session: Session, officer: Officer, seen: CaseFile, kind: DecisionKind, reasons: str,
    said: law.Advice, now: datetime, begins_on: date | None = None,
    ends_at: datetime | None = None, *, against: bool = False,
) -> Decision:  # fmt: skip
    """The decision as it is kept: with the text in force, the advice, and a hash of its words."""
    zone = zone_of(session, seen)
    if kind in _RUN:
        begins_on = begins_on or day_in(zone, now)
        ends_at = ends_at or period_end(begins_on, said.text.months, zone)
    words: dict[str, Any] = {
        "kind": kind.value, "file": seen.id, "reasons": clean(reasons), "by": officer.name,
        "signed_at": now.isoformat(), "begins_on": begins_on, "ends_at": ends_at,
        "text": said.text.version,
    }  # fmt: skip
    return Decision(
        id=ids.new(now), case_file=seen.id, person=seen.person, kind=kind.value,
        reasons=words["reasons"], begins_on=begins_on, ends_at=ends_at,
        text_version=said.text.version, route=said.route.value if said.route else None,
        advice={f.condition.value: f.met for f in said.findings}, against_advice=against,
        by=officer.name, on_call=seen.court in officer.on_call_for, signed_at=now,
        content_hash=content_hash(words),
    )  # fmt: skip


def written(session: Session, seen: CaseFile, signed: Decision, now: datetime) -> Decision:
    """The journal's line of it."""
    write(
        session, signed.by, "DecisionSigned", now, file=seen.id, decision=str(signed.id),
        kind=signed.kind, text=signed.text_version, against_advice=signed.against_advice,
        on_call=signed.on_call, hash=signed.content_hash,
    )  # fmt: skip
    return signed
