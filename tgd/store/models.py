"""Questions about models of handsets: which were accepted, by whom, on which test."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

_ACCEPTED = """EXISTS (SELECT 1 FROM model_acceptance m WHERE m.model = h.model
    AND m.withdrawn_at IS NULL)"""


def is_accepted(session: Session, handset: str) -> bool:
    """Whether the model of this handset was accepted; one whose model nobody knows was not."""
    found = session.connection().execute(
        text(f"SELECT 1 FROM handset h WHERE h.id = :id AND {_ACCEPTED}"),  # noqa: S608
        {"id": handset},
    )
    return found.first() is not None


def withdraw(session: Session, model: str, by: str, now: datetime) -> int:
    """No acceptance of this model counts any more, however it is written; gives how many did."""
    found = session.connection().execute(
        text(
            "UPDATE model_acceptance SET withdrawn_at = :now, withdrawn_by = :by"
            " WHERE lower(trim(model)) = lower(trim(:model)) AND withdrawn_at IS NULL"
        ),
        {"model": model, "by": by, "now": now},
    )
    return found.rowcount


def accepted(session: Session) -> list[Any]:
    """The newest acceptance of each model, those that count first."""
    rows = session.connection().execute(
        text(
            "SELECT * FROM (SELECT DISTINCT ON (model) model, test, accepted_by, accepted_at,"
            " withdrawn_by, withdrawn_at FROM model_acceptance"
            " ORDER BY model, accepted_at DESC, id DESC) m"
            " ORDER BY withdrawn_at IS NOT NULL, model"
        )
    )
    return list(rows)


def waiting(session: Session, courts: Collection[str]) -> list[Any]:
    """Models of handsets in these courts that nobody has accepted, with how many there are."""
    rows = session.connection().execute(
        text(
            "SELECT h.model, count(*) AS count FROM handset h JOIN pool p ON p.code = h.pool"  # noqa: S608
            f" WHERE p.court = ANY(:courts) AND h.state <> 'retired' AND NOT {_ACCEPTED}"
            " AND h.model IS NOT NULL GROUP BY h.model ORDER BY h.model"
        ),
        {"courts": sorted(courts)},
    )
    return list(rows)
