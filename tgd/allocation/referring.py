"""From a referral to a file that can be decided: refer, assess, advise, open, record findings."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation import sheets
from tgd.allocation.acting import (
    NotThere,
    Officer,
    clean,
    found,
    move,
    must,
    write,
    zone_of,
)
from tgd.errors import Incomplete, SomebodyWasFaster, WrongState
from tgd.records import (
    Assessment,
    CaseFile,
    ConditionRecord,
    Opinion,
    ProtectedPerson,
    Referral,
    RestrainedPerson,
)
from tgd.rules import facts as reading
from tgd.rules import law
from tgd.rules.access import Act, Role
from tgd.rules.allocation import (
    ENDED,
    UNDECIDED,
    WITH_HER,
    AllocationEvent,
    AllocationState,
    OpinionKind,
)
from tgd.rules.deadlines import (
    DECIDE_WITHIN,
    OPPI_DECIDED_WITHIN,
    RENEWED_BEFORE,
    DeadlineKind,
    Planned,
    day_in,
    end_of,
    start_of,
)
from tgd.rules.handset import ConsentScope
from tgd.rules.law_texts import OPPI
from tgd.rules.notice import NoticeKind
from tgd.store import deadlines, files, notices, people
from tgd.store.law import texts

_S = AllocationState
PUBLIC = "public form"
"""Who reports, in the journal, when nobody has signed in: anybody may, by any means."""


def refer(
    session: Session, officer: Officer | None, court: str, name: str, words: str, now: datetime,
    *, source: str = "unsaid", contact: str | None = None, is_urgent: bool = False,
    person: UUID | None = None, association: str | None = None, by: str | None = None,
    referral: UUID | None = None,
) -> CaseFile:  # fmt: skip
    """Report a situation; `officer` is None for somebody who has not signed in, and `by` then says
    who it is where that is known; `referral` is the id under which it is kept.

    A person whose file at this court is open already gets one more referral in it. Raises
    NotAllowed, NotThere, Incomplete.
    """
    if officer is not None:
        must(officer, Act.REFER)
    if files.court(session, court) is None:
        raise NotThere("There is no such court.")
    by = officer.name if officer else by or PUBLIC
    said = clean(words)
    seen = _file_of(session, officer, court, person)
    if seen is None:
        seen = _begin(session, officer, court, name, person, association, now)
    else:
        seen = move(session, seen, None, now)
    if is_urgent:
        say_urgent(session, seen, now)
    files.add(
        session,
        Referral(id=referral or ids.new(now), case_file=seen.id, source=clean(source)[:40],
                 words=said, contact=contact, is_urgent=is_urgent, by=by, received_at=now),
    )  # fmt: skip
    write(session, by, "ReferralReceived", now, file=seen.id, urgent=is_urgent)
    return seen


def say_urgent(session: Session, seen: CaseFile, now: datetime) -> None:
    """Who decides is told now. Nothing would settle a deadline of a file that is decided: there it
    is told once."""
    if AllocationState(seen.state) in UNDECIDED:
        deadlines.plan(session, seen.id, [Planned(DeadlineKind.REFERRAL_WAITING, now)], now)
    else:
        notices.add(session, NoticeKind.REMINDER, DeadlineKind.REFERRAL_WAITING, now,
                    to_role=Role.PROSECUTOR, file=seen.id, is_urgent=True)  # fmt: skip


def add_report(
    session: Session, officer: Officer, file_id: UUID, words: str, now: datetime, *,
    source: str = "unsaid", contact: str | None = None, is_urgent: bool = False,
    version: int | None = None,
) -> CaseFile:  # fmt: skip
    """One more report about her, in her open file; an urgent one is said to who decides now.

    Raises like `found`, WrongState for a file that has ended, Incomplete.
    """
    seen = found(session, officer, Act.OPEN_FILE, file_id, version)
    if AllocationState(seen.state) in ENDED or seen.court is None:
        raise WrongState("This file has ended.")
    return refer(session, officer, seen.court, "", words, now, source=source, contact=contact,
                 is_urgent=is_urgent, person=seen.person)  # fmt: skip


def _file_of(
    session: Session, officer: Officer | None, court: str, person: UUID | None
) -> CaseFile | None:
    """Only those of the court may name a person whom the record knows."""
    if person is None:
        return None
    if (
        officer is None
        or court not in officer.reach.courts
        or not people.is_remembered(session, person)
    ):
        raise NotThere("There is no such person.")
    seen = files.open_file_of(session, person)
    if seen is not None and seen.court != court:
        raise WrongState("Another court has an open file of this person: ask for its transfer.")
    return seen


def _begin(
    session: Session, officer: Officer | None, court: str, name: str, person: UUID | None,
    association: str | None, now: datetime,
) -> CaseFile:  # fmt: skip
    if person is None:
        if not name.strip() or not name.isprintable():
            raise Incomplete("The person's name is missing, or cannot be printed.")
        row = ProtectedPerson(id=ids.new(now), name=name.strip()[:200], places=[])
        files.add(session, row)
        person = row.id
    if association is None and officer is not None:
        association = officer.reach.association
    seen = CaseFile(
        id=ids.new(now), court=court, person=person, association=association,
        state=AllocationState.REPORTED.value, opened_at=now, changed_at=now,
    )  # fmt: skip
    if files.add_unless_refused(session, seen) is not None:
        raise SomebodyWasFaster("A file of this person was opened at the same moment.")
    waiting = Planned(DeadlineKind.REFERRAL_WAITING, now + DECIDE_WITHIN)
    deadlines.plan(session, seen.id, [waiting], now)
    return seen


def assess(
    session: Session, officer: Officer, file_id: UUID, grid: str, answers: dict[str, Any],
    now: datetime, *, version: int | None = None,
) -> CaseFile:  # fmt: skip
    """Answers to one version of the danger grid; there is no score. Raises like `found`."""
    seen = found(session, officer, Act.ASSESS, file_id, version)
    if not answers:
        raise Incomplete("Answer something first.")
    seen = move(session, seen, AllocationEvent.ASSESS, now)
    row = Assessment(
        id=ids.new(now), case_file=seen.id, grid=clean(grid)[:40], answers=answers,
        by=officer.name, made_at=now,
    )  # fmt: skip
    files.add(session, row)
    write(session, officer.name, "AssessmentSubmitted", now, file=seen.id, grid=row.grid)
    return seen


def give_opinion(
    session: Session, officer: Officer, file_id: UUID, kind: OpinionKind, words: str,
    now: datetime, *, version: int | None = None,
) -> CaseFile:  # fmt: skip
    """What the association advises, with its reasons. Raises like `found`."""
    seen = found(session, officer, Act.GIVE_OPINION, file_id, version)
    said = clean(words)
    seen = move(session, seen, AllocationEvent.GIVE_OPINION, now)
    files.add(
        session,
        Opinion(id=ids.new(now), case_file=seen.id, kind=kind.value, words=said, by=officer.name,
                given_at=now),
    )  # fmt: skip
    _answer_renewal(session, seen, officer.name, now)
    write(session, officer.name, "OpinionGiven", now, file=seen.id, kind=kind.value)
    return seen


def _answer_renewal(session: Session, seen: CaseFile, by: str, now: datetime) -> None:
    """The opinion that the association owes for a renewal is there: who decides is told now."""
    asked = {one.kind for one in deadlines.of_file(session, seen.id) if one.due_at <= now}
    if DeadlineKind.RENEWAL_FIRST in asked:
        deadlines.settle(session, seen.id, [DeadlineKind.RENEWAL_FIRST], by, now)
        if DeadlineKind.RENEWAL_SECOND not in asked:
            to_decide = Planned(DeadlineKind.RENEWAL_SECOND, now)
            deadlines.plan(session, seen.id, [to_decide], now)


def open_file(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *,
    association: str | None = None, version: int | None = None,
) -> CaseFile:  # fmt: skip
    """The prosecutor's office takes the file to decide it; nobody has to wait for an opinion."""
    seen = found(session, officer, Act.OPEN_FILE, file_id, version)
    changes = {"association": clean(association)[:80]} if association else {}
    seen = move(session, seen, AllocationEvent.OPEN_FILE, now, changes)
    write(session, officer.name, "FileOpened", now, file=seen.id, association=seen.association)
    return seen


def entrust(
    session: Session, officer: Officer, file_id: UUID, association: str, now: datetime, *,
    version: int | None = None,
) -> CaseFile:  # fmt: skip
    """This association accompanies her from now on, and sees her file; the one before does not."""
    seen = found(session, officer, Act.OPEN_FILE, file_id, version)
    before = seen.association
    seen = move(session, seen, None, now, {"association": clean(association)[:80]})
    sheets.hand_copies_on(session, before, seen, now)
    write(session, officer.name, "FileEntrusted", now, file=seen.id, to=seen.association)
    return seen


def record_condition(
    session: Session, officer: Officer, file_id: UUID, condition: law.Condition,
    what: dict[str, Any], evidence: str, now: datetime, *, version: int | None = None,
) -> law.Advice:  # fmt: skip
    """What was found about one condition, with the paper that shows it; gives the new advice.

    `what` has the keys of rules/facts.py. Raises like `found`, and Incomplete.
    """
    seen = found(session, officer, Act.RECORD_CONDITION, file_id, version)
    if AllocationState(seen.state) in ENDED:
        raise WrongState("This file has ended.")
    reading.check(condition, what)
    row = ConditionRecord(
        id=ids.new(now), case_file=seen.id, condition=condition.value, found=what,
        evidence=clean(evidence), by=officer.name, recorded_at=now,
    )  # fmt: skip
    seen = move(session, seen, None, now)
    files.add(session, row)
    if condition is law.Condition.BAN:
        plan_bans(session, seen, now)
    write(session, officer.name, "ConditionRecorded", now, file=seen.id, condition=condition.value)
    return advice(session, seen, now)


def plan_bans(session: Session, seen: CaseFile, now: datetime) -> None:
    """The end of the last ban, and six days for the order that an immediate one waits for."""
    zone, day = zone_of(session, seen), day_in(zone_of(session, seen), now)
    bans = [ban for ban in facts(session, seen).bans if ban.until is None or ban.until >= day]
    kinds = [DeadlineKind.BAN_END, DeadlineKind.OPPI_UNCONFIRMED]
    deadlines.settle(session, seen.id, kinds, "conditions", now)
    planned = []
    if bans and all(ban.until is not None for ban in bans):
        last = max(ban.until for ban in bans if ban.until is not None)
        planned.append(Planned(DeadlineKind.BAN_END, end_of(last, zone)))
    if bans and all(ban.framework is OPPI for ban in bans):
        since = max(ban.since for ban in bans)
        due_at = start_of(since, zone) + OPPI_DECIDED_WITHIN + timedelta(days=1)
        planned.append(Planned(DeadlineKind.OPPI_UNCONFIRMED, due_at))
    deadlines.plan(session, seen.id, planned, now)


def describe_restrained_person(
    session: Session, officer: Officer, file_id: UUID, name: str, about: dict[str, Any],
    now: datetime, *, version: int | None = None,
) -> None:  # fmt: skip
    """Who the ban is against (group II). Raises like `found`."""
    seen = found(session, officer, Act.RECORD_CONDITION, file_id, version)
    seen = move(session, seen, None, now)
    row = files.restrained_person(session, seen.id)
    if row is None:
        files.add(session, RestrainedPerson(case_file=seen.id, name=clean(name), about=about))
    else:
        row.name, row.about = clean(name), about
        files.add(session, row)
    write(session, officer.name, "RestrainedPersonDescribed", now, file=seen.id)


def facts(session: Session, seen: CaseFile) -> law.Facts:
    """What the file says, the newest word about each condition; her own no is one of them."""
    rows = {law.Condition(row.condition): row for row in files.conditions(session, seen.id)}
    said = reading.facts_of({condition: row.found for condition, row in rows.items()})
    recorded = rows.get(law.Condition.CONSENT)
    answer = files.last_consent(session, seen, ConsentScope.DEVICE)
    if answer is None or answer.withdrawn_at is None:
        return said
    is_newer = recorded is None or answer.withdrawn_at > recorded.recorded_at
    return replace(said, consent=False) if is_newer else said


def advice(session: Session, seen: CaseFile, now: datetime) -> law.Advice:
    """What the software can say about the file today."""
    return _advise(session, seen, facts(session, seen), now)


def advice_to_renew(session: Session, seen: CaseFile, now: datetime) -> law.Advice:
    """The same for another period: what may have changed since this one began is not known until
    somebody has looked at it again."""
    old = outdated(session, seen)
    said = law.without(facts(session, seen), old)
    return _advise(session, seen, said, now)


def _advise(session: Session, seen: CaseFile, said: law.Facts, now: datetime) -> law.Advice:
    """Under the wording in force today, one that was added to the record too."""
    return law.advise(said, day_in(zone_of(session, seen), now), texts(session))


def advice_shown(
    session: Session, seen: CaseFile, now: datetime
) -> tuple[law.Advice, frozenset[law.Condition]]:
    """What a page says: the advice for what is decided next, and what is old for it."""
    if seen.ends_at is None or now < seen.ends_at - RENEWED_BEFORE:
        return advice(session, seen, now), frozenset()
    return advice_to_renew(session, seen, now), outdated(session, seen)


def outdated(session: Session, seen: CaseFile) -> frozenset[law.Condition]:
    """Conditions that may change, as they were when the period began: to be looked at again."""
    if seen.begins_on is None or AllocationState(seen.state) not in WITH_HER:
        return frozenset()
    period = files.running_since(session, seen.id) or seen.begins_on
    looked_at = end_of(period, zone_of(session, seen))
    return frozenset(
        law.Condition(row.condition)
        for row in files.conditions(session, seen.id)
        if row.recorded_at < looked_at and law.Condition(row.condition) in law.MAY_CHANGE
    )


def advice_of(session: Session, officer: Officer, file_id: UUID, now: datetime) -> law.Advice:
    """The same for somebody of the court. Raises like `found`."""
    return advice(session, found(session, officer, Act.RECORD_CONDITION, file_id), now)
