"""From a grant to a working handset in her hands: kept, prepared, tested, handed over."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from tgd import ids
from tgd.allocation import deciding, floor, profiles, sheets
from tgd.allocation.acting import (
    NotYet,
    Officer,
    court_of,
    found,
    found_handset,
    handset,
    move,
    move_handset,
    one_of_states,
    write,
    zone_of,
)
from tgd.errors import Incomplete, SomebodyWasFaster, WrongState
from tgd.records import Allocation, CaseFile, Consent, Handset, Provisioning, TestPress
from tgd.rules import case_sheet, guards
from tgd.rules.access import Act
from tgd.rules.allocation import ENDED, AllocationEvent, AllocationState, DecisionKind
from tgd.rules.deadlines import TEST_EVERY, TEST_STAGES, DeadlineKind, Planned, start_of
from tgd.rules.guards import Missing, Prepared
from tgd.rules.handset import ConsentScope, HandsetEvent, HandsetState
from tgd.rules.keys import secret_hash
from tgd.store import deadlines, equipment, files, models
from tgd.store import inventory as stock

_S = AllocationState
GRANTED = (_S.GRANTED, _S.ACTIVE, _S.SUSPENDED)
"""A handset is prepared for a grant, or to replace the one that was lost."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What the device must be given, once: its SMS key is derived from the generation."""

    handset: str
    key_generation: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """She carries it from now on."""

    allocation: UUID
    handset: str
    ends_at: datetime


def reserve(
    session: Session, officer: Officer, file_id: UUID, handset_id: str, now: datetime, *,
    version: int | None = None,
) -> Provisioning:  # fmt: skip
    """Keep this handset for this file. Raises NotAllowed, NotThere, WrongState and, when it is
    kept for another file, SomebodyWasFaster."""
    seen = found(session, officer, Act.RESERVE, file_id, version)
    files.stand_in_line(session, seen.id)
    there = found_handset(session, officer, Act.RESERVE, handset_id)
    if not one_of_states(seen, GRANTED):
        raise WrongState("A handset is kept for a file that is granted.")
    if there.recall is not None or equipment.open_transfer(session, there.id) is not None:
        raise WrongState("This handset is recalled or on its way: keep another one.")
    if court_of(session, there) not in (None, seen.court):
        raise WrongState("It belongs to another court's stock: have it sent to yours first.")
    row = Provisioning(
        id=ids.new(now), case_file=seen.id, handset=there.id, reserved_by=officer.name,
        reserved_at=now,
    )  # fmt: skip
    refused_by = files.add_unless_refused(session, row)
    if refused_by is not None:
        raise SomebodyWasFaster(_TAKEN[refused_by])
    before = there.model_copy()
    move_handset(session, there, HandsetEvent.RESERVE)
    move(session, seen, None, now)
    floor.used(session, before, officer.name, now)
    write(session, officer.name, "HandsetReserved", now, file=seen.id, handset=there.id)
    return row


_TAKEN = {
    "provisioning_one_per_handset": "This handset is kept for another file.",
    "provisioning_one_per_file": "Another handset is kept for this file already.",
}


def unreserve(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, version: int | None = None
) -> None:
    """Keep it no longer: it goes back to the stock. Raises like `reserve`."""
    seen = found(session, officer, Act.RESERVE, file_id, version)
    files.stand_in_line(session, seen.id)
    let_go = deciding.let_go(session, seen.id, now)
    if let_go is None:
        raise WrongState("No handset is kept for this file.")
    move(session, seen, None, now)
    write(session, officer.name, "HandsetLetGo", now, file=seen.id, handset=let_go)


def provision(
    session: Session, officer: Officer, handset_id: str, now: datetime, *, secret: str | None
) -> Provisioned:
    """New keys for the handset that is kept for a file; only a hash of `secret` is kept.

    `secret` is None for one that proves itself by a certificate. What pressed before with older
    keys proves nothing any more. The stock manager never learns for whom. Raises like `found`.
    """
    there = found_handset(session, officer, Act.PROVISION, handset_id)
    kept = equipment.preparation(session, handset=there.id)
    if kept is None:
        raise WrongState("This handset is kept for no file: reserve it first.")
    generation = there.key_generation + 1
    changes = {
        "secret_hash": secret_hash(secret) if secret is not None else None,
        "key_generation": generation, "last_counter": None,
    }  # fmt: skip
    move_handset(session, there, HandsetEvent.PROVISION, changes)
    done = {"provisioned_at": now, "provisioned_by": officer.name, "key_generation": generation}
    equipment.change_preparation(session, kept.id, done)
    write(session, officer.name, "HandsetProvisioned", now, file=kept.case_file, handset=there.id,
          generation=generation)  # fmt: skip
    of = files.case_file(session, kept.case_file)
    assert of is not None, "the foreign key says so"
    profiles.send(session, of, now)
    return Provisioned(there.id, generation)


def record_consent(
    session: Session, officer: Officer, file_id: UUID, scope: ConsentScope, now: datetime, *,
    agreed: bool, wording: str | None = None, version: int | None = None,
) -> None:  # fmt: skip
    """What she answered, yes or no, to one question; geolocation is a question of its own."""
    seen = found(session, officer, Act.RECORD_CONSENT, file_id, version)
    if AllocationState(seen.state) in ENDED:
        raise WrongState("This file has ended.")
    row = Consent(
        id=ids.new(now), person=seen.person, scope=scope.value, given_at=now,
        withdrawn_at=None if agreed else now, is_refusal=not agreed, wording=wording,
        recorded_by=officer.name,
    )  # fmt: skip
    move(session, seen, None, now)
    files.add(session, row)
    if agreed and scope is ConsentScope.DEVICE:
        kinds = [DeadlineKind.CONSENT_WITHDRAWN]
        deadlines.settle(session, seen.id, kinds, officer.name, now)
    elif not agreed and scope is ConsentScope.DEVICE and one_of_states(seen, GRANTED):
        deadlines.plan(session, seen.id, [Planned(DeadlineKind.CONSENT_WITHDRAWN, now)], now)
    profiles.send(session, seen, now)
    act = "ConsentGiven" if agreed else "ConsentRefused"
    write(session, officer.name, act, now, file=seen.id, scope=scope.value, wording=wording)


def withdraw_consent(
    session: Session, officer: Officer, file_id: UUID, scope: ConsentScope, now: datetime, *,
    version: int | None = None,
) -> None:  # fmt: skip
    """She does not agree any more. Without geolocation the handset goes on; without the device
    the prosecutor is told now, and the handset works until it is given back."""
    seen = found(session, officer, Act.RECORD_CONSENT, file_id, version)
    if not stock.withdraw(session, seen.person, scope.value, now):
        raise WrongState("There is no such consent to withdraw.")
    seen = move(session, seen, None, now)
    if scope is ConsentScope.DEVICE and one_of_states(seen, GRANTED):
        waiting = Planned(DeadlineKind.CONSENT_WITHDRAWN, now)
        deadlines.plan(session, seen.id, [waiting], now)
    profiles.send(session, seen, now)
    write(session, officer.name, "ConsentWithdrawn", now, file=seen.id, scope=scope.value)


def test(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *,
    version: int | None = None,  # noqa: PT028 -- an act, no test of ours
) -> TestPress | NotYet:  # fmt: skip
    """Validate the newest press of kind test that this very handset sent with its present keys.

    The press itself travels like any other; here it is only recognised. Raises like `found`.
    """
    seen = found(session, officer, Act.HAND_OVER, file_id, version)
    kept = equipment.preparation(session, file_id=seen.id)
    if kept is not None and kept.provisioned_at is not None:
        pressed = note_test(session, seen, kept.handset, kept.provisioned_at, officer.name, now)
    else:
        held = equipment.open_allocation(session, file_id=seen.id)
        if held is None:
            return NotYet((Missing.KEYS if kept else Missing.HANDSET, Missing.TEST_PRESS))
        pressed = note_test(
            session, seen, held.handset, held.period.lower or now, officer.name, now
        )
    return pressed or NotYet((Missing.TEST_PRESS,))


def note_test(
    session: Session, seen: CaseFile, handset_id: str, since: datetime, by: str, now: datetime
) -> TestPress | None:
    """The newest test press of this handset as one of this file; None when there is none new."""
    newest = equipment.newest_test(session, handset_id, since)
    if newest is None:
        return None
    before = equipment.last_test_press(session, seen.id)
    if before is not None and before.trigger == newest[0]:
        return before
    row = TestPress(
        id=ids.new(now), case_file=seen.id, handset=handset_id, trigger=newest[0],
        heard_at=newest[1], validated_by=by, validated_at=now,
    )  # fmt: skip
    if files.add_unless_refused(session, row) is not None:
        return None
    if AllocationState(seen.state) in (_S.ACTIVE, _S.SUSPENDED):
        deadlines.settle(session, seen.id, TEST_STAGES, "tested", now)
        due = Planned(DeadlineKind.TEST_DUE, newest[1] + TEST_EVERY)
        deadlines.plan(session, seen.id, [due], now)
    write(session, by, "TestCallValidated", now, file=seen.id, handset=handset_id)
    return row


def readiness(
    session: Session, officer: Officer, file_id: UUID, now: datetime
) -> tuple[Missing, ...]:
    """What is still missing before the hand-over; empty when she can be given it now."""
    seen = found(session, officer, Act.HAND_OVER, file_id)
    return guards.for_hand_over(_prepared(session, seen), now)


def _prepared(session: Session, seen: CaseFile) -> Prepared:
    decided = deciding.decision_that_grants(session, seen)
    kept = equipment.preparation(session, file_id=seen.id)
    sheet = equipment.sheet(session, seen.id)
    pressed = equipment.last_test_press(session, seen.id)
    device = files.last_consent(session, seen, ConsentScope.DEVICE)
    located = files.last_consent(session, seen, ConsentScope.GEOLOCATION)
    return Prepared(
        decision=DecisionKind(decided.kind) if decided else None,
        begins_at=start_of(seen.begins_on, zone_of(session, seen)) if seen.begins_on else None,
        ends_at=seen.ends_at,
        device_agreed=device is not None and device.withdrawn_at is None,
        geolocation_answered=located is not None,
        sheet_confirmed_at=sheet.confirmed_at if sheet else None,
        sheet_lacks=tuple(case_sheet.lacks(sheet.sheet)) if sheet else (),
        area_resolved=sheet is not None and sheet.control_room is not None,
        handset=kept.handset if kept else None,
        model_accepted=kept is not None and models.is_accepted(session, kept.handset),
        provisioned_at=kept.provisioned_at if kept else None,
        profile_live=kept is not None and profiles.is_live(session, kept),
        tested_handset=pressed.handset if pressed else None,
        tested_at=pressed.heard_at if pressed else None,
    )


def hand_over(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *,
    identity_checked: bool = False, imei: str | None = None, version: int | None = None,
) -> HandedOver | NotYet:  # fmt: skip
    """She is given the handset that was prepared and tested, or the replacement of a lost one. That
    it was checked who she is, and the `imei` read from the device, stands in the journal. Raises
    NotAllowed, NotThere, WrongState, Incomplete, SomebodyWasFaster."""
    seen = found(session, officer, Act.HAND_OVER, file_id, version)
    if not one_of_states(seen, GRANTED):
        raise WrongState("A handset is handed over by a grant that runs.")
    kept, there = _kept_for(session, seen, imei)  # seen before its keys are judged
    prepared = _prepared(session, seen)
    missing = guards.for_hand_over(prepared, now)
    if missing:
        return NotYet(missing, prepared.sheet_lacks)
    decided, ends_at = deciding.decision_that_grants(session, seen), seen.ends_at
    assert kept is not None, "nothing is missing"
    assert there is not None, "nothing is missing"
    assert decided is not None, "nothing is missing"
    assert ends_at is not None, "a grant says how long"
    is_first = seen.state == _S.GRANTED
    seen = move(session, seen, AllocationEvent.HAND_OVER if is_first else None, now)
    if not is_first:
        _replace(session, seen, now)
    row = Allocation(
        id=ids.new(now), handset=kept.handset, person=seen.person, court=seen.court,
        period=Range(now, ends_at), decision=decided.id,
    )  # fmt: skip
    if files.add_unless_refused(session, row) is not None:
        raise SomebodyWasFaster("This handset or this person is in another allocation already.")
    move_handset(session, there, HandsetEvent.ISSUE)
    equipment.change_preparation(session, kept.id, {"handed_over_at": now, "ended_at": now})
    _follow(session, seen, prepared.tested_at or now, now)
    sheets.give_copies(session, seen, now)
    sheets.show_to_alerts(session, seen)
    write(session, officer.name, "HandsetHandedOver", now, file=seen.id, handset=kept.handset,
          allocation=str(row.id), ends_at=ends_at.isoformat(),
          identity_checked=identity_checked,
          imei_compared=None not in (imei, there.imei))  # fmt: skip
    return HandedOver(row.id, kept.handset, ends_at)


def _kept_for(
    session: Session, seen: CaseFile, imei: str | None
) -> tuple[Provisioning | None, Handset | None]:
    """What is kept for the file; raises Incomplete when another device was read."""
    kept = equipment.preparation(session, file_id=seen.id)
    there = handset(session, kept.handset) if kept else None
    if there is not None:
        must_be_this_one(there, imei)
    return kept, there


def must_be_this_one(there: Handset, imei: str | None) -> None:
    """What was read from a device is that of the record: two boxes are alike, and the wrong one is
    one arrow away. Nothing is compared where the record has none. Raises Incomplete."""
    if imei is not None and there.imei is not None and imei != there.imei:
        raise Incomplete("The IMEI that was read is not that of this handset: it is another one.")


def _replace(session: Session, seen: CaseFile, now: datetime) -> None:
    """The handset before leaves her hands in the record; one that works is due back."""
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is None:
        return
    equipment.end_allocation(session, held.id, now)
    there = handset(session, held.handset)
    if there.state == HandsetState.ISSUED:
        move_handset(session, there, HandsetEvent.END)


def _follow(session: Session, seen: CaseFile, tested_at: datetime, now: datetime) -> None:
    waited = [DeadlineKind.HAND_OVER_WAITING, DeadlineKind.RECALL_WAITING]
    deadlines.settle(session, seen.id, waited, "handed over", now)
    due = Planned(DeadlineKind.TEST_DUE, tested_at + TEST_EVERY)
    deadlines.plan(session, seen.id, [due], now)
