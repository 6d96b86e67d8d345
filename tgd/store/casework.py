"""Questions that the pages of case files ask: the lists, and what one file tells."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_OVER = ("refused", "merged", "closed")
_COLUMNS = """f.id, f.number, f.state, f.version, f.court, f.association, f.opened_at, f.changed_at,
    f.ends_at"""
_MINE = "(f.court = ANY(:courts) OR f.association = CAST(:association AS text))"
_NEAREST = """LEFT JOIN LATERAL (
        SELECT kind, due_at, look_again_at FROM deadline
        WHERE case_file = f.id AND settled_at IS NULL ORDER BY due_at, kind LIMIT 1
    ) d ON true"""
_OF_ONE = """p.name,
    EXISTS (SELECT 1 FROM referral r WHERE r.case_file = f.id AND r.is_urgent) AS is_urgent,
    (SELECT o.kind FROM opinion o WHERE o.case_file = f.id
     ORDER BY o.given_at DESC, o.id DESC LIMIT 1) AS opinion"""
_LISTED = text(
    f"""
    WITH mine AS (
        SELECT {_COLUMNS}, f.person FROM case_file f
        WHERE {_MINE} AND f.state = ANY(:running)
        UNION ALL
        SELECT {_COLUMNS}, f.person FROM case_file f
        WHERE {_MINE} AND f.state = ANY(:states) AND f.state IN ('refused', 'merged', 'closed')
          AND f.changed_at > CAST(:since AS timestamptz)
    ), ranked AS (
        SELECT f.*, l.list, d.kind AS due_kind, d.due_at,
               count(*) OVER (PARTITION BY l.list) AS total,
               row_number() OVER (PARTITION BY l.list ORDER BY d.due_at NULLS LAST, f.opened_at,
                                  f.id) AS place
        FROM mine f
        JOIN unnest(CAST(:states AS text[]), CAST(:lists AS text[])) AS l(state, list)
            ON l.state = f.state
        {_NEAREST}
    )
    SELECT {_COLUMNS}, f.list, f.total, f.due_kind, f.due_at, {_OF_ONE}
    FROM ranked f JOIN protected_person p ON p.id = f.person
    WHERE f.place > :skip AND f.place <= CAST(:skip AS int) + CAST(:limit AS int)
    ORDER BY f.list, f.place
    """  # noqa: S608 -- constants of this file
)
"""Every file that runs is ranked, and only those of the page are looked at more closely."""

_FOUND = text(
    f"""
    WITH found AS MATERIALIZED (
        SELECT f.*, p.name FROM case_file f JOIN protected_person p ON p.id = f.person
        WHERE {_MINE} AND f.state <> 'purged' AND CASE WHEN CAST(:number AS bigint) IS NULL
            THEN strpos(lower(p.name), lower(:words)) > 0 ELSE f.number = :number END
        ORDER BY (f.state IN ('refused', 'merged', 'closed')), f.changed_at DESC, f.id LIMIT :limit
    )
    SELECT {_COLUMNS}, d.kind AS due_kind, d.due_at,
           {_OF_ONE.replace("p.name", "f.name")}
    FROM found f {_NEAREST}
    ORDER BY (f.state IN ('refused', 'merged', 'closed')), f.changed_at DESC, f.id
    """  # noqa: S608 -- constants of this file
)


def listed(
    session: Session, courts: Collection[str], association: str | None,
    lists: Mapping[str, Collection[str]], since: datetime, *, skip: int, limit: int,
) -> list[Any]:  # fmt: skip
    """The files of these courts or of this association by lists of states, so many of each, the
    nearest deadline first, each with the `total` of its list; those that have ended only when they
    changed since then."""
    pairs = [(state, name) for name, states in lists.items() for state in sorted(states)]
    known = {"courts": sorted(courts), "association": association, "since": since,
             "states": [state for state, _ in pairs],
             "running": [state for state, _ in pairs if state not in _OVER],
             "lists": [name for _, name in pairs],
             "skip": skip, "limit": limit}  # fmt: skip
    return list(session.connection().execute(_LISTED, known))


def sought(
    session: Session, courts: Collection[str], association: str | None, words: str,
    number: int | None, limit: int = 50,
) -> list[Any]:  # fmt: skip
    """Their files with this number or, without one, whose person's name has these words in it;
    ended ones too, until they are forgotten."""
    known = {"courts": sorted(courts), "association": association, "words": words,
             "number": number, "limit": limit}  # fmt: skip
    return list(session.connection().execute(_FOUND, known))


def referrals(session: Session, file_id: UUID) -> list[Any]:
    """Everything that was reported, oldest first."""
    return _of_file(
        session, file_id, "source, words, contact, is_urgent, by, received_at", "referral",
        "received_at",
    )  # fmt: skip


def assessments(session: Session, file_id: UUID) -> list[Any]:
    """Every assessment, newest first."""
    return _of_file(session, file_id, "grid, answers, by, made_at", "assessment", "made_at DESC")


def opinions(session: Session, file_id: UUID) -> list[Any]:
    """Every opinion, newest first."""
    return _of_file(session, file_id, "kind, words, by, given_at", "opinion", "given_at DESC")


def follow_ups(session: Session, file_id: UUID) -> list[Any]:
    """What those who accompany her wrote, newest first."""
    return _of_file(session, file_id, "words, by, at", "follow_up", "at DESC")


def tests(session: Session, file_id: UUID) -> list[Any]:
    """The test presses that count for the file, newest first."""
    return _of_file(session, file_id, "handset, heard_at, validated_by", "test_press",
                    "heard_at DESC")  # fmt: skip


def incidents(session: Session, file_id: UUID) -> list[Any]:
    """What befell her handsets, newest first."""
    return _of_file(session, file_id, "handset, kind, words, by, reported_at", "handset_incident",
                    "reported_at DESC")  # fmt: skip


def _of_file(session: Session, file_id: UUID, columns: str, table: str, order: str) -> list[Any]:
    """Rows of one table of the file; every argument but the id is written in this file."""
    asked = f"SELECT {columns} FROM {table} WHERE case_file = :file ORDER BY {order}, id LIMIT 200"  # noqa: S608
    return list(session.connection().execute(text(asked), {"file": file_id}))


def history(session: Session, file_id: UUID, limit: int = 200) -> list[Any]:
    """The journal of a file, newest first, without the looks."""
    rows = session.connection().execute(
        text(
            "SELECT at, who, act, detail FROM journal WHERE detail ->> 'file' = CAST(:file AS text)"
            " AND act NOT IN ('AccessLogged', 'AccessRefused') ORDER BY seq DESC LIMIT :limit"
        ),
        {"file": str(file_id), "limit": limit},
    )
    return list(rows)


def alerts_of(session: Session, person: UUID) -> list[Any]:
    """Real alerts of this person, newest first: when and how they ended, what of them is kept
    beyond its day; no position."""
    rows = session.connection().execute(
        text(
            "SELECT a.id, a.number, a.opened_at, a.state, a.outcome, ARRAY(SELECT k.what"
            " FROM kept_longer k WHERE k.alert = a.id AND k.ended_at IS NULL"
            " AND (k.what <> 'positions' OR a.state <> 'closed' OR EXISTS (SELECT 1 FROM sighting s"
            " WHERE s.alert = a.id AND s.raw_sealed <> '')) ORDER BY k.what)"
            " AS kept FROM alert a WHERE a.person = :person AND a.lane = 'real'"
            " ORDER BY a.number DESC LIMIT 50"
        ),
        {"person": person},
    )
    return list(rows)


def courts(session: Session, codes: Collection[str] | None = None) -> list[Any]:
    """Courts by their names, all or those of these codes."""
    rows = session.connection().execute(
        text(
            "SELECT code, name, zone FROM court"
            " WHERE CAST(:codes AS text[]) IS NULL OR code = ANY(:codes) ORDER BY name"
        ),
        {"codes": None if codes is None else sorted(codes)},
    )
    return list(rows)


def file_by_number(session: Session, number: int) -> UUID | None:
    """The file that people call TGD-000042."""
    found = session.connection().execute(
        text("SELECT id FROM case_file WHERE number = :number"), {"number": number}
    )
    return found.scalar_one_or_none()


def newest_press(session: Session, handset: str, since: datetime) -> Any:
    """The newest test that a handset sent since then, and how it came; None for none."""
    found = session.connection().execute(
        text(
            """
            SELECT t.id, t.claimed_at, t.heard_at, a.lane, a.trust, a.battery_pct,
                   p.radius_m, p.method, p.id IS NOT NULL AS has_position
            FROM alert_trigger t JOIN alert a ON a.id = t.alert
            LEFT JOIN LATERAL (
                SELECT id, radius_m, method FROM alert_position WHERE alert = a.id
                ORDER BY heard_at DESC, id DESC LIMIT 1
            ) p ON true
            WHERE a.handset = :handset AND t.heard_at >= :since AND t.kind = 'test'
            ORDER BY t.heard_at DESC, t.id DESC LIMIT 1
            """
        ),
        {"handset": handset, "since": since},
    )
    return found.one_or_none()


def heard_by(session: Session, trigger: UUID) -> list[Any]:
    """By which channels one press was heard, when it came and when it was durable."""
    rows = session.connection().execute(
        text(
            "SELECT channel, received_at, kept_at FROM sighting WHERE trigger = :trigger"
            " ORDER BY received_at, id"
        ),
        {"trigger": trigger},
    )
    return list(rows)
