"""The acts of humans on an alert: take, note, verify, request an intervention, close.

Each asks the access rules, applies the table of states, and changes the record by compare-and-set
in one transaction with its journal line. What is refused is refused with a sentence.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.journal import Line
from tgd.records import Alert
from tgd.rules import alert as rules
from tgd.rules.access import Act, Role, may
from tgd.rules.alert import AlertEvent, AlertState, Outcome, Verified
from tgd.rules.doubt import Label
from tgd.store import acting, nudges

SHORTEST_REASON = 10
"""Characters of a reason that explains something (CONSOLE 3.6)."""
LONGEST_WORDS = 4000
SPACES = "\n\t\u00a0\u202f"
"""Kept in words beside what can be printed: French is written with no-break spaces."""
DOUBTFUL_ENDS = {Label.CANCEL_ASKED.value, Label.DURESS.value}
NOT_OFFERED: dict[str, Any] = {"offered_to": None, "offered_at": None}
"""An offer to a colleague ends with whoever made it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person with a role, or those behind a destination (no role)."""

    name: str
    role: Role | None = None
    has_screen: bool = False
    """A console of this person is connected while the act is done."""

    @property
    def is_destination(self) -> bool:
        """True for those who answer through a destination."""
        return self.role is None


def take(
    session: Session, actor: Actor, alert_id: UUID, now: datetime, *, reason: str = "",
    over: str = "",
) -> Alert:  # fmt: skip
    """Answer for the alert. One winner; only a supervisor takes it from somebody else, with a
    reason and from the person that she saw there (`over`), and those behind one destination from
    each other. Who loses is told who has it.

    Raises NotAllowed, WrongState, SomebodyWasFaster, Incomplete.
    """
    _must_be_allowed(actor, Act.TAKE)
    seen = _seen(session, alert_id)
    rules.after(AlertState(seen.state), AlertEvent.TAKE)
    if seen.owner == actor.name:
        return _act(session, actor, seen, "AlertKept", now, {"acted_at": now})
    if seen.owner is not None:
        _must_take_over(session, actor, seen, reason, over, now)
    changes = {"owner": actor.name, "acted_at": now, "taken_at": seen.taken_at or now,
               "owner_seen_at": now if actor.has_screen else None, **NOT_OFFERED}  # fmt: skip
    detail = {"from": seen.owner} if seen.owner else None
    try:
        return _event(
            session, actor, seen, AlertEvent.TAKE, "AlertAcknowledged", now, changes, detail
        )
    except SomebodyWasFaster:
        _must_not_have(_seen(session, alert_id), actor)
        raise


def _must_take_over(
    session: Session, actor: Actor, seen: Alert, reason: str, over: str, now: datetime
) -> None:
    """The reason is written for humans; the journal says from whom."""
    assert seen.owner is not None
    if not _may_take_over(actor, seen.owner) or (over and over != seen.owner):
        _must_not_have(seen, actor)
    if actor.is_destination:
        return
    words = clean_words(reason)
    if len(words) < SHORTEST_REASON:
        raise Incomplete(f"Say why in at least {SHORTEST_REASON} characters.")
    acting.add_note(session, ids.new(now), seen.id, now, actor.name, words)


def _must_not_have(seen: Alert, actor: Actor) -> None:
    if seen.owner is not None and seen.owner != actor.name:
        raise SomebodyWasFaster("%(owner)s has already taken this alert.", owner=seen.owner)


def _may_take_over(actor: Actor, owner: str) -> bool:
    if actor.is_destination:
        return are_colleagues(owner, actor.name)
    return actor.role is Role.SUPERVISOR


def are_colleagues(one: str, other: str) -> bool:
    """True when both are behind the same destination (`name/agent`): agents change shifts."""
    return one.partition("/")[0] == other.partition("/")[0]


def take_next(session: Session, actor: Actor, now: datetime) -> Alert | None:
    """Take the oldest alert that nobody answers for: two operators at once get two alerts."""
    _must_be_allowed(actor, Act.TAKE)
    found = acting.most_urgent_unowned(session)
    return take(session, actor, found, now) if found is not None else None


def release(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """Give the alert back: it rings again at once. Raises like `take`."""
    seen = _owned(session, actor, alert_id, Act.RELEASE)
    return _event(
        session, actor, seen, AlertEvent.RELEASE, "AlertReleased", now, _waiting(seen, now)
    )


def lapse(session: Session, alert_id: UUID, now: datetime, *, unseen: bool = False) -> Alert:
    """The owner did nothing for too long, or the owner's screen gave no sign (`unseen`): nobody
    answers for it any more."""
    seen = _seen(session, alert_id)
    nobody = Actor("dispatch")
    detail = {"from": seen.owner, "why": "unseen" if unseen else "idle"}
    return _event(
        session, nobody, seen, AlertEvent.LAPSE, "OwnershipLapsed", now, _waiting(seen, now), detail
    )


def give_sign(session: Session, owner: str, now: datetime) -> None:
    """The screen of this person is there: what she answers for is looked at again in time."""
    acting.sign_of_owner(session, owner, now)


def _waiting(seen: Alert, now: datetime) -> dict[str, Any]:
    nothing_proposed = dict.fromkeys(("proposed_by", "proposed_outcome", "proposed_reason"))
    nobody = dict.fromkeys(("owner", "acted_at", "owner_seen_at"))
    moved = {"waiting_since": now, "waits": seen.waits + 1}
    return nothing_proposed | nobody | NOT_OFFERED | moved


def note(session: Session, actor: Actor, alert_id: UUID, words: str, now: datetime) -> None:
    """Write words into the alert's record. Raises NotAllowed, Incomplete, WrongState."""
    _must_be_allowed(actor, Act.NOTE)
    words = clean_words(words)
    if not words:
        raise Incomplete("Write something first.")
    seen = _seen(session, alert_id)
    if seen.forgotten_at is not None:
        raise WrongState("What was written about this alert is erased: nothing more is.")
    acting.add_note(session, ids.new(now), seen.id, now, actor.name, words)
    changes = {"acted_at": now} if seen.owner == actor.name else {}
    _act(session, actor, seen, "NoteWritten", now, changes)


def verify(
    session: Session, actor: Actor, alert_id: UUID, found: Verified, now: datetime, *,
    shown: int | None = None,
) -> Alert:  # fmt: skip
    """Write what the removal of doubt found. A voice that was heard says nothing about a press that
    the page did not show (`shown`, as in `close`); danger is never refused. Raises like `take`."""
    seen = _owned(session, actor, alert_id, Act.VERIFY)
    if found in rules.HEARD_HER and shown is not None and seen.presses > shown:
        raise SomebodyWasFaster(
            "She has pressed again since you looked: your finding may be older. Look first."
        )
    changes = {"verified": found.value, "verified_at": now}
    detail = {"found": found.value}
    return _event(session, actor, seen, AlertEvent.VERIFY, "VerificationDone", now, changes, detail)


def request_intervention(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """Ask the control room to send somebody; again when it has answered and she is still, or once
    more, in danger. Raises like `take`; refused for a test."""
    seen = _owned(session, actor, alert_id, Act.REQUEST_INTERVENTION)
    if seen.lane == rules.Lane.TEST:
        raise WrongState("This is a test: no control room is asked.")
    changes = {"requested_at": now, "requests": seen.requests + 1}
    detail = {"time": seen.requests + 1} if seen.requests else None
    return _event(
        session, actor, seen, AlertEvent.REQUEST, "InterventionRequested", now, changes, detail
    )


def acknowledge(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """The control room says that it has the case; what it said before a request is not about it."""
    seen = _seen(session, alert_id)
    changes = {"acknowledged_at": since_request(seen, seen.acknowledged_at) or now}
    return _event(
        session, actor, seen, AlertEvent.ACKNOWLEDGE, "InterventionAcknowledged", now, changes
    )


def arrive(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """A patrol is on the scene: again, when she has pressed or was asked for since it came."""
    seen = _seen(session, alert_id)
    changes = {"on_scene_at": seen.on_scene_at if _is_of_now(seen, seen.on_scene_at) else now}
    return _event(session, actor, seen, AlertEvent.ARRIVE, "PatrolOnScene", now, changes)


def since_request(seen: Alert, at: datetime | None) -> datetime | None:
    """The moment, unless it was before the newest request: then it says nothing about that one."""
    return None if at and seen.requested_at and at < seen.requested_at else at


def _is_of_now(seen: Alert, at: datetime | None) -> bool:
    """Whether what was found then still speaks of this: she has not pressed since, nor was an
    intervention asked for anew."""
    asked = seen.requested_at is None or at is None or at >= seen.requested_at
    return at is not None and at >= seen.pressed_at and asked


def report_end(
    session: Session, actor: Actor, alert_id: UUID, outcome: Outcome, reason: str, now: datetime,
    *, were_sent: bool,
) -> Alert:  # fmt: skip
    """Somebody outside says how it ended, while one of ours has the alert: kept and shown to them,
    who end it. `were_sent`: it is those who met her that say so. Raises WrongState."""
    seen = _seen(session, alert_id)
    rules.after(AlertState(seen.state), AlertEvent.CLOSE)
    if reason := clean_words(reason):
        acting.add_note(session, ids.new(now), seen.id, now, actor.name, reason)
    changes: dict[str, Any] = {}
    if were_sent:
        changes = {"reported_outcome": outcome.value, "reported_by": actor.name,
                   "reported_at": now}  # fmt: skip
    return _act(session, actor, seen, "EndReported", now, changes, {"outcome": outcome})


def close(
    session: Session, actor: Actor, alert_id: UUID, outcome: Outcome, reason: str, now: datetime,
    *, shown: int | None = None, were_sent: bool = False,
) -> Alert:  # fmt: skip
    """End the alert with an outcome and a reason, or propose it where a second person is needed.

    `shown` is how many presses the person had before her eyes; None for whoever has no page.
    `were_sent`: the actor is a room whose people met her, and not somebody who heard of it.
    Whether it is closed or waits for the second person is told by the state of what is returned.
    Raises like `take`, and Incomplete for a reason that explains nothing.
    """
    seen = _owned(session, actor, alert_id, Act.CLOSE)
    _must_have_seen_all(seen, shown)
    reason = clean_words(reason)
    if len(reason) < SHORTEST_REASON:
        raise Incomplete(f"Say why in at least {SHORTEST_REASON} characters.")
    rules.after(AlertState(seen.state), AlertEvent.CLOSE)
    if not (outcome is Outcome.TEST) == (seen.lane == rules.Lane.TEST):
        raise Incomplete("A test is closed as a test, and nothing else is.")
    if needs_second(seen, outcome, were_sent=were_sent):
        proposal = {"proposed_by": actor.name, "proposed_outcome": outcome.value,
                    "proposed_reason": reason, "acted_at": now}  # fmt: skip
        return _act(session, actor, seen, "ClosingProposed", now, proposal, {"outcome": outcome})
    return _close(session, actor, seen, outcome.value, reason, now, None)


def countersign(
    session: Session, actor: Actor, alert_id: UUID, now: datetime, *, shown: int | None = None
) -> Alert:
    """The second of four eyes: close what another person proposed. Raises like `take`."""
    _must_be_allowed(actor, Act.COUNTERSIGN)
    seen = _seen(session, alert_id)
    _must_have_seen_all(seen, shown)
    if not (seen.proposed_by and seen.proposed_outcome and seen.proposed_reason):
        raise WrongState("Nobody has proposed to close this alert.")
    if seen.proposed_by == actor.name:
        raise NotAllowed("A second person must countersign.")
    first = Actor(seen.proposed_by)
    return _close(
        session, first, seen, seen.proposed_outcome, seen.proposed_reason, now, actor.name
    )


def _must_have_seen_all(seen: Alert, shown: int | None) -> None:
    """A press that no page showed is not closed away by whoever did not see it."""
    if shown is not None and seen.presses > shown:
        raise SomebodyWasFaster(
            "She has pressed again since you looked: nothing was closed. Look, then close again."
        )


def _close(
    session: Session, actor: Actor, seen: Alert, outcome: str, reason: str, now: datetime,
    second: str | None,
) -> Alert:  # fmt: skip
    changes = {
        "outcome": outcome, "reason": reason, "closed_by": actor.name, "closed_at": now,
        "countersigned_by": second, **NOT_OFFERED,
    }  # fmt: skip
    detail = {"outcome": outcome, "countersigned_by": second}
    return _event(session, actor, seen, AlertEvent.CLOSE, "AlertClosed", now, changes, detail)


def needs_second(seen: Alert, outcome: Outcome, *, were_sent: bool = False) -> bool:
    """True when this alert, as it is now, is not ended so by one person alone.

    What was heard or seen before the newest press, or before a new request, says nothing of it.
    `were_sent`: those who were sent say it themselves, so that they may have seen her.
    """
    told = were_sent or _is_of_now(seen, seen.reported_at)
    patrol = seen.state == AlertState.ON_SCENE and _is_of_now(seen, seen.on_scene_at)
    there = patrol or (told and outcome in rules.SEEN_OUTCOMES)
    is_fresh = seen.verified_at is not None and seen.verified_at >= seen.pressed_at
    verified = Verified(seen.verified) if seen.verified and is_fresh else None
    doubtful = bool(DOUBTFUL_ENDS & set(seen.labels))
    return rules.needs_second_person(outcome, verified, seen=there, doubtful_end=doubtful)


def owned(session: Session, actor: Actor, alert_id: UUID, act: Act) -> Alert:
    """The alert of which this person answers, for an act of another file. Raises like `take`."""
    return _owned(session, actor, alert_id, act)


def write_act(
    session: Session, actor: Actor, seen: Alert, act: str, now: datetime, detail: dict[str, Any],
    changes: dict[str, Any] | None = None,
) -> Alert:  # fmt: skip
    """An act that stands in the log and keeps the ownership, with these changes or none."""
    acted = {"acted_at": now} if seen.owner == actor.name else {}
    return _act(session, actor, seen, act, now, acted | (changes or {}), detail)


def move(
    session: Session, actor: Actor, seen: Alert, event: AlertEvent, act: str, now: datetime,
    changes: dict[str, Any], detail: dict[str, Any] | None = None,
) -> Alert:  # fmt: skip
    """The event on the alert as it was seen, by the table of states. Raises WrongState,
    SomebodyWasFaster."""
    return _event(session, actor, seen, event, act, now, changes, detail)


def _must_be_allowed(actor: Actor, act: Act) -> None:
    """Those behind a destination are limited by what their answers may say (access.ANSWERS)."""
    if actor.role is not None and not may(actor.role, act):
        raise NotAllowed


def _seen(session: Session, alert_id: UUID) -> Alert:
    found = acting.alert(session, alert_id)
    if found is None:
        raise WrongState("There is no such alert.")
    return found


def _owned(session: Session, actor: Actor, alert_id: UUID, act: Act) -> Alert:
    _must_be_allowed(actor, act)
    seen = _seen(session, alert_id)
    if seen.owner is None:
        raise WrongState("Take the alert first.")
    if seen.owner != actor.name:
        raise SomebodyWasFaster("Somebody else answers for this alert.")
    return seen


def _event(
    session: Session, actor: Actor, seen: Alert, event: AlertEvent, act: str, now: datetime,
    changes: dict[str, Any], detail: dict[str, Any] | None = None,
) -> Alert:  # fmt: skip
    state = rules.after(AlertState(seen.state), event)
    acted = {"acted_at": now} if seen.owner == actor.name else {}
    return _act(session, actor, seen, act, now, {"state": state.value} | acted | changes, detail)


def _act(
    session: Session, actor: Actor, seen: Alert, act: str, now: datetime,
    changes: dict[str, Any], detail: dict[str, Any] | None = None,
) -> Alert:  # fmt: skip
    """Write the change and its line; dispatch and the consoles look again at once."""
    moved = {"changed_at": now, "look_again_at": now} | changes
    if not acting.change(session, seen, moved):
        raise SomebodyWasFaster
    journal.write(session, [Line(now, actor.name, act, seen.id, seen.handset, detail)])
    nudges.nudge_all(session)
    return _seen(session, seen.id)


def clean_words(words: str) -> str:
    """Without characters that no text column takes, and not without end."""
    kept = "".join(c for c in words if c in SPACES or (c.isprintable() and c != "\x00"))
    return kept.strip()[:LONGEST_WORDS]
