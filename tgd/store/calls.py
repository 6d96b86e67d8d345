"""Questions of calls: what is to be rung, what became of it, and what was recorded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.store.purging import HELD

# The conversation is locked before its legs, always: whoever hears a callback does the same.
_DUE = text(
    """
    UPDATE call_leg l SET dialled_at = :now, changed_at = :now
    FROM conversation c JOIN alert a ON a.id = c.alert
    LEFT JOIN handset h ON h.id = a.handset
    LEFT JOIN shift s ON s.account = c.wanted_by AND s.ended_at IS NULL
    WHERE c.id = l.conversation AND l.dialled_at IS NULL AND (l.conversation, l.party) IN (
        SELECT d.conversation, d.party FROM call_leg d JOIN conversation t ON t.id = d.conversation
        WHERE d.due_at <= :now AND d.dialled_at IS NULL AND d.state = 'asked'
        ORDER BY d.due_at LIMIT :limit FOR UPDATE OF t SKIP LOCKED)
    RETURNING l.conversation, l.party, c.listen_only AND c.speak_wanted_at IS NULL AS listen_only,
        c.wanted_at, l.due_at,
        CASE l.party WHEN 'operator' THEN s.telephone ELSE h.number END AS number
    """
)
_HANG_UP = text(
    """
    UPDATE call_leg SET hung_up_at = :now WHERE hung_up_at IS NULL AND (conversation, party) IN (
        SELECT l.conversation, l.party FROM call_leg l JOIN conversation c ON c.id = l.conversation
        WHERE l.hang_up_at IS NOT NULL AND l.hung_up_at IS NULL AND l.sid IS NOT NULL
        LIMIT :limit FOR UPDATE OF c SKIP LOCKED)
    RETURNING conversation, party, sid
    """
)
_TO_SPEAK = text(
    """
    UPDATE conversation u SET speak_asked_at = :now FROM call_leg l
    WHERE l.conversation = u.id AND l.party = 'operator' AND u.id IN (
        SELECT c.id FROM conversation c JOIN call_leg o ON o.conversation = c.id
        WHERE c.speak_wanted_at IS NOT NULL AND c.speaks_at IS NULL AND c.ended_at IS NULL
        AND (c.speak_asked_at IS NULL OR c.speak_asked_at <= :before)
        AND o.party = 'operator' AND o.state = 'answered' AND o.sid IS NOT NULL
        LIMIT :limit FOR UPDATE OF c SKIP LOCKED)
    RETURNING u.id AS conversation, l.sid
    """
)
_QUIET = text(
    """
    UPDATE call_leg SET asked_at = :now WHERE (conversation, party) IN (
        SELECT l.conversation, l.party FROM call_leg l
        JOIN conversation c ON c.id = l.conversation
        WHERE c.ended_at IS NULL AND l.dialled_at IS NOT NULL
        AND l.state IN ('asked', 'ringing', 'answered')
        AND greatest(l.changed_at, l.asked_at) <= :before
        LIMIT :limit FOR UPDATE OF c SKIP LOCKED)
    RETURNING conversation, party, sid, dialled_at
    """
)


def begin(session: Session, row: dict[str, Any]) -> bool:
    """A conversation with its two legs; False while another one of this alert goes on."""
    made = session.connection().execute(
        text(
            "INSERT INTO conversation (id, alert, wanted_by, wanted_at, listen_only)"
            " VALUES (:id, :alert, :who, :now, :listen_only)"
            " ON CONFLICT (alert) WHERE ended_at IS NULL DO NOTHING"
        ),
        row,
    )
    if made.rowcount == 0:
        return False
    session.connection().execute(
        text(
            "INSERT INTO call_leg (conversation, party, state, due_at, changed_at, changes)"
            " VALUES (:id, 'operator', 'asked', :now, :now, 1),"
            " (:id, 'handset', 'waiting', NULL, :now, 1)"
        ),
        row,
    )
    return True


def telephone_of(session: Session, account: str) -> str | None:
    """Where this person is rung in the running shift."""
    found = session.connection().execute(
        text("SELECT telephone FROM shift WHERE account = :a AND ended_at IS NULL"), {"a": account}
    )
    return found.scalar_one_or_none()


def due(session: Session, now: datetime, limit: int) -> list[Any]:
    """Legs to be rung now, each given once: it is written that they were before they are."""
    return list(session.connection().execute(_DUE, {"now": now, "limit": limit}))


def to_hang_up(session: Session, now: datetime, limit: int) -> list[Any]:
    """Legs that are left alone on the line, each given once."""
    return list(session.connection().execute(_HANG_UP, {"now": now, "limit": limit}))


def to_speak(session: Session, now: datetime, before: datetime, limit: int) -> list[Any]:
    """Calls whose operator wants to be heard and is on the line; each again after a moment."""
    values = {"now": now, "before": before, "limit": limit}
    return list(session.connection().execute(_TO_SPEAK, values))


def open_call(session: Session, alert: UUID) -> Any:
    """The call of an alert that has not ended, held until the end of the transaction."""
    found = session.connection().execute(
        text(
            "SELECT id, wanted_by, listen_only, speak_wanted_at, speaks_at FROM conversation"
            " WHERE alert = :alert AND ended_at IS NULL FOR UPDATE"
        ),
        {"alert": alert},
    )
    return found.one_or_none()


def want_to_speak(session: Session, conversation: UUID, now: datetime) -> None:
    """The operator wants to be heard from now on."""
    session.connection().execute(
        text(
            "UPDATE conversation SET speak_wanted_at = :now, speak_asked_at = NULL,"
            " speak_why = NULL WHERE id = :id"
        ),
        {"id": conversation, "now": now},
    )


def speaks(session: Session, conversation: UUID, now: datetime) -> bool:
    """The provider lets the operator be heard; False when that was known."""
    found = session.connection().execute(
        text(
            "UPDATE conversation SET speaks_at = :now, speak_why = NULL"
            " WHERE id = :id AND speaks_at IS NULL AND speak_wanted_at IS NOT NULL"
        ),
        {"id": conversation, "now": now},
    )
    return found.rowcount == 1


def not_heard(session: Session, conversation: UUID, why: str, *, is_given_up: bool) -> None:
    """It does not yet, or refuses."""
    session.connection().execute(
        text(
            "UPDATE conversation SET speak_why = :why, speak_wanted_at ="
            " CASE WHEN :over THEN NULL ELSE speak_wanted_at END"
            " WHERE id = :id AND speaks_at IS NULL"
        ),
        {"id": conversation, "why": why[:40], "over": is_given_up},
    )


def quiet(session: Session, now: datetime, before: datetime, limit: int) -> list[Any]:
    """Legs of which nothing was heard since `before`: the provider is asked."""
    values = {"now": now, "before": before, "limit": limit}
    return list(session.connection().execute(_QUIET, values))


def locked(session: Session, conversation: UUID) -> Any:
    """The conversation, held until the end of the transaction; None when there is none."""
    found = session.connection().execute(
        text("SELECT id, alert, conference, ended_at FROM conversation WHERE id = :id FOR UPDATE"),
        {"id": conversation},
    )
    return found.one_or_none()


def legs(session: Session, conversation: UUID) -> dict[str, Any]:
    """Its legs by party."""
    found = session.connection().execute(
        text(
            "SELECT party, state, sid, due_at, dialled_at, hang_up_at FROM call_leg"
            " WHERE conversation = :id"
        ),
        {"id": conversation},
    )
    return {row.party: row for row in found}


def whose_sid(session: Session, sid: str) -> tuple[UUID, str] | None:
    """Which leg the provider calls by this name."""
    row = (
        session.connection()
        .execute(text("SELECT conversation, party FROM call_leg WHERE sid = :sid"), {"sid": sid})
        .one_or_none()
    )
    return (row.conversation, row.party) if row else None


def move(session: Session, conversation: UUID, party: str, changes: dict[str, Any]) -> None:
    """Change a leg; whoever asks holds its conversation."""
    named = ", ".join(f"{name} = :{name}" for name in changes)
    session.connection().execute(
        text(
            f"UPDATE call_leg SET {named}, changes = changes + 1"  # noqa: S608 (our own names)
            " WHERE conversation = :conversation AND party = :party"
        ),
        changes | {"conversation": conversation, "party": party},
    )


def end(session: Session, conversation: UUID, now: datetime) -> None:
    """Both legs are over."""
    session.connection().execute(
        text("UPDATE conversation SET ended_at = :now WHERE id = :id AND ended_at IS NULL"),
        {"id": conversation, "now": now},
    )


def name_conference(session: Session, conversation: UUID, conference: str) -> None:
    """What the provider calls it."""
    session.connection().execute(
        text("UPDATE conversation SET conference = :c WHERE id = :id"),
        {"id": conversation, "c": conference},
    )


def keep_recording(session: Session, row: dict[str, Any]) -> bool:
    """A recording that was not known before; False otherwise."""
    made = session.connection().execute(
        text(
            "INSERT INTO recording"
            " (id, alert, conversation, reference, duration_s, kept_at, erase_at)"
            " VALUES (:id, :alert, :conversation, :reference, :duration_s, :now, :erase_at)"
            " ON CONFLICT (reference) DO NOTHING"
        ),
        row,
    )
    return made.rowcount == 1


def recording(session: Session, recording_id: UUID) -> Any:
    """A recording that is still kept."""
    found = session.connection().execute(
        text(
            "SELECT id, alert, reference, sha256 FROM recording"
            " WHERE id = :id AND erased_at IS NULL"
        ),
        {"id": recording_id},
    )
    return found.one_or_none()


_TO_ERASE = f"""
    SELECT r.id, r.alert, r.reference FROM recording r JOIN alert a ON a.id = r.alert
    WHERE r.erased_at IS NULL AND r.erase_at <= :now AND NOT {HELD}
    """  # noqa: S608 (our own constant)


def recordings_to_erase(session: Session, now: datetime, limit: int) -> list[Any]:
    """Those whose day has come and that no procedure needs."""
    found = session.connection().execute(
        text(_TO_ERASE + " ORDER BY r.erase_at LIMIT :limit"), {"now": now, "limit": limit}
    )
    return list(found)


def is_to_erase(session: Session, now: datetime, recording_id: UUID) -> bool:
    """Whether that still holds for this one, a moment before it is gone for good."""
    found = session.connection().execute(
        text(_TO_ERASE + " AND r.id = :id"), {"now": now, "id": recording_id}
    )
    return found.one_or_none() is not None


def erased(session: Session, recording_id: UUID, now: datetime) -> bool:
    """The provider keeps it no longer; False when that was written before."""
    found = session.connection().execute(
        text("UPDATE recording SET erased_at = :now WHERE id = :id AND erased_at IS NULL"),
        {"id": recording_id, "now": now},
    )
    return found.rowcount == 1


def conversations_of(session: Session, alert: UUID, limit: int = 20) -> list[Any]:
    """The calls of an alert, newest first, with both legs as they are."""
    found = session.connection().execute(
        text(
            "SELECT c.id, c.wanted_by, c.wanted_at, c.listen_only, c.ended_at, c.speak_wanted_at,"
            " c.speaks_at, c.speak_why,"
            " o.state AS operator, o.why AS operator_why, h.state AS handset, h.why AS handset_why,"
            " CASE WHEN h.state = 'answered' THEN h.changed_at END AS answered_at,"
            " greatest(o.changed_at, h.changed_at) AS changed_at FROM conversation c"
            " JOIN call_leg o ON o.conversation = c.id AND o.party = 'operator'"
            " JOIN call_leg h ON h.conversation = c.id AND h.party = 'handset'"
            " WHERE c.alert = :alert ORDER BY c.wanted_at DESC, c.id DESC LIMIT :limit"
        ),
        {"alert": alert, "limit": limit},
    )
    return list(found)


def recordings_of(session: Session, alert: UUID, limit: int = 20) -> list[Any]:
    """What was recorded of an alert, newest first."""
    found = session.connection().execute(
        text(
            "SELECT r.id, r.duration_s, r.kept_at, r.erase_at, r.erased_at, r.sha256, r.size_bytes,"
            " r.differs_at, c.made_at AS copied_at FROM recording r"
            " LEFT JOIN recording_copy c ON c.recording = r.id"
            " WHERE r.alert = :alert ORDER BY r.kept_at DESC, r.id DESC LIMIT :limit"
        ),
        {"alert": alert, "limit": limit},
    )
    return list(found)
