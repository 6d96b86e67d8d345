"""What every paper of a file begins with: for whom, which court, which day; days in French."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from tgd.allocation.acting import NotThere, Officer, found, write
from tgd.papers.words import NOTICE
from tgd.records import CaseFile, Court
from tgd.rules.access import Act, may
from tgd.rules.allocation import reference
from tgd.rules.deadlines import USUAL_ZONE
from tgd.store import files, transfers


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a paper, when, and what says a word of ours in French."""

    officer: Officer
    now: datetime
    french: Callable[[str], str]
    demonstration: bool = False


def reached(
    session: Session, asked: Asked, file_id: UUID, act: Act = Act.RECORD_CONDITION
) -> CaseFile:
    """Papers are for those of the court, and for who decides there on call: they name him, and
    say the reasons; those of another `act` for all who do it. Raises NotAllowed, NotThere."""
    officer = asked.officer
    try:
        return found(session, officer, act, file_id)
    except NotThere:
        if not may(officer.role, Act.DECIDE):
            raise
        return found(session, officer, Act.DECIDE, file_id)


def head(session: Session, asked: Asked, seen: CaseFile, at: datetime) -> dict[str, Any]:
    """Court, reference and day, as they were at that moment."""
    court = court_then(session, seen, at)
    name, zone = (court.name, court.zone) if court else ("", USUAL_ZONE)
    return headed(name, zone, reference(seen.number), at) | {"demonstration": asked.demonstration}


def headed(court: str, zone: str, named: str, at: datetime) -> dict[str, Any]:
    """The same of what is known already."""
    local = at.astimezone(ZoneInfo(zone))
    return {
        "court": court, "office": "Parquet du procureur de la République", "reference": named,
        "notice": NOTICE, "day": {"year": local.year, "month": local.month, "day": local.day},
    }  # fmt: skip


def court_then(session: Session, seen: CaseFile, at: datetime) -> Court | None:
    """Whose the file was at that moment: a paper names the court that made it."""
    return files.court(session, transfers.court_at(session, seen.id, at) or seen.court)


def made(session: Session, asked: Asked, seen: CaseFile, paper: str) -> None:
    """The journal's line of a paper that somebody takes along."""
    write(session, asked.officer.name, "PaperMade", asked.now, file=seen.id, paper=paper)


def part(title: str, rows: list[list[str]], words: str = "") -> dict[str, Any]:
    """One headed part of a paper: facts, and what somebody wrote, by paragraphs."""
    return {"title": title, "facts": rows,
            "words": [line for line in words.splitlines() if line.strip()]}  # fmt: skip


def instant(at: datetime, zone: str) -> str:
    """`27/11/2026 16:40:07`."""
    return at.astimezone(ZoneInfo(zone)).strftime("%d/%m/%Y %H:%M:%S")


def day(one: date) -> str:
    """`27/11/2026`."""
    return one.strftime("%d/%m/%Y")


def last_day(ends_at: datetime, zone: str) -> str:
    """The last whole day before this moment, at the court."""
    return day((ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date())


def moment(at: datetime, zone: str) -> str:
    """`27/11/2026 à 16 h 40`."""
    return at.astimezone(ZoneInfo(zone)).strftime("%d/%m/%Y à %H h %M")
