"""Questions of the auditor, in a transaction that cannot write."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from tgd.rules.auditing import LATE, AlertSeen, DeliverySeen, RecordSeen
from tgd.store.shifts import HEARD

WATCHED = timedelta(minutes=15)
"""A console that was not used for so long is watched by nobody."""
MOST = 500
"""More of the same kind say nothing more."""
_ALERTS = text(
    """
    SELECT CAST(a.id AS text) AS id, a.look_again_at, max(d.lease_until) AS leased_until,
           CASE WHEN a.owner IS NULL AND a.lane = 'real' AND count(d.id) = 0
                THEN a.opened_at END AS untold_since,
           CASE WHEN a.owner IS NULL AND a.lane = 'real' THEN a.waiting_since END AS waiting_since
    FROM alert a LEFT JOIN delivery d ON d.alert = a.id
    WHERE a.state <> 'closed' AND (a.look_again_at < :late OR a.owner IS NULL)
    GROUP BY a.id
    ORDER BY (count(d.id) > 0), (a.look_again_at >= :now), a.waiting_since LIMIT :most
    """
)
"""Those that may be wrong, the worst first: a flood of others never hides one of them."""
_DELIVERIES = text(
    """
    SELECT CAST(d.alert AS text) AS alert, d.destination, d.next_try_at, d.lease_until,
           CASE WHEN a.lane = 'real' THEN d.made_at END AS made_at
    FROM delivery d JOIN alert a ON a.id = d.alert
    WHERE a.state <> 'closed' AND d.state NOT IN ('received', 'taken', 'withdrawn')
    ORDER BY d.next_try_at NULLS FIRST, d.id LIMIT :most
    """
)


def seen(session: Session, now: datetime) -> RecordSeen:
    """What the record says of open alerts, their deliveries and the consoles."""
    asked = session.connection()
    asked.execute(text("SET TRANSACTION READ ONLY"))
    alerts = asked.execute(_ALERTS, {"now": now, "late": now - LATE, "most": MOST})
    deliveries = asked.execute(_DELIVERIES, {"most": MOST})
    consoles = asked.execute(
        text(
            "SELECT count(DISTINCT s.account) FROM web_session s"
            " JOIN account c ON c.name = s.account WHERE c.role IN ('operator', 'supervisor')"
            " AND s.ends_at > :now AND s.seen_at > :since"
            " AND s.sound = 'on' AND s.sound_at > :heard"
        ),
        {"now": now, "since": now - WATCHED, "heard": now - HEARD},
    )
    return RecordSeen(
        tuple(
            AlertSeen(r.id, r.look_again_at, r.leased_until, r.untold_since, r.waiting_since)
            for r in alerts
        ),
        tuple(
            DeliverySeen(r.alert, r.destination, r.next_try_at, r.lease_until, r.made_at)
            for r in deliveries
        ),
        int(consoles.scalar_one()),
    )  # fmt: skip
