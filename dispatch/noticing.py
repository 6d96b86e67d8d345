"""Which notices are told to whom, and what they answered; grey: a session and a moment.

A text that was sent is followed: what the provider says of it counts also before the sending has
returned, and never goes back. One that did not arrive is told to the others and further up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from dispatch.formats.erased_in import ErasedSaid
from dispatch.formats.texts_in import TextSaid
from dispatch.hearing import NotYours
from dispatch.policy import Policy, SmsDestination
from dispatch.telling import Answer, Later, Noticed, Received, Refused, Sent
from tgd import journal
from tgd.allocation import chasing, erasing, profiles
from tgd.journal import Line
from tgd.rules.delivery import DeliveryState, MessageStatus
from tgd.rules.notice import (
    NoticeKind,
    again_at,
    is_for_machines,
    sent_again_at,
    telling_key,
)
from tgd.store import notices as store
from tgd.store import telephony

WORKER = "dispatch"
LEASE = timedelta(seconds=90)
"""Longer than the longest time limit of a destination: one that died is followed after it."""
MOST = 100
NOT_GONE_AFTER = timedelta(hours=2)
"""A text that the provider has not taken for so long has not arrived."""


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
        _look_at_profiles(session, new, now)
        _tell_what_joined_a_failed_one(session, new, rows, now)
    claimed = store.claim(session, policy.notices.tell, now, now + LEASE, MOST)
    return [_claimed(session, row, now) for row in claimed]


def _rows(one: Any, policy: Policy, now: datetime) -> list[dict[str, Any]]:
    kind, day = NoticeKind(one.kind), f"{now:%Y-%m-%d}"
    return [
        {"notice": one.id, "destination": name, "key": telling_key(
            str(one.id), kind, isinstance(policy.destination(name), SmsDestination), name, day,
            urgent=str(one.deadline or one.id) if one.is_urgent else "")}
        for name in policy.notices.tell
        if not (is_for_machines(kind) and isinstance(policy.destination(name), SmsDestination))
        and not (kind is NoticeKind.PROFILE and name != policy.notices.profile)
    ]  # fmt: skip


def _look_at_profiles(session: Session, matters: Sequence[Any], now: datetime) -> None:
    """A profile that everybody has who keeps one is waited for no longer."""
    for one in matters:
        if one.kind == NoticeKind.PROFILE:
            profiles.look(session, one.case_file, one.handset, now)


def _claimed(session: Session, row: Any, now: datetime) -> ClaimedNotice:
    is_profile = row.kind == NoticeKind.PROFILE
    profile = profiles.profile_of(session, row.case_file, row.handset) if is_profile else None
    noticed = Noticed(
        key=row.key, notice=str(row.notice), kind=row.kind, about=row.about, to=row.to_role,
        file=str(row.case_file) if row.case_file else None, handset=row.handset,
        made_at=row.made_at, told_at=now, profile=profile,
    )  # fmt: skip
    return ClaimedNotice(row.lease_token, row.attempts, row.destination, noticed)


def write_answers(
    session: Session, answered: Sequence[tuple[ClaimedNotice, Answer]], policy: Policy,
    now: datetime,
) -> int:  # fmt: skip
    """Write what destinations answered; gives how many were still ours to write."""
    ours = 0
    for one, answer in answered:
        known = store.locked(session, one.noticed.key, one.destination)
        said = _said(one, answer, policy, now)
        if store.write(session, one.noticed.key, one.token, said):
            ours += 1
            journal.write(session, _lines(one, said, now))
            _hear_what_was_faster(session, known, said, now)
            if one.noticed.kind == NoticeKind.PROFILE and one.noticed.file and one.noticed.handset:
                profiles.look(session, UUID(one.noticed.file), one.noticed.handset, now)
            if _has_not_gone(one, answer, policy, now):
                _tell_that_it_has_not_gone(session, known, answer, now)
    return ours


def _has_not_gone(one: ClaimedNotice, answer: Answer, policy: Policy, now: datetime) -> bool:
    """Whether the provider refuses this text, or has not taken it for hours."""
    is_late = isinstance(answer, Later) and now - one.noticed.made_at >= NOT_GONE_AFTER
    is_text = isinstance(policy.destination(one.destination), SmsDestination)
    return is_text and (isinstance(answer, Refused) or is_late)


def _tell_that_it_has_not_gone(
    session: Session, telling: Any, answer: Answer, now: datetime
) -> None:
    """It is sent again all the same; nobody waits for that."""
    if telling is not None and store.not_gone(session, telling.key, now):
        said = {"said": getattr(answer, "why", "")[:80]}
        _write_line(session, "NoticeNotDelivered", telling, said, now)
        _tell_further(session, telling, NoticeKind(telling.kind), now)


def _hear_what_was_faster(
    session: Session, known: Any, said: dict[str, Any], now: datetime
) -> None:
    """The provider may have said what became of a text before it answered that it took it."""
    sid = said["reference"]
    heard = telephony.status_of(session, sid) if said["state"] == DeliveryState.SENT else None
    if heard is not None and known is not None:
        telling = store.locked(session, known.key, known.destination)
        _move(session, telling, TextSaid(sid, *heard), now)


def hear_text(session: Session, destination: str, key: str, said: TextSaid, now: datetime) -> str:
    """What the provider says of a text about no alert: `done`, `kept`, or `known` when it is not
    news. Raises NotYours."""
    telling = store.locked(session, key, destination)
    if telling is None:
        raise NotYours
    if not telephony.keep_status(session, said.sid, said.status, said.error, now):
        return "known"
    return _move(session, telling, said, now)


def hear_erased(session: Session, destination: str, said: ErasedSaid, now: datetime) -> str:
    """A platform says that a copy is gone there: `done`, or `known` when it is no news. Raises
    NotYours for what it was not asked."""
    telling = store.locked(session, said.key, destination)
    if telling is None or telling.kind != NoticeKind.ERASURE or telling.case_file is None:
        raise NotYours
    by = f"{destination}/{said.by}"[:80]
    return "done" if erasing.hear_erased(session, telling.case_file, by, now) else "known"


def _move(session: Session, telling: Any, said: TextSaid, now: datetime) -> str:
    """An arrival counts of whichever attempt it is; a failure, of the last one only."""
    if telling.state == DeliveryState.RECEIVED:
        return "known"
    if said.status is MessageStatus.DELIVERED:
        store.arrived(session, telling.key, said.sid)
        _write_line(session, "NoticeArrived", telling, _words(said), now)
        return "done"
    is_last = telling.state == DeliveryState.SENT and telling.reference == said.sid
    if not (said.has_failed and is_last):
        return "kept"
    _fail(session, telling, said, now)
    return "done"


def _fail(session: Session, telling: Any, said: TextSaid, now: datetime) -> None:
    kind = NoticeKind(telling.kind)
    again = sent_again_at(kind, telling.attempts, telling.made_at, now)
    state = DeliveryState.PENDING if again else DeliveryState.REFUSED
    store.not_arrived(session, telling.key, {
        "state": state.value, "next_try_at": again, "reference": said.sid, "now": now,
        "said": f"{said.status.value} {said.error or ''}".strip(),
    })  # fmt: skip
    if telling.not_delivered_at is None:
        _write_line(session, "NoticeNotDelivered", telling, _words(said), now)
        _tell_further(session, telling, kind, now)


def _tell_further(session: Session, telling: Any, kind: NoticeKind, now: datetime) -> None:
    """Once for each text: the other destinations hear that it did not arrive, and a deadline goes
    to the role above at once. A text that says so itself has nobody beyond."""
    if kind is NoticeKind.UNDELIVERED:
        return
    for one in store.spoken_for(session, telling.key):
        _tell_one_further(session, one, now)


def _tell_one_further(session: Session, one: Any, now: datetime) -> None:
    store.add(session, NoticeKind.UNDELIVERED, one.about, now, to_role=one.to_role,
              file=one.case_file, handset=one.handset, deadline=one.deadline)  # fmt: skip
    if one.kind == NoticeKind.REMINDER and one.deadline is not None:
        chasing.escalate_unheard(session, one.deadline, now)


def _tell_what_joined_a_failed_one(
    session: Session, new: Sequence[Any], rows: Sequence[dict[str, Any]], now: datetime
) -> None:
    """A matter of the afternoon is spoken for by the text of the morning, which did not arrive."""
    failed = store.failed(session, [row["key"] for row in rows])
    joined = {row["notice"] for row in rows if row["key"] in failed}
    for one in new:
        if one.id in joined and one.kind != NoticeKind.UNDELIVERED:
            _tell_one_further(session, one, now)


def _write_line(
    session: Session, act: str, telling: Any, said: dict[str, Any], now: datetime
) -> None:
    detail = {"destination": telling.destination, "notice": str(telling.notice),
              "kind": telling.kind, "attempt": telling.attempts} | said  # fmt: skip
    journal.write(session, [Line(now, WORKER, act, detail=detail)])


def _words(said: TextSaid) -> dict[str, str | None]:
    return {"said": said.status.value, "error": said.error}


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
