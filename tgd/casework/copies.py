"""Who outside the court may have the case sheet, and what really became of telling them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation import profiles, sheets
from tgd.allocation.acting import Officer
from tgd.records import CaseFile
from tgd.rules.access import Role
from tgd.rules.notice import NoticeKind
from tgd.store import equipment, notices

Told = dict[tuple[str, str | None], list[dict[str, Any]]]
"""By what a notice is about and the handset that it names."""


def copies_shown(session: Session, officer: Officer, seen: CaseFile) -> list[dict[str, Any]]:
    """Each holder of each version. A platform is told and says that it has it, rooms and
    associations read it here; an association sees its own line alone."""
    told = _told(session, seen.id, [NoticeKind.SHEET])
    own = f"association:{officer.reach.association}"[:100]
    return [
        _row(row, told)
        for row in equipment.copies(session, seen.id)
        if officer.role is not Role.ASSOCIATION or row.holder == own
    ]


def _row(row: Any, told: Told) -> dict[str, Any]:
    kind, _, name = row.holder.partition(":")
    is_told = kind == sheets.PLATFORM
    return {
        "holder": kind, "name": name, "version": row.version, "given_at": row.given_at,
        "told": told.get((f"version {row.version}", None), []) if is_told else [],
        "reads_here": not is_told,
        "acknowledged_at": row.acknowledged_at, "acknowledged_by": row.acknowledged_by,
        "erase_by_at": row.erase_by_at, "erased_at": row.erased_at,
    }  # fmt: skip


def profile_shown(session: Session, seen: CaseFile) -> dict[str, Any] | None:
    """Of the handset that is prepared: whether the platform has her profile, who was told and what
    they answered, who waits for it no longer and why."""
    kept = equipment.preparation(session, file_id=seen.id)
    if kept is None or kept.provisioned_at is None:
        return None
    newest = notices.newest_profile(session, seen.id, kept.handset)
    told = notices.tellings_of(session, newest.id) if newest else []
    return {
        "is_live": profiles.is_live(session, kept), "made_at": newest and newest.made_at,
        "is_kept_outside": newest is None or newest.is_planned is False or bool(told),
        "told": [{"destination": t.destination, "state": t.state, "at": t.told_at} for t in told],
        "waived_by": kept.profile_waived_by, "waived_at": kept.profile_waived_at,
        "waived_why": kept.profile_waived_why,
    }  # fmt: skip


def incidents_told(session: Session, file_id: UUID) -> Told:
    """Who was told outside of each incident, and whether it arrived."""
    return _told(session, file_id, [NoticeKind.HANDSET])


def _told(session: Session, file_id: UUID, kinds: Sequence[NoticeKind]) -> Told:
    found: Told = {}
    for row in notices.tellings(session, file_id, kinds):
        line = found.setdefault((row.about, row.handset), [])
        if row.destination is not None:
            line.append({"destination": row.destination, "state": row.state, "at": row.told_at})
    return found
