"""Questions about the sound of a recording: its fingerprint, the copy that a procedure needs."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.store.purging import HELD

AGAIN_AFTER = timedelta(minutes=1)
"""The provider may have the sound a moment later than it says so."""
_DUE = text(
    f"""
    WITH due AS (
        SELECT r.id, {HELD} AS held FROM recording r JOIN alert a ON a.id = r.alert
        WHERE r.erased_at IS NULL AND r.differs_at IS NULL
        AND (r.fetch_asked_at IS NULL OR r.fetch_asked_at <= :before)
        AND (r.sha256 IS NULL OR (:seals AND {HELD}
             AND NOT EXISTS (SELECT 1 FROM recording_copy c WHERE c.recording = r.id)))
        ORDER BY r.fetch_asked_at NULLS FIRST, r.id LIMIT :limit FOR UPDATE OF r SKIP LOCKED
    )
    UPDATE recording r SET fetch_asked_at = :now FROM due WHERE r.id = due.id
    RETURNING r.id, r.alert, r.reference, r.sha256, due.held
    """  # noqa: S608 (our own constant)
)


def claim(session: Session, now: datetime, limit: int, *, seals: bool) -> list[Any]:
    """Recordings whose sound is to be fetched, each given to one dispatcher: those without a
    fingerprint, and (where they can be sealed) those that a procedure keeps and that have no copy
    here."""
    values = {"now": now, "before": now - AGAIN_AFTER, "limit": limit, "seals": seals}
    return list(session.connection().execute(_DUE, values))


def fingerprint(session: Session, recording: UUID, sha256: str, size: int) -> bool:
    """The sound as it was fetched first; False when that is known already."""
    made = session.connection().execute(
        text(
            "UPDATE recording SET sha256 = :sha256, size_bytes = :size"
            " WHERE id = :id AND sha256 IS NULL"
        ),
        {"id": recording, "sha256": sha256, "size": size},
    )
    return made.rowcount == 1


def differs(session: Session, recording: UUID, now: datetime) -> bool:
    """The provider gave another sound; False when that is known already."""
    made = session.connection().execute(
        text("UPDATE recording SET differs_at = :now WHERE id = :id AND differs_at IS NULL"),
        {"id": recording, "now": now},
    )
    return made.rowcount == 1


def keep_copy(session: Session, recording: UUID, sealed: bytes, now: datetime) -> bool:
    """A sealed copy; False when there is one, or the recording is erased."""
    made = session.connection().execute(
        text(
            "INSERT INTO recording_copy (recording, sound_sealed, made_at)"
            " SELECT id, CAST(:sealed AS bytea), :now FROM recording"
            " WHERE id = :id AND erased_at IS NULL ON CONFLICT DO NOTHING"
        ),
        {"id": recording, "sealed": sealed, "now": now},
    )
    return made.rowcount == 1


def copy_of(session: Session, recording: UUID) -> bytes | None:
    """The sealed copy, if there is one."""
    found = session.connection().execute(
        text("SELECT sound_sealed FROM recording_copy WHERE recording = :id"), {"id": recording}
    )
    sealed = found.scalar_one_or_none()
    return bytes(sealed) if sealed is not None else None


def drop_copy(session: Session, recording: UUID) -> None:
    """Nothing of it stays here either."""
    session.connection().execute(
        text("DELETE FROM recording_copy WHERE recording = :id"), {"id": recording}
    )
