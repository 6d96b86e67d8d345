"""What a second message with a trigger id that is known may still say: all of it counts."""

import json
from datetime import timedelta

import pytest

from tests.acts.dispatching import BRUNO, SONIA
from tests.world import HERE, Carried, World
from tgd import accounts
from tgd.alerts import acts, exercising
from tgd.rules.alert import Outcome, Verified
from tgd.store.noticing import news_since


def again(world: World, ana: Carried, trigger: str, **said: object) -> None:
    """The same handset says this under an id, with the counter that it had."""
    ana.counter -= 1
    world.hear(world.press(ana, trigger=trigger, **said))


def closed(world: World) -> None:
    """Bruno takes the newest alert, finds that it was an accident, and closes it."""
    alert = world.alerts()[-1].id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.SAFE_VOICE, world.now)
    acts.close(world.session, BRUNO, alert, Outcome.ACCIDENTAL, "Vérifié avec elle", world.now)


@pytest.mark.parametrize(
    ("kind", "label"), [("cancel", "cancel_asked"), ("duress", "duress"), ("fall", "fall")]
)
def test_another_kind_under_the_same_id_is_shown_and_told(
    world: World, kind: str, label: str
) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x"))
    world.wait(seconds=4)
    again(world, ana, "x", kind=kind)
    alert = world.only_alert()
    assert label in alert.labels
    assert "replayed" not in alert.labels, "its counter is the one that was just heard"
    assert (alert.presses, alert.updates) == (2, 1)
    assert sorted(t.kind for t in world.triggers()) == sorted(["press", kind])
    for _ in range(2):
        again(world, ana, "x", kind=kind)
    assert world.only_alert().presses == 2, "a copy of it is one"


def test_another_kind_in_the_same_batch_is_shown_too(world: World) -> None:
    ana = world.give("Ana")
    kinds = ("press", "duress", "duress", "press")
    world.hear(*(world.press(ana, trigger="x", kind=kind, counter=1) for kind in kinds))
    alert = world.only_alert()
    assert ("duress" in alert.labels, alert.presses) == (True, 2)


def test_a_press_with_the_id_of_an_old_test_is_a_real_alert(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x", kind="test"))
    world.wait(days=20)
    world.hear(world.press(ana, trigger="x"))
    assert [a.lane for a in world.alerts()] == ["test", "real"]


def test_the_handset_is_told_under_the_id_that_it_made(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x"))
    world.wait(seconds=4)
    again(world, ana, "x", kind="duress")
    acts.take(world.session, BRUNO, world.only_alert().id, world.now)
    (news,) = news_since(world.session, world.now - timedelta(minutes=1))
    assert (news.trigger, news.said) == ("x", "taken")


def test_a_short_text_of_another_kind_is_not_known_by_its_counter(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x"))
    ana.counter -= 1
    world.hear(world.sms(ana.number, ana.signed_sms(world.keys, kind="D")))
    assert "duress" in world.only_alert().labels


def test_the_second_way_brings_the_position_that_the_first_had_not(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x", position=None))
    assert world.only_alert().labels == ["no_position"]
    world.session.commit()
    world.wait(seconds=8)
    ana.counter -= 1
    world.hear(world.sms(ana.number, ana.signed_sms(world.keys, trigger="x")))
    alert = world.only_alert()
    assert [(p.lat, p.trust) for p in world.positions(alert.id)] == [(HERE["lat"], "verified")]
    assert (alert.labels, alert.presses, alert.updates) == ([], 1, 1)
    assert alert.look_again_at <= world.now


def test_a_copy_in_the_same_batch_brings_its_position_too(world: World) -> None:
    ana = world.give("Ana")
    world.hear(
        world.press(ana, trigger="x", position=None, counter=1),
        world.press(ana, trigger="x", counter=1),
    )
    alert = world.only_alert()
    assert (len(world.positions(alert.id)), alert.labels, alert.updates) == (1, [], 0)


def test_a_copy_that_says_the_same_place_is_told_to_nobody(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x"))
    for seconds in (2, 4, 8):
        world.wait(seconds=seconds)
        again(world, ana, "x")
    alert = world.only_alert()
    assert (len(world.positions(alert.id)), alert.updates) == (1, 0)
    again(world, ana, "x", position=HERE | {"radius_m": 4})
    again(world, ana, "x", position=HERE | {"lat": 48.9})
    assert (len(world.positions(alert.id)), world.only_alert().updates) == (3, 2)


def test_a_copy_gives_no_position_that_a_position_alone_could_not_give(world: World) -> None:
    ana, bea = world.give("Ana", geolocation=False), world.give("Bea", number="+33639980002")
    world.hear(world.press(ana, trigger="x", position=None))
    world.hear(world.press(bea, trigger="x", position=None, verified=False))
    again(world, ana, "x")
    bea.counter -= 1
    world.hear(world.press(bea, trigger="x", verified=False))
    assert [world.positions(a.id) for a in world.alerts()] == [[], []]
    assert ["no_position" in a.labels for a in world.alerts()] == [True, True]


def test_after_the_closing_a_copy_gives_no_position(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x", position=None))
    closed(world)
    world.wait(seconds=8)
    again(world, ana, "x")
    assert world.positions(world.only_alert().id) == []


@pytest.mark.parametrize(("measured_ago", "kept"), [(None, 0), (3600, 0), (20, 1)])
def test_a_position_in_a_late_copy_counts_when_it_was_measured_just_now(
    world: World, measured_ago: float | None, kept: int
) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x", position=None))
    world.wait(minutes=3)
    at = measured_ago and (world.now - timedelta(seconds=measured_ago)).isoformat()
    again(world, ana, "x", position=HERE | {"at": at})
    assert len(world.positions(world.only_alert().id)) == kept


@pytest.mark.parametrize("said", [{}, {"at": None}, {"at": "1970-01-02T00:00:00Z"}])
def test_an_id_that_comes_again_a_day_after_its_closing_is_a_new_alert(
    world: World, said: dict[str, object]
) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x", **said))
    closed(world)
    world.wait(hours=25)
    again(world, ana, "x", **said)
    first, second = world.alerts()
    assert (first.state, second.state, second.lane) == ("closed", "open", "real")
    assert "replayed" in second.labels
    again(world, ana, "x", **said)
    assert (len(world.alerts()), world.alerts()[1].presses) == (2, 1), "its copies are copies"
    (line,) = world.lines("AlertOpened")[1:]
    assert "replayed" in line.detail["labels"]


def test_a_copy_that_a_broker_kept_for_days_is_no_new_alert(world: World) -> None:
    ana = world.give("Ana")
    pressed_at = world.now.isoformat()
    world.hear(world.press(ana, trigger="x"))
    closed(world)
    world.wait(days=9)
    again(world, ana, "x", at=pressed_at)
    assert world.only_alert().state == "closed"
    assert len(world.lines("TriggerReplayed")) == 1, "it is written down"


def test_a_repetition_within_the_day_after_its_closing_is_no_new_alert(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana, trigger="x"))
    closed(world)
    world.wait(hours=23)
    again(world, ana, "x")
    assert world.only_alert().state == "closed"


def test_what_another_gateway_had_spooled_for_days_is_no_new_alert(world: World) -> None:
    ana = world.give("Ana")
    spooled = world.press(ana, trigger="x", at=None)
    world.hear(world.mqtt(ana.handset, spooled.raw))
    closed(world)
    world.wait(days=3)
    world.hear(spooled)
    assert world.only_alert().state == "closed"


def test_a_press_that_comes_again_after_a_day_is_no_exercise(world: World) -> None:
    """What may be a replay is in doubt, and what is in doubt is real."""
    accounts.make_account(world.session, SONIA.name, SONIA.role, "no hash", world.now)
    spare = world.give("Spare", days=None, state="in_stock")
    raw = json.dumps({"trigger": "x", "kind": "press"}).encode()
    for hours in (0, 30):
        world.wait(hours=hours)
        exercising.announce(world.session, SONIA, spare.handset, "30", world.now)
        world.wait(minutes=1)
        world.hear(world.mqtt(spare.handset, raw))
        closed(world)
    assert [a.lane for a in world.alerts()] == ["exercise", "real"]


def test_what_the_open_alert_holds_is_the_same_whatever_the_clocks_say(world: World) -> None:
    """Another gateway heard it later by its clock, in an alert that is closed by now."""
    ana = world.give("Ana")
    world.wait(seconds=10)
    world.hear(world.press(ana, trigger="x", verified=False))
    closed(world)
    world.wait(seconds=-10)
    world.hear(world.press(ana, trigger="x", verified=False))
    assert [alert.state for alert in world.alerts()] == ["closed", "open"]
    world.wait(minutes=6)
    world.hear(world.press(ana, trigger="x", verified=False))
    assert [alert.state for alert in world.alerts()] == ["closed", "open"]


def test_she_goes_away_and_comes_back(world: World) -> None:
    """A copy with a fresh fix says where she is now, although she was there before."""
    ana = world.give("Ana")

    def at(lat: float) -> dict[str, object]:
        return HERE | {"lat": lat, "at": world.now.isoformat()}

    world.hear(world.press(ana, trigger="x", position=at(48.89)))
    for lat in (48.90, 48.89, 48.89):
        world.wait(seconds=30)
        again(world, ana, "x", position=at(lat))
    seen = [one.lat for one in world.positions(world.only_alert().id)]
    assert sorted(seen) == [48.89, 48.89, 48.90]
