"""Questions of adoption: deliveries that were made while the record was away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, col

from tgd.records import Delivery


def adopt_deliveries(session: Session, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert them; gives the keys that the record did not have."""
    if not rows:
        return set()
    found = session.connection().execute(
        upsert(Delivery)
        .on_conflict_do_nothing(constraint="delivery_once")
        .returning(col(Delivery.key)),
        list(rows),
    )
    return set(found.scalars())


def tell_the_rest(session: Session, alert: UUID, now: datetime) -> None:
    """Those who were told without a fact hear of this alert again, with all that they may know."""
    session.connection().execute(
        text(
            "UPDATE alert SET updates = updates + 1, changed_at = :now,"
            " look_again_at = least(coalesce(look_again_at, :now), :now) WHERE id = :id"
        ),
        {"id": alert, "now": now},
    )
