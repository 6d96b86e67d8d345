"""What is to be rung and hung up, and what the provider says of it; grey: a session and a moment.

The record is changed before the provider is asked, so that nobody is rung twice for one wish; what
the provider says later is heard by the leg's own address, also before its answer has come back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from dispatch.formats.conference import LegSaid, RecordingSaid
from tgd import ids, journal
from tgd.errors import Refusal
from tgd.journal import Line
from tgd.rules.calling import NO_NEWS, TOO_LATE, LegState, Party, follow, later_leg
from tgd.store import calls as store
from tgd.store import evidence, nudges

WORKER = "dispatch"
MOST = 20
QUIET_FOR = timedelta(seconds=20)
"""A leg of which nothing was heard for so long is asked for: callbacks get lost."""
SPEAK_AGAIN = timedelta(seconds=2)
"""The conference may not be there yet; asking twice changes nothing."""


class NoSuchCall(Refusal):
    """There is no such call of ours."""


@dataclass(frozen=True, slots=True)
class ToRing:
    """A leg that is ours to ring, once."""

    conversation: UUID
    party: Party
    number: str
    listen_only: bool


@dataclass(frozen=True, slots=True)
class ToHangUp:
    """A leg that is left alone on the line."""

    sid: str


@dataclass(frozen=True, slots=True)
class ToAsk:
    """A leg of which nothing was heard."""

    conversation: UUID
    party: Party
    sid: str


@dataclass(frozen=True, slots=True)
class ToSpeak:
    """An operator on the line who wants to be heard."""

    conversation: UUID
    sid: str


@dataclass(frozen=True, slots=True)
class Due:
    """All that is to be done by telephone after this transaction."""

    rings: list[ToRing]
    hang_ups: list[ToHangUp]
    asks: list[ToAsk]
    speaks: list[ToSpeak]

    def __len__(self) -> int:
        return len(self.rings) + len(self.hang_ups) + len(self.asks) + len(self.speaks)


def claim(session: Session, now: datetime) -> Due:
    """What is due, each given to one dispatcher once."""
    rings = []
    for row in store.due(session, now, MOST):
        why = _why_not(row, now)
        if why is None:
            rings.append(
                ToRing(row.conversation, Party(row.party), row.number, bool(row.listen_only))
            )
        else:
            move_leg(session, row.conversation, Party(row.party), LegState.FAILED, now, why=why)
    asks = [ask for row in store.quiet(session, now, now - QUIET_FOR, MOST)
            if (ask := _ask(session, row, now))]  # fmt: skip
    hang_ups = [ToHangUp(row.sid) for row in store.to_hang_up(session, now, MOST)]
    wanted = store.to_speak(session, now, now - SPEAK_AGAIN, MOST)
    return Due(rings, hang_ups, asks, [ToSpeak(row.conversation, row.sid) for row in wanted])


def _why_not(row: Any, now: datetime) -> str | None:
    if row.number is None:
        return "no_number"
    return "too_late" if now - row.due_at > TOO_LATE else None


def _ask(session: Session, row: Any, now: datetime) -> ToAsk | None:
    """A call that the provider has never named was not placed, or its end was lost with it."""
    if row.sid is not None:
        return ToAsk(row.conversation, Party(row.party), row.sid)
    if now - row.dialled_at > NO_NEWS:
        move_leg(session, row.conversation, Party(row.party), LegState.FAILED, now, why="no_news")
    return None


def placed(session: Session, one: ToRing, sid: str, now: datetime) -> None:
    """The provider took it and names it; its callbacks may have been faster."""
    store.locked(session, one.conversation)
    leg = store.legs(session, one.conversation)[one.party]
    if leg.sid is None:
        store.move(session, one.conversation, one.party, {"sid": sid, "changed_at": now})


def not_placed(session: Session, one: ToRing, why: str, now: datetime, *, is_certain: bool) -> None:
    """The provider refused it, or (not certain) it may have been placed all the same: then the
    sheet says that nothing came back, and a callback still counts."""
    if is_certain:
        move_leg(session, one.conversation, one.party, LegState.FAILED, now, why=why)
        return
    store.locked(session, one.conversation)
    leg = store.legs(session, one.conversation)[one.party]
    if leg.state == LegState.ASKED and leg.sid is None:
        store.move(session, one.conversation, one.party, {"why": "unanswered", "changed_at": now})
        nudges.nudge(session, nudges.CONSOLE)


def speaks(session: Session, conversation: UUID, now: datetime) -> None:
    """The provider lets the operator be heard."""
    found = store.locked(session, conversation)
    if store.speaks(session, conversation, now):
        store.move(session, conversation, Party.OPERATOR, {"changed_at": now})
        journal.write(session, [Line(now, WORKER, "SpeakingBegun", found.alert)])
        nudges.nudge(session, nudges.CONSOLE)


def not_heard(
    session: Session, conversation: UUID, why: str, now: datetime, *, is_given_up: bool
) -> None:
    """It does not: asked again in a moment, or (given up) to be wanted again by a human."""
    found = store.locked(session, conversation)
    store.not_heard(session, conversation, why, is_given_up=is_given_up)
    if is_given_up:
        store.move(session, conversation, Party.OPERATOR, {"changed_at": now})
        journal.write(session, [Line(now, WORKER, "SpeakingRefused", found.alert, None,
                                     {"said": why})])  # fmt: skip
        nudges.nudge(session, nudges.CONSOLE)


def hear_leg(
    session: Session, conversation: UUID, party: Party, said: LegSaid, now: datetime
) -> str:
    """`done`, or `known` when it was heard before or is older than what is known.

    Raises NoSuchCall for a call that nobody wanted, or that belongs to another leg.
    """
    found = store.locked(session, conversation)
    leg = store.legs(session, conversation).get(party) if found else None
    if leg is None or leg.dialled_at is None or (leg.sid or said.sid) != said.sid:
        raise NoSuchCall
    if store.whose_sid(session, said.sid) not in (None, (conversation, party)):
        raise NoSuchCall
    if leg.sid is None:
        store.move(session, conversation, party, {"sid": said.sid, "changed_at": now})
    moved = move_leg(session, conversation, party, said.state, now)
    return "done" if moved else "known"


def move_leg(
    session: Session, conversation: UUID, party: Party, state: LegState, now: datetime, *,
    why: str | None = None,
) -> bool:  # fmt: skip
    """Write a later state with its line, and what follows from it; False when it is not later."""
    found = store.locked(session, conversation)
    legs = store.legs(session, conversation)
    before = LegState(legs[party].state)
    if later_leg(before, state) is before:
        return False
    store.move(session, conversation, party, {"state": state.value, "changed_at": now, "why": why})
    detail = {"party": party.value, "call": state.value}
    journal.write(session, [Line(now, WORKER, "CallMoved", found.alert, None, detail)])
    _follow(session, conversation, now)
    nudges.nudge(session, nudges.CONSOLE, nudges.CALLS)
    return True


def _follow(session: Session, conversation: UUID, now: datetime) -> None:
    legs = store.legs(session, conversation)
    states = {party: LegState(leg.state) for party, leg in legs.items()}
    next_ = follow(states[Party.OPERATOR], states[Party.HANDSET])
    handset: dict[str, Any] = {}
    if next_.ring_handset:
        handset = {"state": LegState.ASKED.value, "due_at": now}
    if next_.give_up_handset:
        handset = {"state": LegState.FAILED.value, "why": "operator_not_reached"}
    if handset:
        store.move(session, conversation, Party.HANDSET, handset | {"changed_at": now})
    if next_.hang_up and legs[next_.hang_up].hang_up_at is None:
        store.move(session, conversation, next_.hang_up, {"hang_up_at": now})
    if next_.is_over:
        store.end(session, conversation, now)


def hear_recording(
    session: Session, conversation: UUID, said: RecordingSaid, kept_for: timedelta, now: datetime
) -> str:
    """Keep where a recording is and until when: `done` or `known`. Raises NoSuchCall."""
    found = store.locked(session, conversation)
    if found is None or (found.conference or said.conference) != said.conference:
        raise NoSuchCall
    if found.conference is None:
        store.name_conference(session, conversation, said.conference)
    if said.duration_s is None:
        journal.write(session, [Line(now, WORKER, "RecordingMissing", found.alert)])
        return "done"
    row = {
        "id": ids.new(now), "alert": found.alert, "conversation": conversation, "now": now,
        "reference": said.reference, "duration_s": said.duration_s, "erase_at": now + kept_for,
    }  # fmt: skip
    if not store.keep_recording(session, row):
        return "known"
    detail = {"recording": str(row["id"]), "seconds": said.duration_s}
    journal.write(session, [Line(now, WORKER, "RecordingKept", found.alert, None, detail)])
    nudges.nudge(session, nudges.CONSOLE)
    return "done"


def erased(session: Session, recording: UUID, alert: UUID, now: datetime) -> None:
    """The provider keeps this sound no longer."""
    evidence.drop_copy(session, recording)
    if store.erased(session, recording, now):
        detail = {"recording": str(recording)}
        journal.write(session, [Line(now, WORKER, "RecordingErased", alert, None, detail)])
