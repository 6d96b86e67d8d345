"""Who looked at whose fields, and who was refused: written down with every look (art. 2, III).

Which groups, never their values.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import journal
from tgd.journal import Line


def looked(session: Session, who: str, alert: UUID, groups: Iterable[str], now: datetime) -> None:
    """This person was shown these groups of fields of an alert."""
    shown = sorted(groups)
    if shown:
        journal.write(session, [Line(now, who, "AccessLogged", alert, detail={"groups": shown})])


def refused(session: Session, who: str, wanted: str, alert: UUID | None, now: datetime) -> None:
    """This person asked for what the role may not see or do."""
    journal.write(session, [Line(now, who, "AccessRefused", alert, detail={"wanted": wanted})])
