"""The acts about calls: an operator wants the handset rung, or to be heard after having listened
only; somebody listens to a recording.

What is wanted is a row; dispatch rings after the commit. No alert ever waits for a call.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.journal import Line
from tgd.rules.access import Act, may
from tgd.rules.alert import AlertState
from tgd.rules.calling import LegState
from tgd.rules.doubt import Label
from tgd.store import calls as store
from tgd.store import console, nudges

IN_OTHER_HANDS = frozenset({Label.STOLEN.value, Label.LOST.value})


def want_call(
    session: Session, actor: Actor, alert_id: UUID, now: datetime, *, listen_only: bool = False
) -> UUID:
    """The operator's telephone and then the handset are to be rung into one conversation.

    Raises NotAllowed, WrongState, Incomplete, SomebodyWasFaster.
    """
    seen = acts.owned(session, actor, alert_id, Act.CALL)
    if seen.state == AlertState.CLOSED:
        raise WrongState("This alert is closed: the handset is not rung any more.")
    if IN_OTHER_HANDS & set(seen.labels):
        raise WrongState("This handset may be in other hands: reach her another way.")
    if not console.number_of(session, seen.handset):
        raise WrongState("No number is known for this handset.")
    if not store.telephone_of(session, actor.name):
        raise Incomplete("Begin your shift with the number of your telephone: it is rung first.")
    conversation = ids.new(now)
    row = {"id": conversation, "alert": seen.id, "who": actor.name, "now": now,
           "listen_only": listen_only}  # fmt: skip
    if not store.begin(session, row):
        raise WrongState("A call about this alert is under way already.")
    acts.write_act(session, actor, seen, "CallWanted", now, {"listen_only": listen_only})
    nudges.nudge(session, nudges.CALLS)
    return conversation


def want_to_speak(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> None:
    """Who only listens wants to be heard from now on. Raises like `want_call`."""
    seen = acts.owned(session, actor, alert_id, Act.CALL)
    call = store.open_call(session, seen.id)
    if call is None or _is_over(session, call.id):
        raise WrongState("The call has ended: nobody would hear you.")
    if call.wanted_by != actor.name:
        raise WrongState("Somebody else is on the line.")
    if not call.listen_only or call.speaks_at is not None:
        raise WrongState("You are heard already.")
    if call.speak_wanted_at is not None:
        raise WrongState("This is asked for already: you are heard in a moment.")
    store.want_to_speak(session, call.id, now)
    acts.write_act(session, actor, seen, "SpeakingWanted", now, {})
    nudges.nudge(session, nudges.CALLS)


def _is_over(session: Session, conversation: UUID) -> bool:
    """Whether one of the two has gone, so that the other goes in a moment."""
    legs = store.legs(session, conversation)
    return any(LegState(leg.state).is_over for leg in legs.values())


def listen(session: Session, actor: Actor, recording_id: UUID, now: datetime) -> str | None:
    """The provider's reference of a recording that this person listens to now; written down
    before a sound is heard. None when none is kept. Raises NotAllowed."""
    if actor.role is None or not may(actor.role, Act.HEAR_RECORDING):
        raise NotAllowed
    found = store.recording(session, recording_id)
    if found is None:
        return None
    detail = {"recording": str(found.id)}
    journal.write(session, [Line(now, actor.name, "RecordingHeard", found.alert, None, detail)])
    return str(found.reference)
