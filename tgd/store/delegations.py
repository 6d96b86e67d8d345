"""Questions about delegations: who is on call for which court, and until when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def stand_in_line(session: Session, account: str) -> None:
    """Wait for whoever delegates to this person at this very moment."""
    session.connection().execute(
        text("SELECT 1 FROM account WHERE name = :name FOR NO KEY UPDATE"), {"name": account}
    )


def overlapping(
    session: Session, account: str, court: str, begins_at: datetime, ends_at: datetime
) -> bool:
    """Whether a delegation that nobody ended covers a part of this period."""
    found = session.connection().execute(
        text(
            "SELECT 1 FROM clearance WHERE account = :account AND court = :court"
            " AND kind = 'on_call' AND revoked_at IS NULL AND begins_at < :ends_at"
            " AND ends_at > :begins_at LIMIT 1"
        ),
        {"account": account, "court": court, "begins_at": begins_at, "ends_at": ends_at},
    )
    return found.first() is not None


def of_courts(session: Session, courts: Sequence[str], limit: int = 100) -> list[Any]:
    """The delegations of these courts, the one that ends last first."""
    rows = session.connection().execute(
        text(
            "SELECT id, account, court, begins_at, ends_at, given_by, revoked_at, revoked_by"
            " FROM clearance WHERE kind = 'on_call' AND court = ANY(:courts)"
            " ORDER BY ends_at DESC, id DESC LIMIT :limit"
        ),
        {"courts": list(courts), "limit": limit},
    )
    return list(rows)


def end(session: Session, delegation: UUID, by: str, now: datetime) -> bool:
    """It ends now; False when it was over or ended before."""
    found = session.connection().execute(
        text(
            "UPDATE clearance SET revoked_at = :now, revoked_by = :by"
            " WHERE id = :id AND revoked_at IS NULL AND ends_at > :now"
        ),
        {"id": delegation, "by": by, "now": now},
    )
    return found.rowcount == 1


def prosecutors(session: Session) -> list[str]:
    """Those who may be asked, by name."""
    rows = session.connection().execute(
        text(
            "SELECT name FROM account WHERE role = 'prosecutor' AND disabled_at IS NULL"
            " ORDER BY name"
        )
    )
    return [row.name for row in rows]
