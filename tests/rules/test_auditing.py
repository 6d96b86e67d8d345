"""What the auditor finds, fact by fact, and when it raises it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.conftest import NOW
from tgd.rules.auditing import (
    LATE,
    LEAST_ROOM,
    LONGEST_ANSWER_S,
    LOOK_S,
    NOT_TOLD,
    SENTENCES,
    UNTOLD_FOR,
    AlertSeen,
    DeliverySeen,
    Finding,
    PolicySeen,
    RecordSeen,
    Watch,
    Wrong,
    of_canaries,
    of_parts,
    of_policy,
    of_record,
    of_room,
    of_spool,
)
from tgd.rules.canary import CanaryWatch, pressed_at
from tgd.settings import Settings

AGAIN = timedelta(minutes=5)
POLICY = PolicySeen(frozenset({"platform"}), 1)
QUIET = RecordSeen((), (), 1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def alert(due_s: float, leased_s: float | None = None) -> RecordSeen:
    leased = None if leased_s is None else at(leased_s)
    return RecordSeen((AlertSeen("a", at(due_s), leased),), (), 1)


def delivery(next_s: float | None, lease_s: float | None, name: str = "platform") -> RecordSeen:
    moments = [None if s is None else at(s) for s in (next_s, lease_s)]
    return RecordSeen((), (DeliverySeen("a", name, *moments),), 1)


@pytest.mark.parametrize(("seen", "policy", "consoles", "wrong"), [
    (QUIET, POLICY, 1, set()),
    (alert(60), POLICY, 0, set()),
    (alert(-3.9), POLICY, 0, set()),
    (alert(-4.1), POLICY, 0, {Wrong.ALERT_FORGOTTEN}),
    (alert(-4.1, leased_s=3), POLICY, 0, set()),
    (alert(-4.1, leased_s=-1), POLICY, 0, {Wrong.ALERT_FORGOTTEN}),
    (delivery(2, None), POLICY, 0, set()),
    (delivery(-6, 3), POLICY, 0, set()),
    (delivery(-6, -6), POLICY, 0, {Wrong.DELIVERY_OVERDUE}),
    (delivery(-6, None), POLICY, 0, {Wrong.DELIVERY_OVERDUE}),
    (delivery(None, None), POLICY, 0, {Wrong.DELIVERY_OVERDUE}),
    (delivery(2, None, "gone"), POLICY, 0, {Wrong.DESTINATION_UNKNOWN}),
    (QUIET, None, 0, {Wrong.POLICY_BROKEN}),
    (QUIET, PolicySeen(frozenset(), 0), 0, set()),
    (RecordSeen((), (), 0), PolicySeen(frozenset(), 0), 0, {Wrong.POLICY_TELLS_NOBODY}),
    (RecordSeen((), (), 0), POLICY, 0, set()),
    (RecordSeen((), (), 1), POLICY, 2, {Wrong.NOBODY_ON_DUTY}),
])  # fmt: skip
def test_what_the_record_shows(
    seen: RecordSeen, policy: PolicySeen | None, consoles: int, wrong: set[Wrong]
) -> None:
    assert {f.wrong for f in of_record(seen, policy, consoles, NOW)} == wrong


def test_a_batch_may_wait_ten_seconds() -> None:
    assert of_spool(None, [], NOW) == of_spool(at(-9), [], NOW) == set()
    assert of_spool(at(-11), [], NOW) == {Finding(Wrong.SPOOL_NOT_DRAINED)}


def test_a_batch_that_cannot_be_read_is_found_at_once() -> None:
    assert of_spool(None, ["20261128-1"], NOW) == {Finding(Wrong.SPOOL_UNREADABLE, "20261128-1")}


@pytest.mark.parametrize(("untold_s", "found"), [(None, False), (-4.9, False), (-5.1, True)])
def test_an_alert_of_which_nobody_was_told_is_found_whatever_was_planned(
    untold_s: float | None, found: bool
) -> None:
    """A dispatcher that looks again in time and tells nobody: by its dates all is well."""
    untold = None if untold_s is None else at(untold_s)
    seen = RecordSeen((AlertSeen("a", at(30), None, untold),), (), 1)
    assert (Finding(Wrong.NOBODY_TOLD, "a") in of_record(seen, POLICY, 0, NOW)) == found
    assert of_record(seen, PolicySeen(frozenset(), 0), 0, NOW) == set(), "the console is the way"


@pytest.mark.parametrize(("waits_s", "found"), [(None, False), (-119, False), (-121, True)])
def test_an_alert_in_nobodys_hands_is_found_whatever_machines_have_said(
    waits_s: float | None, found: bool
) -> None:
    since = None if waits_s is None else at(waits_s)
    seen = RecordSeen((AlertSeen("a", at(30), None, None, since),), (), 1)
    for policy in (POLICY, None, PolicySeen(frozenset(), 0)):
        assert (Finding(Wrong.NOBODY_ANSWERS, "a") in of_record(seen, policy, 0, NOW)) == found


def test_a_platform_that_is_deaf_for_half_a_minute_is_found_once_and_a_telephone_is_not() -> None:
    """Each try is in time and fails: no date is late, and the police know nothing."""
    policy = PolicySeen(frozenset({"room", "duty"}), 1, machines=frozenset({"room"}))
    tries = [
        DeliverySeen(alert, name, at(3), at(3), at(made_s))
        for alert in ("a", "b") for name in ("room", "duty") for made_s in (-31, -5)
    ]  # fmt: skip
    found = of_record(RecordSeen((), tuple(tries), 1), policy, 0, NOW)
    assert found == {Finding(Wrong.NOT_ARRIVED, "room")}
    young = [one for one in tries if one.made_at == at(-5)]
    assert of_record(RecordSeen((), tuple(young), 1), policy, 0, NOW) == set()


def test_a_hole_of_a_valid_policy_is_found_with_and_without_a_record() -> None:
    policy = PolicySeen(frozenset({"platform"}), 1, holes=frozenset({"human_outside"}))
    hole = {Finding(Wrong.POLICY_HAS_HOLES, "human_outside")}
    assert of_record(QUIET, policy, 1, NOW) == of_policy(policy) == hole
    assert of_policy(None) == {Finding(Wrong.POLICY_BROKEN)}
    assert of_policy(PolicySeen(frozenset(), 0)) == set(), "who watches a console nobody can say"


def test_whatever_is_wrong_is_found_within_ten_seconds_and_a_canary_within_its_130() -> None:
    """It counts when two looks in a row have it; each may wait for the slowest answer."""
    two_looks = timedelta(seconds=2 * (LOOK_S + LONGEST_ANSWER_S))
    assert max(LATE, UNTOLD_FOR) + two_looks <= timedelta(seconds=10)
    lost_after = timedelta(seconds=Settings().canary_lost_after_s)
    assert lost_after + two_looks <= timedelta(seconds=130)


def test_a_full_disk_is_found_before_the_record_is_away() -> None:
    assert of_room({"spool": LEAST_ROOM}) == of_room({}) == set()
    assert of_room({"spool": LEAST_ROOM - 1}) == {Finding(Wrong.NO_ROOM, "spool")}


def test_a_dispatch_that_cannot_tell_from_the_spool_is_a_finding_of_its_own() -> None:
    found = of_parts({"dispatch": f"record away, {NOT_TOLD}", "gateway": "record away"})
    assert Finding(Wrong.SPOOL_NOT_TOLD, "dispatch") in found
    assert Finding(Wrong.SPOOL_NOT_TOLD, "gateway") not in found


WATCH = CanaryWatch({"mqtt": "canary1", "sms": "canary2"}, at(-1000), timedelta(seconds=125))


@pytest.mark.parametrize(("pressed", "lost"), [
    ({"canary1": -60, "canary2": -125}, set()),
    ({"canary1": -60, "canary2": -126}, {"sms"}),
    ({"canary1": -60}, {"sms"}),
    ({"another": -1}, {"mqtt", "sms"}),
    ({"canary1": 59, "canary2": 0}, set()),
    ({"canary1": 61, "canary2": 0}, {"mqtt"}),  # dated by a clock that is wrong
])  # fmt: skip
def test_each_channel_has_its_own_canary(pressed: dict[str, float], lost: set[str]) -> None:
    known = {name: at(seconds) for name, seconds in pressed.items()}
    found = of_canaries(known, WATCH, NOW)
    assert found == {Finding(Wrong.CANARY_LOST, channel) for channel in lost}


def test_nobody_misses_a_canary_before_the_watch_began() -> None:
    young = replace(WATCH, since=at(-100))
    assert of_canaries({}, young, NOW) == of_canaries({"canary1": at(-5000)}, young, NOW) == set()
    assert len(of_canaries({}, young, at(26))) == 2


def test_what_lay_somewhere_for_an_hour_is_an_old_press() -> None:
    assert pressed_at(at(-3600), NOW) == at(-3600)
    assert pressed_at(at(3600), NOW) == pressed_at(None, NOW) == NOW


def test_silence_and_a_refusal_are_two_things() -> None:
    found = of_parts({"gateway": "", "dispatch": None, "console": "status_503"})
    expected = {Finding(Wrong.PART_SILENT, "dispatch"), Finding(Wrong.PART_NOT_READY, "console")}
    assert found == expected


def test_every_finding_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Wrong)


def test_a_finding_counts_at_the_second_look_and_again_while_it_lasts() -> None:
    wrong = Finding(Wrong.RECORD_AWAY)
    watch, due = Watch().look({wrong}, NOW, AGAIN)
    assert due == []
    watch, due = watch.look({wrong}, at(2), AGAIN)
    assert due == [wrong]
    watch, due = watch.look({wrong}, at(4), AGAIN)
    assert due == [wrong], "nobody was reached yet"
    watch, due = watch.raised([wrong], at(4)).look({wrong}, at(6), AGAIN)
    assert due == []
    watch, due = watch.look({wrong}, at(304), AGAIN)
    assert due == [wrong]


def test_what_comes_back_is_new() -> None:
    wrong = Finding(Wrong.PART_SILENT, "gateway")
    watch = Watch().look({wrong}, NOW, AGAIN)[0].raised([wrong], NOW)
    watch, _ = watch.look(set(), at(2), AGAIN)
    watch, _ = watch.look({wrong}, at(4), AGAIN)
    assert watch.look({wrong}, at(6), AGAIN)[1] == [wrong]
