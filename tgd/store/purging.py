"""What is forgotten: which files and messages are due, and the statements that erase them."""

# ruff: noqa: S608 -- statements are made of constants of this file

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.rules.forgetting import POSITIONS_AT_MOST, POSITIONS_FOR

HELD = """(EXISTS (SELECT 1 FROM case_file hf JOIN legal_hold h ON h.case_file = hf.id
    WHERE hf.person = a.person AND h.ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM kept_longer k WHERE k.alert = a.id AND k.what = 'procedure'
    AND k.ended_at IS NULL))"""
"""By a procedure that needs her file, or this very alert."""
AUTHORISED = """EXISTS (SELECT 1 FROM kept_longer k WHERE k.alert = a.id
    AND k.what = 'positions' AND k.ended_at IS NULL)"""
NO_HELD_ALERT = f"""NOT EXISTS (SELECT 1 FROM alert a WHERE a.id = ANY(h.alerts) AND {HELD})"""
"""Words of a shift about an alert that a procedure needs wait for that alert."""
_NEEDED = """EXISTS (SELECT 1 FROM case_file o WHERE o.person = a.person AND o.id <> :file
    AND o.state NOT IN ('purged', 'refused', 'merged') AND o.platform_erased_at IS NULL
    AND o.opened_at <= a.opened_at
    AND (o.state <> 'closed' OR o.changed_at >= a.opened_at))"""
"""Another file of hers, whose day has not come, ran when this alert was opened."""
_OVER = "(a.state = 'closed' OR a.lane = 'test')"
"""A test that nobody closed for days keeps nothing back."""
_HERS = f"a.person = :person AND {_OVER} AND NOT {_NEEDED}"
_CLOSED_ONES = text(
    """
    SELECT f.id, f.number, f.person, f.state, f.version, f.purge_at, f.changed_at,
           f.platform_erased_at,
           (SELECT max(at) FROM (
                SELECT c.erase_by_at AS at FROM sheet_copy c JOIN case_sheet s ON s.id = c.sheet
                WHERE s.case_file = f.id
                UNION ALL
                SELECT r.platform_erases_by_at FROM return_certificate r WHERE r.case_file = f.id
            ) promised) AS promised_at,
           EXISTS (SELECT 1 FROM alert a WHERE a.person = f.person AND a.state <> 'closed'
                   AND a.lane = 'real') AS alert_open,
           EXISTS (SELECT 1 FROM allocation l JOIN decision d ON d.id = l.decision
                   WHERE d.case_file = f.id AND l.ended_at IS NULL) AS carries,
           (EXISTS (SELECT 1 FROM legal_hold h WHERE h.case_file = f.id AND h.ended_at IS NULL)
            OR EXISTS (SELECT 1 FROM alert a JOIN kept_longer k ON k.alert = a.id
                       WHERE a.person = f.person AND k.what = 'procedure'
                       AND k.ended_at IS NULL)) AS held,
           EXISTS (SELECT 1 FROM deadline d WHERE d.case_file = f.id AND d.kind = 'release'
                   AND d.settled_at IS NULL) AS release_unheard
    FROM case_file f
    WHERE f.state IN ('refused', 'merged', 'closed')
      AND (f.purge_at <= :now OR (f.state = 'closed' AND f.platform_erased_at IS NULL))
    ORDER BY f.purge_at, f.id
    """
)


def ended_files(session: Session, now: datetime) -> list[Any]:
    """Files that have ended and that something may be erased of, the earliest day first."""
    return list(session.connection().execute(_CLOSED_ONES, {"now": now}))


_OLD_POSITIONS = f"""a.id = p.alert AND {_OVER} AND p.heard_at <= :before
    AND (p.heard_at <= :at_most OR NOT {AUTHORISED}) AND NOT {HELD}"""
_OLD_MESSAGES = f"""s.raw_sealed <> '' AND s.received_at <= :before AND NOT EXISTS (
    SELECT 1 FROM alert a WHERE a.id = s.alert AND (NOT {_OVER} OR {HELD}
    OR (s.received_at > :at_most AND {AUTHORISED})))"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recorded before which moment it goes: usually, and where a prosecutor authorised more."""

    before: datetime
    at_most: datetime

    @classmethod
    def by(cls, now: datetime) -> "Recorded":
        """Of which the day has come now."""
        return cls(now - POSITIONS_FOR, now - POSITIONS_AT_MOST)

    @property
    def values(self) -> dict[str, datetime]:
        """For the statements."""
        return {"before": self.before, "at_most": self.at_most}


def count_positions(session: Session, due: Recorded) -> dict[str, int]:
    """How many positions and messages were recorded before then and are nobody's need."""
    asked = {
        "positions": f"SELECT count(*) FROM alert_position p, alert a WHERE {_OLD_POSITIONS}",
        "messages": f"SELECT count(*) FROM sighting s WHERE {_OLD_MESSAGES}",
    }
    return {k: int(_scalar(session, q, **due.values)) for k, q in asked.items()}


def erase_positions(session: Session, due: Recorded, limit: int) -> dict[str, int]:
    """Positions that were recorded before then, and the messages that hold them, of alerts that are
    closed and that no procedure needs; so many messages at once."""
    return {
        "positions": _rows(
            session, f"DELETE FROM alert_position p USING alert a WHERE {_OLD_POSITIONS}",
            **due.values,
        ),
        "messages": _rows(
            session,
            "UPDATE sighting SET raw_sealed = '' WHERE id IN (SELECT s.id FROM sighting s"
            f" WHERE {_OLD_MESSAGES} ORDER BY s.received_at LIMIT :limit)",
            **due.values, limit=limit,
        ),
    }  # fmt: skip


def erase_words_of_alerts(
    session: Session, file_id: UUID, person: UUID, now: datetime
) -> dict[str, int]:
    """What humans wrote about her alerts; those that another file of hers needs stay. Nothing more
    is written about the others."""
    known = {"file": file_id, "person": person}
    return {
        "notes": _rows(
            session, f"DELETE FROM note n USING alert a WHERE a.id = n.alert AND {_HERS}", **known
        ),
        "shifts": _rows(
            session,
            "UPDATE hand_over h SET words = '' WHERE h.words <> '' AND h.alerts &&"
            f" (SELECT coalesce(array_agg(a.id), '{{}}') FROM alert a WHERE {_HERS})"
            f" AND {NO_HELD_ALERT}",
            **known,
        ),
        "closings": _rows(
            session,
            "UPDATE alert a SET reason = '', proposed_reason = NULL, version = version + 1,"
            " forgotten_at = CASE WHEN a.state = 'closed' THEN CAST(:now AS timestamptz) END"
            " WHERE (a.reason <> '' OR a.proposed_reason IS NOT NULL OR a.forgotten_at IS NULL)"
            f" AND {_HERS}",
            **known, now=now,
        ),
    }  # fmt: skip


def erase_sheets(session: Session, file_id: UUID, person: UUID) -> dict[str, int]:
    """Every version of the case sheet, and what alerts show of her unless another file needs it."""
    sheets = _rows(
        session,
        "UPDATE case_sheet SET sheet = '{}', control_room = NULL, force = NULL"
        " WHERE case_file = :file AND sheet <> '{}'",
        file=file_id,
    )
    shown = _rows(
        session,
        "UPDATE protected_person SET places = '[]', note = NULL WHERE id = :person"
        " AND NOT EXISTS (SELECT 1 FROM case_file o WHERE o.person = :person AND o.id <> :file"
        " AND o.state NOT IN ('purged', 'refused', 'merged') AND o.platform_erased_at IS NULL)",
        file=file_id, person=person,
    )  # fmt: skip
    return {"sheets": sheets, "shown": shown}


_COUNTED = {
    "referrals": "referral WHERE case_file = :file",
    "assessments": "assessment WHERE case_file = :file",
    "opinions": "opinion WHERE case_file = :file",
    "conditions": "condition_record WHERE case_file = :file",
    "follow_ups": "follow_up WHERE case_file = :file",
    "decisions": "decision WHERE case_file = :file",
    "renewals": "decision WHERE case_file = :file AND kind = 'renew'",
    "on_call_decisions": "decision WHERE case_file = :file AND on_call",
    "against_advice": "decision WHERE case_file = :file AND against_advice",
    "sheets": "case_sheet WHERE case_file = :file",
    "tests": "test_press WHERE case_file = :file",
    "transfers": "file_transfer WHERE case_file = :file AND outcome = 'accepted'",
    "incidents": "handset_incident WHERE case_file = :file",
    "handsets": "allocation l JOIN decision d ON d.id = l.decision WHERE d.case_file = :file",
    "alerts": f"alert a WHERE {_HERS} AND a.lane = 'real'",
}
"""What a file that is forgotten leaves: numbers."""


def counts(session: Session, file_id: UUID, person: UUID) -> dict[str, int]:
    """How many of each thing the file has, and for how many days a handset was carried."""
    known = {"file": file_id, "person": person}
    found = {
        name: int(_scalar(session, f"SELECT count(*) FROM {what}", **known))
        for name, what in _COUNTED.items()
    }
    days = (
        "SELECT coalesce(ceil(sum(extract(epoch FROM coalesce(l.ended_at, upper(l.period))"
        " - lower(l.period))) / 86400), 0) FROM allocation l JOIN decision d ON d.id = l.decision"
        " WHERE d.case_file = :file"
    )
    return found | {"days_carried": int(_scalar(session, days, file=file_id))}


_OF_FILE = (
    "DELETE FROM referral WHERE case_file = :file",
    "DELETE FROM assessment WHERE case_file = :file",
    "DELETE FROM opinion WHERE case_file = :file",
    "DELETE FROM restrained_person WHERE case_file = :file",
    "DELETE FROM condition_record WHERE case_file = :file",
    "DELETE FROM follow_up WHERE case_file = :file",
    "DELETE FROM legal_hold WHERE case_file = :file",
    "DELETE FROM file_transfer WHERE case_file = :file",
    "DELETE FROM sheet_copy WHERE sheet IN (SELECT id FROM case_sheet WHERE case_file = :file)",
    "DELETE FROM case_sheet WHERE case_file = :file",
    "DELETE FROM test_press WHERE case_file = :file",
    "DELETE FROM provisioning WHERE case_file = :file",
    "UPDATE handset_incident SET words = '' WHERE case_file = :file AND words <> ''",
    "UPDATE technical_item t SET shelved_why = NULL FROM allocation l JOIN decision d"
    " ON d.id = l.decision WHERE d.case_file = :file AND t.handset = l.handset"
    " AND t.shelved_why IS NOT NULL AND t.raised_at >= lower(l.period)"
    " AND t.raised_at <= coalesce(l.ended_at, upper(l.period))",
    "DELETE FROM return_certificate WHERE case_file = :file",
    "DELETE FROM allocation WHERE decision IN (SELECT id FROM decision WHERE case_file = :file)",
    "DELETE FROM decision WHERE case_file = :file",
)
"""In an order that foreign keys allow."""


def erase_file(session: Session, file_id: UUID) -> int:
    """Everything that hangs on the file; gives how many rows it was."""
    return sum(_rows(session, one, file=file_id) for one in _OF_FILE)


def erase_reasons(session: Session, file_id: UUID, person: UUID) -> int:
    """Why something of her alerts was kept longer; nothing of them is by now."""
    gone = f"DELETE FROM kept_longer k USING alert a WHERE a.id = k.alert AND {_HERS}"
    return _rows(session, gone, file=file_id, person=person)


_LAST = "NOT EXISTS (SELECT 1 FROM case_file WHERE person = :person AND state <> 'purged')"


def erase_person(session: Session, person: UUID) -> int:
    """Her name and consents when no file of hers is left; an empty row stays under the id."""
    named = "UPDATE protected_person SET name = '', places = '[]', note = NULL WHERE id = :person"
    agreed = f"DELETE FROM consent WHERE person = :person AND {_LAST}"
    return _rows(session, f"{named} AND {_LAST}", person=person) + _rows(
        session, agreed, person=person
    )


def open_hold(session: Session, file_id: UUID) -> UUID | None:
    """The legal hold on this file that has not ended."""
    asked = "SELECT id FROM legal_hold WHERE case_file = :file AND ended_at IS NULL"
    found: UUID | None = session.connection().execute(text(asked), {"file": file_id}).scalar()
    return found


def end_hold(session: Session, hold: UUID, by: str, now: datetime) -> None:
    """The procedure needs it no longer."""
    ended = "UPDATE legal_hold SET ended_by = :by, ended_at = :now WHERE id = :id"
    _rows(session, ended, id=hold, by=by, now=now)


_TO_ERASE = (
    "s.id = c.sheet AND s.case_file = :file AND c.erased_at IS NULL AND c.erase_by_at IS NOT NULL"
    " AND (CAST(:holder AS text) IS NULL OR c.holder = :holder)"
)


def copies_erased(
    session: Session, file_id: UUID, now: datetime, holder: str | None = None
) -> int:  # fmt: skip
    """Those outside who had a copy, or one of them, have said that it is erased."""
    said = f"UPDATE sheet_copy c SET erased_at = :now FROM case_sheet s WHERE {_TO_ERASE}"
    return _rows(session, said, file=file_id, now=now, holder=holder)


def open_copies(session: Session, file_id: UUID, holder: str | None = None) -> int:
    """How many copies are to be erased outside, and nobody has said yet that they are."""
    asked = f"SELECT count(*) FROM sheet_copy c, case_sheet s WHERE {_TO_ERASE}"
    return int(_scalar(session, asked, file=file_id, holder=holder))


def _rows(session: Session, statement: str, **known: Any) -> int:
    return session.connection().execute(text(statement), known).rowcount


def _scalar(session: Session, question: str, **known: Any) -> Any:
    return session.connection().execute(text(question), known).scalar_one()
