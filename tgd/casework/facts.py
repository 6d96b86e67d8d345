"""What a case file shows to somebody: each part only where the rules of scope show it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation import equipping, referring, sheets
from tgd.allocation.acting import NotThere, Officer, found, owned, write
from tgd.casework import assessed, copies, decided, hers, paper_list, sheet_form, tested
from tgd.casework.file_acts import FILE_ACTS
from tgd.errors import Refusal
from tgd.records import CaseFile, Deadline
from tgd.rules import case_sheet, law
from tgd.rules.access import Act, Role, may, may_on_call
from tgd.rules.allocation import AllocationState, reference
from tgd.rules.deadlines import RULES, Chased, DeadlineKind, is_quiet
from tgd.rules.guards import sentences
from tgd.rules.handset import ConsentScope
from tgd.rules.scope import BY_ALERT, FileGroup, shows, shows_his_release
from tgd.store import (
    board,
    casework,
    deadlines,
    equipment,
    files,
    inventory,
    keeping,
    notices,
    purging,
    transfers,
)

_G = FileGroup
GONE = ("lost", "stolen", "faulty", "quarantined")
LISTS: dict[str, frozenset[str]] = {
    "to_decide": frozenset({"decision_pending", "opinion_given"}),
    "reported": frozenset({"reported", "under_evaluation"}),
    "to_equip": frozenset({"granted"}),
    "running": frozenset({"active", "suspended"}),
    "due_back": frozenset({"expired", "withdrawn"}),
    "ended": frozenset({"refused", "merged", "closed"}),
}
"""The lists of the page, each with its states."""
ENDED_SHOWN = timedelta(days=30)
PAGE = 25
"""So many files of each list are shown at once."""
LONGEST_SOUGHT = 80


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of each list, and how long each list is."""

    lists: dict[str, list[dict[str, Any]]]
    totals: dict[str, int]


def listed(
    session: Session, officer: Officer, now: datetime, *, only: str | None = None, page: int = 1,
    limit: int = PAGE,
) -> Listed:  # fmt: skip
    """The files of this person list by list, or one list only; pages are counted from 1."""
    courts, association = _where(officer)
    asked = {name: states for name, states in LISTS.items() if only in (None, name)}
    rows = casework.listed(
        session, courts, association, asked, now - ENDED_SHOWN, skip=(page - 1) * limit,
        limit=limit,
    )  # fmt: skip
    found = Listed({name: [] for name in asked}, dict.fromkeys(asked, 0))
    for row in rows:
        found.lists[row.list].append(_row(row, now))
        found.totals[row.list] = row.total
    return found


def sought(session: Session, officer: Officer, words: str, now: datetime) -> list[dict[str, Any]]:
    """Their files by the number that people call TGD-000042, or by a part of her name."""
    said = words.strip()[:LONGEST_SOUGHT]
    if not said:
        return []
    named = re.fullmatch(r"(?:TGD-)?([0-9]{1,12})", said, re.IGNORECASE)
    courts, association = _where(officer)
    rows = casework.sought(session, courts, association, said, int(named[1]) if named else None)
    return [_row(row, now) for row in rows]


def _where(officer: Officer) -> tuple[frozenset[str], str | None]:
    """Whose files these are: of courts, or of an association."""
    association = officer.reach.association if officer.role is Role.ASSOCIATION else None
    in_court = officer.role in (Role.PROSECUTOR, Role.REGISTRY)
    return (officer.reach.courts | officer.on_call_for if in_court else frozenset()), association


def _row(row: Any, now: datetime) -> dict[str, Any]:
    said = {name: value for name, value in row._mapping.items() if name not in ("list", "total")}
    is_near = row.due_at is not None and _is_near(row.due_kind, row.due_at, now)
    return said | {"reference": reference(row.number), "is_near": is_near}


def _is_near(kind: str, due_at: datetime, now: datetime) -> bool:
    """Whether its owner has been told of it already."""
    return due_at - RULES[DeadlineKind(kind)].warn_before <= now


def file_of(session: Session, officer: Officer, file_id: UUID, now: datetime) -> dict[str, Any]:
    """All that this person may see of a file now; that it was looked at is written down.

    Raises NotAllowed, NotThere.
    """
    seen = _reached(session, officer, file_id)
    whose = owned(session, officer, seen)
    groups = {group for group in FileGroup if _shows(officer, group, seen, whose)}
    said = _head(session, officer, seen)
    for group, part in _PARTS.items():
        said[group.value] = part(session, officer, seen, now) if group in groups else None
    said |= _transfers(session, officer, seen)
    said["may"] = _offered(session, officer, seen, is_held=said["is_held"])
    said["signs_as"] = decided.signs_as(session, officer)
    said["papers"] = paper_list.of_file(session, officer, seen)
    said |= hers.hers(session, officer, seen, said["may"])
    said["other_courts"] = _other_courts(session, seen) if "ask-transfer" in said["may"] else []
    write(session, officer.name, "AccessLogged", now, file=seen.id,
          groups=sorted(group.value for group in groups))  # fmt: skip
    return said


def must_reach(session: Session, officer: Officer, act: Act, file_id: UUID) -> None:
    """Before the fields of a form are read: whoever may not learn of the file learns nothing by
    a bad form. Raises NotAllowed, NotThere."""
    found(session, officer, act, file_id)


def _reached(session: Session, officer: Officer, file_id: UUID) -> CaseFile:
    try:
        return found(session, officer, Act.SEE_FILES, file_id)
    except NotThere:
        if not may(officer.role, Act.DECIDE):
            raise
        return found(session, officer, Act.DECIDE, file_id)


def _shows(officer: Officer, group: FileGroup, seen: CaseFile, whose: Any) -> bool:
    if officer.role is Role.PROSECUTOR and seen.court in officer.on_call_for:
        return True
    return shows(officer.reach, group, whose)


def _head(session: Session, officer: Officer, seen: CaseFile) -> dict[str, Any]:
    court, held = files.court(session, seen.court), _held(session, seen)
    of_him = shows_his_release(officer.role)
    return {
        "id": str(seen.id), "reference": reference(seen.number), "state": seen.state,
        "version": seen.version, "court": seen.court, "court_name": court.name if court else None,
        "zone": court.zone if court else None, "association": seen.association,
        "opened_at": seen.opened_at, "changed_at": seen.changed_at, "begins_on": seen.begins_on,
        "ends_at": seen.ends_at, "release_on": seen.release_on if of_him else None,
        "end_reason": seen.end_reason if of_him else None,
        "ended_at": seen.ended_at, "purge_at": seen.purge_at,
        "is_held": held is not None, "held": held,
    }  # fmt: skip


def _transfers(session: Session, officer: Officer, seen: CaseFile) -> dict[str, Any]:
    """Which court is asked to take it over, and from which this one did; for those who work on the
    file."""
    if officer.role in BY_ALERT:
        return {"transfer": None, "came_from": None}
    asked, came = transfers.open_of(session, seen.id), transfers.last_accepted(session, seen.id)
    return {
        "transfer": asked and {"to_court": asked.to_court, "asked_by": asked.asked_by,
                               "asked_at": asked.asked_at},
        "came_from": came and {"from_court": came.from_court, "answered_at": came.answered_at},
    }  # fmt: skip


def _other_courts(session: Session, seen: CaseFile) -> list[dict[str, Any]]:
    return [
        {"code": row.code, "name": row.name}
        for row in casework.courts(session)
        if row.code != seen.court
    ]


def _held(session: Session, seen: CaseFile) -> dict[str, Any] | None:
    """By whom it is kept for a procedure, and since when."""
    found_ = keeping.hold_of_person(session, seen.person, seen.id)
    if found_ is None or not found_.is_here:
        return None
    return {"by": found_.by, "since": found_.begun_at}


def _offered(session: Session, officer: Officer, seen: CaseFile, *, is_held: bool) -> list[str]:
    """The acts that the page offers; the acts themselves decide again."""
    state = AllocationState(seen.state)
    waits = {one.kind for one in deadlines.of_file(session, seen.id)}
    idle = {"hold" if is_held else "end-hold"}
    to_erase = DeadlineKind.PLATFORM_ERASURE in waits or purging.open_copies(session, seen.id)
    idle |= set() if to_erase else {"confirm-erased"}
    idle |= set() if DeadlineKind.RELEASE in waits else {"tell-release"}
    idle |= set() if DeadlineKind.TEST_CALL in waits else {"record-call"}
    idle |= set() if DeadlineKind.TEST_VISIT in waits else {"record-visit"}
    is_asked = transfers.open_of(session, seen.id) is not None
    idle |= {"ask-transfer"} if is_asked else {"withdraw-transfer"}
    has_news = officer.role is Role.ASSOCIATION and sheets.own_copy(session, officer, seen)
    idle |= set() if has_news else {"acknowledge-sheet"}
    on_call = seen.court in officer.on_call_for
    offered = [
        act.name
        for act in FILE_ACTS
        if act.is_offered(officer.role, state)
        and not (on_call and not may_on_call(officer.role, act.act))
    ]
    return [name for name in offered if name not in idle]


def _person(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> dict[str, Any]:
    person = files.person(session, seen.person)
    sheet = equipment.sheet(session, seen.id)
    if sheet is not None and not sheet.sheet:
        sheet = None  # forgotten, or never filled in
    said = sheet_form.form_of(sheet.sheet) if sheet else None
    if said is not None and officer.role in BY_ALERT:
        for name in case_sheet.AGREED:  # on the alert, and for who answers for it alone
            said.pop(name, None)
    return {
        "name": person.name if person else "",
        "sheet": said,
        "sheet_version": sheet.version if sheet else None,
        "lacks": [case_sheet.NEEDED[f] for f in case_sheet.lacks(sheet.sheet)] if sheet else [],
        "confirmed_at": sheet.confirmed_at if sheet else None,
        "control_room": sheet.control_room if sheet else None,
        "force": sheet.force if sheet else None,
        "copies": [] if officer.role in BY_ALERT else copies.copies_shown(session, officer, seen),
    }  # fmt: skip


def _referral(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    return [dict(row._mapping) for row in casework.referrals(session, seen.id)]


def _conditions(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    """Met and missing, with the evidence and the dated text; and who the ban is against."""
    advice, old = referring.advice_shown(session, seen, now)
    rows = {row.condition: row for row in files.conditions(session, seen.id)}
    him = files.restrained_person(session, seen.id)
    return {
        "findings": [
            {"condition": f.condition.value, "met": f.met, "reference": f.reference,
             "is_old": f.condition in old, "binding": f.condition in law.BINDING,
             "words": [words for _, words in advice.text.words_of(f.condition)]}
            | _recorded(rows.get(f.condition.value)) for f in advice.findings
        ],
        "holds": advice.holds, "route": advice.route.value if advice.route else None,
        "against": [c.value for c in advice.against], "article": advice.text.article,
        "version": advice.text.version, "from_day": advice.text.from_day,
        "by_law": advice.text.by_law, "months": advice.text.months,
        "restrained_person": {"name": him.name} | him.about if him else None,
    }  # fmt: skip


def _recorded(row: Any) -> dict[str, Any]:
    if row is None:
        return {"found": None, "evidence": None, "by": None, "recorded_at": None}
    return {"found": row.found, "evidence": row.evidence, "by": row.by,
            "recorded_at": row.recorded_at}  # fmt: skip


def _ban_dates(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    rows = {row.condition: row.found for row in files.conditions(session, seen.id)}
    return [
        {"since": ban.get("since"), "until": ban.get("until")}
        for ban in rows.get("ban", {}).get("bans", [])
    ]


def _consents(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    said: dict[str, Any] = {}
    for scope in ConsentScope:
        row = files.last_consent(session, seen, scope)
        said[scope.value] = row and {
            "agreed": row.withdrawn_at is None, "given_at": row.given_at,
            "withdrawn_at": row.withdrawn_at, "wording": row.wording, "by": row.recorded_by,
        }  # fmt: skip
    return said


def _follow_up(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    said = {"notes": [dict(row._mapping) for row in casework.follow_ups(session, seen.id)]}
    if officer.role is not Role.ASSOCIATION:
        said["history"] = [dict(row._mapping) for row in casework.history(session, seen.id)]
        said["alerts"] = [dict(row._mapping) for row in casework.alerts_of(session, seen.person)]
    return said


def _deadlines(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    silent = notices.undelivered(session, file=seen.id)
    return [
        {"id": str(d.id), "kind": d.kind, "due_at": d.due_at, "owner": d.owner,
         "is_late": d.due_at <= now, "acknowledged_at": d.acknowledged_at,
         "not_delivered_at": None if d.acknowledged_at else silent.get(d.kind),
         "acknowledged_by": d.acknowledged_by, "escalated_at": d.escalated_at,
         "is_near": _is_near(d.kind, d.due_at, now),
         "is_quiet": is_quiet(_chased(d), now),
         "is_mine": officer.role.value in (d.owner, d.escalation)
         and d.kind != DeadlineKind.TRANSFER_WAITING}
        for d in deadlines.of_file(session, seen.id)
    ]  # fmt: skip


def _chased(d: Deadline) -> Chased:
    return Chased(DeadlineKind(d.kind), d.due_at, d.reminded_at, d.escalated_at, d.acknowledged_at)


def _handset(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> Any:
    """What is kept, prepared, tested and carried, and what is missing before the hand-over."""
    kept = equipment.preparation(session, file_id=seen.id)
    held = equipment.open_allocation(session, file_id=seen.id)
    certificate = equipment.certificate(session, seen.id)
    silent = notices.undelivered(session, file=seen.id)
    told = copies.incidents_told(session, seen.id)
    recall = equipment.recall_of(session, held.handset) if held else None
    runs, works = seen.state in ("granted", "active", "suspended"), officer.role not in BY_ALERT
    shows_free = may(officer.role, Act.RESERVE) and runs and kept is None and seen.court is not None
    return {
        "kept": kept and {"handset": kept.handset, "reserved_at": kept.reserved_at,
                          "provisioned_at": kept.provisioned_at},
        "held": held and {"handset": held.handset, "since": held.period.lower,
                          "until": held.period.upper,
                          "recall": recall and {
                              "criterion": recall.criterion, "value": recall.value,
                              "reason": recall.reason, "by": recall.by, "since": recall.at}},
        "waits": runs and _waits(session, seen, held, is_recalled=recall is not None),
        "tests": [dict(row._mapping) for row in casework.tests(session, seen.id)],
        "incidents": [
            dict(row._mapping) | {"not_delivered_at": silent.get(row.kind),
                                  "told": told.get((row.kind, row.handset), [])}
            | ({} if works else {"words": None})
            for row in casework.incidents(session, seen.id)
        ],
        "press": tested.press_shown(session, officer, kept),
        "profile": copies.profile_shown(session, seen) if works else None,
        "missing": _missing(session, officer, seen, now) if kept or seen.state == "granted" else [],
        "free": board.free_in_court(session, seen.court or "") if shows_free else [],
        "certificate": certificate and works and {
            "handset": certificate.handset, "witness": certificate.witness,
            "received_by": certificate.received_by, "given_at": certificate.given_at,
            "platform_erases_by_at": certificate.platform_erases_by_at,
            "traces_erased_by_at": certificate.traces_erased_by_at,
        },
    }  # fmt: skip


def _waits(session: Session, seen: CaseFile, held: Any, *, is_recalled: bool) -> bool:
    """Whether she has nothing in her hands that she may count on."""
    if held is None or is_recalled:
        return True
    there = inventory.handset(session, held.handset)
    return there is not None and there.state in GONE


def _missing(session: Session, officer: Officer, seen: CaseFile, now: datetime) -> list[str]:

    try:
        return sentences(equipping.readiness(session, officer, seen.id, now))
    except Refusal:
        return []


_PARTS: dict[FileGroup, Any] = {
    _G.PERSON: _person, _G.REFERRAL: _referral, _G.ASSESSMENT: assessed.assessment_shown,
    _G.CONDITIONS: _conditions, _G.BAN_DATES: _ban_dates, _G.DECISION: decided.decisions_shown,
    _G.CONSENTS: _consents, _G.FOLLOW_UP: _follow_up, _G.DEADLINES: _deadlines,
    _G.HANDSET: _handset,
}  # fmt: skip
