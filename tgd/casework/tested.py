"""How the newest test press of a handset came, as the page of the hand-over shows it."""

from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.rules.access import Role
from tgd.store import casework


def press_shown(session: Session, officer: Officer, kept: Any) -> dict[str, Any] | None:
    """How the newest test of the handset that is kept came; nothing of where she is, and to the
    association (I.15 of the order) not how exactly that is known."""
    if kept is None or kept.provisioned_at is None:
        return None
    found_ = casework.newest_press(session, kept.handset, kept.provisioned_at)
    if found_ is None:
        return None
    heard = casework.heard_by(session, found_.id)
    knows_how = officer.role is not Role.ASSOCIATION
    return {
        "heard_at": found_.heard_at, "channels": sorted({row.channel for row in heard}),
        "kept_after_ms": [
            round((row.kept_at - row.received_at).total_seconds() * 1000) for row in heard
        ],
        "travelled_ms": round((found_.heard_at - found_.claimed_at).total_seconds() * 1000)
        if found_.claimed_at else None,
        "has_position": found_.has_position,
        "radius_m": found_.radius_m if knows_how else None,
        "method": found_.method if knows_how else None,
        "battery_pct": found_.battery_pct, "is_proven": found_.lane == "test",
    }  # fmt: skip
