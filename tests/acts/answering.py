"""What destinations say in the tests, as it arrives, and Bruno who brings an alert to a state."""

from typing import Any
from uuid import UUID

from sqlmodel import select

from dispatch.hearing import Effect, hear_answer
from tests.acts.dispatching import BRUNO, answer, said, turn
from tests.world import World
from tgd.alerts import acts
from tgd.records import Note
from tgd.rules.alert import Outcome, Verified

WHY = "The patrol found her unharmed."
SAFE = {"outcome": "made_safe", "reason": WHY}
DESTINATION = {"webhook": "platform", "cisu": "room", "voice": "duty", "sms": "duty"}


def everybody_is_told(world: World) -> None:
    world.wait(seconds=61)
    answer(world.session, world.now, *turn(world.session, world.now))


def key(alert: UUID, destination: str = "platform") -> str:
    return f"{alert}:opened:0:{destination}"


def hear(
    world: World, alert: UUID, state: str, kind: str = "webhook", *, to: str = "", **more: Any
) -> Effect:
    """The destination says it; what is refused leaves nothing behind."""
    to = to or DESTINATION[kind]
    with world.session.begin_nested():
        return hear_answer(world.session, to, kind, said(key(alert, to), state, **more), world.now)


def bring(world: World, alert: UUID, state: str) -> None:
    """Bruno brings the alert to that state."""
    s, now = world.session, world.now
    if state == "open":
        return
    acts.take(s, BRUNO, alert, now)
    if state in ("verified", "closed"):
        acts.verify(s, BRUNO, alert, Verified.SAFE_VOICE, now)
    if state == "requested":
        acts.request_intervention(s, BRUNO, alert, now)
    if state == "acknowledged":
        acts.acknowledge(s, BRUNO, alert, now)
    if state == "on_scene":
        acts.arrive(s, BRUNO, alert, now)
    if state == "closed":
        acts.close(s, BRUNO, alert, Outcome.ACCIDENTAL, "pressed in a bag", now)


def words_of_people(world: World) -> list[tuple[str, str]]:
    """What stands in the log in somebody's words."""
    return [(note.who, note.words) for note in world.session.exec(select(Note))]
