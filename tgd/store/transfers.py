"""Questions about files that go from one court to another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from tgd.records import FileTransfer
from tgd.rules.allocation import TransferOutcome


def transfer(session: Session, transfer_id: UUID) -> FileTransfer | None:
    """The transfer as the record has it now."""
    return session.get(FileTransfer, transfer_id, populate_existing=True)


def open_of(session: Session, file_id: UUID) -> FileTransfer | None:
    """Another court is asked to take this file over and has not answered."""
    return session.exec(
        select(FileTransfer)
        .where(col(FileTransfer.case_file) == file_id, col(FileTransfer.outcome).is_(None))
        .execution_options(populate_existing=True)
    ).one_or_none()


def last_accepted(session: Session, file_id: UUID) -> FileTransfer | None:
    """How the file came to the court that has it now; None for the court that began it."""
    return session.exec(
        select(FileTransfer)
        .where(
            col(FileTransfer.case_file) == file_id,
            col(FileTransfer.outcome) == TransferOutcome.ACCEPTED.value,
        )
        .order_by(col(FileTransfer.answered_at).desc())
        .limit(1)
    ).one_or_none()


def court_at(session: Session, file_id: UUID, at: datetime) -> str | None:
    """The court that the file left first after this moment: whose it was then; None: as now."""
    found = session.connection().execute(
        text(
            "SELECT from_court FROM file_transfer WHERE case_file = :file"
            " AND outcome = 'accepted' AND answered_at > :at ORDER BY answered_at LIMIT 1"
        ),
        {"file": file_id, "at": at},
    )
    court: str | None = found.scalar_one_or_none()
    return court


def answer(
    session: Session, transfer_id: UUID, outcome: TransferOutcome, words: str, by: str,
    now: datetime,
) -> bool:  # fmt: skip
    """What became of it; False when it was answered before."""
    found = session.connection().execute(
        update(FileTransfer)
        .where(col(FileTransfer.id) == transfer_id, col(FileTransfer.outcome).is_(None))
        .values(outcome=outcome.value, answer=words, answered_by=by, answered_at=now)
    )
    return found.rowcount == 1


def take_over(session: Session, file_id: UUID, court: str) -> None:
    """The allocation that runs is this court's from now on."""
    session.connection().execute(
        text(
            "UPDATE allocation a SET court = :court FROM decision d"
            " WHERE d.id = a.decision AND d.case_file = :file AND a.ended_at IS NULL"
        ),
        {"file": file_id, "court": court},
    )


_COLUMNS = """x.id, x.case_file, f.number, x.from_court, x.to_court, x.asked_by, x.asked_at,
    x.outcome, x.answered_by, x.answered_at"""


def asked_of(session: Session, courts: Sequence[str]) -> list[Any]:
    """What these courts are asked to take over: with her name and where the file stands, for that
    is what is decided about."""
    rows = session.connection().execute(
        text(
            f"SELECT {_COLUMNS}, x.reasons, p.name, f.state, f.ends_at, f.association, t.zone,"  # noqa: S608
            " EXISTS (SELECT 1 FROM allocation a JOIN decision d ON d.id = a.decision"
            "  WHERE d.case_file = f.id AND a.ended_at IS NULL) AS carries"
            " FROM file_transfer x JOIN case_file f ON f.id = x.case_file"
            " JOIN protected_person p ON p.id = f.person JOIN court t ON t.code = x.to_court"
            " WHERE x.to_court = ANY(:courts) AND x.outcome IS NULL"
            " AND f.state NOT IN ('refused', 'merged', 'closed', 'purged')"
            " ORDER BY x.asked_at, x.id"
        ),
        {"courts": list(courts)},
    )
    return list(rows)


def listed(session: Session, courts: Sequence[str], since: datetime) -> list[Any]:
    """What these courts have asked for or answered since then, the newest first; nobody's name, and
    of a file that is with another court no words either, but why that one refused it."""
    rows = session.connection().execute(
        text(
            f"SELECT {_COLUMNS}, f.court = ANY(:courts) AS is_here,"  # noqa: S608
            " CASE WHEN f.court = ANY(:courts) THEN x.answer END AS answer"
            " FROM file_transfer x JOIN case_file f ON f.id = x.case_file"
            " WHERE x.asked_at > :since AND (x.from_court = ANY(:courts)"
            " OR x.to_court = ANY(:courts) AND x.outcome IS NOT NULL)"
            " ORDER BY x.asked_at DESC, x.id LIMIT 200"
        ),
        {"courts": list(courts), "since": since},
    )
    return list(rows)
