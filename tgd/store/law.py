"""Questions about the wordings of the law: those of the code and those that were added."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from tgd.records import LegalTextAdded
from tgd.rules.law_reading import text_of
from tgd.rules.law_texts import TEXTS, LegalText


def texts(session: Session) -> tuple[LegalText, ...]:
    """Every wording that is known, in the order in which each was added."""
    asked = select(LegalTextAdded).order_by(col(LegalTextAdded.added_at), LegalTextAdded.version)
    return (*TEXTS, *(text_of(_read(row.said)) for row in session.exec(asked)))


def _read(said: dict[str, Any]) -> dict[str, Any]:
    return said | {"from_day": date.fromisoformat(said["from_day"])}
