"""A recall: handsets of a model, a battery or a radio come back, and nobody is left without."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.allocation import floor, recalled
from tgd.allocation.acting import (
    Officer,
    clean,
    found_handset,
    handset,
    move_handset,
    must,
    write,
)
from tgd.allocation.stock import CRITERIA, set_aside
from tgd.errors import Incomplete, WrongState
from tgd.records import Handset, Recall
from tgd.rules.access import Act
from tgd.rules.handset import HandsetState, LiftReason
from tgd.store import equipment, files, models


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a recall has set aside at once, and what somebody still carries."""

    recall: UUID
    set_aside: tuple[str, ...]
    carried: tuple[str, ...]
    """Each needs a replacement first: nobody is left without."""


def recall(
    session: Session, officer: Officer, criterion: str, value: str, reason: str, now: datetime
) -> Recalled:
    """Call back every handset of a model, a battery or a radio in the stocks of these courts.

    What lies in the stock is set aside at once; what somebody carries is marked and stays with
    her until a replacement is in her hands, which is a deadline of her file. Raises NotAllowed,
    Incomplete.
    """
    must(officer, Act.SET_ASIDE)
    if criterion not in CRITERIA:
        raise Incomplete("A recall is by model, battery or radio.")
    row = Recall(id=ids.new(now), criterion=criterion, value=clean(value)[:60],
                 reason=clean(reason), by=officer.name, at=now)  # fmt: skip
    files.add(session, row)
    if criterion == "model":  # what comes of it later is tried again before it is given
        models.withdraw(session, row.value, officer.name, now)
    concerned = equipment.recalled_by(session, criterion, value, sorted(officer.reach.courts))
    carried_by = equipment.files_carrying(session, concerned)  # files first, as every act does
    aside, carried = [], []
    for handset_id in concerned:
        there = handset(session, handset_id)
        move_handset(session, there, None, {"recall": row.id})
        there = handset(session, handset_id)
        if equipment.open_allocation(session, handset=handset_id) is not None:
            carried.append(handset_id)
            _tell_file(session, officer, carried_by.get(handset_id), there, now)
        elif there.state in _AT_HAND:
            before = there.model_copy()
            set_aside(session, there, now)
            floor.used(session, before, officer.name, now)
            aside.append(handset_id)
    write(session, officer.name, "HandsetsRecalled", now, recall=str(row.id), criterion=criterion,
          set_aside=len(aside), carried=len(carried))  # fmt: skip
    return Recalled(row.id, tuple(aside), tuple(carried))


def _tell_file(
    session: Session, officer: Officer, file_id: UUID | None, there: Handset, now: datetime
) -> None:
    """Those of the file read in it that hers is recalled, and are reminded to replace it."""
    seen = files.case_file(session, file_id) if file_id else None
    if seen is not None and recalled.watch(session, seen, there.id, now):
        write(session, officer.name, "HandsetRecalled", now, file=seen.id, handset=there.id,
              recall=str(there.recall))  # fmt: skip


_AT_HAND = (
    HandsetState.IN_STOCK, HandsetState.RESERVED, HandsetState.PROVISIONED, HandsetState.RETURNED,
    HandsetState.REFURBISHED, HandsetState.FAULTY,
)  # fmt: skip


def lift_recall(
    session: Session, officer: Officer, handset_id: str, why: LiftReason, now: datetime
) -> None:
    """It may be given again; one that was set aside goes the way of all that were. Raises like
    `found_handset`, WrongState."""
    there = found_handset(session, officer, Act.SET_ASIDE, handset_id)
    if there.recall is None:
        raise WrongState("This handset is not recalled.")
    was = str(there.recall)
    file_id = equipment.files_carrying(session, [there.id]).get(there.id)
    move_handset(session, there, None, {"recall": None})
    seen = files.case_file(session, file_id) if file_id else None
    if seen is not None:
        recalled.settle(session, seen, officer.name, now)
    write(session, officer.name, "RecallLifted", now, file=file_id, handset=there.id, recall=was,
          why=why.value)  # fmt: skip
