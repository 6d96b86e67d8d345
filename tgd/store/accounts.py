"""Questions about those who may sign in and about their browsers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_SEAT = text(
    """
    SELECT s.account, s.form_token, s.words_key, s.made_at, s.seen_at, s.ends_at, a.role
    FROM web_session s JOIN account a ON a.name = s.account
    WHERE s.token_hash = :token_hash AND s.ends_at > :after AND a.disabled_at IS NULL
    """
)


def account(session: Session, name: str) -> Any:
    """The account that may sign in under this name now; None for nobody or a disabled one."""
    return (
        session.connection()
        .execute(
            text(
                "SELECT name, role, password_hash FROM account"
                " WHERE name = :name AND disabled_at IS NULL"
            ),
            {"name": name},
        )
        .one_or_none()
    )


def add_account(session: Session, row: dict[str, Any]) -> bool:
    """A new account; False when the name is taken."""
    made = session.connection().execute(
        text(
            "INSERT INTO account (name, role, password_hash, made_at, full_name, capacity)"
            " VALUES (:name, :role, :password_hash, :now, :full_name, :capacity)"
            " ON CONFLICT (name) DO NOTHING"
        ),
        row,
    )
    return made.rowcount == 1


def describe_account(session: Session, row: dict[str, Any]) -> bool:
    """The words that are given, as papers print them; False when there is no such open account."""
    found = session.connection().execute(
        text(
            "UPDATE account SET full_name = coalesce(CAST(:full_name AS varchar), full_name),"
            " capacity = coalesce(CAST(:capacity AS varchar), capacity)"
            " WHERE name = :name AND disabled_at IS NULL"
        ),
        row,
    )
    return found.rowcount == 1


def printed(session: Session, name: str) -> tuple[str | None, str | None]:
    """Full name and capacity of this account, as papers print them; None where nobody said."""
    found = session.connection().execute(
        text("SELECT full_name, capacity FROM account WHERE name = :name"), {"name": name}
    )
    row = found.one_or_none()
    return (row.full_name, row.capacity) if row else (None, None)


def unnamed(session: Session, role: str) -> list[str]:
    """Accounts of this role without a full name or a capacity, that may sign in."""
    found = session.connection().execute(
        text(
            "SELECT name FROM account WHERE role = :role AND disabled_at IS NULL"
            " AND (full_name IS NULL OR capacity IS NULL) ORDER BY name"
        ),
        {"role": role},
    )
    return list(found.scalars())


def disable_account(session: Session, name: str, now: datetime) -> bool:
    """Nobody signs in under this name any more; False when there is no such open account."""
    found = session.connection().execute(
        text("UPDATE account SET disabled_at = :now WHERE name = :name AND disabled_at IS NULL"),
        {"name": name, "now": now},
    )
    return found.rowcount == 1


def seat(session: Session, token_hash: str, after: datetime) -> Any:
    """The signed-in browser with this token, unless it ended before or its account is disabled."""
    found = session.connection().execute(_SEAT, {"token_hash": token_hash, "after": after})
    return found.one_or_none()


def add_seat(session: Session, row: dict[str, Any]) -> None:
    """A browser signs in."""
    session.connection().execute(
        text(
            "INSERT INTO web_session"
            " (token_hash, account, form_token, words_key, made_at, seen_at, ends_at)"
            " VALUES (:token_hash, :account, :form_token, :words_key, :now, :now, :ends_at)"
        ),
        row,
    )


def renew_seat(session: Session, row: dict[str, Any]) -> bool:
    """The browser with the old token has a new one and a later end; False when it is gone."""
    made = session.connection().execute(
        text(
            "UPDATE web_session SET token_hash = :token_hash, made_at = :now, seen_at = :now,"
            " ends_at = :ends_at WHERE token_hash = :old AND account = :account"
        ),
        row,
    )
    return made.rowcount == 1


def touch_seat(session: Session, token_hash: str, now: datetime) -> None:
    """Its person did something."""
    session.connection().execute(
        text("UPDATE web_session SET seen_at = :now WHERE token_hash = :token_hash"),
        {"token_hash": token_hash, "now": now},
    )


def tell_sound(session: Session, token_hash: str, sound: str, now: datetime) -> None:
    """What this browser says of its sound now."""
    session.connection().execute(
        text("UPDATE web_session SET sound = :s, sound_at = :now WHERE token_hash = :token_hash"),
        {"token_hash": token_hash, "s": sound, "now": now},
    )


def tell_looks(session: Session, token_hash: str, alerts: list[UUID], now: datetime) -> None:
    """The alerts that this browser shows from now on."""
    session.connection().execute(
        text(
            "UPDATE web_session SET looks_at = :alerts, looks_seen_at = :now"
            " WHERE token_hash = :token_hash"
        ),
        {"token_hash": token_hash, "alerts": alerts, "now": now},
    )


def go_on_looking(session: Session, token_hash: str, now: datetime) -> None:
    """It is there still, with what it shows."""
    session.connection().execute(
        text(
            "UPDATE web_session SET looks_seen_at = :now"
            " WHERE token_hash = :token_hash AND looks_at <> '{}'"
        ),
        {"token_hash": token_hash, "now": now},
    )


def remove_seat(session: Session, token_hash: str) -> str | None:
    """The browser is signed out; gives the account's name, None when it was not signed in."""
    found = session.connection().execute(
        text("DELETE FROM web_session WHERE token_hash = :token_hash RETURNING account"),
        {"token_hash": token_hash},
    )
    return found.scalar_one_or_none()


def remove_seats_of(session: Session, name: str) -> None:
    """All browsers of this account are signed out."""
    session.connection().execute(
        text("DELETE FROM web_session WHERE account = :name"), {"name": name}
    )


def is_first_sending(session: Session, name: str, word: str, now: datetime) -> bool:
    """Whether this form of this person was not acted on before, by whichever console; from this
    transaction's commit on it was. Whoever acts on it at this moment is waited for."""
    made = session.connection().execute(
        text(
            "INSERT INTO form_done (account, word, done_at) VALUES (:name, :word, :now)"
            " ON CONFLICT DO NOTHING"
        ),
        {"name": name, "word": word, "now": now},
    )
    return made.rowcount == 1


def other_sending(session: Session, name: str, word: str, shared: int) -> bool:
    """Whether this person sent something else whose word begins alike: the same key for another
    request."""
    found = session.connection().execute(
        text(
            "SELECT 1 FROM form_done WHERE account = :name AND starts_with(word, :begins)"
            " AND word <> :word LIMIT 1"
        ),
        {"name": name, "begins": word[:shared], "word": word},
    )
    return found.first() is not None


def forget_sending(session: Session, name: str, word: str) -> None:
    """It was not acted on: it may be sent again."""
    session.connection().execute(
        text("DELETE FROM form_done WHERE account = :name AND word = :word"),
        {"name": name, "word": word},
    )


def remove_old_forms(session: Session, before: datetime) -> None:
    """Nobody sends these again."""
    session.connection().execute(
        text("DELETE FROM form_done WHERE done_at <= :before"), {"before": before}
    )


def remove_ended_seats(session: Session, now: datetime) -> None:
    """What is over is forgotten."""
    session.connection().execute(
        text("DELETE FROM web_session WHERE ends_at <= :now"), {"now": now}
    )


def count_accounts(session: Session) -> int:
    """How many people may sign in."""
    counted = session.connection().execute(
        text("SELECT count(*) FROM account WHERE disabled_at IS NULL")
    )
    return int(counted.scalar_one())
