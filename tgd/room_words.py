"""What a supervisor says to everybody on shift at once, and who has read it."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.alerts.acts import Actor, clean_words
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.journal import Line
from tgd.rules.access import Act, may
from tgd.store import nudges
from tgd.store import room_words as store

SHOWN_FOR = timedelta(hours=12)
"""A shift: what is to outlive it stands in its hand-over."""
LONGEST = 400
MOST = 20
"""So many at once and no more: a room that must read more reads nothing."""


def say(session: Session, actor: Actor, words: str, now: datetime) -> None:
    """Everybody on shift is shown these words until they are read. Raises NotAllowed, Incomplete,
    WrongState."""
    _must_tell(actor)
    said = clean_words(words)
    if not said or len(said) > LONGEST:
        raise Incomplete("Write a word or more, and 400 signs at most.")
    if len(store.running(session, now)) >= MOST:
        raise WrongState("Twenty messages are shown already: end one first.")
    made = ids.new(now)
    store.say(session, {"id": made, "who": actor.name, "now": now, "until": now + SHOWN_FOR,
                        "words": said})  # fmt: skip
    detail = {"words": str(made)}
    journal.write(session, [Line(now, actor.name, "RoomTold", detail=detail)])
    nudges.nudge(session, nudges.CONSOLE)


def read(session: Session, actor: Actor, words: UUID, now: datetime) -> None:
    """This person has read them; twice is once. Raises NotAllowed."""
    if actor.role is None or not may(actor.role, Act.TAKE):
        raise NotAllowed
    if store.read(session, words, actor.name, now):
        detail = {"words": str(words)}
        journal.write(session, [Line(now, actor.name, "RoomWordsRead", detail=detail)])


def end(session: Session, actor: Actor, words: UUID, now: datetime) -> None:
    """Nobody is shown them any more. Raises NotAllowed, WrongState."""
    _must_tell(actor)
    if not store.end(session, words, now):
        raise WrongState("This message is shown no more already.")
    detail = {"words": str(words)}
    journal.write(session, [Line(now, actor.name, "RoomWordsEnded", detail=detail)])


def _must_tell(actor: Actor) -> None:
    if actor.role is None or not may(actor.role, Act.TELL_ROOM):
        raise NotAllowed
