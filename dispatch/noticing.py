"""Which notices are told to whom, and what they answered; grey: a session and a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from dispatch.policy import Policy, SmsDestination
from dispatch.telling import Answer, Noticed, Received, Refused, Sent
from tgd import journal
from tgd.journal import Line
from tgd.rules.delivery import DeliveryState
from tgd.rules.notice import NoticeKind, again_at, telling_key
from tgd.store import notices as store

WORKER = "dispatch"
LEASE = timedelta(seconds=90)
"""Longer than the longest time limit of a destination: one that died is followed after it."""
MOST = 100


@dataclass(frozen=True, slots=True)
class ClaimedNotice:
    """One telling that is ours until its lease ends."""

    token: int
    attempt: int
    destination: str
    noticed: Noticed


def claim(session: Session, policy: Policy, now: datetime) -> list[ClaimedNotice]:
    """Make tellings of what is new, and claim what is due; tell it after the commit."""
    new = store.unplanned(session, MOST)
    if new:
        rows = [row for one in new for row in _rows(one, policy, now)]
        store.plan(session, [one.id for one in new], rows, now)
    claimed = store.claim(session, policy.notices.tell, now, now + LEASE, MOST)
    return [_claimed(row, now) for row in claimed]


def _rows(one: Any, policy: Policy, now: datetime) -> list[dict[str, Any]]:
    kind, day = NoticeKind(one.kind), f"{now:%Y-%m-%d}"
    return [
        {"notice": one.id, "destination": name, "key": telling_key(
            str(one.id), kind, isinstance(policy.destination(name), SmsDestination), name, day)}
        for name in policy.notices.tell
    ]  # fmt: skip


def _claimed(row: Any, now: datetime) -> ClaimedNotice:
    noticed = Noticed(
        key=row.key, notice=str(row.notice), kind=row.kind, about=row.about, to=row.to_role,
        file=str(row.case_file) if row.case_file else None, handset=row.handset,
        made_at=row.made_at, told_at=now,
    )  # fmt: skip
    return ClaimedNotice(row.lease_token, row.attempts, row.destination, noticed)


def write_answers(
    session: Session, answered: Sequence[tuple[ClaimedNotice, Answer]], policy: Policy,
    now: datetime,
) -> int:  # fmt: skip
    """Write what destinations answered; gives how many were still ours to write."""
    ours = 0
    for one, answer in answered:
        said = _said(one, answer, policy, now)
        if store.write(session, one.noticed.key, one.token, said):
            ours += 1
            journal.write(session, _lines(one, said, now))
    return ours


def _said(one: ClaimedNotice, answer: Answer, policy: Policy, now: datetime) -> dict[str, Any]:
    """A platform has it when it says so; a text has gone when the provider took it."""
    again: datetime | None = again_at(one.attempt, now)
    state, word, reference = DeliveryState.PENDING, getattr(answer, "why", ""), None
    if isinstance(answer, Received | Sent):
        is_text = isinstance(policy.destination(one.destination), SmsDestination)
        arrived = isinstance(answer, Received)
        state = DeliveryState.RECEIVED if arrived else DeliveryState.SENT
        again = None if arrived or is_text else again
        word, reference = answer.said, answer.reference
    elif isinstance(answer, Refused):
        state = DeliveryState.REFUSED
    return {"state": state.value, "next_try_at": again, "said": word[:200],
            "reference": reference and reference[:120]}  # fmt: skip


def _lines(one: ClaimedNotice, said: dict[str, Any], now: datetime) -> list[Line]:
    """The first failure and every success; repeated failures are counted on the row."""
    done = said["next_try_at"] is None
    if not done and one.attempt > 1:
        return []
    file = {"file": one.noticed.file} if one.noticed.file else {}
    detail = file | {
        "destination": one.destination, "notice": one.noticed.notice, "kind": one.noticed.kind,
        "about": one.noticed.about, "attempt": one.attempt, "said": said["said"][:80],
    }  # fmt: skip
    act = "NoticeTold" if done else "NoticeNotTold"
    return [Line(now, WORKER, act, handset=one.noticed.handset, detail=detail)]
