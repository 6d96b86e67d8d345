"""What the forms of clearances and agreements ask, and the acts behind them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation import agreeing, courts
from tgd.allocation.acting import NotThere, Officer
from tgd.casework.fields import Field, Kind, read_all, word
from tgd.errors import Incomplete
from tgd.records import Clearance, PartnershipAgreement
from tgd.rules.deadlines import USUAL_ZONE, end_of
from tgd.store import files

LAST_DAY = Field("last_day", word("Last day"), Kind.DAY)
CLEAR_FIELDS = (
    Field("account", word("Account")), Field("court", word("Court"), required=False),
    Field("association", word("Association"), required=False, longest=80),
    Field("control_room", word("Control room"), required=False, longest=80), LAST_DAY,
)  # fmt: skip
AGREE_FIELDS = (
    Field("court", word("Court")), Field("association", word("Association"), longest=80),
    Field("reference", word("Reference of the signed agreement"), longest=120), LAST_DAY,
)  # fmt: skip


def clear(session: Session, officer: Officer, form: Mapping[str, str], now: datetime) -> Clearance:
    """Read the form and clear, to the end of the last day. Raises NotReadable and like
    `courts.clear`."""
    said: dict[str, Any] = read_all(CLEAR_FIELDS, form)
    court = files.court(session, said["court"])
    if said["court"] and court is None:
        raise NotThere("There is no such court.")
    ends_at = end_of(said["last_day"], court.zone if court else USUAL_ZONE)
    if ends_at <= now:
        raise Incomplete("A clearance ends on a day to come.")
    return courts.clear(
        session, officer, said["account"], ends_at, now, court=said["court"],
        association=said["association"], control_room=said["control_room"],
    )  # fmt: skip


def agree(
    session: Session, officer: Officer, form: Mapping[str, str], now: datetime
) -> PartnershipAgreement:
    """Read the form and record the agreement. Raises NotReadable and like `agreeing.agree`."""
    said: dict[str, Any] = read_all(AGREE_FIELDS, form)
    return agreeing.agree(
        session, officer, said["court"], said["association"], said["reference"],
        said["last_day"], now,
    )  # fmt: skip
