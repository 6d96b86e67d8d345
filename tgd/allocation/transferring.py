"""She moves: a file goes to another court by that court's decision, and with it who sees her."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation import deciding, profiles, sheets, signing
from tgd.allocation.acting import (
    NotThere,
    NotYet,
    Officer,
    clean,
    found,
    handset,
    move,
    move_handset,
    must,
    write,
)
from tgd.allocation.referring import advice
from tgd.errors import WrongState
from tgd.records import CaseFile, Decision, FileTransfer
from tgd.rules import guards
from tgd.rules.access import Act, Role
from tgd.rules.allocation import (
    ENDED,
    AllocationEvent,
    AllocationState,
    DecisionKind,
    TransferOutcome,
)
from tgd.rules.deadlines import TRANSFER_WITHIN, DeadlineKind, Planned
from tgd.rules.notice import NoticeKind
from tgd.store import board, deadlines, equipment, files, notices, terms, transfers

SHOWN_FOR = timedelta(days=183)
_WAITS = [DeadlineKind.TRANSFER_WAITING]


def ask_transfer(
    session: Session, officer: Officer, file_id: UUID, to_court: str, reasons: str,
    now: datetime, *, version: int | None = None,
) -> FileTransfer | NotYet:  # fmt: skip
    """Ask another court to take the file over; nothing changes until its prosecutor signs.

    Raises NotAllowed, NotThere, WrongState, SomebodyWasFaster.
    """
    seen = found(session, officer, Act.DECIDE, file_id, version)
    if AllocationState(seen.state) in ENDED or seen.court is None:
        raise WrongState("This file has ended.")
    if files.court(session, to_court) is None or to_court == seen.court:
        raise NotThere("There is no such court.")
    missing = guards.for_decision(reasons, against_advice=False)
    if missing:
        return NotYet(missing)
    row = FileTransfer(
        id=ids.new(now), case_file=seen.id, from_court=seen.court, to_court=to_court,
        reasons=clean(reasons), asked_by=officer.name, asked_at=now,
    )  # fmt: skip
    seen = move(session, seen, None, now)
    if files.add_unless_refused(session, row) is not None:
        raise WrongState("Another court is asked already.")
    waits = Planned(DeadlineKind.TRANSFER_WAITING, now + TRANSFER_WITHIN)
    deadlines.plan(session, seen.id, [waits], now)
    write(session, officer.name, "TransferAsked", now, file=seen.id, to=to_court)
    return row


def withdraw_transfer(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, version: int | None = None
) -> None:
    """Ask for it no longer. Raises like `ask_transfer`."""
    seen = found(session, officer, Act.DECIDE, file_id, version)
    seen = move(session, seen, None, now)
    asked = transfers.open_of(session, seen.id)
    if asked is None:
        raise WrongState("No other court is asked to take this file over.")
    _answer(session, officer, asked, TransferOutcome.WITHDRAWN, "", now)
    write(session, officer.name, "TransferWithdrawn", now, file=seen.id, to=asked.to_court)


def accept(
    session: Session, officer: Officer, transfer_id: UUID, pool: str, reasons: str,
    now: datetime, *, association: str | None = None,
) -> Decision | NotYet:  # fmt: skip
    """The receiving court's signed decision: from this moment the file, its deadlines and the
    handset that she carries are its own, and the court before finds nothing of her any more.

    A handset that was only being prepared stays in the stock where it lies. Raises NotAllowed,
    NotThere, WrongState, SomebodyWasFaster.
    """
    asked, seen = _asked(session, officer, transfer_id)
    known = equipment.pool(session, pool)
    if known is None or known.court != asked.to_court:
        raise NotThere("There is no such stock.")
    missing = guards.for_decision(reasons, against_advice=False)
    if missing:
        return NotYet(missing)
    before = seen.association
    deciding.let_go(session, seen.id, now)
    changes: dict[str, Any] = {"court": asked.to_court}
    changes |= {"association": clean(association)[:80]} if association else {}
    seen = move(session, seen, AllocationEvent.TRANSFER, now, changes)
    signed = signing.sign(
        session, officer, seen, DecisionKind.TRANSFER, reasons, advice(session, seen, now), now
    )
    files.add(session, signed)
    _take_over(session, seen, asked.to_court, pool, now)
    sheets.hand_copies_on(session, before, seen, now)
    profiles.send(session, seen, now)
    _answer(session, officer, asked, TransferOutcome.ACCEPTED, signed.reasons, now)
    write(session, officer.name, "FileTransferred", now, file=seen.id, decision=str(signed.id),
          before=asked.from_court, to=asked.to_court, hash=signed.content_hash)  # fmt: skip
    return signed


def _take_over(session: Session, seen: CaseFile, court: str, pool: str, now: datetime) -> None:
    """The handset in her hands belongs to a stock of this court, and so does its allocation."""
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is not None:
        move_handset(session, handset(session, held.handset), None, {"pool": pool})
        transfers.take_over(session, seen.id, court)


def refuse(
    session: Session, officer: Officer, transfer_id: UUID, reasons: str, now: datetime
) -> NotYet | None:
    """The file stays where it is, and that court is told why. Raises like `accept`."""
    asked, seen = _asked(session, officer, transfer_id)
    missing = guards.for_decision(reasons, against_advice=False)
    if missing:
        return NotYet(missing)
    _answer(session, officer, asked, TransferOutcome.REFUSED, clean(reasons), now)
    notices.add(session, NoticeKind.REMINDER, "transfer_refused", now, to_role=Role.PROSECUTOR,
                file=seen.id)  # fmt: skip
    write(session, officer.name, "TransferRefused", now, file=seen.id, to=asked.to_court)
    return None


def _asked(session: Session, officer: Officer, transfer_id: UUID) -> tuple[FileTransfer, CaseFile]:
    """What this prosecutor's court is asked for, and the file, which nobody changes meanwhile."""
    must(officer, Act.DECIDE)
    asked = transfers.transfer(session, transfer_id)
    if asked is None or asked.to_court not in officer.reach.courts:
        raise NotThere
    files.stand_in_line(session, asked.case_file)
    asked = transfers.transfer(session, transfer_id)
    assert asked is not None, "nothing removes it while the file runs"
    seen = files.case_file(session, asked.case_file)
    assert seen is not None, "the foreign key says so"
    if asked.outcome is not None:
        raise WrongState("This transfer was answered already.")
    if AllocationState(seen.state) in ENDED:
        raise WrongState("This file has ended.")
    return asked, seen


def _answer(
    session: Session, officer: Officer, asked: FileTransfer, outcome: TransferOutcome,
    words: str, now: datetime,
) -> None:  # fmt: skip
    if not transfers.answer(session, asked.id, outcome, words, officer.name, now):
        raise WrongState("This transfer was answered already.")
    deadlines.settle(session, asked.case_file, _WAITS, officer.name, now)


def is_asked(session: Session, officer: Officer, file_id: UUID) -> bool:
    """Whether the officer's court is asked to take this file over."""
    asked = transfers.open_of(session, file_id)
    return asked is not None and asked.to_court in officer.reach.courts


def transfers_shown(session: Session, officer: Officer, now: datetime) -> dict[str, Any]:
    """What one's courts are asked for, with what they decide about; and what came and went. That
    a file was looked at so is written down. Raises NotAllowed."""
    must(officer, Act.OPEN_FILE)
    courts = sorted(officer.reach.courts)
    waiting = [dict(row._mapping) for row in transfers.asked_of(session, courts)]
    for one in waiting:
        write(session, officer.name, "AccessLogged", now, file=one["case_file"],
              groups=["transfer"])  # fmt: skip
    own = sorted(officer.reach.courts - officer.on_call_for)
    agreed = terms.agreements(session, courts, now)
    return {
        "waiting": waiting,
        "listed": [dict(row._mapping) for row in transfers.listed(session, own, now - SHOWN_FOR)],
        "pools": [dict(row._mapping) for row in board.pools(session, courts)],
        "associations": sorted({row.association for row in agreed if row.revoked_at is None}),
    }  # fmt: skip
