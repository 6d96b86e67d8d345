"""What handsets may be told of their alert: that somebody answers for it, that it is closed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_NEWS = """
    SELECT a.id, a.handset, a.changed_at,
           CASE WHEN a.state = 'closed' THEN 'closed' ELSE 'taken' END AS said, t.trigger
    FROM alert a
    JOIN handset h ON h.id = a.handset AND h.state NOT IN ('stolen', 'retired')
    CROSS JOIN LATERAL (
        SELECT trigger FROM alert_trigger
        WHERE alert = a.id AND source = 'handset:' || a.handset
          AND trigger !~ '^([?]|content:|counter:|sms:|osmand:|owntracks:)'
        ORDER BY heard_at DESC, id DESC LIMIT 1
    ) t
    WHERE a.handset IS NOT NULL AND a.trust = 'verified' AND a.lane <> 'canary'
      AND (a.owner IS NOT NULL OR a.state = 'closed') AND a.changed_at >= :since
"""
_CHANGED = text(_NEWS + " ORDER BY a.changed_at, a.number")
_OF = text(_NEWS + " AND a.handset = ANY(:handsets) ORDER BY a.changed_at, a.number")


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a handset may be told."""

    alert: UUID
    handset: str
    trigger: str
    """The newest trigger id that the handset itself made: not ours, not a stranger's."""
    said: str
    """`taken` or `closed`."""
    changed_at: datetime


def news_since(session: Session, since: datetime) -> list[News]:
    """What has changed since then, for proven handsets only, oldest first.

    One that was stolen meanwhile is told nothing: he would read in his hand that help is coming.
    """
    rows = session.connection().execute(_CHANGED, {"since": since})
    return [News(r.id, r.handset, r.trigger, r.said, r.changed_at) for r in rows]


def news_of(session: Session, handsets: Collection[str], since: datetime) -> list[News]:
    """The same for these handsets."""
    rows = session.connection().execute(_OF, {"since": since, "handsets": sorted(handsets)})
    return [News(r.id, r.handset, r.trigger, r.said, r.changed_at) for r in rows]
