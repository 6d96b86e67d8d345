"""An exercise is announced for given handsets and for some hours; whatever else comes is real."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.alerts.acts import Actor
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.journal import Line
from tgd.rules.access import Act, may
from tgd.store import exercises as store
from tgd.store.sources import sources

MINUTES = ("15", "30", "60", "120", "240")
"""For how long an exercise may be announced: its end is known before it begins."""
MOST_HANDSETS = 20


def announce(session: Session, actor: Actor, handsets: str, minutes: str, now: datetime) -> None:
    """Proven presses of these handsets (ids, separated by commas or spaces) are an exercise from
    now on. Raises NotAllowed, Incomplete."""
    _must_announce(actor)
    if minutes not in MINUTES:
        raise Incomplete("Choose for how many minutes.")
    named = sorted(set(handsets.replace(",", " ").split()))
    if not 0 < len(named) <= MOST_HANDSETS:
        raise Incomplete("Name one handset at least, and 20 at most.")
    known = sources(session, named, (), now).by_id
    if len(known) < len(named) or any(one.known.is_canary for one in known.values()):
        raise Incomplete("One of these is no handset of ours.")
    if any(one.person for one in known.values()):
        raise Incomplete("One of these is in somebody's hands: her press is never an exercise.")
    until = now + timedelta(minutes=int(minutes))
    for handset in named:
        store.announce(
            session,
            {"id": ids.new(now), "handset": handset, "now": now, "until": until,
             "who": actor.name},
        )  # fmt: skip
        detail = {"until": until.isoformat()}
        journal.write(session, [Line(now, actor.name, "ExerciseAnnounced", None, handset, detail)])


def end(session: Session, actor: Actor, exercise: UUID, now: datetime) -> None:
    """From now on its presses are real again. Raises NotAllowed, WrongState."""
    _must_announce(actor)
    handset = store.end(session, exercise, now)
    if handset is None:
        raise WrongState("This exercise is over already.")
    journal.write(session, [Line(now, actor.name, "ExerciseEnded", None, handset)])


def _must_announce(actor: Actor) -> None:
    if actor.role is None or not may(actor.role, Act.ANNOUNCE_EXERCISE):
        raise NotAllowed
