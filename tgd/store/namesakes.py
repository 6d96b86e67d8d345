"""Questions about who is who: names like hers, her other files, and what is made one."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tgd.records import CaseFile
from tgd.store import files

MOST = 200
_PLAIN = """translate(lower(p.name), 'àâäáãåçéèêëíìîïñóòôöõúùûüýÿ',
    'aaaaaaceeeeiiiinooooouuuuyy')"""
_COLUMNS = "f.id, f.number, f.state, f.court, f.association, f.opened_at, f.merged_into, p.name"
_BORN = """(SELECT s.sheet ->> 'birth_date' FROM case_sheet s WHERE s.case_file = f.id
    ORDER BY s.version DESC LIMIT 1)"""


def like(
    session: Session, courts: Collection[str], words: Sequence[str], person: UUID
) -> list[Any]:
    """Files of these courts, of other people, whose names have one of these words in them; those
    with the most of them first, and of these those that run, so many at the most. A rule compares
    them more closely."""
    rows = session.connection().execute(
        text(
            f"SELECT {_COLUMNS}, {_BORN} AS born"  # noqa: S608 -- constants of this file
            " FROM case_file f JOIN protected_person p ON p.id = f.person"
            " WHERE f.court = ANY(:courts) AND f.person <> :person"
            f" AND f.state NOT IN ('merged', 'purged') AND {_PLAIN} LIKE ANY(:words)"
            f" ORDER BY (SELECT count(*) FROM unnest(:words) AS w WHERE {_PLAIN} LIKE w) DESC,"
            " f.state IN ('refused', 'closed'), f.changed_at DESC, f.id LIMIT :most"
        ),
        {"courts": sorted(courts), "person": person, "most": MOST,
         "words": [f"%{word}%" for word in words]},
    )  # fmt: skip
    return list(rows)


def born(session: Session, file_id: UUID) -> str | None:
    """Her day of birth, as the newest sheet of the file has it."""
    asked = f"SELECT {_BORN} FROM case_file f WHERE f.id = :file"  # noqa: S608 -- constants
    found: str | None = session.connection().execute(text(asked), {"file": file_id}).scalar()
    return found


def others_of(
    session: Session, seen: CaseFile, courts: Collection[str], association: str | None
) -> list[Any]:
    """Other files of the same woman in these courts or of this association, the newest first."""
    rows = session.connection().execute(
        text(
            f"SELECT {_COLUMNS} FROM case_file f"  # noqa: S608 -- constants of this file
            " JOIN protected_person p ON p.id = f.person"
            " WHERE f.person = :person AND f.id <> :file AND f.state <> 'purged'"
            " AND (f.court = ANY(:courts) OR f.association = CAST(:association AS text))"
            " ORDER BY f.opened_at DESC, f.id LIMIT 50"
        ),
        {"person": seen.person, "file": seen.id, "courts": sorted(courts),
         "association": association},
    )  # fmt: skip
    return list(rows)


def stand_in_line(session: Session, file_ids: Collection[UUID], people: Collection[UUID]) -> None:
    """Wait for whoever changes these files, or makes these women one, at this very moment: files
    before people and each in one order, as a decision and a purge take them."""
    for file_id in sorted(file_ids):
        files.stand_in_line(session, file_id)
    for person in sorted(people):
        session.connection().execute(
            text("SELECT 1 FROM protected_person WHERE id = :id FOR NO KEY UPDATE"), {"id": person}
        )


def change_file(session: Session, seen: CaseFile, changes: dict[str, Any]) -> bool:
    """Like `files.change_file`, in a savepoint: False, too, when she has another open file."""
    try:
        with session.begin_nested():
            return files.change_file(session, seen, changes)
    except IntegrityError:
        return False


def carry_over(session: Session, seen: CaseFile, into: UUID) -> dict[str, int]:
    """What was reported, assessed and noted is the other file's from now on; gives how much."""
    tables = {"referrals": "referral", "assessments": "assessment", "follow_ups": "follow_up"}
    known = {"file": seen.id, "into": into}
    return {
        name: session.connection()
        .execute(
            text(f"UPDATE {table} SET case_file = :into WHERE case_file = :file"),  # noqa: S608
            known,
        )
        .rowcount
        for name, table in tables.items()
    }


def become_one(session: Session, before: UUID, person: UUID) -> None:
    """What she agreed to is the known woman's, unless files are left under the other row."""
    session.connection().execute(
        text(
            "UPDATE consent SET person = :person WHERE person = :before"
            " AND NOT EXISTS (SELECT 1 FROM case_file WHERE person = :before"
            "                 AND state <> 'purged')"
        ),
        {"person": person, "before": before},
    )
