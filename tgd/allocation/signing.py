"""A decision as it is kept and written down: what all of those that a prosecutor signs share."""

from collections.abc import Mapping
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
    details: Mapping[str, Any] | None = None,
) -> Decision:  # fmt: skip
    """The decision as it is kept: with the text in force, the advice, what was checked before it,
    and a hash of all that is signed."""
    zone = zone_of(session, seen)
    if kind in _RUN:
        begins_on = begins_on or day_in(zone, now)
        ends_at = ends_at or period_end(begins_on, said.text.months, zone)
    on_call = seen.court in officer.on_call_for
    told = {f.condition.value: f.met for f in said.findings}
    kept = {k: v.isoformat() if isinstance(v, date) else v for k, v in (details or {}).items()}
    words: dict[str, Any] = {
        "kind": kind.value, "file": seen.id, "reasons": clean(reasons), "by": officer.name,
        "signed_at": now.isoformat(), "begins_on": begins_on, "ends_at": ends_at,
        "text": said.text.version, "route": said.route, "on_call": on_call, "details": kept,
        "advice": told, "against_advice": against,
    }  # fmt: skip
    return Decision(
        id=ids.new(now), case_file=seen.id, person=seen.person, kind=kind.value,
        reasons=words["reasons"], begins_on=begins_on, ends_at=ends_at,
        text_version=said.text.version, route=said.route.value if said.route else None,
        advice=told, against_advice=against, by=officer.name, on_call=on_call, signed_at=now,
        content_hash=content_hash(words), details=kept,
    )  # fmt: skip


def written(session: Session, seen: CaseFile, signed: Decision, now: datetime) -> Decision:
    """The journal's line of it."""
    write(
        session, signed.by, "DecisionSigned", now, file=seen.id, decision=str(signed.id),
        kind=signed.kind, text=signed.text_version, against_advice=signed.against_advice,
        on_call=signed.on_call, hash=signed.content_hash, **signed.details,
    )  # fmt: skip
    return signed
