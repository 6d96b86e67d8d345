"""What of an alert is kept beyond its day, as values for the sheet: by whom and until when."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.accounts import Seat
from tgd.allocation.acting import officer
from tgd.allocation.keeping import NEEDED, reaches
from tgd.records import Alert
from tgd.rules.access import Role, may
from tgd.rules.alert import AlertState, Lane
from tgd.rules.forgetting import Keeping, positions_until
from tgd.store import keeping as store


def kept_of(session: Session, seat: Seat, alert: Alert) -> list[dict[str, Any]]:
    """Each act that keeps something of it now; why, for those who decide about it."""
    with_reason = seat.role is Role.PROSECUTOR
    said = [
        {"what": row.what, "by": row.by, "since": row.begun_at,
         "until": _until(Keeping(row.what), row.newest_at),
         "reason": row.reason if with_reason else None}
        for row in store.of_alert(session, alert.id)
        if row.what == Keeping.PROCEDURE or row.newest_at or alert.state != AlertState.CLOSED
    ]  # fmt: skip
    file = store.hold_of_person(session, alert.person)
    if file is not None:
        said.append({"what": "file", "by": file.by, "since": file.begun_at, "until": None,
                     "reason": None})  # fmt: skip
    return said


def _until(what: Keeping, newest_at: datetime | None) -> datetime | None:
    """A position that comes later is kept later; None: until it is ended, or nothing is left."""
    return positions_until(newest_at, {what}) if newest_at is not None else None


def is_held(kept: list[dict[str, Any]]) -> bool:
    """Whether a procedure keeps the recordings too."""
    return any(one["what"] != Keeping.POSITIONS for one in kept)


def may_keep(
    session: Session, seat: Seat, alert: Alert, kept: list[dict[str, Any]], now: datetime
) -> dict[str, bool]:
    """Which acts the page offers; the acts decide again."""
    if seat.role is not Role.PROSECUTOR or seat.locked or alert.lane == Lane.CANARY:
        return dict.fromkeys(("keep_positions", "keep_evidence", "positions_go", "evidence_goes"),
                             False)  # fmt: skip
    who = officer(session, seat.name, seat.role, now)
    done = {one["what"] for one in kept}
    left = store.left(session, alert.id)
    can = {
        what: may(seat.role, act) and reaches(session, who, act, alert.person)
        for what, act in NEEDED.items()
    }
    positions, procedure = can[Keeping.POSITIONS], can[Keeping.PROCEDURE]
    return {
        "keep_positions": positions and Keeping.POSITIONS not in done and left.where_,
        "keep_evidence": procedure and Keeping.PROCEDURE not in done
        and (left.where_ or left.heard),
        "positions_go": positions and Keeping.POSITIONS in done,
        "evidence_goes": procedure and Keeping.PROCEDURE in done,
    }  # fmt: skip
