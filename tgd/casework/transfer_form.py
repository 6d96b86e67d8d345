"""How a court answers when it is asked to take a file over: pages, API, command line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation import transferring
from tgd.allocation.acting import Officer
from tgd.casework.fields import Field, Kind, read_all, word

REASONS = Field("reasons", word("Reasons"), Kind.WORDS)
FIELDS = {
    "accept": (
        Field("pool", word("Stock")),
        Field("association", word("Association that accompanies her"), required=False, longest=80),
        REASONS,
    ),
    "refuse": (REASONS,),
}
"""The answers, and what each asks."""


def answer(
    session: Session, officer: Officer, transfer: UUID, how: str, form: Mapping[str, str],
    now: datetime,
) -> Any:  # fmt: skip
    """Read the form and answer. Raises NotReadable and like `transferring.accept`."""
    said = read_all(FIELDS[how], form)
    if how == "refuse":
        return transferring.refuse(session, officer, transfer, said["reasons"], now)
    return transferring.accept(
        session, officer, transfer, said["pool"], said["reasons"], now,
        association=said["association"],
    )  # fmt: skip
