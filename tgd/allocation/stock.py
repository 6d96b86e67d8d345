"""The stock of a court: ordered, received, moved, lost, set aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd import ids
from tgd.allocation import floor, profiles, recalled
from tgd.allocation.acting import (
    NotThere,
    Officer,
    clean,
    found_handset,
    handset,
    move,
    move_handset,
    must,
    write,
    write_all,
)
from tgd.allocation.deciding import is_ended
from tgd.allocation.equipping import must_be_this_one, reserve
from tgd.allocation.sheets import PLATFORM
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import CaseFile, Handset, HandsetIncident, HandsetTransfer
from tgd.rules.access import Act, Role
from tgd.rules.deadlines import DeadlineKind, Planned
from tgd.rules.handset import (
    INCIDENT_EVENTS,
    AsideReason,
    HandsetEvent,
    HandsetState,
    IncidentKind,
)
from tgd.rules.notice import NoticeKind
from tgd.rules.phone import e164
from tgd.rules.scope import Owned, reaches_file, reaches_stock
from tgd.store import deadlines, equipment, files, notices
from tgd.store import inventory as store

CRITERIA = ("model", "battery", "radio")
DESCRIBED = (*CRITERIA, "number", "imei", "imsi")


def order(
    session: Session, officer: Officer, pool: str, now: datetime, *, model: str | None = None,
    battery: str | None = None, radio: str | None = None, number: str | None = None,
    imei: str | None = None, imsi: str | None = None,
) -> str:  # fmt: skip
    """A handset that is on its way to this stock; gives its id. Raises NotAllowed, NotThere,
    Incomplete."""
    _pool_of(session, officer, Act.SET_ASIDE, pool)
    spelled = e164(number) if number else None
    if number and spelled is None:
        raise Incomplete("This is no telephone number: write it like +33639980001.")
    row = Handset(
        id=ids.new_handset(), state=HandsetState.ORDERED.value, pool=pool, model=model,
        battery=battery, radio=radio, number=spelled, imei=imei, imsi=imsi, enrolled_at=now,
    )  # fmt: skip
    if files.add_unless_refused(session, row) is not None:
        raise Incomplete("Another handset has this number, IMEI or IMSI already.")
    write(session, officer.name, "HandsetOrdered", now, handset=row.id, pool=pool)
    return row.id


def order_all(
    session: Session, officer: Officer, listed: Sequence[Mapping[str, str | None]], now: datetime
) -> list[str] | None:
    """A whole list of handsets on their way, in a few statements; gives their ids, or None when
    the record refuses one of them and nothing was kept. Numbers are E.164, cells were judged.
    Raises NotAllowed, NotThere."""
    for pool in sorted({str(one["pool"]) for one in listed}):
        _pool_of(session, officer, Act.SET_ASIDE, pool)
    rows: list[dict[str, Any]] = [
        {"id": ids.new_handset(), "state": HandsetState.ORDERED.value, "key_generation": 1,
         "is_test_device": False, "enrolled_at": now, "version": 1} | dict(one)
        for one in listed
    ]  # fmt: skip
    if store.add_lists(session, (Handset, rows)) is not None:
        return None
    write_all(session, officer.name, "HandsetOrdered", now, {r["id"]: r["pool"] for r in rows})
    return [row["id"] for row in rows]


def refill(session: Session, officer: Officer, pool: str, model: str, now: datetime) -> list[str]:
    """Order all that is neither free nor ordered of what must always be left in this stock; gives
    the ids. Raises like `order`, WrongState when nothing is lacking."""
    lacks = floor.lacking(session, officer, pool)
    made = order_all(session, officer, [{"pool": pool, "model": clean(model)[:60]}] * lacks, now)
    assert made is not None, "they have neither number nor IMEI yet"
    return made


def receive(
    session: Session, officer: Officer, handset_id: str, now: datetime, *, imei: str | None = None
) -> None:
    """An ordered handset has arrived, or one from another stock; `imei` is what was read from it,
    kept when the record has none. Raises like `found_handset`, WrongState, Incomplete."""
    there = found_handset(session, officer, Act.TRANSFER, handset_id)
    if imei is not None and there.imei is None:
        _describe(session, there, {"imei": imei})
        there = found_handset(session, officer, Act.TRANSFER, handset_id)
    must_be_this_one(there, imei)
    if there.state == HandsetState.ORDERED:
        move_handset(session, there, HandsetEvent.RECEIVE)
    else:
        journey = equipment.open_transfer(session, there.id)
        if journey is None or not equipment.receive_transfer(
            session, journey.id, officer.name, now
        ):
            raise WrongState("This handset is not on its way.")
    write(session, officer.name, "HandsetReceived", now, handset=there.id, pool=there.pool,
          imei_compared=imei is not None)  # fmt: skip


def _describe(session: Session, there: Handset, changes: dict[str, Any]) -> None:
    kept = equipment.describe_handset(session, there, changes)
    if isinstance(kept, str):
        raise Incomplete("Another handset has this number, IMEI or IMSI already.")
    if not kept:
        raise SomebodyWasFaster


def transfer(
    session: Session, officer: Officer, handset_id: str, to_pool: str, now: datetime
) -> HandsetTransfer:
    """Send it to another stock; from now on it is there that it must be received."""
    there = found_handset(session, officer, Act.TRANSFER, handset_id)
    if there.state != HandsetState.IN_STOCK:
        raise WrongState("Only a handset that is free in the stock is sent to another one.")
    if equipment.pool(session, to_pool) is None or to_pool == there.pool:
        raise NotThere("There is no such stock.")
    row = HandsetTransfer(
        id=ids.new(now), handset=there.id, from_pool=there.pool, to_pool=to_pool,
        sent_by=officer.name, sent_at=now,
    )  # fmt: skip
    before = there.model_copy()
    move_handset(session, there, None, {"pool": to_pool})
    floor.used(session, before, officer.name, now)
    if files.add_unless_refused(session, row) is not None:
        raise WrongState("This handset is on its way already.")
    write(session, officer.name, "HandsetSent", now, handset=there.id, to=to_pool)
    return row


def report_incident(
    session: Session, officer: Officer, handset_id: str, kind: IncidentKind, words: str,
    now: datetime, *, replacement: str | None = None,
) -> HandsetIncident:  # fmt: skip
    """Lost, stolen or broken: blocked, replaced and told to the partners in one act.

    Blocked means that it is given to nobody; what is stolen proves nothing any more (0031). A press
    of any is an alert all the same. `replacement` is kept for her file at once. Raises like
    `found_handset`.
    """
    must(officer, Act.REPORT_INCIDENT)
    there, seen = _carried(session, officer, handset_id)
    if seen is not None:
        files.stand_in_line(session, seen.id)
        there, seen = _carried(session, officer, handset_id)  # as those before left them
    _must_be_replaceable(session, seen, replacement)
    told = _partners(seen)
    before = there.model_copy()
    move_handset(session, there, INCIDENT_EVENTS[kind])
    floor.used(session, before, officer.name, now)
    kept = equipment.preparation(session, handset=there.id)
    if kept is not None:
        equipment.change_preparation(session, kept.id, {"ended_at": now})
    row = HandsetIncident(
        id=ids.new(now), handset=there.id, case_file=seen.id if seen else None, kind=kind.value,
        words=clean(words), replaced_by=replacement, told=told, by=officer.name, reported_at=now,
    )  # fmt: skip
    files.add(session, row)
    if seen is not None and replacement is not None:
        reserve(session, officer, seen.id, replacement, now)
    elif seen is not None:
        move(session, seen, None, now)
    if seen is not None and not is_ended(seen):  # she has nothing in her hands from now on
        deadlines.plan(session, seen.id, [Planned(DeadlineKind.HAND_OVER_WAITING, now)], now)
        recalled.settle(session, seen, officer.name, now)
    notices.add(session, NoticeKind.HANDSET, kind.value, now, file=row.case_file, handset=there.id)
    write(session, officer.name, "HandsetIncident", now, file=row.case_file, handset=there.id,
          kind=kind.value, replaced_by=replacement, told=told)  # fmt: skip
    return row


def _must_be_replaceable(session: Session, seen: CaseFile | None, replacement: str | None) -> None:
    if replacement is None:
        return
    if seen is None:
        raise WrongState("Nobody carries this handset: there is nothing to replace.")
    if store.handset(session, replacement) is None:
        raise WrongState("There is no such handset to replace it with.")


def _partners(seen: CaseFile | None) -> list[str]:
    """Who is told of it: the platform always, and those of the file of whoever carries it."""
    told = [PLATFORM]
    told += [f"association:{seen.association}"] if seen and seen.association else []
    return told + ([f"court:{seen.court}"] if seen and seen.court else [])


def _carried(
    session: Session, officer: Officer, handset_id: str
) -> tuple[Handset, CaseFile | None]:
    """The handset and the file that it is carried by, for somebody who may know of either."""
    there = store.handset(session, handset_id)
    if there is None:
        raise NotThere
    held = equipment.open_allocation(session, handset=there.id)
    file_id = equipment.file_of_allocation(session, held) if held else None
    seen = files.case_file(session, file_id) if file_id else None
    pool = equipment.pool(session, there.pool) if there.pool else None
    if seen is not None and officer.role is not Role.STOCK_MANAGER:
        is_known = reaches_file(officer.reach, Owned(seen.court, seen.association))
    else:
        is_known = reaches_stock(officer.reach, pool.court if pool else None)
    if not is_known:
        raise NotThere
    return there, seen


def report_found(session: Session, officer: Officer, handset_id: str, now: datetime) -> None:
    """She has found hers again, before any replacement was handed over."""
    must(officer, Act.REPORT_INCIDENT)
    there, seen = _carried(session, officer, handset_id)
    if seen is None:
        raise WrongState("Nobody carries this handset any more: receive it back.")
    move_handset(session, there, HandsetEvent.FIND)
    if is_ended(seen):
        move_handset(session, handset(session, there.id), HandsetEvent.END)
    deadlines.settle(session, seen.id, [DeadlineKind.HAND_OVER_WAITING], "found again", now)
    recalled.watch(session, seen, there.id, now)
    notices.add(session, NoticeKind.HANDSET, "found", now, file=seen.id, handset=there.id)
    write(session, officer.name, "HandsetFound", now, file=seen.id, handset=there.id)


def quarantine(
    session: Session, officer: Officer, handset_id: str, why: AsideReason, now: datetime
) -> None:
    """Keep it aside until somebody has looked at it; a file that it was kept for needs another."""
    there = found_handset(session, officer, Act.SET_ASIDE, handset_id)
    before = there.model_copy()
    set_aside(session, there, now)
    floor.used(session, before, officer.name, now)
    write(session, officer.name, "HandsetQuarantined", now, handset=there.id, why=why.value)


def set_aside(session: Session, there: Handset, now: datetime) -> None:
    """Out of the hands of whoever prepares it; raises WrongState while somebody carries it."""
    if equipment.open_allocation(session, handset=there.id) is not None:
        raise WrongState("She still carries it: replace it, or take it back, first.")
    kept = equipment.preparation(session, handset=there.id)
    if kept is not None:
        equipment.change_preparation(session, kept.id, {"ended_at": now})
    move_handset(session, there, HandsetEvent.QUARANTINE)


def retire(
    session: Session, officer: Officer, handset_id: str, why: AsideReason, now: datetime
) -> None:
    """Never again in somebody's hands."""
    there = found_handset(session, officer, Act.SET_ASIDE, handset_id)
    if equipment.open_allocation(session, handset=there.id) is not None:
        raise WrongState("Its allocation has not ended.")
    move_handset(session, there, HandsetEvent.RETIRE)
    write(session, officer.name, "HandsetRetired", now, handset=there.id, why=why.value)


def describe(
    session: Session, officer: Officer, handset_id: str, said: Mapping[str, str | None],
    now: datetime,
) -> None:  # fmt: skip
    """Correct its model, parts, IMEI, number or IMSI (another SIM card), also while it is carried;
    what is left empty stays. Raises like `found_handset`, Incomplete."""
    there = found_handset(session, officer, Act.SET_ASIDE, handset_id)
    changes: dict[str, Any] = {part: said[part] for part in DESCRIBED if said.get(part)}
    if "number" in changes:
        changes["number"] = e164(changes["number"])
        if changes["number"] is None:
            raise Incomplete("This is no telephone number: write it like +33639980001.")
    if not changes:
        raise Incomplete("Write something first.")
    seen = _file_with(session, there.id) if "number" in changes else None
    _describe(session, there, changes)
    if seen is not None:
        profiles.send(session, seen, now)
    write(session, officer.name, "HandsetDescribed", now, handset=there.id, parts=sorted(changes))


def _file_with(session: Session, handset_id: str) -> CaseFile | None:
    """The file that it is kept for or carried by; whoever changes that one is waited for."""
    kept = equipment.preparation(session, handset=handset_id)
    carried_by = equipment.files_carrying(session, [handset_id])
    file_id = kept.case_file if kept else carried_by.get(handset_id)
    if file_id is None:
        return None
    files.stand_in_line(session, file_id)
    return files.case_file(session, file_id)


def place(session: Session, officer: Officer, handset_id: str, pool: str, now: datetime) -> None:
    """A handset that no stock has yet (enrolled by the command line) belongs to this one."""
    there = found_handset(session, officer, Act.SET_ASIDE, handset_id)
    if there.pool is not None:
        raise WrongState("It is in a stock already: send it to another one.")
    _pool_of(session, officer, Act.SET_ASIDE, pool)
    move_handset(session, there, None, {"pool": pool})
    write(session, officer.name, "HandsetPlaced", now, handset=there.id, pool=pool)


def _pool_of(session: Session, officer: Officer, act: Act, pool: str) -> None:
    must(officer, act)
    known = equipment.pool(session, pool)
    if known is None or not reaches_stock(officer.reach, known.court):
        raise NotThere("There is no such stock.")


def is_below_floor(session: Session, officer: Officer, pool: str) -> bool:
    """True when fewer handsets are free than must always be left: order now."""
    if not officer.reach.courts:
        raise NotAllowed
    _pool_of(session, officer, Act.SEE_STOCK, pool)
    known = equipment.pool(session, pool)
    assert known is not None
    return equipment.free_in(session, pool) < known.floor
