"""Questions about handsets on their way to a person and back: kept, prepared, tested, returned."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from tgd.records import (
    Allocation,
    CaseSheet,
    Handset,
    HandsetTransfer,
    Pool,
    Provisioning,
    Recall,
    ReturnCertificate,
    SheetCopy,
    TestPress,
    WipeProof,
)
from tgd.store.board import FREE


def pool(session: Session, code: str) -> Pool | None:
    """The stock of this code."""
    return session.get(Pool, code)


def change_handset(session: Session, seen: Handset, changes: dict[str, Any]) -> bool:
    """Change the handset if it is still as it was seen; False when somebody was faster."""
    found = session.connection().execute(
        update(Handset)
        .where(
            col(Handset.id) == seen.id,
            col(Handset.version) == seen.version,
            col(Handset.state) == seen.state,
        )
        .values(version=seen.version + 1, **changes)
    )
    return found.rowcount == 1


def preparation(
    session: Session, *, file_id: UUID | None = None, handset: str | None = None
) -> Provisioning | None:
    """The handset that is kept for this file, or the file that this handset is kept for."""
    asked = select(Provisioning).where(col(Provisioning.ended_at).is_(None))
    if file_id is not None:
        asked = asked.where(col(Provisioning.case_file) == file_id)
    if handset is not None:
        asked = asked.where(col(Provisioning.handset) == handset)
    return session.exec(asked.execution_options(populate_existing=True)).one_or_none()


def change_preparation(session: Session, preparation_id: UUID, changes: dict[str, Any]) -> None:
    """Write what became of a handset that is kept for a file."""
    session.connection().execute(
        update(Provisioning).where(col(Provisioning.id) == preparation_id).values(**changes)
    )


def open_allocation(
    session: Session, *, file_id: UUID | None = None, handset: str | None = None
) -> Allocation | None:
    """The allocation whose handset has not come back, of a file or of a handset."""
    found = session.connection().execute(
        text(
            "SELECT a.id FROM allocation a JOIN decision d ON d.id = a.decision"
            " WHERE a.ended_at IS NULL"
            " AND (d.case_file = CAST(:file AS uuid) OR a.handset = CAST(:handset AS text))"
        ),
        {"file": file_id, "handset": handset},
    )
    known = found.scalar_one_or_none()
    return session.get(Allocation, known, populate_existing=True) if known else None


def file_of_allocation(session: Session, allocation: Allocation) -> UUID:
    """The case file by whose decision it was given."""
    found = session.connection().execute(
        text("SELECT case_file FROM decision WHERE id = :id"), {"id": allocation.decision}
    )
    return UUID(str(found.scalar_one()))


def move_period_end(session: Session, allocation: UUID, ends_at: datetime) -> None:
    """The period ends then: by a renewal, a shortening or a withdrawal."""
    session.connection().execute(
        text(
            "UPDATE allocation SET period = tstzrange(lower(period), greatest(:ends_at,"
            " lower(period) + interval '1 microsecond')) WHERE id = :id"
        ),
        {"id": allocation, "ends_at": ends_at},
    )


def end_allocation(session: Session, allocation: UUID, now: datetime) -> bool:
    """The handset has left her hands; a period that runs ends too. False when it had already."""
    found = session.connection().execute(
        text(
            "UPDATE allocation SET ended_at = :now, period = CASE WHEN upper(period) <= :now"
            " THEN period ELSE tstzrange(lower(period), greatest(CAST(:now AS timestamptz),"
            " lower(period) + interval '1 microsecond')) END"
            " WHERE id = :id AND ended_at IS NULL"
        ),
        {"id": allocation, "now": now},
    )
    return found.rowcount == 1


def newest_test(session: Session, handset: str, since: datetime) -> tuple[UUID, datetime] | None:
    """The newest proven press of kind test from this handset since then: trigger and moment.

    Only a proven source ever gets into the lane of tests (doubt.py); a replayed one shows nothing.
    """
    found = session.connection().execute(
        text(
            "SELECT t.id, t.heard_at FROM alert_trigger t JOIN alert a ON a.id = t.alert"
            " WHERE a.handset = :handset AND a.lane = 'test' AND t.kind = 'test'"
            " AND t.heard_at >= :since AND NOT 'replayed' = ANY(t.labels)"
            " ORDER BY t.heard_at DESC, t.id DESC LIMIT 1"
        ),
        {"handset": handset, "since": since},
    )
    row = found.first()
    return (row.id, row.heard_at) if row else None


def last_test_press(session: Session, file_id: UUID) -> TestPress | None:
    """The newest press that was validated for this file."""
    return session.exec(
        select(TestPress)
        .where(col(TestPress.case_file) == file_id)
        .order_by(col(TestPress.heard_at).desc())
        .limit(1)
    ).one_or_none()


def sheet(session: Session, file_id: UUID) -> CaseSheet | None:
    """The version of the case sheet that counts."""
    return session.exec(
        select(CaseSheet)
        .where(col(CaseSheet.case_file) == file_id)
        .order_by(col(CaseSheet.version).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()


def sheet_of_person(session: Session, person: UUID) -> CaseSheet | None:
    """The sheet that answers a press of this person: of the file that she carries a handset by."""
    found = session.connection().execute(
        text(
            "SELECT s.id FROM case_sheet s JOIN case_file f ON f.id = s.case_file"
            " WHERE f.person = :person AND f.state NOT IN ('merged', 'purged')"
            " ORDER BY (f.state IN ('active', 'suspended', 'expired', 'withdrawn')) DESC,"
            " f.opened_at DESC, s.version DESC LIMIT 1"
        ),
        {"person": person},
    )
    known = found.scalar_one_or_none()
    return session.get(CaseSheet, known) if known else None


def describe_handset(session: Session, seen: Handset, changes: dict[str, Any]) -> bool | str:
    """Like `change_handset`, in a savepoint; the name of the constraint that refuses it."""
    try:
        with session.begin_nested():
            return change_handset(session, seen, changes)
    except IntegrityError as error:
        return str(getattr(getattr(error.orig, "diag", None), "constraint_name", None))


def confirm_sheet(session: Session, sheet_id: UUID, now: datetime) -> None:
    """She has said again that it is right."""
    session.connection().execute(
        update(CaseSheet).where(col(CaseSheet.id) == sheet_id).values(confirmed_at=now)
    )


def show_to_alerts(session: Session, person: UUID, name: str, places: Sequence[Any]) -> None:
    """What those who answer a press are told: the sheet's name and places."""
    session.connection().execute(
        text(
            "UPDATE protected_person SET name = :name, places = CAST(:places AS jsonb),"
            " note = NULL WHERE id = :id"
        ),
        {"id": person, "name": name, "places": _json(places)},
    )


def _json(value: Any) -> str:

    return json.dumps(value, ensure_ascii=False)


def erase_copies(
    session: Session, file_id: UUID, erase_by_at: datetime, holder: str | None = None
) -> int:
    """Every copy of the file's sheets that is outside, or those of one holder, must be erased
    there by then; gives how many."""
    found = session.connection().execute(
        text(
            "UPDATE sheet_copy c SET erase_by_at = :by FROM case_sheet s"
            " WHERE s.id = c.sheet AND s.case_file = :file AND c.erased_at IS NULL"
            " AND (CAST(:holder AS text) IS NULL OR c.holder = :holder)"
        ),
        {"file": file_id, "holder": holder, "by": erase_by_at},
    )
    return found.rowcount


def certificate(session: Session, file_id: UUID) -> ReturnCertificate | None:
    """The newest return certificate of the file."""
    return session.exec(
        select(ReturnCertificate)
        .where(col(ReturnCertificate.case_file) == file_id)
        .order_by(col(ReturnCertificate.given_at).desc())
        .limit(1)
    ).one_or_none()


def open_wipe(session: Session, handset: str) -> WipeProof | None:
    """The erasure of this handset that waits for its proof."""
    return session.exec(
        select(WipeProof).where(
            col(WipeProof.handset) == handset, col(WipeProof.wiped_at).is_(None)
        )
    ).one_or_none()


def prove_wipe(session: Session, wipe_id: UUID, proof: str, by: str, now: datetime) -> None:
    """How it is known that the handset remembers nothing."""
    session.connection().execute(
        update(WipeProof)
        .where(col(WipeProof.id) == wipe_id)
        .values(proof=proof, wiped_by=by, wiped_at=now)
    )


def open_transfer(session: Session, handset: str) -> HandsetTransfer | None:
    """The journey of this handset that nobody has received yet."""
    return session.exec(
        select(HandsetTransfer).where(
            col(HandsetTransfer.handset) == handset, col(HandsetTransfer.received_at).is_(None)
        )
    ).one_or_none()


def receive_transfer(session: Session, transfer: UUID, by: str, now: datetime) -> bool:
    """It has arrived; False when somebody had received it."""
    found = session.connection().execute(
        update(HandsetTransfer)
        .where(col(HandsetTransfer.id) == transfer, col(HandsetTransfer.received_at).is_(None))
        .values(received_by=by, received_at=now)
    )
    return found.rowcount == 1


def recalled_by(session: Session, criterion: str, value: str, courts: Sequence[str]) -> list[str]:
    """Handsets that a recall concerns, in the stocks of these courts or in none yet; however the
    model, the battery or the network was written: `3G` is ` 3g`."""
    column = {"model": Handset.model, "battery": Handset.battery, "radio": Handset.radio}[criterion]
    asked = (
        select(Handset.id)
        .outerjoin(Pool, col(Pool.code) == col(Handset.pool))
        .where(func.lower(func.trim(col(column))) == func.lower(func.trim(value)))
        .where(col(Handset.state) != "retired")
        .where(col(Pool.court).in_(courts) | col(Pool.court).is_(None))
        .order_by(col(Handset.id))
    )
    return list(session.exec(asked))


def files_carrying(session: Session, handsets: Sequence[str]) -> dict[str, UUID]:
    """By which files these handsets are carried; whoever changes one of the files is waited for."""
    found = session.connection().execute(
        text(
            "SELECT a.handset, f.id FROM allocation a JOIN decision d ON d.id = a.decision"
            " JOIN case_file f ON f.id = d.case_file"
            " WHERE a.ended_at IS NULL AND a.handset = ANY(:handsets)"
            " ORDER BY f.id FOR NO KEY UPDATE OF f"
        ),
        {"handsets": list(handsets)},
    )
    return {row.handset: row.id for row in found}


def recall_of(session: Session, handset: str) -> Recall | None:
    """Why this handset is to come back; None for one that is not recalled."""
    return session.exec(
        select(Recall)
        .join(Handset, col(Handset.recall) == col(Recall.id))
        .where(col(Handset.id) == handset)
    ).one_or_none()


def free_in(session: Session, pool_code: str) -> int:
    """How many handsets of a stock could be reserved now."""
    found = session.connection().execute(
        text(f"SELECT count(*) FROM handset h WHERE h.pool = :pool AND {FREE}"),  # noqa: S608
        {"pool": pool_code},
    )
    return int(found.scalar_one())


def ordered_in(session: Session, pool_code: str) -> int:
    """How many handsets are on their way to a stock for the first time."""
    found = session.connection().execute(
        text("SELECT count(*) FROM handset WHERE pool = :pool AND state = 'ordered'"),
        {"pool": pool_code},
    )
    return int(found.scalar_one())


def stand_in_line_of_pool(session: Session, pool_code: str) -> None:
    """Wait for whoever orders for this stock at this very moment."""
    session.connection().execute(
        text("SELECT 1 FROM pool WHERE code = :code FOR NO KEY UPDATE"), {"code": pool_code}
    )


def copies(session: Session, file_id: UUID) -> list[Any]:
    """Who outside the court may have which version of the file's sheet, the newest first."""
    found = session.connection().execute(
        text(
            "SELECT c.id, c.holder, s.version, c.given_at, c.acknowledged_at, c.acknowledged_by,"
            " c.erase_by_at, c.erased_at FROM sheet_copy c JOIN case_sheet s ON s.id = c.sheet"
            " WHERE s.case_file = :file ORDER BY s.version DESC, c.holder LIMIT 200"
        ),
        {"file": file_id},
    )
    return list(found)


def acknowledge_copy(session: Session, copy: UUID, by: str, now: datetime) -> bool:
    """Its holder works with it; False when somebody had said so."""
    found = session.connection().execute(
        update(SheetCopy)
        .where(col(SheetCopy.id) == copy, col(SheetCopy.acknowledged_at).is_(None))
        .values(acknowledged_at=now, acknowledged_by=by)
    )
    return found.rowcount == 1


def holders(session: Session, sheet_id: UUID) -> list[str]:
    """Who outside the court has this version."""
    return list(session.exec(select(SheetCopy.holder).where(col(SheetCopy.sheet) == sheet_id)))


_STOCK = text(
    """
    SELECT h.id, h.state, h.pool, p.court, h.model, h.battery, h.radio, h.imei, h.number,
           h.version, h.enrolled_at, h.recall IS NOT NULL AS is_recalled,
           EXISTS (SELECT 1 FROM handset_transfer t
                   WHERE t.handset = h.id AND t.received_at IS NULL) AS is_on_its_way,
           s.heard_at, s.battery_pct
    FROM handset h
    LEFT JOIN pool p ON p.code = h.pool
    LEFT JOIN handset_status s ON s.handset = h.id
    WHERE (h.pool IS NULL OR p.court = ANY(:courts)) AND NOT h.is_canary
    ORDER BY h.pool NULLS LAST, h.enrolled_at, h.id
    """
)


def stock(session: Session, courts: Sequence[str]) -> list[Any]:
    """The handsets of these courts and of nobody yet: places and parts, never a person."""
    return list(session.connection().execute(_STOCK, {"courts": list(courts)}))
