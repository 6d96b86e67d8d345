"""One turn of dispatch on the record: claim what is due, then write what was answered.

Both are one transaction each, and nothing is told inside one. Claims are leases with a fencing
token: what a worker writes after it was given up for dead changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session

from dispatch.coming import to_leave
from dispatch.composing import NOTHING, Known, known_of, telling_of
from dispatch.facts import AlertFacts, DeliveryFacts
from dispatch.policy import Policy
from dispatch.routing import Plan, Tell, plan
from dispatch.telling import Answer, Later, Received, Refused, Sent, Telling
from tgd import ids, journal
from tgd.alerts import acts
from tgd.journal import Line
from tgd.rules.alert import AlertState
from tgd.rules.delivery import REFUSED_RETRY_S, DeliveryState, next_try
from tgd.store import dispatching as store
from tgd.store import nudges

LEASE_MARGIN = timedelta(seconds=5)
"""How much longer than its own time limit a telling may be ours."""
BROKEN_AGAIN = timedelta(seconds=5)
"""When an alert that could not be planned is tried again."""
BUSY_AGAIN = timedelta(seconds=0.5)
FAULTS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What a row that nobody foresaw can do to its own planning or telling, and to no other."""
REFUSED_BY_TABLES = (IntegrityError, DataError)
"""The record is there and does not take this row."""
WORKER = "dispatch"


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that is ours to tell, until its lease ends."""

    delivery: UUID
    token: int
    attempt: int
    destination: str
    telling: Telling


@dataclass(frozen=True, slots=True)
class Answered:
    """What a destination answered to a claimed delivery."""

    claimed: Claimed
    answer: Answer


@dataclass(frozen=True, slots=True)
class Fault:
    """What an alert's rows did to its planning or telling; the loop writes it to the log."""

    what: str
    alert: UUID
    error: Exception


@dataclass(slots=True)
class _Turn:
    """What one claim is going to write."""

    rows: list[dict[str, Any]]
    again: list[UUID]
    withdraw: list[UUID]
    moments: list[dict[str, Any]]
    planned: list[dict[str, Any]]
    """What comes next, where it is not what the record says already."""
    lapses: list[tuple[UUID, bool]]
    """Which, and whether it is because the owner's screen is gone."""
    lines: list[Line]
    faults: list[Fault]

    def add(self, other: "_Turn") -> None:
        """What one alert needs, beside the others."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name))


def claim(
    session: Session, policy: Policy, now: datetime, worker: str, limit: int = 200,
    faults: list[Fault] | None = None, busy: Collection[UUID] = (),
    resting: Collection[UUID] = (),
) -> list[Claimed]:  # fmt: skip
    """Plan for the alerts that are due and claim what is to be told; tell it after the commit.

    `faults` receives what could not be planned or composed as it stands; none of it stops a turn.
    `busy` are alerts that are being told from the spool this very moment: they wait for its end.
    `resting` are deliveries that this process has told a moment ago (`resting.Rests`).
    """
    alerts = store.due_alerts(session, now, limit)
    if not alerts:
        return []
    names = [a.id for a in alerts]
    by_alert: dict[UUID, list[Any]] = {name: [] for name in names}
    for row in store.deliveries_of(session, names):
        by_alert[row.alert].append(row)
    turns = {
        a.id: _waits(a.id, now + BUSY_AGAIN) if a.id in busy
        else _planned(a, by_alert[a.id], policy, now, worker, resting)
        for a in alerts
    }  # fmt: skip
    turn, claimed = _written(session, turns, policy, now, worker)
    told = _compose(session, alerts, by_alert, turn, claimed, now)
    if faults is not None:
        faults += turn.faults
    return told


def _nothing() -> _Turn:
    return _Turn([], [], [], [], [], [], [], [])


def _planned(
    alert: Any, rows: Sequence[Any], policy: Policy, now: datetime, worker: str,
    resting: Collection[UUID],
) -> _Turn:  # fmt: skip
    """What this alert needs; one that cannot be planned is reported and tried again soon."""
    turn = _nothing()
    try:
        facts = AlertFacts.of(alert)
        deliveries = [DeliveryFacts.of(r, rests=r.id in resting) for r in rows]
        made = plan(facts, deliveries, policy, now)
        _apply(made, alert, rows, policy, now, worker, turn)
    except FAULTS as error:
        return _waits(alert.id, now + BROKEN_AGAIN, Fault("plan_failed", alert.id, error))
    try:
        turn.planned += [] if made.lapse else to_leave(alert, facts, deliveries, policy, now)
    except FAULTS as error:  # a countdown is never worth a telling
        turn.faults.append(Fault("countdown_failed", alert.id, error))
    return turn


def _waits(alert: UUID, until: datetime, *faults: Fault) -> _Turn:
    turn = _nothing()
    turn.moments.append({"id": alert, "at": until})
    turn.faults += faults
    return turn


def _written(
    session: Session, turns: Mapping[UUID, _Turn], policy: Policy, now: datetime, worker: str
) -> tuple[_Turn, dict[UUID, Any]]:
    """All together, or else each alone: an alert whose plan no table takes holds no other."""
    turn = _nothing()
    for one in turns.values():
        turn.add(one)
    try:
        with session.begin_nested():
            return turn, _write(session, turn, policy, now, worker)
    except REFUSED_BY_TABLES:
        turn = _nothing()
    claimed: dict[UUID, Any] = {}
    for alert, one in turns.items():
        try:
            with session.begin_nested():
                claimed |= _write(session, one, policy, now, worker)
        except REFUSED_BY_TABLES as error:
            one = _waits(alert, now + BROKEN_AGAIN, Fault("plan_failed", alert, error))
            store.look_again(session, one.moments)
        turn.add(one)
    return turn, claimed


def _apply(
    made: Plan, alert: Any, rows: Sequence[Any], policy: Policy, now: datetime, worker: str,
    turn: _Turn,
) -> None:  # fmt: skip
    by_key = {row.key: row for row in rows}
    turn.rows += [_row(tell, alert, policy, now, worker) for tell in made.tell]
    turn.again += [by_key[key].id for key in made.again]
    turn.withdraw += [by_key[key].id for key in made.withdraw]
    turn.lines += [
        Line(now, WORKER, "DeliveryTold", alert.id, alert.handset,
             {"destination": t.destination, "topic": t.topic.value, "step": t.step})
        for t in made.tell
    ]  # fmt: skip
    if made.lapse:
        turn.lapses.append((alert.id, made.unseen))
    leases = [r["next_try_at"] for r in turn.rows if r["alert"] == alert.id]
    leases += [lease_until(by_key[k].destination, policy, now) for k in made.again]
    moments = [m for m in (made.look_again_at, *leases) if m is not None]
    turn.moments.append({"id": alert.id, "at": min(moments, default=None)})


def lease_until(destination: str, policy: Policy, now: datetime) -> datetime:
    """Until when one attempt at it is somebody's."""
    told = policy.destination(destination)
    return now + timedelta(seconds=told.timeout_s if told else 5.0) + LEASE_MARGIN


def _row(tell: Tell, alert: Any, policy: Policy, now: datetime, worker: str) -> dict[str, Any]:
    until = lease_until(tell.destination, policy, now)
    return {
        "id": ids.new(now), "key": tell.key, "alert": alert.id, "destination": tell.destination,
        "topic": tell.topic.value, "round": tell.round, "step": tell.step,
        "state": DeliveryState.PENDING.value, "attempts": 1, "next_try_at": until,
        "lease_owner": worker, "lease_token": 1, "lease_until": until, "made_at": now,
        "told_at": now,
    }  # fmt: skip


def _write(
    session: Session, turn: _Turn, policy: Policy, now: datetime, worker: str
) -> dict[UUID, Any]:
    store.insert_deliveries(session, turn.rows, journal.rows(turn.lines))
    longest = max((d.timeout_s for d in policy.destinations), default=5.0)
    until = now + timedelta(seconds=longest) + LEASE_MARGIN
    claimed = store.claim_deliveries(session, turn.again, worker, now, until)
    store.withdraw_deliveries(session, turn.withdraw)
    store.leave_next(session, turn.moments, turn.planned, policy.console.tones_s)
    for alert, unseen in turn.lapses:
        acts.lapse(session, alert, now, unseen=unseen)
    if turn.rows or turn.withdraw or turn.planned:
        nudges.nudge(session, nudges.CONSOLE)
    return claimed


def _compose(
    session: Session, alerts: Sequence[Any], by_alert: dict[UUID, list[Any]], turn: _Turn,
    claimed: dict[UUID, Any], now: datetime,
) -> list[Claimed]:  # fmt: skip
    """The tellings, with the newest facts: also a repeated one says what is true now."""
    if not turn.rows and not claimed:
        return []
    known = known_of(session, alerts)
    by_id = {a.id: a for a in alerts}
    told = [
        (r["id"], 1, 1, r["destination"], r["key"], r["topic"], by_id[r["alert"]])
        for r in turn.rows
    ]
    old = {row.id: row for rows in by_alert.values() for row in rows if row.id in claimed}
    told += [
        (i, claimed[i].lease_token, claimed[i].attempts, r.destination, r.key, r.topic,
         by_id[r.alert])
        for i, r in old.items()
    ]  # fmt: skip
    return [
        Claimed(i, token, attempt, name, _composed(key, topic, a, known, now, turn))
        for i, token, attempt, name, key, topic, a in told
    ]


def _composed(
    key: str, topic: str, alert: Any, known: Known, now: datetime, turn: _Turn
) -> Telling:
    """An alert is told without its place and number rather than not at all."""
    try:
        return telling_of(key, topic, alert, known, now)
    except FAULTS as error:
        turn.faults.append(Fault("telling_without_place", alert.id, error))
        return telling_of(key, topic, alert, replace(NOTHING, merges=known.merges), now)


def write_answers(session: Session, answered: Sequence[Answered], now: datetime) -> int:
    """Write what destinations answered; gives how many were still ours to write."""
    store.lock_alerts(session, [UUID(one.claimed.telling.alert) for one in answered])
    rows = store.write_answers(session, [_answer_row(one, now) for one in answered], now)
    ours = [
        (one, rows[place])
        for one in answered
        if (place := (one.claimed.delivery, one.claimed.token)) in rows
    ]  # the others are a zombie's, or ones that the destination gave itself meanwhile
    store.hurry_each(session, [(row.alert, _next_of(one, now) or now) for one, row in ours])
    lines = [line for one, row in ours for line in _answer_lines(one, row, now)]
    journal.write(session, lines)
    if lines:
        nudges.nudge(session, nudges.CONSOLE, nudges.DISPATCH)
    return len(ours)


def _answer_row(one: Answered, now: datetime) -> dict[str, Any]:
    state, said, reference_ = outcome(one.answer)
    return {
        "id": one.claimed.delivery, "token": one.claimed.token, "state": state.value,
        "said": said[:200], "reference": reference_ and reference_[:120],
        "next_try_at": _next_of(one, now),
        "arrived": state.has_arrived,
    }  # fmt: skip


def outcome(answer: Answer) -> tuple[DeliveryState, str, str | None]:
    """What an answer makes of a delivery: its state, a word, and their reference."""
    if isinstance(answer, Received):
        return DeliveryState.RECEIVED, answer.said, answer.reference
    if isinstance(answer, Sent):
        return DeliveryState.SENT, answer.said, answer.reference
    if isinstance(answer, Refused):
        return DeliveryState.REFUSED, answer.why, None
    return DeliveryState.PENDING, answer.why, None


def pauses(answered: Sequence[Answered], now: datetime) -> list[tuple[UUID, float]]:
    """Seconds until each is told again after its answer, where it is."""
    again = [(one.claimed.delivery, _next_of(one, now)) for one in answered]
    return [(delivery, (at - now).total_seconds()) for delivery, at in again if at is not None]


def _next_of(one: Answered, now: datetime) -> datetime | None:
    """When it is told again after this answer; None when never."""
    is_over = one.claimed.telling.state == AlertState.CLOSED
    seed = one.claimed.delivery.int & 0xFFFF
    return next_moment(one.answer, one.claimed.attempt, seed, now, is_over=is_over)


def next_moment(
    answer: Answer, attempt: int, seed: int, now: datetime, *, is_over: bool = False
) -> datetime | None:
    """When it is told again after this answer; None when never."""
    if isinstance(answer, Received):
        return None
    if isinstance(answer, Sent):
        return now + timedelta(seconds=answer.acknowledge_within_s)
    if isinstance(answer, Refused):
        return now + timedelta(seconds=REFUSED_RETRY_S)
    return next_try(attempt, now, seed, retry_after_s=answer.retry_after_s, is_over=is_over)


def _answer_lines(one: Answered, row: Any, now: datetime) -> list[Line]:
    """The first failure and every success are written down; repeated failures are counted, and so
    is a sending that is repeated because nobody was reached."""
    state, said, _ = outcome(one.answer)
    if one.claimed.attempt > 1 and (isinstance(one.answer, Later) or _is_sent_again(state, row)):
        return []
    word = {
        DeliveryState.RECEIVED: "DeliveryReceived", DeliveryState.SENT: "DeliverySent",
        DeliveryState.REFUSED: "DeliveryRefused", DeliveryState.PENDING: "DeliveryFailed",
    }[state]  # fmt: skip
    detail = {"destination": row.destination, "topic": row.topic, "said": said[:80],
              "attempt": one.claimed.attempt}  # fmt: skip
    return [Line(now, WORKER, word, row.alert, None, detail)]


def _is_sent_again(state: DeliveryState, row: Any) -> bool:
    reached_nobody = (row.was_said or "").startswith(store.NOT_REACHED)
    return state is DeliveryState.SENT and (row.was == state or reached_nobody)


def free_dead(session: Session, now: datetime, me: str) -> int:
    """Give back the leases of workers whose session lock is free: they are dead."""
    freed = 0
    for worker in store.leased_workers(session):
        if worker != me and store.is_dead(session, worker):
            freed += store.free_leases(session, worker, now)
    return freed
