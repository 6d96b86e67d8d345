"""Who else she may be, and her other files, for those who work on the file."""

import re
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.errors import Incomplete
from tgd.records import CaseFile
from tgd.rules.allocation import reference
from tgd.rules.namesake import Named, is_namesake, words_of
from tgd.rules.scope import BY_ALERT, BY_COURT
from tgd.store import casework, files, namesakes

SHOWN = 10


def hers(session: Session, officer: Officer, seen: CaseFile, may: list[str]) -> dict[str, Any]:
    """Her other files within reach, and namesakes as long as she may still be recognised."""
    if officer.role in BY_ALERT:
        return {"others": [], "namesakes": [], "merged_into": None}
    courts = officer.reach.courts if officer.role in BY_COURT else frozenset()
    rows = namesakes.others_of(session, seen, courts, officer.reach.association)
    alike = _alike(session, seen, courts) if "same-person" in may else []
    into = str(seen.merged_into) if seen.merged_into else None
    return {"others": [_shown(row) for row in rows], "namesakes": alike, "merged_into": into}


def _alike(session: Session, seen: CaseFile, courts: frozenset[str]) -> list[dict[str, Any]]:
    """Files of other people with a name like hers, or born on her day and with a name of hers."""
    person = files.person(session, seen.person)
    words = words_of(person.name) if person else ()
    if not words or person is None:
        return []
    her = Named(person.name, namesakes.born(session, seen.id))
    rows = namesakes.like(session, courts, words, seen.person)
    alike = [row for row in rows if is_namesake(her, Named(row.name, row.born))]
    return [_shown(row) | {"name": row.name, "born": row.born} for row in alike[:SHOWN]]


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "reference": reference(row.number), "state": row.state,
        "court": row.court, "opened_at": row.opened_at,
        "merged_into": str(row.merged_into) if row.merged_into else None,
    }  # fmt: skip


def file_called(session: Session, words: str) -> UUID | None:
    """The file of a number that a person wrote, or None. Raises Incomplete for no number."""
    said = re.fullmatch(r"(?:TGD-)?([0-9]{1,12})", words.strip(), re.IGNORECASE)
    if said is None:
        raise Incomplete("Write the number of the other file, like TGD-000042.")
    return casework.file_by_number(session, int(said[1]))
