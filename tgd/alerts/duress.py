"""What was no real alert becomes one: a word of duress in a test, a cry in an exercise.

A new alert is opened beside, and the test or exercise ends: whoever was told of that one was told
that it is none, and no message with its keys could ever say the contrary.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.errors import NotAllowed, WrongState
from tgd.journal import Line
from tgd.records import Alert
from tgd.rules.access import Act, may
from tgd.rules.alert import AlertEvent, AlertState, Lane, Outcome, Verified
from tgd.rules.doubt import Label
from tgd.store import acting, nudges
from tgd.store import alerts as store

NOTHING_PROPOSED = dict.fromkeys(("proposed_by", "proposed_outcome", "proposed_reason"))
WHY = "Devenue une alerte réelle / became a real alert"


def hear_duress(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """She said the word that means duress: danger, and the room is asked at once, in one.

    In a test or an exercise it makes the alert real first. From then on nobody closes it alone
    (DOUBTFUL_ENDS), and a closing that was proposed before is proposed no more. Raises like
    `take`.
    """
    seen = acts.owned(session, actor, alert_id, Act.REQUEST_INTERVENTION)
    if seen.lane != Lane.REAL:
        seen = make_real(session, actor, alert_id, now)
    if seen.owner is None:
        seen = acts.take(session, actor, seen.id, now)
    labels = sorted({*seen.labels, Label.DURESS.value})
    changes = {"verified": Verified.DANGER.value, "verified_at": now, "labels": labels}
    detail = {"found": Verified.DANGER.value, "heard": "duress_word"}
    heard = acts.move(
        session, actor, seen, AlertEvent.VERIFY, "VerificationDone", now,
        changes | NOTHING_PROPOSED, detail,
    )  # fmt: skip
    if heard.requested_at:
        return heard
    # also where somebody else answers for the real one: two people agree that she is in danger
    return acts.move(
        session, actor, heard, AlertEvent.REQUEST, "InterventionRequested", now,
        {"requested_at": now, "requests": heard.requests + 1},
    )  # fmt: skip


def make_real(session: Session, actor: Actor, alert_id: UUID, now: datetime) -> Alert:
    """This test or exercise is real: gives the real alert, which is in the same hands.

    Whoever may take alerts may say so, whoever answers for this one. When another press of this
    handset is a real alert already, that one is given. Raises NotAllowed, WrongState,
    SomebodyWasFaster.
    """
    if actor.role is None or not may(actor.role, Act.TAKE):
        raise NotAllowed
    found = acting.alert(session, alert_id)
    if found is None or found.lane == Lane.CANARY:
        raise WrongState("There is no such alert.")
    store.lock_sources(session, [found.source])
    seen = acting.alert(session, alert_id)
    assert seen is not None
    if seen.lane == Lane.REAL:
        raise WrongState("This alert is real already.")
    if seen.state == AlertState.CLOSED:
        raise WrongState("This is closed already: ask for the intervention by telephone.")
    there = [a.id for a in store.open_alerts(session, [seen.source]) if a.lane == Lane.REAL]
    real = there[0] if there else ids.new(now)
    _end(session, actor, seen, real, now)
    if not there:
        store.insert_raised(session, [_row(seen, real, now)])
        store.move_heard(session, seen.id, real)
        detail = {"was": seen.lane, "kind": "press", "became_real": True}
        journal.write(session, [Line(now, actor.name, "AlertOpened", real, seen.handset, detail)])
    nudges.nudge_all(session)
    made = acting.alert(session, real)
    assert made is not None
    return made


def _end(session: Session, actor: Actor, seen: Alert, real: UUID, now: datetime) -> None:
    outcome = Outcome.TEST if seen.lane == Lane.TEST else Outcome.OTHER
    acts.write_act(
        session, actor, seen, "AlertBecameReal", now, {"real": str(real), "outcome": outcome},
        {"state": AlertState.CLOSED.value, "outcome": outcome.value, "closed_at": now,
         "closed_by": actor.name, "reason": WHY, **NOTHING_PROPOSED, **acts.NOT_OFFERED},
    )  # fmt: skip


def _row(seen: Alert, real: UUID, now: datetime) -> dict[str, object]:
    """The same call, in the same hands, from now on for real."""
    state = AlertState.TAKEN if seen.owner else AlertState.OPEN
    return {
        "id": real, "source": seen.source, "handset": seen.handset, "person": seen.person,
        "lane": Lane.REAL.value, "trust": seen.trust, "labels": list(seen.labels),
        "state": state.value, "version": 1, "presses": seen.presses, "waits": 0, "updates": 0,
        "opened_at": now, "pressed_at": seen.pressed_at, "changed_at": now, "waiting_since": now,
        "look_again_at": now, "battery_pct": seen.battery_pct, "owner": seen.owner,
        "acted_at": now if seen.owner else None, "taken_at": now if seen.owner else None,
        "owner_seen_at": seen.owner_seen_at,
    }  # fmt: skip
