"""Questions about partners, and about what they have reported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from tgd.records import Partner


def by_token(session: Session, token_hash: str) -> Partner | None:
    """The partner of this token, unless it was revoked; its other requests wait for this one."""
    return session.exec(
        select(Partner)
        .where(col(Partner.token_hash) == token_hash, col(Partner.revoked_at).is_(None))
        .with_for_update(key_share=True)
    ).one_or_none()


def listed(session: Session) -> list[Partner]:
    """Every partner, the newest first."""
    return list(session.exec(select(Partner).order_by(col(Partner.made_at).desc(), Partner.name)))


def revoke(session: Session, partner: UUID, by: str, now: datetime) -> bool:
    """Its token is worth nothing from now on; False when there is no such partner any more."""
    found = session.connection().execute(
        text(
            "UPDATE partner SET revoked_by = :by, revoked_at = :now"
            " WHERE id = :id AND revoked_at IS NULL"
        ),
        {"id": partner, "by": by, "now": now},
    )
    return found.rowcount == 1


def reported(session: Session, referral: UUID) -> Any:
    """What was reported under this id: to which court, of whom, and how; None for nothing."""
    found = session.connection().execute(
        text(
            "SELECT f.court, p.name, r.words, r.contact, r.is_urgent FROM referral r"
            " JOIN case_file f ON f.id = r.case_file LEFT JOIN protected_person p"
            " ON p.id = f.person WHERE r.id = :id"
        ),
        {"id": referral},
    )
    return found.one_or_none()
