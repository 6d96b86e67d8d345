"""A model of handset is tried and accepted before one of it is put into anybody's hands."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd import ids
from tgd.allocation.acting import Officer, clean, must, write
from tgd.errors import Incomplete
from tgd.records import ModelAcceptance
from tgd.rules.access import Act
from tgd.store import files, models

SHORTEST_TEST = 20
"""“ok” is no test."""


def accept_model(
    session: Session, officer: Officer, model: str, test: str, now: datetime, *, tried: bool
) -> ModelAcceptance:
    """This model passed this test; the last acceptance counts, until a recall of the model.

    Raises NotAllowed, Incomplete.
    """
    must(officer, Act.ACCEPT_MODEL)
    if not tried:
        raise Incomplete("Say that press, vibration, battery, fall and water were tried.")
    if len(test.strip()) < SHORTEST_TEST:
        raise Incomplete("Say which test it passed and where its report is.")
    row = ModelAcceptance(
        id=ids.new(now), model=clean(model)[:60], test=clean(test), accepted_by=officer.name,
        accepted_at=now,
    )  # fmt: skip
    files.add(session, row)
    write(session, officer.name, "ModelAccepted", now, model=row.model, acceptance=str(row.id))
    return row


def models_shown(session: Session, officer: Officer) -> dict[str, Any]:
    """What was accepted, and models in one's stocks that nobody has accepted."""
    must(officer, Act.SEE_STOCK)
    return {
        "accepted": [dict(row._mapping) for row in models.accepted(session)],
        "to_accept": [dict(row._mapping) for row in models.waiting(session, officer.reach.courts)],
    }  # fmt: skip
