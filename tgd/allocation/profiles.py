"""The profile at the platform: no handset goes into her hands before those who answer know of it.

The notice says nothing of her by itself; what it carries is read when it is sent, for the one
destination that the policy names as the keeper of profiles. Where nobody outside keeps profiles the
operators read the sheet here, and nothing is waited for.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import Officer, clean, found, handset, move, write
from tgd.errors import Incomplete, WrongState
from tgd.records import CaseFile, Provisioning
from tgd.rules import case_sheet
from tgd.rules.access import Act
from tgd.rules.allocation import WITH_HER, AllocationState
from tgd.rules.deadlines import DeadlineKind, Planned
from tgd.rules.guards import SHORTEST_REASON
from tgd.rules.handset import ConsentScope
from tgd.rules.notice import NoticeKind
from tgd.store import deadlines, equipment, files, notices

DISPATCH = "dispatch"
LIVE_WITHIN = timedelta(days=1)
"""After so long somebody at the court rings the platform."""
_RUNS = WITH_HER | {AllocationState.GRANTED}


def send(session: Session, seen: CaseFile, now: datetime) -> None:
    """As soon as keys, her agreement and a sheet are there, and whenever one of them is new."""
    sheet = equipment.sheet(session, seen.id)
    named = _handset_of(session, seen)
    if named is None or sheet is None or not sheet.sheet or not _agreed(session, seen):
        return
    notices.add(session, NoticeKind.PROFILE, f"version {sheet.version}", now, file=seen.id,
                handset=named)  # fmt: skip
    waiting = Planned(DeadlineKind.PROFILE_WAITING, now + LIVE_WITHIN)
    deadlines.plan(session, seen.id, [waiting], now)


def _handset_of(session: Session, seen: CaseFile) -> str | None:
    """The one that is prepared for her, or that she carries."""
    kept = equipment.preparation(session, file_id=seen.id)
    if kept is not None:
        return kept.handset if kept.provisioned_at is not None else None
    held = equipment.open_allocation(session, file_id=seen.id)
    return held.handset if held is not None else None


def _agreed(session: Session, seen: CaseFile) -> bool:
    answer = files.last_consent(session, seen, ConsentScope.DEVICE)
    return answer is not None and answer.withdrawn_at is None


def is_live(session: Session, kept: Provisioning) -> bool:
    """Whether the platform has said that it has the newest profile of this handset, or nobody
    outside keeps any, or a human has said why it is not waited for."""
    if kept.provisioned_at is None:
        return False
    if kept.profile_waived_at is not None and kept.profile_waived_at >= kept.provisioned_at:
        return True
    newest = notices.newest_profile(session, kept.case_file, kept.handset)
    return newest is not None and newest.is_live and newest.made_at >= kept.provisioned_at


def waive(
    session: Session, officer: Officer, file_id: UUID, reasons: str, now: datetime, *,
    version: int | None = None,
) -> None:  # fmt: skip
    """She is given the handset though the platform has not answered: no life depends on a dead
    web service. The platform goes on being told, and the deadline stays. Raises like `found`,
    WrongState, Incomplete."""
    seen = found(session, officer, Act.HAND_OVER, file_id, version)
    kept = equipment.preparation(session, file_id=seen.id)
    if kept is None or kept.provisioned_at is None:
        raise WrongState("No handset is prepared for this file.")
    if is_live(session, kept):
        raise WrongState("The platform has the profile already.")
    why = clean(reasons)
    if len(why) < SHORTEST_REASON:
        raise Incomplete("Say why in at least 10 characters.")
    move(session, seen, None, now)
    said = {"profile_waived_at": now, "profile_waived_by": officer.name, "profile_waived_why": why}
    equipment.change_preparation(session, kept.id, said)
    write(session, officer.name, "ProfileWaived", now, file=seen.id, handset=kept.handset)


def look(session: Session, file_id: UUID, handset_id: str, now: datetime) -> None:
    """What dispatch does when somebody has answered: the matter is done when the newest one is
    there."""
    newest = notices.newest_profile(session, file_id, handset_id)
    if newest is None or not newest.is_live:
        return
    kinds = [DeadlineKind.PROFILE_WAITING]
    if deadlines.settle(session, file_id, kinds, DISPATCH, now):
        write(session, DISPATCH, "ProfileLive", now, file=file_id, handset=handset_id)


def profile_of(session: Session, file_id: UUID, handset_id: str) -> dict[str, Any] | None:
    """What a platform must know of her to answer (art. 2, I.1-2 and 4-14), read at this moment;
    None when there is nothing to be told any more. Code words are for who answers her here."""
    seen = files.case_file(session, file_id)
    sheet = equipment.sheet(session, file_id)
    if seen is None or AllocationState(seen.state) not in _RUNS or not _agreed(session, seen):
        return None
    if sheet is None or not sheet.sheet:
        return None
    located = files.last_consent(session, seen, ConsentScope.GEOLOCATION)
    return {
        "handset": handset_id, "number": handset(session, handset_id).number,
        "person": str(seen.person), "version": sheet.version, "court": seen.court,
        "until": seen.ends_at.isoformat() if seen.ends_at else None,
        "may_be_located": located is not None and located.withdrawn_at is None,
        "control_room": sheet.control_room,
        "sheet": {k: v for k, v in sheet.sheet.items() if k not in case_sheet.AGREED},
    }  # fmt: skip
