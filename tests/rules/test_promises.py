"""Each promise can be broken: a lie beside sound evidence, and the promise that must see it."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from tests import promises
from tests.conftest import NOW
from tests.evidence import Evidence, Noted

ANA, BEA, TEST, CANARY = "ana", "bea", "test", "canary"
ROOM = "control-room-92"


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def alert(name: str, **changes: Any) -> Any:
    """An alert of that name, open for ten seconds and looked at soon."""
    plain = {
        "id": name, "source": f"handset:{name}", "lane": "real", "state": "open", "presses": 1,
        "waits": 0, "owner": None, "acted_at": None, "opened_at": at(-10), "verified": None,
        "requested_at": None, "owner_seen_at": None, "countersigned_by": None, "outcome": None,
        "labels": [], "look_again_at": at(5), "closed_by": None, "closed_at": None, "reason": None,
    }  # fmt: skip
    return SimpleNamespace(**plain | changes)


def trigger(name: str, press: str = "", kind: str = "press") -> Any:
    return SimpleNamespace(
        source=f"handset:{name}", trigger=press or f"{name}-1", kind=kind, labels=[], alert=name
    )


def line(seq: int, name: str, act: str, seconds: float) -> Any:
    return SimpleNamespace(seq=seq, alert=name, act=act, at=at(seconds))


def noted(name: str, topic: str, seconds: float, round: int = 0, to: str = "platform") -> Noted:
    return Noted(name, topic, f"{name}:{topic}:{round}:{to}", at(seconds))


SOUND = Evidence(
    now=NOW,
    alerts=(
        alert(ANA),
        alert(BEA, state="closed", opened_at=at(-300), closed_at=at(-150), closed_by="bruno",
              verified="safe_voice", outcome="accidental", reason="In her bag.",
              owner="bruno", look_again_at=None),
        alert(TEST, lane="test"),
        alert(CANARY, source="handset:canary1", lane="canary", state="closed", closed_by="canary",
              closed_at=at(-20), reason="A canary.", look_again_at=None),
    ),
    triggers=tuple(trigger(n) for n in (ANA, BEA, TEST, CANARY)),
    deliveries=(SimpleNamespace(key="ana:opened:0:platform", destination="platform",
                                state="received"),),
    journal=(
        line(1, BEA, "AlertOpened", -300), line(2, BEA, "AlertAcknowledged", -290),
        line(3, BEA, "InterventionRequested", -280), line(4, BEA, "AlertClosed", -150),
        line(5, ANA, "AlertOpened", -10), line(6, TEST, "AlertOpened", -10),
    ),
    ledgers={
        "platform": (noted(BEA, "opened", -299), noted(BEA, "closed", -149),
                     noted(ANA, "opened", -9)),
        ROOM: (noted(BEA, "requested", -279, to=ROOM),),
    },
    rung=(noted(BEA, "opened", -295),),
    receipts=frozenset({"ana-1", "bea-1"}),
    pressed=frozenset({"ana-1", "bea-1", "test-1", "canary-1"}) - {"test-1", "canary-1"},
    uncounted=("test-", "canary-"),
)  # fmt: skip

Lie = Callable[[Evidence], Evidence]


def of(name: str, **changes: Any) -> Lie:
    """The record says this of one alert."""

    def lie(e: Evidence) -> Evidence:
        alerts = [SimpleNamespace(**vars(a) | changes) if a.id == name else a for a in e.alerts]
        return replace(e, alerts=alerts)

    return lie


def more(**rows: Any) -> Lie:
    """These lie there as well."""

    def lie(e: Evidence) -> Evidence:
        return replace(e, **{name: (*getattr(e, name), *new) for name, new in rows.items()})

    return lie


def instead(**rows: Any) -> Lie:
    """This lies there in the place of what is true."""
    return lambda e: replace(e, **rows)


def at_room(*lines: Noted) -> Lie:
    return lambda e: replace(e, ledgers={**e.ledgers, ROOM: lines})


def at_platform(*lines: Noted) -> Lie:
    return lambda e: replace(e, ledgers={**e.ledgers, "platform": lines})


on_time = partial(promises.alerts_are_told_in_time, destination="platform")
police = partial(promises.the_police_is_told, control_room=ROOM)
ended = partial(promises.the_end_is_told, destination="platform")

LIES: list[tuple[Any, str, Lie]] = [
    (promises.every_receipt_is_on_record, "the handset was told of a press that nobody has",
     instead(receipts=frozenset({"ana-1", "gone-1"}))),
    (promises.every_press_counts_once, "one press is two lines", more(triggers=[trigger(ANA)])),
    (promises.an_alert_counts_its_presses, "three presses, one line", of(ANA, presses=3)),
    (promises.nobody_has_two_open_alerts, "two open alerts of one handset",
     more(alerts=[alert("other", source="handset:ana")])),
    (promises.no_press_joins_what_is_over, "a press in a closed file",
     more(journal=[line(7, BEA, "TriggerJoined", -1)])),
    (promises.nobody_invented_an_alert, "an alert without a press", more(alerts=[alert("x")])),
    (promises.nobody_invented_an_alert, "a press that nobody made",
     more(triggers=[trigger(ANA, "invented-1")])),
    (promises.nobody_invented_an_alert, "the platform has what the record has not",
     at_platform(noted("unheard-of", "opened", -5))),
    (promises.received_means_that_they_have_it, "received, and not in its ledger",
     at_platform(noted(BEA, "opened", -299))),
    (promises.one_incident_per_alert, "two incidents of one alert",
     at_platform(noted(ANA, "opened", -9), noted(ANA, "opened", -8, round=1))),
    (promises.every_open_alert_has_a_next_look, "open, and nobody will look",
     of(ANA, look_again_at=None)),
    (promises.only_a_human_ends_an_alert, "closed by nobody", of(BEA, closed_by=None)),
    (promises.only_a_human_ends_an_alert, "closed without a reason", of(BEA, reason="  ")),
    (promises.two_people_end_what_nobody_saw_or_heard, "ended alone, unheard",
     of(BEA, verified="silent")),
    (promises.two_people_end_what_nobody_saw_or_heard, "ended alone under duress",
     of(BEA, labels=["duress"])),
    (promises.no_line_rings_without_end, "her telephone rings each second",
     more(rung=[noted(BEA, "opened", -290 + n) for n in range(promises.RINGS + 1)])),
    (promises.a_test_alarms_no_police, "a test rings", more(rung=[noted(TEST, "opened", -5)])),
    (promises.a_canary_is_no_alert, "a canary is open", of(CANARY, state="open")),
    (promises.a_canary_is_no_alert, "a handset of somebody is taken for a canary",
     of(CANARY, source="handset:ana")),
    (promises.a_canary_is_no_alert, "the room is told of a canary",
     at_room(noted(CANARY, "opened", -5))),
    (promises.a_canary_is_no_alert, "the room is told of a canary from the spool",
     lambda e: more(merged=[SimpleNamespace(told="spooled-1", alert=CANARY)])(
         at_room(noted("spooled-1", "opened", -5))(e))),
    (promises.the_journal_tells_the_state, "taken, and the journal does not know",
     of(ANA, state="taken")),
    (promises.every_press_is_on_record, "pressed, and nowhere",
     instead(pressed=frozenset({"ana-1", "bea-1", "lost-1"}))),
    (promises.every_handset_knows, "she was told nothing", instead(receipts=frozenset({"bea-1"}))),
    (promises.every_alert_was_told, "nobody outside has it", at_platform(noted(BEA, "opened", 0))),
    (promises.no_open_alert_is_forgotten, "its look is long past", of(ANA, look_again_at=at(-16))),
    (promises.no_owner_sleeps, "he took it and does nothing",
     of(ANA, state="taken", owner="bruno", acted_at=at(-80))),
    (promises.no_owner_sleeps, "her screen is gone",
     of(ANA, state="requested", owner="bruno", acted_at=at(-50), owner_seen_at=at(-50),
        requested_at=at(-50))),
    (promises.nobody_waits_in_silence, "alone for two minutes, and nobody is rung",
     lambda e: replace(of(ANA, opened_at=at(-120))(e), journal=(
         *e.journal[:4], line(5, ANA, "AlertOpened", -120), e.journal[5]))),
    (on_time, "the platform heard of her after a minute",
     lambda e: of(ANA, opened_at=at(-70))(at_platform(noted(ANA, "opened", -5))(e))),
    (on_time, "and never of the other", at_platform(noted(ANA, "opened", -9))),
    (police, "asked, and no room has it", at_room()),
    (police, "asked, and a room has it a minute later",
     at_room(noted(BEA, "requested", -200, to=ROOM))),
    (ended, "they still work on what is over", at_platform(noted(BEA, "opened", -299))),
]  # fmt: skip


def name_of(promise: Any) -> str:
    return str(getattr(promise, "func", promise).__name__)


def test_sound_evidence_keeps_every_promise() -> None:
    promises.keep(SOUND)
    for promise in (on_time, police, ended):
        promise(SOUND)


@pytest.mark.parametrize(
    ("promise", "lie"), [(p, lie) for p, _, lie in LIES],
    ids=[f"{name_of(p)}: {said}" for p, said, _ in LIES],
)  # fmt: skip
def test_a_lie_is_seen_by_the_promise_that_it_breaks(promise: Any, lie: Lie) -> None:
    with pytest.raises(AssertionError):
        promise(lie(SOUND))


def test_there_is_a_lie_for_every_promise() -> None:
    """Whoever adds a promise shows how it is broken."""
    public = {
        name
        for name, one in inspect.getmembers(promises, inspect.isfunction)
        if one.__module__ == promises.__name__ and not name.startswith(("_", "keep"))
    }
    elsewhere = {"the_journal_is_whole"}  # tests/acts/test_journal.py
    assert {name_of(p) for p, _, _ in LIES} == public - elsewhere
    listed = {one.__name__ for one in (*promises.SAFETY, *promises.LIVENESS)}
    asked_by_name = {name_of(p) for p in (on_time, police, ended)}
    assert listed | asked_by_name == public - elsewhere
