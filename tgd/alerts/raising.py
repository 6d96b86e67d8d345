"""A press becomes an alert, or joins the open one: for a whole batch, in one transaction.

Nothing here refuses. A known trigger adds at most a position; an open alert of the same source is
joined; otherwise one is opened. After a closing the next press is a new alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.alerts.repeating import (
    REPLAYED_AFTER,
    KnownTriggers,
    Press,
    Seen,
    as_replayed,
    is_new_after_closing,
    says_where,
)
from tgd.journal import Line
from tgd.rules.alert import AlertState, Lane
from tgd.rules.doubt import Label, Trust, Verdict, better
from tgd.rules.place import is_no_news
from tgd.rules.trigger import Position
from tgd.store import alerts as store
from tgd.store import merges

KEPT_AFTER = timedelta(seconds=5)
"""A press that waited longer with us (in the spool) says so in its line: the delay was ours."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What became of a press."""

    alert: UUID
    trigger: UUID
    state: AlertState
    opened: bool
    is_new: bool


@dataclass
class _Work:
    """What one batch is going to write."""

    now: datetime
    alerts: list[dict[str, Any]] = field(default_factory=list)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    positions: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    joins: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    opened: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    copies: list[tuple[dict[str, Any], Press]] = field(default_factory=list)
    """Copies of known triggers that say where she is, each with its open alert."""
    taken: set[UUID] = field(default_factory=set)
    """Ids under which an alert was opened, or told and merged into another, whose keys they are
    now: no second one may have them."""


def raise_or_join(session: Session, presses: Sequence[Press], now: datetime) -> list[Raised]:
    """Open or join alerts for these presses; answers in their order.

    Every press of one source waits for the others of that source (two gateways may hear the same
    handset), so that each trigger counts once.
    """
    if not presses:
        return []
    store.lock_sources(session, (p.source for p in presses))
    known = _known(session, presses)
    open_now = {
        (a.source, a.lane): _opened(a)
        for a in store.open_alerts(session, (p.source for p in presses))
    }
    proposed = [p.alert for p in presses if p.alert and p.spooled]
    work = _Work(now, taken=merges.taken_names(session, proposed))
    raised = [_raise_one(press, known, open_now, work) for press in presses]
    located = _locate_copies(session, work)
    store.insert_raised(
        session, work.alerts, work.triggers, work.positions, journal.rows(work.lines)
    )
    store.join_presses(session, list(work.joins.values()), now)
    store.look_again_now(session, located, now)
    merges.insert_merges(session, _merged(presses, raised, work))
    return raised


def _locate_copies(session: Session, work: _Work) -> set[UUID]:
    """Adds the positions that copies bring and nobody knew; gives the alerts of before that have
    one, whose destinations are told again."""
    if not work.copies:
        return set()
    before = {alert["id"] for alert, _ in work.copies if alert["id"] not in work.opened}
    places: list[Mapping[str, Any]] = [r._mapping for r in store.places_known(session, before)]
    places += work.positions
    located = set()
    for alert, press in work.copies:
        row = _position_row(press, alert["id"], work)
        if _is_known(row, [known for known in places if known["alert"] == alert["id"]]):
            continue
        places.append(row)
        work.positions.append(row)
        if (opened := work.opened.get(alert["id"])) is None:
            located.add(alert["id"])
            continue
        opened["labels"] = sorted({*opened["labels"]} - {Label.NO_POSITION})
    return located


def _is_known(row: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> bool:
    """Whether this place is no news; who says by a fresh fix that she is back is heard."""
    alike = [one for one in known if is_no_news(_place_of(row), _place_of(one))]
    if not alike:
        return False
    newest = max(known, key=_found_at)
    went_back = row["found_at"] is not None and row["found_at"] > _found_at(newest)
    return newest in alike or not went_back


def _place_of(row: Mapping[str, Any]) -> tuple[float, float, float | None]:
    return row["lat"], row["lon"], row["radius_m"]


def _found_at(row: Mapping[str, Any]) -> datetime:
    found: datetime = row["found_at"] or row["heard_at"]
    return found


def _merged(
    presses: Sequence[Press], raised: Sequence[Raised], work: _Work
) -> list[dict[str, Any]]:
    """Alerts that may have been told from the spool and are not opened: they are others'."""
    return [
        {"told": press.alert, "alert": became.alert, "at": work.now}
        for press, became in zip(presses, raised, strict=True)
        if press.spooled and press.alert and press.alert not in work.taken
    ]


def _opened(row: Any) -> dict[str, Any]:
    return {"id": row.id, "state": row.state, "labels": set(row.labels), "trust": row.trust}


def _known(session: Session, presses: Sequence[Press]) -> KnownTriggers:
    known = KnownTriggers()
    known.learn(
        *store.known_or_counted(session, [(p.source, p.trigger, p.counter) for p in presses])
    )
    return known


def _raise_one(
    press: Press,
    known: KnownTriggers,
    open_now: dict[tuple[str, str], dict[str, Any]],
    work: _Work,
) -> Raised:
    same = known.same(press)
    if same is not None and not is_new_after_closing(press, same):
        return _seen_again(press, same, open_now, work)
    press = known.as_its_own(press) if same is None else as_replayed(press)
    press = _in_doubt_real(press, open_now)
    place = (press.source, press.verdict.lane.value)
    opens = place not in open_now
    if opens:
        open_now[place] = _open(press, work)
    else:
        _join(press, open_now[place], work)
    alert = open_now[place]
    row = trigger_row(press, alert["id"], work.now)
    work.triggers.append(row)
    known.add(Seen(row["id"], alert["id"], press, alert["state"]))
    if press.position is not None:
        work.positions.append(_position_row(press, alert["id"], work))
    act = "AlertOpened" if opens else "TriggerJoined"
    work.lines.append(_line(press, act, alert["id"], row["id"], work.now))
    return Raised(alert["id"], row["id"], AlertState(alert["state"]), opens, True)


def _in_doubt_real(press: Press, open_now: dict[tuple[str, str], dict[str, Any]]) -> Press:
    """No exercise beside a real alert of the same handset, nor of what waited in the spool: from
    there it may have been told as real."""
    if press.verdict.lane is not Lane.EXERCISE:
        return press
    if not press.spooled and (press.source, Lane.REAL.value) not in open_now:
        return press
    return replace(press, verdict=replace(press.verdict, lane=Lane.REAL))


def _seen_again(
    press: Press,
    same: Any,
    open_now: dict[tuple[str, str], dict[str, Any]],
    work: _Work,
) -> Raised:
    """The same trigger by another way, or repeated: shown, told to nobody again unless it says
    where she is and nobody knew.

    A repetition more than a minute after the first may be a replay by somebody else: it is
    written down for a human.
    """
    alert = open_now.get((press.source, same.lane))
    if alert is not None and alert["id"] == same.alert and says_where(press, same):
        work.copies.append((alert, press))
    late = press.received_at - same.heard_at > REPLAYED_AFTER
    act = "TriggerReplayed" if late else "TriggerSeenAgain"
    line = _line(press, act, same.alert, same.id, work.now)
    if line.detail is not None and not late:
        # its counter is the one that we have just seen: the other way, not a replay
        line.detail["labels"] = sorted(press.verdict.labels - {Label.REPLAYED})
    work.lines.append(line)
    return Raised(same.alert, same.id, AlertState(same.state), opened=False, is_new=False)


def _open(press: Press, work: _Work) -> dict[str, Any]:
    now = work.now
    alert = press.alert if press.alert and press.alert not in work.taken else ids.new(now)
    work.taken.add(alert)
    row: dict[str, Any] = {
        "id": alert, "source": press.source, "handset": press.handset,
        "person": press.person, "lane": press.verdict.lane.value,
        "trust": press.verdict.trust.value, "labels": sorted(press.verdict.labels),
        "state": AlertState.OPEN.value, "version": 1, "presses": 1, "waits": 0,
        "updates": 0,
        "opened_at": now, "pressed_at": press.received_at, "changed_at": now,
        "waiting_since": now, "look_again_at": now, "battery_pct": press.battery_pct,
    }  # fmt: skip
    work.alerts.append(row)
    work.opened[alert] = row
    return {
        "id": alert, "state": row["state"], "labels": set(press.verdict.labels),
        "trust": row["trust"],
    }  # fmt: skip


def _join(press: Press, alert: dict[str, Any], work: _Work) -> None:
    """A joining press adds its labels; a better trust is kept; what it clears is cleared."""
    alert["labels"] = joined_labels(alert["labels"], press.verdict)
    alert["trust"] = better(Trust(alert["trust"]), press.verdict.trust).value
    if (row := work.opened.get(alert["id"])) is not None:
        row["labels"], row["trust"] = sorted(alert["labels"]), alert["trust"]
        row["presses"] += 1
        return
    join = work.joins.setdefault(
        alert["id"], {"id": alert["id"], "presses": 0, "at": press.received_at, "battery": None}
    )
    join["presses"] += 1
    join["at"] = max(join["at"], press.received_at)
    join["trust"], join["labels"] = alert["trust"], alert["labels"]
    if press.battery_pct is not None:
        join["battery"] = press.battery_pct


_CLEARED_BY_TRUST = {Label.UNSIGNED, Label.TEST_UNVERIFIED}
_NOBODYS = {Label.ALLOCATION_ENDED, Label.NO_ALLOCATION}
_NEVER_HERS = _NOBODYS | {Label.UNKNOWN_SOURCE}


def joined_labels(labels: set[Any], verdict: Verdict) -> set[Any]:
    """Labels after a press joined: doubts add up, but a proven press clears "unsigned" and a
    press with a position clears "no position". A decision that ends meanwhile changes nothing:
    an alert that began as hers is hers until it is closed."""
    together = {Label(x) for x in labels} | set(verdict.labels)
    if verdict.trust is Trust.VERIFIED:
        together -= _CLEARED_BY_TRUST - set(verdict.labels)
    if Label.NO_POSITION not in verdict.labels or Label.NO_POSITION not in labels:
        together.discard(Label.NO_POSITION)
    return together if _NEVER_HERS & labels else together - _NOBODYS


def trigger_row(press: Press, alert: UUID, now: datetime) -> dict[str, Any]:
    """A trigger as a row of the record."""
    return {
        "id": ids.new(now), "alert": alert, "source": press.source,
        "trigger": press.trigger, "kind": press.kind.value, "counter": press.counter,
        "claimed_at": press.claimed_at, "heard_at": press.received_at,
        "labels": sorted(press.verdict.labels),
    }  # fmt: skip


def _position_row(press: Press, alert: UUID, work: _Work) -> dict[str, Any]:
    assert press.position is not None
    return position_row(alert, press.position, press.verdict.trust, press.received_at, work.now)


def position_row(
    alert: UUID, position: Position, trust: Trust, heard_at: datetime, now: datetime
) -> dict[str, Any]:
    """A position as a row of the record."""
    return {
        "id": ids.new(now), "alert": alert, "lat": position.lat, "lon": position.lon,
        "radius_m": position.radius_m, "method": position.method.value,
        "found_at": position.at, "heard_at": heard_at, "trust": trust.value,
    }  # fmt: skip


def _line(press: Press, act: str, alert: UUID, trigger: UUID, now: datetime) -> Line:
    detail: dict[str, Any] = {
        "trigger": str(trigger), "channel": press.channel, "kind": press.kind.value,
        "labels": sorted(press.verdict.labels), "trust": press.verdict.trust.value,
    }  # fmt: skip
    waited = now - press.received_at
    if waited > KEPT_AFTER:
        detail["kept_after_s"] = int(waited.total_seconds())
    return Line(now, "gateway", act, alert, press.handset, detail)
