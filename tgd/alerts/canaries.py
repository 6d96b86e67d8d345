"""Presses of canaries: kept like any press, in an alert that was never open and is told to nobody.

Each canary has one alert, closed when it is born. Its presses are triggers and messages of that
alert; no number of a real alert is used up, and the journal is not filled with them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.alerts.raising import Raised, raise_or_join, trigger_row
from tgd.alerts.repeating import Press
from tgd.rules.alert import AlertState, Lane, Outcome
from tgd.rules.canary import pressed_at
from tgd.store import alerts as store
from tgd.store import canaries

WHO = "canary"
WHY = "A canary: nobody carries it, its presses show that a channel is heard."


def raise_or_keep(session: Session, presses: Sequence[Press], now: datetime) -> list[Raised]:
    """Calls for help are raised, canaries are only kept; answers in the order of the presses."""
    raised = iter(raise_or_join(session, [p for p in presses if not _is_canary(p)], now))
    kept = iter(_keep(session, [p for p in presses if _is_canary(p)], now))
    return [next(kept if _is_canary(press) else raised) for press in presses]


def _is_canary(press: Press) -> bool:
    return press.verdict.lane is Lane.CANARY


def _keep(session: Session, presses: Sequence[Press], now: datetime) -> list[Raised]:
    if not presses:
        return []
    store.lock_sources(session, (p.source for p in presses))
    alerts = canaries.alerts_of(session, (p.source for p in presses))
    _open_closed(session, [p for p in presses if p.source not in alerts], alerts, now)
    known = {(t.source, t.trigger): t.id for t in store.known_triggers(session, _keys(presses))}
    rows: list[dict[str, Any]] = []
    moments: dict[UUID, list[datetime]] = defaultdict(list)
    raised = []
    for press in presses:
        key, alert = (press.source, press.trigger), alerts[press.source]
        is_new = key not in known
        if is_new:
            rows.append(trigger_row(press, alert, now))
            known[key] = rows[-1]["id"]
            moments[alert].append(pressed_at(press.claimed_at, press.received_at))
        raised.append(Raised(alert, known[key], AlertState.CLOSED, opened=False, is_new=is_new))
    store.insert_raised(session, triggers=rows)
    for alert, pressed in moments.items():
        canaries.count_presses(session, alert, pressed)
    return raised


def _keys(presses: Iterable[Press]) -> list[tuple[str, str]]:
    return [(p.source, p.trigger) for p in presses]


def _open_closed(
    session: Session, presses: Sequence[Press], alerts: dict[str, UUID], now: datetime
) -> None:
    """The alert of each canary that has none yet; it holds no press before they are counted."""
    firsts = {press.source: press for press in reversed(presses)}
    rows = [_row(press, now) for press in firsts.values()]
    store.insert_raised(session, rows)
    alerts.update({row["source"]: row["id"] for row in rows})


def _row(press: Press, now: datetime) -> dict[str, Any]:
    at = pressed_at(press.claimed_at, press.received_at)
    return {
        "id": ids.new(now), "source": press.source, "handset": press.handset, "person": None,
        "lane": Lane.CANARY.value, "trust": press.verdict.trust.value,
        "labels": sorted(press.verdict.labels), "state": AlertState.CLOSED.value, "version": 1,
        "presses": 0, "waits": 0, "updates": 0, "opened_at": now, "pressed_at": at,
        "changed_at": now, "waiting_since": now, "look_again_at": None,
        "closed_at": now, "closed_by": WHO, "outcome": Outcome.TEST.value, "reason": WHY,
    }  # fmt: skip
