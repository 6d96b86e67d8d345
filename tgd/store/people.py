"""Questions about protected persons: is she there, may she be forgotten now."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


def is_remembered(session: Session, person: UUID) -> bool:
    """Whether there is such a person who is not forgotten; nobody forgets her before the end of
    this transaction, and whoever does at this moment is waited for."""
    found = session.connection().execute(
        text("SELECT name <> '' FROM protected_person WHERE id = :id FOR KEY SHARE"),
        {"id": person},
    )
    return bool(found.scalar_one_or_none())


def stand_in_line(session: Session, person: UUID) -> None:
    """Wait for whoever opens a file of this person at this very moment."""
    session.connection().execute(
        text("SELECT 1 FROM protected_person WHERE id = :id FOR UPDATE"), {"id": person}
    )
