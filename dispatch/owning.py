"""How long whoever has an alert keeps it: until something owed is not done, or a screen is gone.

Pure. What was found and asked stays when an ownership lapses; somebody else is rung for it.
"""

from datetime import datetime, timedelta

from dispatch.facts import AHEAD, AlertFacts
from dispatch.policy import Policy
from tgd.rules.alert import AlertState, Verified


def lapses_at(alert: AlertFacts, policy: Policy, now: datetime) -> datetime | None:
    """When the owner does nothing for too long, or the owner's screen counts as gone."""
    moments = (idle_at(alert, policy, now), _out_of_sight_at(alert, policy, now))
    return min((at for at in moments if at is not None), default=None)


def idle_at(alert: AlertFacts, policy: Policy, now: datetime) -> datetime | None:
    """Ownership without an act lapses while something is left to do that nobody else does."""
    if alert.state is AlertState.CLOSED or alert.owner is None or alert.acted_at is None:
        return None
    since = alert.acted_at if _owes_an_act(alert, policy) else _called_again_at(alert, policy)
    if since is None:
        return None
    if since > now + AHEAD:
        return now
    return since + timedelta(seconds=policy.ownership.lapse_s)


def _called_again_at(alert: AlertFacts, policy: Policy) -> datetime | None:
    """She pressed again after a pause, and the owner has done nothing since: whatever was done
    before, this is another cry."""
    assert alert.acted_at is not None
    again_at = alert.pressed_again_at
    is_new = again_at is not None and again_at > alert.acted_at
    return again_at if is_new and not _sits_in_a_room(alert, policy) else None


def _sits_in_a_room(alert: AlertFacts, policy: Policy) -> bool:
    told = policy.destination(str(alert.owner).partition("/")[0])
    return told is not None and told.kind == "cisu"


def _owes_an_act(alert: AlertFacts, policy: Policy) -> bool:
    """Until the doubt is removed, and after danger or silence until the police is asked.

    Also when a control room's machine has acknowledged by itself: otherwise an owner who does
    nothing would silence the telephones. Not when the owner sits in the control room.
    """
    if alert.state is AlertState.TAKEN:
        return True
    in_the_room = _sits_in_a_room(alert, policy)
    if alert.state is AlertState.ACKNOWLEDGED:
        return not (alert.verified_at or alert.requested_at or in_the_room)
    in_danger = alert.verified in (Verified.DANGER, Verified.SILENT)
    return alert.state is AlertState.VERIFIED and in_danger and not in_the_room


def _out_of_sight_at(alert: AlertFacts, policy: Policy, now: datetime) -> datetime | None:
    """When a screen that gives no sign counts as gone, whatever was done before: nobody there
    follows the alert. An owner without a screen has only the acts."""
    if alert.owner is None or alert.owner_seen_at is None or alert.acted_at is None:
        return None
    if alert.state is AlertState.CLOSED:
        return None
    seen_at = max(alert.owner_seen_at, alert.acted_at)
    if seen_at > now + AHEAD:
        return now
    return seen_at + timedelta(seconds=policy.ownership.screen_s)


def is_unseen(alert: AlertFacts, policy: Policy, now: datetime) -> bool:
    gone_at = _out_of_sight_at(alert, policy, now)
    return gone_at is not None and gone_at <= now
