"""Who sits at a console to answer: the shift, its sound, and what one shift leaves to the next."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.alerts.acts import Actor, clean_words
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.journal import Line
from tgd.rules.access import Act, may
from tgd.rules.phone import e164
from tgd.store import shifts as store
from tgd.store.states import open_technical


def silence(session: Session, actor: Actor, now: datetime, *, locked: bool = False) -> None:
    """The person silenced the own console for a minute: a choice that is not hidden. On a `locked`
    screen it may have been anybody."""
    detail = {"locked": True} if locked else None
    journal.write(session, [Line(now, actor.name, "SoundSilenced", detail=detail)])


def start(
    session: Session, actor: Actor, now: datetime, *, heard_sound: bool, telephone: str = ""
) -> None:
    """The person answers for alerts from now on; a tone that was not heard is written down.
    Raises NotAllowed, Incomplete, and WrongState when the shift has begun already."""
    _must_take(actor)
    row = {"id": ids.new(now), "account": actor.name, "now": now, "heard_sound": heard_sound,
           "telephone": _number(telephone)}  # fmt: skip
    if not store.begin(session, row):
        raise WrongState("Your shift has begun already.")
    detail = {"heard_sound": heard_sound}
    journal.write(session, [Line(now, actor.name, "ShiftStarted", detail=detail)])


def sit_at(session: Session, actor: Actor, now: datetime, telephone: str) -> None:
    """From now on the person is rung there; an empty one: nowhere. The journal has no number.
    Raises NotAllowed, Incomplete, WrongState."""
    _must_take(actor)
    number = _number(telephone)
    if not store.sit_at(session, actor.name, number):
        raise WrongState("Your shift has not begun.")
    detail = {"given": number is not None}
    journal.write(session, [Line(now, actor.name, "TelephoneChosen", detail=detail)])


def _number(said: str) -> str | None:
    if not said.strip():
        return None
    number = e164(said.strip()[:40])
    if number is None:
        raise Incomplete("This is no telephone number.")
    return number


def end(session: Session, actor: Actor, now: datetime) -> None:
    """The person goes. Refused while alerts are in the person's name, or are offered to the person
    and wait for a yes or a no: raises WrongState."""
    _must_take(actor)
    if store.owned_by(session, actor.name):
        raise WrongState(
            "Alerts are in your name: close them, hand them on, give them back or have them taken."
        )
    if store.offered_to(session, actor.name):
        raise WrongState("An alert is offered to you: take it, or say no first.")
    if not store.finish(session, actor.name, now):
        raise WrongState("Your shift has not begun.")
    journal.write(session, [Line(now, actor.name, "ShiftEnded")])


def hand_over(session: Session, actor: Actor, words: str, now: datetime) -> None:
    """Leave what is open to the next shift: alerts, technical items (also those put aside),
    releases within three days and words, signed by who goes. Raises WrongState while an earlier
    one waits for its confirmation."""
    _must_take(actor)
    alerts, items = store.open_alerts(session), open_technical(session)
    releases = store.releases_near(session, now.date())
    row = {"id": ids.new(now), "leaving": actor.name, "now": now,
           "words": clean_words(words), "alerts": [a.id for a in alerts],
           "items": [one.id for one in (*items, *releases)]}  # fmt: skip
    if not store.leave(session, row):
        raise WrongState("Your hand-over waits for its confirmation already.")
    detail = {"alerts": len(alerts), "items": len(items), "releases": len(releases)}
    journal.write(session, [Line(now, actor.name, "ShiftHandedOver", detail=detail)])


def lines(session: Session, hand_over: UUID) -> frozenset[str]:
    """The names of what is to be ticked of a hand-over that waits: one for each line of it."""
    found = store.waiting(session, hand_over)
    return frozenset(f"line-{n}" for n in range(1, found.lines + 1)) if found else frozenset()


def confirm(
    session: Session, actor: Actor, hand_over: UUID, now: datetime, *, read: Collection[str]
) -> None:
    """Who comes has read each line of it. Raises WrongState when it is confirmed already, or one's
    own, and Incomplete for a line that was not ticked."""
    _must_take(actor)
    found = store.waiting(session, hand_over)
    if found is None or found.leaving == actor.name:
        raise WrongState("Another person confirms a hand-over, once.")
    if not lines(session, hand_over) <= set(read):
        raise Incomplete("Read and tick each line.")
    leaving = store.receive(session, hand_over, actor.name, now)
    if leaving is None:
        raise WrongState("Another person confirms a hand-over, once.")
    detail = {"from": leaving}
    journal.write(session, [Line(now, actor.name, "HandOverConfirmed", detail=detail)])


def _must_take(actor: Actor) -> None:
    if actor.role is None or not may(actor.role, Act.TAKE):
        raise NotAllowed
