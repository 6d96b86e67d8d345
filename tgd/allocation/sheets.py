"""The shared case sheet and what is told of her life: versions, who has which, follow-up."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation import profiles
from tgd.allocation.acting import NotThere, Officer, clean, found, move, must, write
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import Alert, CaseFile, CaseSheet, FollowUp, SheetCopy
from tgd.rules import case_sheet as form
from tgd.rules.access import Act, FieldGroup, discloses, may
from tgd.rules.alert import AlertState, Lane
from tgd.rules.allocation import ENDED, WITH_HER, AllocationState
from tgd.rules.deadlines import PLATFORM_ERASES_AFTER_DAYS, DeadlineKind, Planned
from tgd.rules.doubt import Trust
from tgd.rules.notice import NoticeKind
from tgd.rules.territory import of_commune
from tgd.store import acting, deadlines, equipment, files, notices

PLATFORM = "platform"


def change_circumstances(
    session: Session, officer: Officer, file_id: UUID, sheet: dict[str, Any], now: datetime, *,
    version: int | None = None,
) -> CaseSheet:  # fmt: skip
    """A new version of the case sheet, whole; it counts from now on for whoever answers a press.

    `version` is that of the file as the page showed it. Raises NotAllowed, NotThere, Incomplete,
    WrongState, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.CHANGE_CIRCUMSTANCES, file_id, version)
    if AllocationState(seen.state) in ENDED:
        raise WrongState("This file has ended.")
    if form.unknown_fields(sheet) or form.malformed(sheet):
        raise Incomplete("The case sheet has a field that its form does not know.")
    before = equipment.sheet(session, seen.id)
    home = form.home_of(sheet)
    area = of_commune(home.get("insee"), files.areas(session)) if home else None
    row = CaseSheet(
        id=ids.new(now), case_file=seen.id, version=before.version + 1 if before else 1,
        sheet=sheet, control_room=area.control_room if area else None,
        force=area.force.value if area else None, by=officer.name, made_at=now, confirmed_at=now,
    )  # fmt: skip
    seen = move(session, seen, None, now)
    if files.add_unless_refused(session, row) is not None:
        raise SomebodyWasFaster
    if AllocationState(seen.state) in WITH_HER:
        give_copies(session, seen, now)
        show_to_alerts(session, seen)
    profiles.send(session, seen, now)
    write(session, officer.name, "CaseSheetWritten", now, file=seen.id, version=row.version,
          lacks=form.lacks(sheet), area=row.control_room)  # fmt: skip
    return row


def confirm_sheet(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, version: int | None = None
) -> None:
    """She has read it and says that it is right. Raises like `change_circumstances`."""
    seen = found(session, officer, Act.CHANGE_CIRCUMSTANCES, file_id, version)
    sheet = equipment.sheet(session, seen.id)
    if sheet is None:
        raise WrongState("There is no case sheet yet.")
    seen = move(session, seen, None, now)
    equipment.confirm_sheet(session, sheet.id, now)
    kept = equipment.preparation(session, file_id=seen.id)
    if kept is not None and not profiles.is_live(session, kept):
        profiles.send(session, seen, now)
    write(session, officer.name, "CaseSheetConfirmed", now, file=seen.id, version=sheet.version)


def give_copies(session: Session, seen: CaseFile, now: datetime) -> None:
    """Those who may have the version that counts: the platform, the room, the association.

    A platform is told that there is one; rooms and associations read it here. Nobody is said to
    have it before they say so themselves.
    """
    sheet = equipment.sheet(session, seen.id)
    if sheet is None:
        return
    holders = [PLATFORM]
    holders += [f"control_room:{sheet.control_room}"] if sheet.control_room else []
    holders += [f"association:{seen.association}"] if seen.association else []
    known = set(equipment.holders(session, sheet.id))
    rows = [
        SheetCopy(id=ids.new(now), sheet=sheet.id, holder=holder[:100], given_at=now)
        for holder in holders
        if holder[:100] not in known
    ]
    files.add(session, *rows)
    if any(row.holder == PLATFORM for row in rows):
        about = f"version {sheet.version}"
        notices.add(session, NoticeKind.SHEET, about, now, file=seen.id)


def hand_copies_on(session: Session, before: str | None, seen: CaseFile, now: datetime) -> None:
    """Another association accompanies her: it may have the sheet from now on, and the one before
    erases its own within three days, of which somebody is reminded until it is said."""
    if before == seen.association:
        return
    if AllocationState(seen.state) in WITH_HER:
        give_copies(session, seen, now)
    erase_by_at = now + timedelta(days=PLATFORM_ERASES_AFTER_DAYS)
    holder = f"association:{before}"[:100]
    if before and equipment.erase_copies(session, seen.id, erase_by_at, holder):
        due = Planned(DeadlineKind.PLATFORM_ERASURE, erase_by_at)
        deadlines.plan(session, seen.id, [due], now)


def acknowledge_sheet(session: Session, officer: Officer, file_id: UUID, now: datetime) -> None:
    """The association works with the version that counts. Raises like `found`, WrongState."""
    seen = found(session, officer, Act.ACKNOWLEDGE_SHEET, file_id)
    waiting = own_copy(session, officer, seen)
    if waiting is None or not equipment.acknowledge_copy(session, waiting.id, officer.name, now):
        raise WrongState("There is no new version of the case sheet to acknowledge.")
    write(session, officer.name, "CaseSheetAcknowledged", now, file=seen.id,
          version=waiting.version)  # fmt: skip


def own_copy(session: Session, officer: Officer, seen: CaseFile) -> Any:
    """The newest version that this association may have and has not acknowledged; else None."""
    holder = f"association:{officer.reach.association}"[:100]
    sheet = equipment.sheet(session, seen.id)
    for copy in equipment.copies(session, seen.id):
        if copy.holder == holder and sheet is not None and copy.version == sheet.version:
            return copy if copy.acknowledged_at is None and copy.erased_at is None else None
    return None


def show_to_alerts(session: Session, seen: CaseFile) -> None:
    """Whoever is told of an alert is told her name and places as the version that counts has them;
    an operator reads the whole sheet beside it (`sheet_of_alert`)."""
    sheet = equipment.sheet(session, seen.id)
    if sheet is None:
        return
    said = sheet.sheet
    equipment.show_to_alerts(session, seen.person, said["name"], said.get("places", []))


def follow_up(
    session: Session, officer: Officer, file_id: UUID, words: str, now: datetime
) -> FollowUp:
    """A note of those who accompany her. Raises like `found`."""
    seen = found(session, officer, Act.FOLLOW_UP, file_id)
    if seen.state == AllocationState.PURGED:
        raise WrongState("This file has ended.")
    row = FollowUp(id=ids.new(now), case_file=seen.id, words=clean(words), by=officer.name, at=now)
    files.add(session, row)
    write(session, officer.name, "FollowedUp", now, file=seen.id)
    return row


def sheet_of_alert(session: Session, officer: Officer, alert_id: UUID) -> CaseSheet | None:
    """The version that answers this alert, for those whom an open alert lets into the file, and
    for those of its court.

    None when the alert is closed, while its source is not proven and no human has removed the
    doubt, or when there is no sheet: a stranger who presses learns nothing by it.
    """
    seen = _told_of_her(session, officer, alert_id)
    sheet = _sheet_of(session, seen)
    if sheet is None:
        return None
    try:
        found(session, officer, Act.SEE_FILES, sheet.case_file)
    except (NotThere, NotAllowed):
        return None
    return sheet


def hinders_a_test(session: Session, officer: Officer, alert_id: UUID) -> str:
    """Of the whole sheet the one answer that closing a test by a call needs: whether she speaks
    and hears (order of 22 April 2015, art. 2, I 4°). For who may call her; else an empty text."""
    seen = _told_of_her(session, officer, alert_id)
    if seen is None or seen.lane != Lane.TEST or not may(officer.role, Act.CALL):
        return ""
    sheet = _sheet_of(session, seen)
    return str(sheet.sheet.get(form.HINDERS, "")) if sheet else ""


def _told_of_her(session: Session, officer: Officer, alert_id: UUID) -> Alert | None:
    """The alert, if at this moment it tells this role who she is. Raises NotAllowed."""
    must(officer, Act.SEE_ALERTS)
    seen = acting.alert(session, alert_id)
    if seen is None:
        return None
    is_open = seen.state != AlertState.CLOSED
    is_proven = seen.trust == Trust.VERIFIED or seen.verified_at is not None
    is_told = discloses(
        officer.role, FieldGroup.PERSON, alert_open=is_open, verified_source=is_proven
    )
    return seen if is_told else None


def _sheet_of(session: Session, seen: Alert | None) -> CaseSheet | None:
    """The sheet of whoever carries the handset; None when it says nothing."""
    if seen is None or seen.person is None:
        return None
    sheet = equipment.sheet_of_person(session, seen.person)
    return sheet if sheet is not None and sheet.sheet else None
