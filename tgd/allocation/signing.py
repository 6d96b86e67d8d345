"""A decision as it is kept and written down: what all of those that a prosecutor signs share."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import Officer, clean, write, zone_of
from tgd.records import CaseFile, Decision
from tgd.rules import law
from tgd.rules.allocation import DecisionKind, content_hash, reference
from tgd.rules.deadlines import day_in, period_end
from tgd.store import accounts, files

_RUN = (DecisionKind.GRANT, DecisionKind.RENEW, DecisionKind.SHORTEN)


def sign(
    session: Session, officer: Officer, seen: CaseFile, kind: DecisionKind, reasons: str,
    said: law.Advice, now: datetime, begins_on: date | None = None,
    ends_at: datetime | None = None, *, against: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Decision:  # fmt: skip
    """The decision as it is kept: with the text in force, the advice, what was checked before it,
    the facts of the file as they are now, who signs, and a hash of all of it."""
    zone = zone_of(session, seen)
    if kind in _RUN:
        begins_on = begins_on or day_in(zone, now)
        ends_at = ends_at or period_end(begins_on, said.text.months, zone)
    made = Decision(
        id=ids.new(now), case_file=seen.id, person=seen.person, kind=kind.value,
        reasons=clean(reasons), begins_on=begins_on, ends_at=ends_at,
        text_version=said.text.version, route=said.route.value if said.route else None,
        advice={f.condition.value: f.met for f in said.findings}, against_advice=against,
        by=officer.name, on_call=seen.court in officer.on_call_for, signed_at=now,
        content_hash="", details=_plain(details or {}),
        facts=_facts(session, officer, seen, kind, said),
    )  # fmt: skip
    made.content_hash = fingerprint(made)
    return made


def _facts(
    session: Session, officer: Officer, seen: CaseFile, kind: DecisionKind, said: law.Advice
) -> dict[str, Any]:  # fmt: skip
    """What the paper prints and the file may say otherwise tomorrow."""
    court, person = files.court(session, seen.court), files.person(session, seen.person)
    him = files.restrained_person(session, seen.id)
    name, capacity = accounts.printed(session, officer.name)
    return {
        "signatory": {"name": name, "capacity": capacity},
        "court": {"name": court.name if court else "", "zone": zone_of(session, seen)},
        "file": reference(seen.number), "person": person.name if person else "",
        "restrained_person": him.name if him else None,
        "law": {"article": said.text.article, "from_day": said.text.from_day.isoformat(),
                "by_law": said.text.by_law, "paragraphs": _paragraphs(kind, said)},
        "conditions": {
            found.condition.value: {"reference": found.reference} for found in said.findings
        } | {
            row.condition: {"reference": said.text.place_of(row.condition), "found": row.found,
                            "evidence": row.evidence}
            for row in files.conditions(session, seen.id)
        },
    }  # fmt: skip


def _paragraphs(kind: DecisionKind, said: law.Advice) -> list[list[str]]:
    """The wording on which it rests: of its route, and of a shortening."""
    names = [said.route.value] if said.route else []
    names += ["shortening"] if kind is DecisionKind.SHORTEN else []
    return [[place, words] for name in names for place, words in said.text.words_of(name)]


def _plain(words: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON keeps them, so that what is read back is what was signed."""
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in words.items()}


def fingerprint(signed: Decision) -> str:
    """The hash of everything that was signed, to be made again from the record at any time."""
    ends_at = signed.ends_at.astimezone(UTC).isoformat() if signed.ends_at else None
    return content_hash(
        {
            "id": str(signed.id), "kind": signed.kind, "case_file": str(signed.case_file),
            "person": str(signed.person), "reasons": signed.reasons, "by": signed.by,
            "on_call": signed.on_call, "signed_at": signed.signed_at.astimezone(UTC).isoformat(),
            "begins_on": signed.begins_on.isoformat() if signed.begins_on else None,
            "ends_at": ends_at, "text": signed.text_version, "route": signed.route,
            "advice": signed.advice, "against_advice": signed.against_advice,
            "details": signed.details, "facts": signed.facts,
        }
    )  # fmt: skip


def is_whole(signed: Decision) -> bool | None:
    """Whether the record still holds what was signed; None for one of before facts were kept."""
    return signed.content_hash == fingerprint(signed) if signed.facts else None


def written(session: Session, seen: CaseFile, signed: Decision, now: datetime) -> Decision:
    """The journal's line of it."""
    write(
        session, signed.by, "DecisionSigned", now, file=seen.id, decision=str(signed.id),
        kind=signed.kind, text=signed.text_version, against_advice=signed.against_advice,
        on_call=signed.on_call, hash=signed.content_hash, **signed.details,
    )  # fmt: skip
    return signed
