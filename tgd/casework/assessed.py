"""What of the assessments and opinions about a file is shown: each by the grid that it answered."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.casework import grid
from tgd.records import CaseFile
from tgd.store import casework


def assessment_shown(
    session: Session, officer: Officer, seen: CaseFile, now: datetime
) -> dict[str, Any]:  # fmt: skip
    """The newest first; `read` is question and answer, in the words of that version."""
    return {
        "assessments": [dict(row._mapping) | {"read": grid.read(row.grid, row.answers)}
                        for row in casework.assessments(session, seen.id)],
        "opinions": [dict(row._mapping) for row in casework.opinions(session, seen.id)],
    }  # fmt: skip
