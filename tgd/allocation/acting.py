"""What every act on a file or a handset shares: who acts, what is there for them, the change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import inventory, journal
from tgd.allocation import whose
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster
from tgd.journal import Line
from tgd.records import CaseFile, Handset
from tgd.rules import allocation as files_rules
from tgd.rules import handset as handset_rules
from tgd.rules.access import Act, Role, may, may_on_call
from tgd.rules.allocation import AllocationEvent, AllocationState
from tgd.rules.deadlines import USUAL_ZONE
from tgd.rules.guards import Missing, sentences
from tgd.rules.handset import HandsetEvent, HandsetState
from tgd.rules.scope import BY_ALERT, Owned, Reach, reaches_file, reaches_stock
from tgd.rules.territory import Area
from tgd.store import equipment, files
from tgd.store import inventory as stock

LONGEST_WORDS = 8000


class NotThere(inventory.NotThere):
    """There is no such file or handset here."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody with a role and what it reaches today; see `officer`."""

    name: str
    reach: Reach
    on_call_for: frozenset[str] = frozenset()
    """Courts in reach only by a delegation, for a night or a weekend: decisions say so."""
    areas: tuple[Area, ...] = ()
    """By which a position becomes a control room."""

    @property
    def role(self) -> Role:
        """The role."""
        return self.reach.role


@dataclass(frozen=True, slots=True)
class NotYet:
    """What is missing before the act can be done; nothing has changed."""

    missing: tuple[Missing, ...]
    lacks: tuple[str, ...] = field(default=())
    """The fields of the case sheet that say nothing, when it is not complete."""

    @property
    def sentences(self) -> list[str]:
        """What a person reads (message ids of the catalogues)."""
        return sentences(self.missing)


def officer(
    session: Session, name: str, role: Role, now: datetime, areas: tuple[Area, ...] = ()
) -> Officer:
    """This account with the clearances that it has today."""
    cleared = files.clearances(session, name, now)
    courts = frozenset(c.court for c in cleared if c.court and c.kind == "standing")
    on_call = frozenset(
        c.court
        for c in cleared
        if c.court and c.kind == "on_call" and may_on_call(role, Act.DECIDE)
    )
    association = next((c.association for c in cleared if c.association), None)
    rooms = frozenset(c.control_room for c in cleared if c.control_room)
    reach = Reach(role, courts | on_call, association, rooms)
    return Officer(name, reach, on_call - courts, areas)


def must(officer: Officer, act: Act) -> None:
    """Raises NotAllowed for a role that never does this."""
    if not may(officer.role, act):
        raise NotAllowed


def found(
    session: Session, officer: Officer, act: Act, file_id: UUID, version: int | None = None
) -> CaseFile:
    """The file, for somebody who may do this act on it.

    `version` is what the page showed: an act on anything older is refused. Raises NotAllowed,
    NotThere (outside the scope too), SomebodyWasFaster.
    """
    must(officer, act)
    seen = files.case_file(session, file_id)
    if seen is None or not _reaches(session, officer, act, seen):
        raise NotThere
    if seen.court in officer.on_call_for and not may_on_call(officer.role, act):
        raise NotAllowed
    if version is not None and seen.version != version:
        raise SomebodyWasFaster
    return seen


def _reaches(session: Session, officer: Officer, act: Act, seen: CaseFile) -> bool:
    if officer.role is Role.STOCK_MANAGER and act is Act.RESERVE:
        return seen.court is not None and seen.court in officer.reach.courts
    return reaches_file(officer.reach, owned(session, officer, seen))


def owned(session: Session, officer: Officer, seen: CaseFile) -> Owned:
    """Whose the file is; only those whom an alert lets in make the record look for one."""
    is_open = officer.role in BY_ALERT and whose.has_open(
        session, officer.reach, seen.person, officer.areas
    )
    return Owned(seen.court, seen.association, is_open)


def found_handset(session: Session, officer: Officer, act: Act, handset: str) -> Handset:
    """The handset, for somebody who may do this act with it. Raises like `found`."""
    must(officer, act)
    seen = stock.handset(session, handset)
    if seen is None or seen.is_canary or not reaches_stock(officer.reach, court_of(session, seen)):
        raise NotThere
    return seen


def court_of(session: Session, handset: Handset) -> str | None:
    """The court whose stock a handset belongs to."""
    pool = equipment.pool(session, handset.pool) if handset.pool else None
    return pool.court if pool else None


def move(
    session: Session, seen: CaseFile, event: AllocationEvent | None, now: datetime,
    changes: dict[str, Any] | None = None,
) -> CaseFile:  # fmt: skip
    """The file after the event; raises WrongState, SomebodyWasFaster."""
    moved: dict[str, Any] = {"changed_at": now} | (changes or {})
    if event is not None:
        moved["state"] = files_rules.after(AllocationState(seen.state), event).value
    if not files.change_file(session, seen, moved):
        raise SomebodyWasFaster
    after = files.case_file(session, seen.id)
    assert after is not None
    return after


def move_handset(
    session: Session, seen: Handset, event: HandsetEvent | None,
    changes: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """The handset after the event; raises WrongState, SomebodyWasFaster."""
    moved = dict(changes or {})
    if event is not None:
        moved["state"] = handset_rules.after(HandsetState(seen.state), event).value
    if not equipment.change_handset(session, seen, moved):
        raise SomebodyWasFaster


def handset(session: Session, handset_id: str) -> Handset:
    """A handset that a row of ours names."""
    seen = stock.handset(session, handset_id)
    assert seen is not None, "the foreign key says so"
    return seen


def zone_of(session: Session, seen: CaseFile) -> str:
    """The time zone in which the file's days are counted."""
    court = files.court(session, seen.court)
    return court.zone if court else USUAL_ZONE


def write(
    session: Session, by: str, act: str, now: datetime, *, file: UUID | None = None,
    handset: str | None = None, **detail: Any,
) -> None:  # fmt: skip
    """The journal's line of an act: opaque ids and words of ours, never a name."""
    known = {"file": str(file)} if file else {}
    journal.write(session, [Line(now, by, act, handset=handset, detail=known | detail)])


def clean(words: str) -> str:
    """Without characters that no text column takes, and not without end. Raises Incomplete."""
    kept = "".join(c for c in words if c in "\n\t" or c.isprintable()).strip()[:LONGEST_WORDS]
    if not kept:
        raise Incomplete("Write something first.")
    return kept


def one_of_states(seen: CaseFile, states: Sequence[AllocationState]) -> bool:
    """Whether the file is in one of these states."""
    return AllocationState(seen.state) in states


def write_all(session: Session, who: str, act: str, now: datetime, pools: dict[str, str]) -> None:
    """One line of the same act for each handset, with its stock, in few statements."""
    lines = [Line(now, who, act, handset=h, detail={"pool": pool}) for h, pool in pools.items()]
    journal.write(session, lines)
