"""Forgetting on its day: what is due is erased in one transaction, with a line that says how much.

A file with an open alert, a handset in her hands or a legal hold is not touched. What another file
of hers needs stays. Positions go three days after they were recorded, whatever runs, or eight where
a prosecutor has authorised it; what was said in an alert of nobody, three days after its closing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tgd.allocation.acting import move, write
from tgd.errors import Refusal
from tgd.records import CaseFile
from tgd.rules.allocation import AllocationEvent, AllocationState, reference
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.forgetting import Kept, Obstacle, Stage, due, obstacles, platform_by
from tgd.store import deadlines, files, people, purging_nobody
from tgd.store import purging as store

MACHINE = "dispatch"
MOST_FILES = 20
MOST_MESSAGES = 500
MOST_ALERTS = 200


@dataclass(frozen=True, slots=True)
class Due:
    """A file whose day has come."""

    file: UUID
    number: int
    stage: Stage
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def reference(self) -> str:
        """What people call the file."""
        return reference(self.number)


@dataclass(frozen=True, slots=True)
class Erased:
    """What one turn has erased, or would."""

    positions: int
    messages: int
    files: tuple[tuple[Due, dict[str, int]], ...]
    waiting: tuple[Due, ...]
    """Due, and kept back by an obstacle."""
    failed: tuple[tuple[Due, str], ...] = ()
    """Somebody changed it at this moment, or the record refused: the next turn tries again."""
    nobodys: int = 0
    """Alerts of nobody whose words are gone."""

    @property
    def is_more(self) -> bool:
        """Whether a turn stopped at its limit."""
        full = self.messages >= MOST_MESSAGES or self.nobodys >= MOST_ALERTS
        return full or len(self.files) >= MOST_FILES


def look(session: Session, now: datetime) -> Erased:
    """What is due; nothing changes."""
    recorded = store.Recorded.by(now)
    found = store.count_positions(session, recorded)
    all_due = _due(session, now)
    counted = tuple(
        (one, store.counts(session, one.file, person))
        for one, person in all_due if not one.obstacles
    )  # fmt: skip
    waiting = tuple(one for one, _ in all_due if one.obstacles)
    return Erased(
        found["positions"], found["messages"], counted, waiting,
        nobodys=purging_nobody.count_alerts(session, recorded),
    )  # fmt: skip


def purge(session: Session, now: datetime, *, by: str = MACHINE) -> Erased:
    """Erase what is due, so many files and messages in a turn; a second turn finds nothing.

    One turn at a time. What a person changes at this very moment is left to the next turn.
    """
    if not deadlines.may_chase(session):
        return Erased(0, 0, (), ())
    gone = store.erase_positions(session, store.Recorded.by(now), MOST_MESSAGES)
    if any(gone.values()):
        write(session, by, "DataPurged", now, what=Stage.POSITIONS.value, rows=gone)
    nobodys = _erase_of_nobody(session, now, by)
    done: list[tuple[Due, dict[str, int]]] = []
    failed: list[tuple[Due, str]] = []
    waiting: list[Due] = []
    for one, _ in _due(session, now):
        if one.obstacles:
            waiting.append(one)
        elif len(done) + len(failed) < MOST_FILES:
            try:
                with session.begin_nested():
                    done.append((one, _ERASE[one.stage](session, one.file, now, by)))
            except (Refusal, IntegrityError) as odd:
                failed.append((one, type(odd).__name__))
    return Erased(
        gone["positions"], gone["messages"], tuple(done), tuple(waiting), tuple(failed), nobodys
    )


def _erase_of_nobody(session: Session, now: datetime, by: str) -> int:
    """Words, numbers and messages of alerts that are nobody's; gives how many alerts."""
    rows = purging_nobody.erase_words(session, store.Recorded.by(now), now, MOST_ALERTS)
    if rows:
        write(session, by, "DataPurged", now, what=Stage.NOBODY.value, rows=rows)
    return rows.get("alerts", 0)


def _due(session: Session, now: datetime) -> list[tuple[Due, UUID]]:
    found = []
    for row in store.ended_files(session, now):
        kept = Kept(
            AllocationState(row.state), row.purge_at, platform_by(row.changed_at, row.promised_at),
            platform_is_erased=row.platform_erased_at is not None, alert_open=row.alert_open,
            carries=row.carries, held=row.held, release_unheard=row.release_unheard,
        )  # fmt: skip
        stage = due(kept, now)
        if stage is not None:
            found.append((Due(row.id, row.number, stage, obstacles(kept, stage)), row.person))
    return found


def _seen(session: Session, file_id: UUID) -> CaseFile:
    """The file: nobody else changes it, or opens another one of hers, before the end."""
    files.stand_in_line(session, file_id)
    seen = files.case_file(session, file_id)
    assert seen is not None, "a file is never deleted"
    people.stand_in_line(session, seen.person)
    return seen


def _erase_platform(session: Session, file_id: UUID, now: datetime, by: str) -> dict[str, int]:
    """What those who answer alerts had: sheets, words about alerts."""
    seen = _seen(session, file_id)
    gone = _platform_part(session, seen, now)
    move(session, seen, None, now, {"platform_erased_at": now, "changed_at": seen.changed_at})
    write(session, by, "DataPurged", now, file=seen.id, what=Stage.PLATFORM.value, rows=gone)
    return gone


def _platform_part(session: Session, seen: CaseFile, now: datetime) -> dict[str, int]:
    words = store.erase_words_of_alerts(session, seen.id, seen.person, now)
    return words | store.erase_sheets(session, seen.id, seen.person)


def _erase_file(session: Session, file_id: UUID, now: datetime, by: str) -> dict[str, int]:
    """The whole file but an empty shell with its counts; the person with her last file."""
    seen = _seen(session, file_id)
    counts = store.counts(session, seen.id, seen.person)
    gone = _platform_part(session, seen, now)
    deadlines.settle(session, seen.id, list(DeadlineKind), by, now)
    changes: dict[str, Any] = {
        "platform_erased_at": seen.platform_erased_at or now, "counts": counts, "release_on": None,
        "merged_into": None,
    }  # fmt: skip
    gone["file"] = store.erase_file(session, seen.id)
    gone["file"] += store.erase_reasons(session, seen.id, seen.person)
    move(session, seen, AllocationEvent.PURGE, now, changes)
    gone["person"] = store.erase_person(session, seen.person)
    write(session, by, "DataPurged", now, file=seen.id, what=Stage.FILE.value, rows=gone,
          counts=counts)  # fmt: skip
    return gone


_ERASE: dict[Stage, Callable[[Session, UUID, datetime, str], dict[str, int]]] = {
    Stage.PLATFORM: _erase_platform, Stage.FILE: _erase_file,
}  # fmt: skip
