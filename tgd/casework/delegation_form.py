"""What the form of a delegation asks, and the act behind it; pages and the API share it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation import delegating
from tgd.allocation.acting import Officer
from tgd.casework.fields import Field, Kind, read_all, word
from tgd.records import Clearance

FIELDS = (
    Field("account", word("Prosecutor on call")), Field("court", word("Court")),
    Field("begins", word("From (the court's clock)"), Kind.MOMENT),
    Field("ends", word("Until (the court's clock)"), Kind.MOMENT),
)  # fmt: skip


def delegate(
    session: Session, officer: Officer, form: Mapping[str, str], now: datetime
) -> Clearance:
    """Read the form and delegate. Raises NotReadable and like `delegating.delegate`."""
    said: dict[str, Any] = read_all(FIELDS, form)
    return delegating.delegate(
        session, officer, said["account"], said["court"], said["begins"], said["ends"], now
    )
