"""Questions of those who read the journal: its newest lines, of one alert or handset."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from tgd.records import Journal


def newest(
    session: Session, limit: int, *, alert: UUID | None = None, handset: str | None = None
) -> Sequence[Journal]:
    """The newest lines in the order in which they were written."""
    asked = select(Journal).order_by(col(Journal.seq).desc()).limit(limit)
    if alert is not None:
        asked = asked.where(col(Journal.alert) == alert)
    if handset is not None:
        asked = asked.where(col(Journal.handset) == handset)
    return list(reversed(session.exec(asked).all()))
