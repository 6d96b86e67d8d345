"""Every act on a case file as a form: who may, in which states it is offered, what does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation import (
    chasing,
    deciding,
    equipping,
    holding,
    profiles,
    reaching,
    recognising,
    referring,
    releasing,
    returning,
    sheets,
    stock,
    transferring,
)
from tgd.allocation.acting import NotThere, Officer, found
from tgd.casework import findings, grid, hers, sheet_form, stock_acts
from tgd.casework.fields import Field, Kind, word
from tgd.errors import Incomplete, WrongState
from tgd.rules.access import Act, Role, may
from tgd.rules.allocation import (
    ENDED,
    TRANSITIONS,
    UNDECIDED,
    AllocationEvent,
    AllocationState,
    DecisionKind,
    EndReason,
    OpinionKind,
    ToldHow,
)
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.handset import ConsentScope, IncidentKind
from tgd.store import deadlines, equipment, files

Said = Mapping[str, Any]
Doing = Callable[[Session, Officer, UUID, Said, datetime, int | None], Any]
_S, _E, _K, _A = AllocationState, AllocationEvent, Kind, Act
_EVERY = frozenset(AllocationState) - {_S.PURGED}
_OPEN = frozenset(AllocationState) - ENDED
_WATCHED = _OPEN | {_S.CLOSED}
"""His release is told to her also when the handset is back."""
_RUNS = frozenset({_S.GRANTED, _S.ACTIVE, _S.SUSPENDED})
_CARRIED = frozenset({_S.ACTIVE, _S.SUSPENDED, _S.EXPIRED, _S.WITHDRAWN})

COMPARE = "Say that you have compared both files: what is joined is not parted again."
CHECK_IDENTITY = "Say that her identity was checked."
CONSENT_WORDING = "fr/2026-1"
"""The version of the words of consent that pages and papers show."""


class Answer(StrEnum):
    """An answer to the grid."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileAct:
    """One act: its name in addresses, its title, its fields, and what does it."""

    name: str
    act: Act
    title: str
    fields: tuple[Field, ...]
    doing: Doing
    states: frozenset[AllocationState] = _EVERY
    """Where it is offered; the act itself decides again."""

    def is_offered(self, role: Role, state: AllocationState) -> bool:
        """Whether a page shows this form to this role in this state."""
        return may(role, self.act) and state in self.states


def from_states(event: AllocationEvent) -> frozenset[AllocationState]:
    """The states from which the event leads somewhere."""
    return frozenset(state for state, one in TRANSITIONS if one is event)


REASONS = Field("reasons", word("Reasons"), _K.WORDS)
WORDS = Field("words", word("In words"), _K.WORDS)
CONTACT = word("How she, or who reports, can be reached safely")
_REPORTED = (
    WORDS, Field("source", word("Who reports"), required=False),
    Field("contact", CONTACT, required=False), Field("urgent", word("It is urgent."), _K.TICK),
)  # fmt: skip


def refer(session: Session, officer: Officer | None, said: Said, now: datetime) -> UUID:
    """A referral, by somebody who has signed in or by anybody; gives the file's id."""
    source = said["source"] or (officer.role.value if officer else "unsaid")
    seen = referring.refer(
        session, officer, said["court"], said["name"], said["words"], now, source=source,
        contact=said["contact"], is_urgent=said["urgent"],
    )  # fmt: skip
    return seen.id


def _decide(kind: DecisionKind) -> Doing:
    def doing(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
        return deciding.decide(
            s, o, f, kind, said["reasons"], now, begins_on=said.get("begins_on"), version=v
        )

    return doing


def _assess(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    answers = {name: one.value for name, one in said.items() if one is not None}
    return referring.assess(s, o, f, grid.VERSION, answers, now, version=v)


def _record(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    found(s, o, Act.RECORD_CONDITION, f, v)
    rows = {row.condition: row.found for row in files.conditions(s, f)}
    what = findings.found(said, rows.get("ban", {}).get("bans", []))
    return referring.record_condition(
        s, o, f, said["condition"], what, said["evidence"], now, version=v
    )


def _describe(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    about = {name: said[name] for name in ("address", "notes") if said.get(name)}
    return referring.describe_restrained_person(s, o, f, said["name"], about, now, version=v)


def _withdraw(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    return deciding.withdraw(
        s, o, f, said["why"], said["reasons"], now, safety_checked=said["safety_checked"],
        release_checked=said["release_checked"], committee_heard=said["committee_heard"],
        release_on=said.get("release_on"), version=v,
    )  # fmt: skip


def _consent(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    return equipping.record_consent(
        s, o, f, said["scope"], now, agreed=said["agreed"], wording=CONSENT_WORDING, version=v
    )


def _same_person(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    found(s, o, Act.OPEN_FILE, f, v)
    if not said["compared"]:
        raise Incomplete(COMPARE)
    return recognising.same_person(s, o, f, hers.file_called(s, said["file"]), now, version=v)


def _hand_over(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    seen = found(s, o, Act.HAND_OVER, f, v)
    if not said["identity_checked"]:
        raise Incomplete(CHECK_IDENTITY)
    imei = stock_acts.read_imei(said.get("imei"))
    return equipping.hand_over(s, o, seen.id, now, identity_checked=True, imei=imei, version=v)


def _sheet(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    return sheets.change_circumstances(s, o, f, sheet_form.sheet_of(said), now, version=v)


def _acknowledge(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    found(s, o, Act.ACKNOWLEDGE_DEADLINE, f, v)
    for one in _deadlines_of(s, f):
        if str(one) == said["deadline"]:
            return chasing.acknowledge(s, o, one, now)
    raise NotThere


def _deadlines_of(session: Session, file_id: UUID) -> list[UUID]:

    return [one.id for one in deadlines.of_file(session, file_id)]


def _handset_of(session: Session, officer: Officer, file_id: UUID) -> str:
    """The handset that she carries by this file, for somebody who may speak of it."""
    seen = found(session, officer, Act.REPORT_INCIDENT, file_id)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is None:
        raise WrongState("Nobody carries a handset by this file.")
    return held.handset


def _incident(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
    return stock.report_incident(
        s, o, _handset_of(s, o, f), said["kind"], said["words"], now,
        replacement=said.get("replacement"),
    )  # fmt: skip


REACHED = (
    Field("reached", word("She was reached, and is safe or has said what she needs"), _K.YES_NO),
    WORDS,
)


def _try(stage: DeadlineKind) -> Doing:
    def doing(s: Session, o: Officer, f: UUID, said: Said, now: datetime, v: int | None) -> Any:
        return reaching.record_try(
            s, o, f, stage, said["words"], now, reached=said["reached"], version=v
        )

    return doing


FILE_ACTS: tuple[FileAct, ...] = (
    FileAct("assess", _A.ASSESS, word("Assess the danger"), tuple(
        Field(name, label, _K.ONE_OF, required=False, choices=Answer)
        for name, label in grid.QUESTIONS.items()
    ), _assess, from_states(_E.ASSESS)),
    FileAct("opinion", _A.GIVE_OPINION, word("Give the opinion"), (
        Field("kind", word("Opinion"), _K.ONE_OF, choices=OpinionKind), REASONS,
    ), lambda s, o, f, d, now, v: referring.give_opinion(
        s, o, f, d["kind"], d["reasons"], now, version=v
    ), from_states(_E.GIVE_OPINION)),
    FileAct("open", _A.OPEN_FILE, word("Open the file to decide it"), (
        Field("association", word("Association that accompanies her"), required=False),
    ), lambda s, o, f, d, now, v: referring.open_file(
        s, o, f, now, association=d["association"], version=v
    ), from_states(_E.OPEN_FILE)),
    FileAct("add-report", _A.OPEN_FILE, word("Add another report about her"), _REPORTED,
            lambda s, o, f, d, now, v: referring.add_report(
        s, o, f, d["words"], now, source=d["source"] or o.role.value, contact=d["contact"],
        is_urgent=d["urgent"], version=v,
    ), _OPEN),
    FileAct("same-person", _A.OPEN_FILE, word("She is the woman of another file"), (
        Field("file", word("Number of the other file, like TGD-000042")),
        Field("compared", word("Both files were compared: it is not taken back."), _K.TICK),
    ), _same_person, frozenset(UNDECIDED)),
    FileAct("new-file", _A.OPEN_FILE, word("New report about her: open a new file"), _REPORTED,
            lambda s, o, f, d, now, v: recognising.new_file(
        s, o, f, d["words"], now, source=d["source"] or o.role.value, contact=d["contact"],
        is_urgent=d["urgent"], version=v,
    ), frozenset({_S.REFUSED, _S.CLOSED})),
    FileAct("entrust", _A.OPEN_FILE, word("Entrust it to an association"), (
        Field("association", word("Association that accompanies her")),
    ), lambda s, o, f, d, now, v: referring.entrust(s, o, f, d["association"], now, version=v),
        _OPEN),
    FileAct("record-condition", _A.RECORD_CONDITION, word("Record a condition"),
            findings.FIELDS, _record, _OPEN),
    FileAct("describe-restrained-person", _A.RECORD_CONDITION, word("Person under the ban"), (
        Field("name", word("Name")), Field("address", word("Address"), required=False),
        Field("notes", word("What must be known of him"), _K.WORDS, required=False),
    ), _describe, _OPEN),
    FileAct("grant", _A.DECIDE, word("Grant"), (
        REASONS, Field("begins_on", word("First day, if it is not today"), _K.DAY, required=False),
    ), _decide(DecisionKind.GRANT), from_states(_E.GRANT)),
    FileAct("refuse", _A.DECIDE, word("Refuse"), (REASONS,), _decide(DecisionKind.REFUSE),
            from_states(_E.REFUSE)),
    FileAct("ask-for-more", _A.DECIDE, word("Ask for more"), (REASONS,),
            _decide(DecisionKind.ASK_FOR_MORE), from_states(_E.ASK_FOR_MORE)),
    FileAct("renew", _A.DECIDE, word("Renew for six months"), (REASONS,),
            lambda s, o, f, d, now, v: deciding.renew(s, o, f, d["reasons"], now, version=v),
            from_states(_E.RENEW)),
    FileAct("shorten", _A.DECIDE, word("Shorten"), (
        Field("last_day", word("New last day"), _K.DAY), REASONS,
    ), lambda s, o, f, d, now, v: deciding.shorten(
        s, o, f, d["last_day"], d["reasons"], now, version=v
    ), from_states(_E.SHORTEN)),
    FileAct("suspend", _A.DECIDE, word("Suspend while he is detained"), (
        Field("release_on", word("Day of his expected release"), _K.DAY), REASONS,
    ), lambda s, o, f, d, now, v: deciding.suspend(
        s, o, f, d["release_on"], d["reasons"], now, version=v
    ), from_states(_E.SUSPEND)),
    FileAct("resume", _A.DECIDE, word("Resume"), (REASONS,),
            lambda s, o, f, d, now, v: deciding.resume(s, o, f, d["reasons"], now, version=v),
            from_states(_E.RESUME)),
    FileAct("withdraw", _A.DECIDE, word("Withdraw"), (
        Field("why", word("Ground"), _K.ONE_OF, choices=EndReason), REASONS,
        Field("safety_checked", word("Her safety without the handset was looked at."), _K.TICK),
        Field("release_checked", word("His expected release was looked at."), _K.TICK),
        Field("committee_heard", word("The committee was heard (breach of the rules)."), _K.TICK),
        Field("release_on", word("Day of his expected release, or on which it is looked at again"),
              _K.DAY, required=False),
    ), _withdraw, from_states(_E.WITHDRAW)),
    FileAct("ask-transfer", _A.DECIDE, word("Ask another court to take it over"), (
        Field("court", word("Court")), REASONS,
    ), lambda s, o, f, d, now, v: transferring.ask_transfer(
        s, o, f, d["court"], d["reasons"], now, version=v
    ), from_states(_E.TRANSFER)),
    FileAct("withdraw-transfer", _A.DECIDE, word("Ask for its transfer no longer"), (),
            lambda s, o, f, d, now, v: transferring.withdraw_transfer(s, o, f, now, version=v),
            from_states(_E.TRANSFER)),
    FileAct("expect-release", _A.OPEN_FILE, word("Announce his release"), (
        Field("release_on", word("Day of his expected release"), _K.DAY),
    ), lambda s, o, f, d, now, v: releasing.expect_release(
        s, o, f, d["release_on"], now, version=v
    ), _WATCHED),
    FileAct("tell-release", _A.FOLLOW_UP, word("She was told of his release"), (
        Field("how", word("How"), _K.ONE_OF, choices=ToldHow),
        Field("told", word("When, if it was not now"), _K.MOMENT, required=False),
        Field("acknowledged", word("She has heard it and knows the day"), _K.YES_NO),
    ), lambda s, o, f, d, now, v: releasing.tell_release(
        s, o, f, d["how"], now, acknowledged=d["acknowledged"], told=d["told"], version=v
    ), _WATCHED),
    FileAct("record-consent", _A.RECORD_CONSENT, word("Record a consent"), (
        Field("scope", word("About what"), _K.ONE_OF, choices=ConsentScope),
        Field("agreed", word("Her answer"), _K.YES_NO),
    ), _consent, _OPEN),
    FileAct("withdraw-consent", _A.RECORD_CONSENT, word("Withdraw a consent"), (
        Field("scope", word("About what"), _K.ONE_OF, choices=ConsentScope),
    ), lambda s, o, f, d, now, v: equipping.withdraw_consent(
        s, o, f, d["scope"], now, version=v
    ), _OPEN),
    FileAct("write-sheet", _A.CHANGE_CIRCUMSTANCES, word("Write the case sheet"),
            sheet_form.FIELDS, _sheet, _OPEN),
    FileAct("confirm-sheet", _A.CHANGE_CIRCUMSTANCES, word("She has read it: it is right"), (),
            lambda s, o, f, d, now, v: sheets.confirm_sheet(s, o, f, now, version=v), _OPEN),
    FileAct("acknowledge-sheet", _A.ACKNOWLEDGE_SHEET, word("We work with this version"), (),
            lambda s, o, f, d, now, v: sheets.acknowledge_sheet(s, o, f, now)),
    FileAct("reserve", _A.RESERVE, word("Keep a handset for it"), (
        Field("handset", word("Handset")),
    ), lambda s, o, f, d, now, v: equipping.reserve(s, o, f, d["handset"], now, version=v), _RUNS),
    FileAct("unreserve", _A.RESERVE, word("Keep it no longer"), (),
            lambda s, o, f, d, now, v: equipping.unreserve(s, o, f, now, version=v), _RUNS),
    FileAct("test", _A.HAND_OVER, word("Validate the test press"), (),
            lambda s, o, f, d, now, v: equipping.test(s, o, f, now, version=v), _RUNS),
    FileAct("waive-profile", _A.HAND_OVER, word("Do not wait for the platform"), (REASONS,),
            lambda s, o, f, d, now, v: profiles.waive(s, o, f, d["reasons"], now, version=v),
            _RUNS),
    FileAct("hand-over", _A.HAND_OVER, word("Hand it over"), (
        Field("identity_checked", word("Her identity was checked."), _K.TICK), stock_acts.READ,
    ), _hand_over, _RUNS),
    FileAct("report-incident", _A.REPORT_INCIDENT, word("Lost, stolen or broken"), (
        Field("kind", word("What happened"), _K.ONE_OF, choices=IncidentKind), WORDS,
        Field("replacement", word("Handset that replaces it"), required=False),
    ), _incident, _CARRIED),
    FileAct("report-found", _A.REPORT_INCIDENT, word("Found again"), (),
            lambda s, o, f, d, now, v: stock.report_found(s, o, _handset_of(s, o, f), now),
            _CARRIED),
    FileAct("take-back", _A.TAKE_BACK, word("Take it back"), (
        Field("witness", word("Who of the association is there; after a death, who gives it back")),
    ), lambda s, o, f, d, now, v: returning.take_back(s, o, f, d["witness"], now, version=v),
        from_states(_E.TAKE_BACK)),
    FileAct("settle", _A.TAKE_BACK, word("Close it without the handset"), (REASONS,),
            lambda s, o, f, d, now, v: returning.settle(s, o, f, d["reasons"], now, version=v),
            from_states(_E.TAKE_BACK)),
    FileAct("confirm-erased", _A.TAKE_BACK, word("Those outside have erased theirs"), (),
            lambda s, o, f, d, now, v: holding.confirm_erased(s, o, f, now, version=v)),
    FileAct("hold", _A.HOLD, word("Keep it for a procedure"), (
        Field("procedure", word("Reference of the procedure")),
    ), lambda s, o, f, d, now, v: holding.hold(s, o, f, d["procedure"], now, version=v)),
    FileAct("end-hold", _A.HOLD, word("The procedure needs it no longer"), (),
            lambda s, o, f, d, now, v: holding.end_hold(s, o, f, now, version=v)),
    FileAct("record-call", _A.FOLLOW_UP, word("She was called about the missing test"), REACHED,
            _try(DeadlineKind.TEST_CALL), _CARRIED),
    FileAct("record-visit", _A.FOLLOW_UP, word("Somebody went to see her"), REACHED,
            _try(DeadlineKind.TEST_VISIT), _CARRIED),
    FileAct("follow-up", _A.FOLLOW_UP, word("Note of follow-up"), (WORDS,),
            lambda s, o, f, d, now, v: sheets.follow_up(s, o, f, d["words"], now)),
    FileAct("acknowledge", _A.ACKNOWLEDGE_DEADLINE, word("Seen"), (
        Field("deadline", word("Deadline")),
    ), _acknowledge),
)  # fmt: skip
BY_NAME: dict[str, FileAct] = {act.name: act for act in FILE_ACTS}
