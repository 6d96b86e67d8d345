"""Questions about how quickly real alerts are answered, of a shift and of this moment."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from tgd.rules.pace import FLOOD_WITHIN, LOOKED_BACK, Pace
from tgd.rules.walk import Step

_PACES = text(
    """
    SELECT s.step, count(*) AS alerts,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY s.took) AS half,
           percentile_disc(0.9) WITHIN GROUP (ORDER BY s.took) AS most
    FROM alert a CROSS JOIN LATERAL (VALUES
        ('taken', coalesce(a.taken_at, a.closed_at, :now) - a.opened_at),
        ('verified', a.verified_at - a.taken_at),
        ('requested', (SELECT min(j.at) FROM journal j WHERE j.alert = a.id
                       AND j.act = 'InterventionRequested') - coalesce(a.verified_at, a.taken_at)),
        ('acknowledged', a.acknowledged_at - a.requested_at),
        ('on_scene', a.on_scene_at - coalesce(a.acknowledged_at, a.requested_at))
    ) AS s (step, took)
    WHERE a.lane = 'real' AND a.changed_at >= :since AND a.opened_at >= :since
      AND s.took >= interval '0'
    GROUP BY s.step
    """
)
"""Who still waits counts with the time up to now: else the slowest would be the ones left out. The
first request is what was waited for; of a room's answer the newest one counts."""


def paces(session: Session, now: datetime) -> list[Pace]:
    """Each step that was walked since the beginning of a shift, in their order."""
    values = {"now": now, "since": now - LOOKED_BACK}
    rows = {Step(r.step): r for r in session.connection().execute(_PACES, values)}
    return [
        Pace(step, rows[step].alerts, rows[step].half, rows[step].most)
        for step in Step
        if step in rows
    ]


def opened_lately(session: Session, now: datetime) -> int:
    """How many real alerts began within the time of a flood."""
    since = now - FLOOD_WITHIN
    found = session.connection().execute(
        text(
            "SELECT count(*) FROM alert WHERE lane = 'real' AND changed_at >= :since"
            " AND opened_at >= :since"
        ),
        {"since": since},
    )
    return int(found.scalar_one())
