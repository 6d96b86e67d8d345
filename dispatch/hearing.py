"""What a destination says by itself becomes acts, in one transaction: once, and only about its own.

An answer's id is remembered with its effect, so that the same answer twice changes nothing; an
answer about another destination's delivery is refused.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.formats.delivery_id import alert_of
from dispatch.telling import Topic
from tgd import journal
from tgd.alerts import acts, on_the_way
from tgd.alerts.acts import Actor
from tgd.errors import Incomplete, NotAllowed, Refusal, WrongState
from tgd.journal import Line
from tgd.records import Alert
from tgd.rules.access import ANSWERS
from tgd.rules.alert import AlertState, Outcome, Verified
from tgd.rules.delivery import DeliveryState, try_after_failure
from tgd.store import acting, nudges
from tgd.store import dispatching as store

SAID_BY_SOMEBODY = frozenset({"on_the_way", "on_scene", "closed"})
"""What a platform says only by a human with a name: a patrol goes, it is there, all is over."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer did: `done`, or `known` when it had been heard before."""

    result: str
    state: str


class NotYours(Refusal):
    """There is no such delivery of yours."""


def hear_answer(
    session: Session, destination: str, kind: str, said: AnswerSaid, now: datetime
) -> Effect:
    """Apply one answer. Raises NotYours, NotAllowed, Incomplete, WrongState, SomebodyWasFaster."""
    if said.state not in ANSWERS[kind]:
        raise NotAllowed(f"A {kind} destination cannot answer “{said.state}”.")
    if kind == "webhook" and said.state in SAID_BY_SOMEBODY and not _named(said):
        raise Incomplete(f"Who says “{said.state}” must be named (“by”): no machine does.")
    delivery = _delivery(session, destination, said)
    if not _is_new(session, destination, said, delivery.id, now):
        return Effect("known", said.state)
    actor = Actor(_name(destination, said))
    _mark(session, delivery, said, now)
    alert: UUID = delivery.alert
    journal.write(session, [Line(now, actor.name, "AnswerHeard", alert, None,
                                 {"destination": destination, "state": said.state})])  # fmt: skip
    _apply(session, actor, kind, delivery, said, now)
    store.hurry(session, [alert], now)
    nudges.nudge_all(session)
    return Effect("done", said.state)


def hear_failure(session: Session, destination: str, said: NotReached, now: datetime) -> Effect:
    """The destination says that it has not reached anybody: try again, at once the first time.

    Raises NotYours.
    """
    delivery = store.delivery_by_key(session, said.key, destination)
    if delivery is None:
        raise NotYours
    if store.is_new_answer(session, _answer_row(destination, said.id, delivery.id, "failed", now)):
        at = try_after_failure(
            delivery.attempts, now, delivery.id.int & 0xFFFF, is_refusal=said.is_refusal,
            is_over=delivery.is_over,
        )  # fmt: skip
        store.try_again(session, delivery.id, said.why, at)
        store.hurry(session, [delivery.alert], at)
        nudges.nudge_all(session)
        return Effect("done", "failed")
    return Effect("known", "failed")


def _delivery(session: Session, destination: str, said: AnswerSaid) -> Any:
    """The delivery that is answered; without a key, the destination's newest of that alert.

    What was told from the spool may have joined another alert: its key still names it.
    """
    if said.key:
        found = store.delivery_by_key(session, said.key, destination)
    else:
        found = store.newest_delivery(session, said.alert, destination)
    if found is None:
        raise NotYours
    if said.key and said.alert not in ("", str(found.alert), alert_of(said.key)):
        raise NotYours
    return found


def _is_new(
    session: Session, destination: str, said: AnswerSaid, delivery: UUID, now: datetime
) -> bool:
    return store.is_new_answer(
        session, _answer_row(destination, said.id, delivery, said.state, now)
    )


def _answer_row(
    destination: str, answer: str, delivery: UUID, said: str, now: datetime
) -> dict[str, Any]:
    name = f"{destination}:{answer}"
    if len(name) > 140:  # two long ids that begin alike are two answers
        name = f"{destination}:sha256:{hashlib.sha256(answer.encode()).hexdigest()}"
    return {"id": name, "destination": destination,
            "delivery": delivery, "said": said[:40], "now": now}  # fmt: skip


def _name(destination: str, said: AnswerSaid) -> str:
    """Who is behind it, as the destination names them; the name of the trade comes first."""
    by = _named(said)
    return f"{destination}/{by}" if by else destination


def _named(said: AnswerSaid) -> str:
    return "".join(c for c in (said.by or "") if c.isalnum() or c in "-_. ")[:30].strip()


def _mark(session: Session, delivery: Any, said: AnswerSaid, now: datetime) -> None:
    taken = said.state == "taken"
    state = DeliveryState.TAKEN if taken else DeliveryState.RECEIVED
    store.mark_delivery(session, delivery.id, state.value, said.state, now)


def _apply(
    session: Session, actor: Actor, kind: str, delivery: Any, said: AnswerSaid, now: datetime
) -> None:
    """The effect on the alert. A late answer about what is over changes nothing more."""
    alert: UUID = delivery.alert
    seen = acting.alert(session, alert)
    assert seen is not None
    if seen.state == AlertState.CLOSED:
        if said.state == "closed":
            raise WrongState("This alert is closed already.")
        return
    if kind == "cisu" and _has_the_case(said, delivery, seen):
        acts.acknowledge(session, actor, alert, now)
    if said.state == "taken":
        _take(session, actor, alert, now)
    elif said.state == "on_the_way":
        on_the_way.set_out(session, actor, alert, now, said.minutes)
    elif said.state == "on_scene":
        acts.arrive(session, actor, alert, now)
    elif said.state == "closed":
        _close(session, actor, kind, alert, said, now)


def _has_the_case(said: AnswerSaid, delivery: Any, seen: Alert) -> bool:
    """A human there has it whatever he was told; a machine's yes is about its own message, and one
    about the ringing, or an earlier request, is no yes to a request that was made meanwhile."""
    if said.state == "received":
        is_of_this = delivery.topic == Topic.REQUESTED and delivery.round >= seen.requests - 1
        return seen.requested_at is None or is_of_this
    return said.state in ("taken", "on_the_way")


def _take(session: Session, actor: Actor, alert: UUID, now: datetime) -> None:
    """Their human answers for it, unless one of ours does already: then it is only known."""
    seen = acting.alert(session, alert)
    assert seen is not None
    if seen.owner is None or seen.owner == actor.name:
        acts.take(session, actor, alert, now)


def _close(
    session: Session, actor: Actor, kind: str, alert: UUID, said: AnswerSaid, now: datetime
) -> None:
    """Theirs to end; while one of ours has it, what they say is kept, and ours end it.

    A room says what its people saw; a platform was told, and has sent nobody of its own.
    """
    seen = acting.alert(session, alert)
    assert seen is not None
    were_sent = kind == "cisu"
    if seen.owner is not None and not acts.are_colleagues(seen.owner, actor.name):
        reason = said.reason or ""
        acts.report_end(session, actor, alert, _outcome(said), reason, now, were_sent=were_sent)
        return
    if seen.owner != actor.name:  # the one who closes it is named, not the one who took it
        acts.take(session, actor, alert, now)
    if said.verified:
        acts.verify(session, actor, alert, Verified(said.verified), now)
    closed = acts.close(
        session, actor, alert, _outcome(said), said.reason or "", now, were_sent=were_sent
    )
    if closed.state != AlertState.CLOSED:
        raise Incomplete("Closing it this way needs a second person: ask the supervisor.")


def _outcome(said: AnswerSaid) -> Outcome:
    try:
        return Outcome(said.outcome or "")
    except ValueError:
        words = ", ".join(Outcome)
        raise Incomplete(f"The outcome must be one of {words}.") from None
