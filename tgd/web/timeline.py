"""What was done about an alert, line by line: the newest for its sheet, all of it for its log."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.rules.access import FieldGroup, Role, sees
from tgd.store import console as store
from tgd.web.labels import MACHINES

LINES_A_PAGE = 2000
"""Of a log: what a browser lays out in a moment, and a printer in forty sheets."""


def shown(session: Session, role: Role, alert: UUID) -> dict[str, Any]:
    """The newest lines for the sheet, newest first, and how many older ones there are."""
    with_looks = sees(role, FieldGroup.ACCESS_TRACES)
    written = store.lines_of(session, alert, with_looks=with_looks)
    notes = store.notes_of(session, alert)
    lines = [_line(x, None) for x in written if x.act != "NoteWritten"]
    lines += [
        {"seq": None, "at": n.at, "who": n.who, "act": "NoteWritten", "automatic": False,
         "detail": {}, "words": n.words}
        for n in notes
    ]  # fmt: skip
    older = 0
    if max(len(written), len(notes)) >= store.MOST_LINES:
        older = store.log_length(session, alert, with_looks=with_looks) - len(lines)
    return {
        "timeline": sorted(lines, key=lambda line: line["at"], reverse=True),
        "older": max(older, 0),
    }


def whole(session: Session, role: Role, alert: UUID, page: int) -> dict[str, Any]:
    """One page of all lines, oldest first, each with its number in the journal."""
    with_looks = sees(role, FieldGroup.ACCESS_TRACES)
    count = store.log_length(session, alert, with_looks=with_looks)
    rows = store.log_of(
        session, alert, with_looks=with_looks, limit=LINES_A_PAGE, after=(page - 1) * LINES_A_PAGE
    )
    return {
        "timeline": [_line(row, row.words) for row in rows], "lines": count, "page": page,
        "pages": max(1, -(-count // LINES_A_PAGE)),
    }  # fmt: skip


def _line(x: Any, words: str | None) -> dict[str, Any]:
    return {"seq": x.seq, "at": x.at, "who": x.who, "act": x.act, "automatic": x.who in MACHINES,
            "detail": x.detail, "words": words}  # fmt: skip
