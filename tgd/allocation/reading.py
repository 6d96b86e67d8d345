"""What pages, the API and lists may show: the files, deadlines and handsets within reach."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import Officer, found, must, owned
from tgd.records import CaseFile
from tgd.rules.access import Act
from tgd.rules.allocation import AllocationState
from tgd.rules.scope import FileGroup, shows
from tgd.store import deadlines, equipment, files


def file_shown(
    session: Session, officer: Officer, file_id: UUID
) -> tuple[CaseFile, frozenset[FileGroup]]:
    """The file and the parts of it that this person may be shown now. Raises like `found`."""
    seen = found(session, officer, Act.SEE_FILES, file_id)
    of = owned(session, officer, seen)
    return seen, frozenset(g for g in FileGroup if shows(officer.reach, g, of))


def files_shown(
    session: Session, officer: Officer, *, states: tuple[AllocationState, ...] = (),
    limit: int = 200,
) -> list[CaseFile]:  # fmt: skip
    """The files of this person's courts or association, the one that changed last first.

    Those whom only an alert lets in find theirs on the alert's page, never in a list.
    """
    must(officer, Act.SEE_FILES)
    courts, association = _where(officer)
    return files.listed(session, courts, association, [s.value for s in states], limit)


def deadlines_shown(
    session: Session, officer: Officer, *, skip: int = 0, limit: int = 200
) -> list[Any]:
    """What this person's role owns or is told of as the one above, the nearest day first."""
    must(officer, Act.ACKNOWLEDGE_DEADLINE)
    courts, association = _where(officer)
    own = [code for code in courts if code not in officer.on_call_for]
    return deadlines.of_role(
        session, officer.role.value, own, sorted(officer.on_call_for), association, skip=skip,
        limit=limit,
    )  # fmt: skip


def stock_shown(session: Session, officer: Officer) -> list[Any]:
    """Every handset of the stocks of this person: states and parts, never who carries it."""
    must(officer, Act.SEE_STOCK)
    return equipment.stock(session, sorted(officer.reach.courts))


def _where(officer: Officer) -> tuple[list[str], str | None]:
    """A court's people look by their courts, an association's by its name."""
    if officer.reach.association is not None:
        return [], officer.reach.association
    return sorted(officer.reach.courts), None
