"""From her hands back to the stock: certificate, clocks of forgetting, erasure with proof."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation import erasing, releasing
from tgd.allocation.acting import (
    NotYet,
    Officer,
    clean,
    found,
    found_handset,
    handset,
    move,
    move_handset,
    write,
    zone_of,
)
from tgd.allocation.deciding import is_ended
from tgd.errors import WrongState
from tgd.records import CaseFile, ReturnCertificate, WipeProof
from tgd.rules import guards
from tgd.rules.access import Act
from tgd.rules.allocation import AllocationEvent
from tgd.rules.deadlines import (
    PLATFORM_ERASES_AFTER_DAYS,
    TRACES_ERASED_AFTER_MONTHS,
    DeadlineKind,
    Planned,
    day_in,
    period_end,
)
from tgd.rules.guards import Missing
from tgd.rules.handset import HandsetEvent, HandsetState
from tgd.store import deadlines, equipment, files

_GONE = (HandsetState.LOST, HandsetState.STOLEN, HandsetState.FAULTY, HandsetState.RETIRED)


def take_back(
    session: Session, officer: Officer, file_id: UUID, witness: str, now: datetime, *,
    version: int | None = None,
) -> ReturnCertificate | NotYet:  # fmt: skip
    """She gives it back in the presence of the association: the certificate starts the clocks.

    After the decision has ended by its day or by a withdrawal. Raises like `found`, WrongState.
    """
    seen = found(session, officer, Act.TAKE_BACK, file_id, version)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is None or not is_ended(seen):
        raise WrongState("Nothing is due back for this file.")
    is_open = files.open_alert_of(session, person=seen.person) is not None
    missing = guards.for_taking_back(witness, alert_open=is_open)
    if missing:
        return NotYet(missing)
    row = ReturnCertificate(
        allocation=held.id, case_file=seen.id, handset=held.handset, received_by=officer.name,
        witness=clean(witness)[:120], given_at=now,
        platform_erases_by_at=now + timedelta(days=PLATFORM_ERASES_AFTER_DAYS),
        traces_erased_by_at=_months_after(session, seen, now),
    )  # fmt: skip
    seen = _close(session, seen, AllocationEvent.TAKE_BACK, row.traces_erased_by_at, now)
    equipment.end_allocation(session, held.id, now)
    move_handset(session, handset(session, held.handset), HandsetEvent.TAKE_BACK)
    files.add(session, row)
    _start_clocks(session, seen, row.platform_erases_by_at, row.traces_erased_by_at, now)
    write(session, officer.name, "HandsetReturned", now, file=seen.id, handset=held.handset)
    return row


def _months_after(session: Session, seen: CaseFile, now: datetime) -> datetime:
    zone = zone_of(session, seen)
    return period_end(day_in(zone, now), TRACES_ERASED_AFTER_MONTHS, zone)


def _close(
    session: Session, seen: CaseFile, event: AllocationEvent, purge_at: datetime, now: datetime
) -> CaseFile:
    changes = {"ended_at": seen.ended_at or now, "purge_at": purge_at}
    return move(session, seen, event, now, changes)


def _start_clocks(
    session: Session, seen: CaseFile, platform_by: datetime, traces_by: datetime, now: datetime
) -> None:
    erasing.ask(session, seen, platform_by, now)
    over = [kind for kind in DeadlineKind if kind is not DeadlineKind.RELEASE]
    deadlines.settle(session, seen.id, over, "returned", now)  # he comes out all the same
    clocks = [
        Planned(DeadlineKind.PLATFORM_ERASURE, platform_by),
        Planned(DeadlineKind.TRACES_ERASURE, traces_by),
    ]
    deadlines.plan(session, seen.id, clocks, now)
    releasing.watch_on(session, seen, now)


def settle(
    session: Session, officer: Officer, file_id: UUID, reasons: str, now: datetime, *,
    version: int | None = None,
) -> CaseFile | NotYet:  # fmt: skip
    """The file ended and its handset will not come back: lost, stolen or broken for good.

    The same clocks start; the handset stays where it is in the stock, and a press of it an alert.
    """
    seen = found(session, officer, Act.TAKE_BACK, file_id, version)
    if not is_ended(seen):
        raise WrongState("Nothing is due back for this file.")
    missing = guards.for_decision(reasons, against_advice=False)
    if files.open_alert_of(session, person=seen.person) is not None:
        missing = (*missing, Missing.ALERT_OPEN)
    if missing:
        return NotYet(missing)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is not None:
        if HandsetState(handset(session, held.handset).state) not in _GONE:
            raise WrongState("Its handset is not lost, stolen or broken: take it back.")
        equipment.end_allocation(session, held.id, now)
    traces_by = _months_after(session, seen, now)
    seen = _close(session, seen, AllocationEvent.SETTLE, traces_by, now)
    platform_by = now + timedelta(days=PLATFORM_ERASES_AFTER_DAYS)
    _start_clocks(session, seen, platform_by, traces_by, now)
    write(session, officer.name, "FileSettled", now, file=seen.id, reasons_given=True)
    return seen


def receive_back(session: Session, officer: Officer, handset_id: str, now: datetime) -> None:
    """A handset that was replaced, found or set aside is at the court again."""
    there = found_handset(session, officer, Act.RECONDITION, handset_id)
    if equipment.open_allocation(session, handset=there.id) is not None:
        raise WrongState("Its allocation has not ended: it is taken back with a certificate.")
    move_handset(session, there, HandsetEvent.TAKE_BACK)
    write(session, officer.name, "HandsetReceivedBack", now, handset=there.id)


def wipe(session: Session, officer: Officer, handset_id: str, now: datetime) -> WipeProof:
    """Begin its erasure: its keys are worth nothing from now on. Raises like `found_handset`."""
    there = found_handset(session, officer, Act.RECONDITION, handset_id)
    row = WipeProof(
        id=ids.new(now), handset=there.id, key_generation=there.key_generation + 1,
        begun_by=officer.name, begun_at=now,
    )  # fmt: skip
    changes = {
        "secret_hash": None, "key_generation": row.key_generation, "last_counter": None,
        "certified_since": now,
    }  # fmt: skip
    move_handset(session, there, HandsetEvent.WIPE, changes)
    files.add(session, row)
    write(session, officer.name, "HandsetWipeBegun", now, handset=there.id)
    return row


def prove_wiped(
    session: Session, officer: Officer, handset_id: str, proof: str, now: datetime
) -> NotYet | None:
    """How it is known that it remembers nothing; None when that is written."""
    there = found_handset(session, officer, Act.RECONDITION, handset_id)
    begun = equipment.open_wipe(session, there.id)
    if len(proof.strip()) < guards.SHORTEST_REASON:
        return NotYet((Missing.WIPE_PROOF,))
    move_handset(session, there, HandsetEvent.REFURBISH)
    if begun is not None:
        equipment.prove_wipe(session, begun.id, clean(proof), officer.name, now)
    write(session, officer.name, "HandsetWiped", now, handset=there.id)
    return None


def back_to_stock(
    session: Session, officer: Officer, handset_id: str, now: datetime, *, tested: bool
) -> NotYet | None:
    """Battery, card and button were tried: it can be given again. None when it is in the stock."""
    there = found_handset(session, officer, Act.RECONDITION, handset_id)
    if not tested:
        return NotYet((Missing.RESTOCK_TEST,))
    move_handset(session, there, HandsetEvent.RESTOCK)
    write(session, officer.name, "HandsetRestocked", now, handset=there.id)
    return None
