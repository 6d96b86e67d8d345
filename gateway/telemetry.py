"""Positions during an alert, and signs of life: kept apart from alerts, and never raising one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids
from tgd.alerts.raising import position_row
from tgd.rules.alert import Lane
from tgd.rules.deadlines import TEST_EVERY
from tgd.rules.doubt import Trust
from tgd.rules.handset import LOW_BATTERY_PCT, SILENT_AFTER_S
from tgd.rules.trigger import Position, StateReport
from tgd.store import alerts as alerts_store
from tgd.store import nudges, states
from tgd.store.sources import Source

NOTED_EVERY = timedelta(minutes=5)
"""A handset that is connected and says nothing is written down as heard so often."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A position alone, attributed or not."""

    source: Source | None
    position: Position | None
    verified: bool
    heard_at: datetime


def keep_positions(session: Session, told: Sequence[Whereabouts], now: datetime) -> list[bool]:
    """Keep those that may be kept; says for each, in their order, whether it was.

    Only of one that has a handset's secret, with its holder's agreement, while its alert is open
    (art. 41-3-1 CPP: at the moment when she triggers the alert). The others are refused before
    storage.
    """
    names = [f"handset:{t.source.handset}" for t in told if t.source and _may_be_kept(t)]
    if not names:
        return [False] * len(told)
    found = alerts_store.open_alerts(session, names)
    # a test or an exercise beside the real alert takes nothing from it
    open_now = {a.source: a.id for a in sorted(found, key=lambda a: a.lane == Lane.REAL)}
    rows = [_row(one, open_now, now) for one in told]
    kept = [row for row in rows if row is not None]
    alerts_store.insert_raised(session, positions=kept)
    if kept:
        alerts_store.look_again_now(session, (row["alert"] for row in kept), now)
        nudges.nudge_all(session)
    return [row is not None for row in rows]


def _row(told: Whereabouts, open_now: dict[str, UUID], now: datetime) -> dict[str, Any] | None:
    if not _may_be_kept(told) or told.source is None or told.position is None:
        return None
    alert = open_now.get(f"handset:{told.source.handset}")
    if alert is None:
        return None
    is_doubted = told.source.known.proves_nothing
    trust = Trust.UNVERIFIED if is_doubted else Trust.VERIFIED
    return position_row(alert, told.position, trust, told.heard_at, now)


def _may_be_kept(told: Whereabouts) -> bool:
    if told.source is None or told.position is None or not told.verified:
        return False
    return told.source.known.geolocation_agreed


def keep_states(
    session: Session, reports: Sequence[tuple[str, StateReport, datetime]], now: datetime
) -> None:
    """The state of handsets that we know; batteries and losses become technical items."""
    rows = [
        {
            "handset": handset, "state": r.state, "session": r.session,
            "battery_pct": r.battery_pct, "radio": r.radio and r.radio[:20], "rssi_dbm": r.rssi_dbm,
            "version": r.version and r.version[:40], "sim": r.sim, "heard_at": heard_at,
        }
        for handset, r, heard_at in reports
    ]  # fmt: skip
    other_sims = _other_sims(session, reports)
    states.remember_states(session, rows)
    low = [
        h for h, r, _ in reports if r.battery_pct is not None and r.battery_pct < LOW_BATTERY_PCT
    ]
    well = [
        h
        for h, r, _ in reports
        if r.battery_pct is not None and r.battery_pct >= 2 * LOW_BATTERY_PCT
    ]
    alive = [h for h, r, _ in reports if r.state == "online"]
    items = [_item(h, "low_battery", now) for h in sorted(set(low))]
    items += [_item(h, "sim_changed", now) for h in sorted(other_sims)]
    states.note_technical(session, items)
    gone = {(h, "low_battery") for h in well} | {(h, "silent") for h in alive}
    states.settle_technical(session, sorted(gone), now)


def _other_sims(session: Session, reports: Sequence[tuple[str, StateReport, datetime]]) -> set[str]:
    """Another SIM card than the last one: a repair, or other hands; a human settles it."""
    known = states.sims_of(session, sorted({h for h, r, _ in reports if r.sim}))
    changed = set()
    for handset, report, _ in reports:
        if report.sim is None:
            continue
        if known.get(handset, report.sim) != report.sim:
            changed.add(handset)
        known[handset] = report.sim
    return changed


def note_connected(session: Session, handsets: Collection[str], now: datetime) -> None:
    """An open connection of a proven handset is a sign of life, though it says nothing."""
    if not handsets:
        return
    heard = states.note_here(session, handsets, now - NOTED_EVERY, now)
    states.settle_technical(session, sorted((h, "silent") for h in heard), now)


def find_untested(session: Session, now: datetime) -> int:
    """Open a technical item for each carried handset whose test is missed; gives their number."""
    before = now - TEST_EVERY
    states.settle_tested(session, before, now)
    missed = states.untested_handsets(session, before, now)
    states.note_technical(session, [_item(h, "test_missed", now) for h in missed])
    return len(missed)


def find_silent(session: Session, now: datetime) -> int:
    """Open a technical item for each carried handset that fell silent; gives their number."""
    before = now - timedelta(seconds=SILENT_AFTER_S)
    silent = states.silent_handsets(session, before, now)
    states.note_technical(session, [_item(h, "silent", now) for h in silent])
    return len(silent)


def _item(handset: str, kind: str, now: datetime) -> dict[str, object]:
    return {"id": ids.new(now), "handset": handset, "kind": kind, "raised_at": now}
