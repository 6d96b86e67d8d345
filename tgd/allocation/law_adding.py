"""A new wording of the law becomes known: judged whole, added once, and never changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import write
from tgd.allocation.courts import COMMAND_LINE
from tgd.records import LegalTextAdded
from tgd.rules.law_reading import problems, said_by, text_of
from tgd.rules.law_texts import LegalText, in_force
from tgd.store import files, law


def judge(session: Session, said: Mapping[str, Any]) -> list[str]:
    """Every sentence of what is wrong with a file's text; nothing changes."""
    found = problems(said)
    known = {text.version for text in law.texts(session)}
    if str(said.get("version")).strip() in known:
        found.append("version: this one is known already; a correction is a version of its own.")
    return found


def add_text(
    session: Session, said: Mapping[str, Any], now: datetime, by: str = COMMAND_LINE
) -> LegalText | list[str]:
    """The text that decisions of its days rest on from now on, or all that is wrong with it."""
    found = judge(session, said)
    if found:
        return found
    text = text_of(said)
    row = LegalTextAdded(
        version=text.version, from_day=text.from_day, months=text.months,
        said=said_by(text) | {"from_day": text.from_day.isoformat()}, added_by=by, added_at=now,
    )  # fmt: skip
    if files.add_unless_refused(session, row) is not None:
        return ["version: somebody added it at this very moment."]
    write(session, by, "LegalTextAdded", now, version=text.version, since=str(text.from_day))
    return text


def in_force_now(session: Session, now: datetime) -> LegalText:
    """The wording of today."""
    return in_force(now.date(), law.texts(session))
