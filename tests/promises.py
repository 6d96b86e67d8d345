"""What is promised, judged from outside after faults; each promise is one sentence.

A lawyer can read this file. Nobody here is believed on his own word: what the handsets were told,
what the record holds and what each destination wrote down itself (`Evidence`) are laid beside each
other. The simulated nights and the tests with real, killed processes ask the same questions.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.evidence import Evidence
from tgd import journal
from tgd.rules.alert import AlertEvent, AlertState, after

FORGOTTEN_AFTER = timedelta(seconds=15)
"""An open alert whose moment passed so long ago is looked at by nobody."""
TOLD_WITHIN = timedelta(seconds=15)
ASKED_AGAIN = timedelta(seconds=30)
A_SLOW_ROUND = timedelta(seconds=80)
"""From the press on record (or the end of the faults) to the platform, never more."""
RUNG_WITHIN = timedelta(seconds=90)
"""From the moment when nobody answers for an alert to the ringing of a human elsewhere."""
OWNED_WITHOUT_AN_ACT = timedelta(seconds=60)
"""How long an owner may do nothing about an alert whose doubt is not removed, or that was found to
be danger and for which nobody asks for the police."""
UNSEEN = timedelta(seconds=20)
"""How long the screen of an owner may give no sign."""
RINGS, WITHIN = 12, timedelta(seconds=15)
"""A line that rings is a line that is busy: two dispatchers whose clocks differ, and who are told
each time that nobody was reached, made eight of it in the worst evening (decision 0012)."""
LATE = timedelta(seconds=2)
"""How late an escalation may be."""

UNNAMED = ("?", "content:", "osmand:", "owntracks:")
"""Beginnings of ids that no proven handset made for one press."""


# -- at every moment ------------------------------------------------------------------------------


def every_receipt_is_on_record(e: Evidence) -> None:
    """Whatever a handset was told is received, the record has, or a spool that survives."""
    lost = e.receipts - e.kept - e.spooled
    assert not lost, f"told received, and lost: {sorted(lost)}"


def every_press_counts_once(e: Evidence) -> None:
    """One press is one line, and belongs to one alert. What its handset did not name may be another
    press after the closing: then it is one line of each alert. One that comes again a day later
    (by the clock of who hears it) is another, and says of itself that it may be a replay."""
    counted = Counter(
        (t.source, t.trigger, t.kind, t.alert if t.trigger.startswith(UNNAMED) else None)
        for t in e.triggers
        if "replayed" not in t.labels
    )
    twice = [press[:3] for press, n in counted.items() if n > 1]
    assert not twice, f"counted twice: {twice}"


def an_alert_counts_its_presses(e: Evidence) -> None:
    """An alert counts as many presses as it has."""
    counted = Counter(t.alert for t in e.triggers)
    wrong = [str(a.id) for a in e.alerts if a.presses != counted[a.id]]
    assert not wrong, f"miscounted: {wrong}"


def nobody_has_two_open_alerts(e: Evidence) -> None:
    """However often she presses, one handset has one open alert."""
    opened = Counter((a.source, a.lane) for a in e.alerts if a.state != "closed")
    twice = [source for source, n in opened.items() if n > 1]
    assert not twice, f"two open alerts of {twice}"


def no_press_joins_what_is_over(e: Evidence) -> None:
    """A press after the closing is a new alert, never a line in a closed file."""
    closed = set()
    for line in e.journal:
        late = line.act in ("AlertOpened", "TriggerJoined") and line.alert in closed
        assert not late, f"a press joined alert {line.alert} after its end"
        if line.act == "AlertClosed":
            closed.add(line.alert)


def nobody_invented_an_alert(e: Evidence) -> None:
    """Every alert was pressed by somebody, and no destination has one that is neither on record nor
    in a spool."""
    raised = {t.alert for t in e.triggers}
    unpressed = [str(a.id) for a in e.alerts if a.id not in raised]
    assert not unpressed, f"nobody pressed: {unpressed}"
    if e.pressed is not None:
        made = e.kept - e.pressed
        invented = {one for one in made if not one.startswith(e.uncounted)} if e.uncounted else made
        assert not invented, f"nobody pressed: {sorted(invented)}"
    known = {str(a.id) for a in e.alerts} | {str(m.told) for m in e.merged} | e.named
    for destination, lines in e.ledgers.items():
        unknown = {line.alert for line in lines} - known
        assert not unknown, f"{destination} was told of what is not on record: {sorted(unknown)}"


def received_means_that_they_have_it(e: Evidence) -> None:
    """What we call received at a destination, that destination has in its own ledger."""
    has = {name: {line.key for line in lines} for name, lines in e.ledgers.items()}
    for d in e.deliveries:
        if d.destination in has and d.state in ("received", "taken"):
            assert d.key in has[d.destination], f"{d.destination} never had {d.key}"


def one_incident_per_alert(e: Evidence) -> None:
    """However often it is told, an alert is one incident there, until it is left alone again."""
    waits = {str(a.id): a.waits for a in e.alerts}
    for destination, lines in e.ledgers.items():
        begun = Counter(line.alert for line in lines if line.topic == "opened")
        twice = [alert for alert, n in begun.items() if n > 1 + waits.get(alert, 0)]
        assert not twice, f"{destination} has more than one incident of {twice}"


def every_open_alert_has_a_next_look(e: Evidence) -> None:
    """What is open has a moment written down at which it is looked at again."""
    orphans = [str(a.id) for a in e.alerts if a.state != "closed" and a.look_again_at is None]
    assert not orphans, f"open, and nobody will look: {orphans}"


def only_a_human_ends_an_alert(e: Evidence) -> None:
    """No alert is closed without somebody's name, a reason and a moment. A canary is no alert:
    it says so itself, and was never open."""
    for a in e.alerts:
        if a.state == "closed":
            assert a.closed_by, f"nobody closed {a.id}"
            assert a.closed_at, f"{a.id} was never closed"
            assert (a.reason or "").strip(), f"no reason for the end of {a.id}"


def two_people_end_what_nobody_saw_or_heard(e: Evidence) -> None:
    """A real alert that one person of ours ended alone was heard in her voice or by her word, and
    nothing about it was doubtful; or a patrol had come. Else a second person signed."""
    came = {line.alert for line in e.journal if line.act == "PatrolOnScene"}
    for a in (x for x in e.real if x.state == "closed" and x.outcome not in ("other", "duplicate")):
        ours = "/" not in (a.closed_by or "")
        heard = a.verified in ("safe_voice", "safe_code_word") and "duress" not in a.labels
        alone = ours and a.countersigned_by is None and a.id not in came and not heard
        assert not alone, f"{a.closed_by} ended {a.id} alone, found {a.verified}"


def a_test_alarms_no_police(e: Evidence) -> None:
    """A test is told to platforms at most, never to a control room, never by telephone."""
    tests = {a.id for a in e.alerts if a.lane == "test"}
    tested = {str(a) for a in tests}
    assert not [line for line in e.rung or () if line.alert in tested], "a test rang"


def a_canary_is_no_alert(e: Evidence) -> None:
    """A canary was never open, and nobody is told of it, by any way, under any name."""
    told = {d.key.partition(":")[0] for d in e.deliveries}
    told |= {line.alert for lines in e.ledgers.values() for line in lines}
    told |= {line.alert for line in e.rung or ()}
    names = {str(a.id): {str(a.id)} for a in e.canaries}
    for m in (m for m in e.merged if str(m.alert) in names):
        names[str(m.alert)].add(str(m.told))  # told from the spool, it would have another name
    for a in e.canaries:
        assert a.state == "closed", f"the canary {a.id} is {a.state}"
        assert a.look_again_at is None, f"somebody will look at the canary {a.id}"
        assert a.source.startswith("handset:canary"), f"a press of {a.source} is no canary"
        assert not names[str(a.id)] & told, f"somebody was told of the canary {a.id}"
    lines = {line.alert for line in e.journal}
    assert not lines & {a.id for a in e.canaries}, "somebody acted on a canary"


EVENTS = {
    "AlertAcknowledged": AlertEvent.TAKE,
    "AlertReleased": AlertEvent.RELEASE,
    "OwnershipLapsed": AlertEvent.LAPSE,
    "VerificationDone": AlertEvent.VERIFY,
    "InterventionRequested": AlertEvent.REQUEST,
    "InterventionAcknowledged": AlertEvent.ACKNOWLEDGE,
    "PatrolOnScene": AlertEvent.ARRIVE,
    "AlertClosed": AlertEvent.CLOSE,
}
"""Which line of the journal tells of which event; the others change no state."""


def the_journal_tells_the_state(e: Evidence) -> None:
    """Whoever reads the journal from the first line arrives at what the record says now."""
    told: dict[Any, AlertState] = {}
    for line in e.journal:
        if line.act == "AlertOpened":
            assert line.alert not in told, f"{line.alert} was opened twice"
            told[line.alert] = AlertState.OPEN
        elif line.act in EVENTS:
            told[line.alert] = after(told[line.alert], EVENTS[line.act])
    for a in (x for x in e.alerts if x.lane != "canary"):  # nobody acts on those
        assert told.get(a.id) == a.state, f"{a.id} is {a.state}, the journal says {told.get(a.id)}"


# -- when the faults are over ---------------------------------------------------------------------


def every_press_is_on_record(e: Evidence) -> None:
    """Every press that was made is on record."""
    missing = (e.pressed or frozenset()) - e.kept
    assert not missing, f"pressed, and nowhere on record: {sorted(missing)}"


def every_handset_knows(e: Evidence) -> None:
    """Every handset was told that its press is received."""
    waiting = (e.pressed or frozenset()) - e.receipts
    assert not waiting, f"still without a receipt: {sorted(waiting)}"


def every_alert_was_told(e: Evidence) -> None:
    """Somebody outside has every alert of the record, in a ledger of their own; or a human of ours
    has answered for it and ended it, before anybody outside was due."""
    told = {line.alert for lines in e.ledgers.values() for line in lines}
    untold = {str(a.id) for a in e.real if not _ended_at_home(a)} - told
    assert not untold, f"nobody heard of {sorted(untold)}"


def _ended_at_home(alert: Any) -> bool:
    return alert.closed_at is not None and alert.closed_at - alert.opened_at < RUNG_WITHIN


def no_open_alert_is_forgotten(e: Evidence) -> None:
    """No open alert's next look is long past."""
    past = e.now + e.slowest - FORGOTTEN_AFTER
    planned = [a for a in e.alerts if a.state != "closed" and a.look_again_at is not None]
    late = [str(a.id) for a in planned if a.look_again_at < past]
    assert not late, f"open, and looked at by nobody: {late}"


def alerts_are_told_in_time(e: Evidence, destination: str, *, said_no: bool = False) -> None:
    """A destination that listens has an alert 15 seconds after it is on record; one that was closed
    meanwhile, and for which nobody waits, within a slow round more. One that had refused it
    (`said_no`) is asked again every 30 seconds."""
    within = TOLD_WITHIN + (ASKED_AGAIN if said_no else timedelta())
    at = {line.alert: line.at for line in reversed(e.ledgers.get(destination, ()))}
    for a in e.real:
        due_at = max(a.opened_at, e.healed_at or a.opened_at) + within
        if a.closed_at is not None and a.closed_at <= due_at:
            due_at += A_SLOW_ROUND
        told_at = at.get(str(a.id))
        assert told_at is not None or e.now < due_at, f"{destination} never heard of {a.id}"
        late = told_at is not None and told_at > due_at
        assert not late, f"{destination} heard of {a.id} at {told_at}, due at {due_at}"


def no_owner_sleeps(e: Evidence) -> None:
    """Who took an alert and does nothing for a minute, or whose screen is gone, keeps it not."""
    past = e.now + e.slowest - FORGOTTEN_AFTER
    for a in (x for x in e.alerts if x.owner and x.acted_at and x.state != "closed"):
        danger = a.state == "verified" and a.verified in ("danger", "silent")
        idle = a.state == "acknowledged" and not (a.verified or a.requested_at or _is_a_rooms(a))
        owes = a.state == "taken" or danger or idle
        slept = owes and a.acted_at < past - OWNED_WITHOUT_AN_ACT
        assert not slept, f"{a.owner} sleeps on {a.id} since {a.acted_at}"
        gone = a.owner_seen_at and max(a.owner_seen_at, a.acted_at) < past - UNSEEN
        assert not gone, f"{a.owner} is gone and keeps {a.id}, {a.state}, since {a.owner_seen_at}"


def _is_a_rooms(alert: Any) -> bool:
    """Whoever has it sits in a control room, by the names of the example."""
    return str(alert.owner).startswith("control-room")


def the_police_is_told(e: Evidence, control_room: str) -> None:
    """Each time an operator asks for an intervention, a room that listens has it at once."""
    told = {x.key: x.at for x in e.ledgers.get(control_room, ()) if x.topic == "requested"}
    ended = {x.alert: x.at for x in e.journal if x.act == "AlertClosed"}
    times: Counter[Any] = Counter()
    for line in (x for x in e.journal if x.act == "InterventionRequested"):
        key = f"{line.alert}:requested:{times[line.alert]}:{control_room}"
        times[line.alert] += 1
        due_at = max(line.at, e.healed_at or line.at) + TOLD_WITHIN
        over = ended.get(line.alert, e.now) < due_at
        in_time = key in told and (told[key] or due_at) <= due_at
        assert over or in_time, f"no police for {line.alert}, asked at {line.at}"


def the_end_is_told(e: Evidence, destination: str) -> None:
    """Whoever has the beginning of an alert, and listens, has its end a slow round later."""
    lines = e.ledgers.get(destination, ())
    began = {line.alert for line in lines if line.topic == "opened"}
    ended = {line.alert for line in lines if line.topic == "closed"}
    for a in (x for x in e.real if x.closed_at is not None and str(x.id) in began - ended):
        due_at = max(a.closed_at, e.healed_at or a.closed_at) + TOLD_WITHIN + A_SLOW_ROUND
        assert e.now < due_at, f"{destination} still works on {a.id}, closed at {a.closed_at}"


def nobody_waits_in_silence(e: Evidence) -> None:
    """Whenever nobody answers for an alert, a human elsewhere is rung within 90 seconds."""
    for a in e.real if e.rung is not None else ():
        for begun, ended in _unanswered(a, e):
            since = max(begun, e.healed_at or begun)
            due_at = since + RUNG_WITHIN + LATE
            if (ended or e.now) <= due_at:
                continue
            rings = [r.at for r in e.rung or () if r.alert == str(a.id) and r.at and r.at >= begun]
            heard = bool(rings) and min(rings) <= due_at
            assert heard, f"nobody was rung for {a.id}, alone since {since}"


def _unanswered(alert: Any, e: Evidence) -> Iterable[tuple[datetime, datetime | None]]:
    """The spans in which nobody answered for this alert, as its journal tells them."""
    since: datetime | None = None
    for line in (x for x in e.journal if x.alert == alert.id):
        if line.act in ("AlertOpened", "OwnershipLapsed", "AlertReleased"):
            since = line.at if since is None else since
        elif since is not None and line.act in ("AlertAcknowledged", "PatrolOnScene"):
            yield since, line.at
            since = None
    if since is not None and alert.owner is None and alert.state != "closed":
        yield since, None


def no_line_rings_without_end(e: Evidence) -> None:
    """Nobody is told the same thing a dozen times in a quarter of a minute."""
    rings: dict[str, list[datetime]] = {}
    for line in e.rung or ():
        if line.at:
            rings.setdefault(line.key, []).append(line.at)
    for key, moments in rings.items():
        moments.sort()
        for first, last in zip(moments, moments[RINGS:], strict=False):
            assert last - first >= WITHIN, f"{key} was rung {RINGS + 1} times from {first} on"


def the_journal_is_whole(sealed: Iterable[Sequence[Any]]) -> None:
    """No line of the sealed journal was changed, removed or put elsewhere."""
    found = journal.verify(sealed, 0)
    assert found.broken_at is None, f"the journal is broken at {found.broken_at}: {found.why}"


SAFETY = (
    every_receipt_is_on_record,
    every_press_counts_once,
    an_alert_counts_its_presses,
    nobody_has_two_open_alerts,
    no_press_joins_what_is_over,
    nobody_invented_an_alert,
    received_means_that_they_have_it,
    one_incident_per_alert,
    every_open_alert_has_a_next_look,
    only_a_human_ends_an_alert,
    two_people_end_what_nobody_saw_or_heard,
    a_test_alarms_no_police,
    a_canary_is_no_alert,
    no_line_rings_without_end,
    the_journal_tells_the_state,
)
"""True at every moment, whatever is broken."""

LIVENESS = (
    every_press_is_on_record,
    every_handset_knows,
    every_alert_was_told,
    no_open_alert_is_forgotten,
    no_owner_sleeps,
    nobody_waits_in_silence,
)
"""True again in time once faults are over, although not everything is mended."""


def keep_safe(evidence: Evidence) -> None:
    """Check what must hold at every moment."""
    for promise in SAFETY:
        promise(evidence)


def keep(evidence: Evidence) -> None:
    """Check every promise."""
    for promise in (*SAFETY, *LIVENESS):
        promise(evidence)
