"""Doubt lowers what destinations are told, until a human has removed it."""

from sqlmodel import select

from dispatch.policy import read_policy
from dispatch.turn import Claimed, claim
from tests.world import World
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.records import ProtectedPerson
from tgd.rules.access import Role
from tgd.rules.alert import Verified

POLICY = read_policy(
    """
[[destination]]
name = "platform"
kind = "webhook"
url = "https://platform.example/alerts"
secret = "whsec_c2VjcmV0IG9mIHRoaXJ0eSBieXRlcywgcmVhbGx5"

[[destination]]
name = "room"
kind = "cisu"
url = "https://hub.example/edxl"
recipient = "fr.police.cic92"

[[step]]
after_s = 0
tell = ["platform"]

[[step]]
since = "request"
after_s = 0
until = "acknowledged"
tell = ["room"]
"""
)
BRUNO = Actor("bruno", Role.OPERATOR)


def told(world: World) -> Claimed:
    """The one thing that is to be told now."""
    (one,) = claim(world.session, POLICY, world.now, "worker")
    return one


def lives_somewhere(world: World) -> None:
    """The record knows a place of hers."""
    (person,) = world.session.exec(select(ProtectedPerson)).all()
    person.places = [{"label": "3 rue des Exemples", "city": "Nanterre", "insee": "92050"}]
    world.session.flush()


def test_a_text_from_her_number_does_not_name_her_before_a_human_has_verified(world: World) -> None:
    ana = world.give("Ana")
    lives_somewhere(world)
    world.hear(world.sms(ana.number, "aidez moi"))
    first = told(world).telling
    assert (first.person, first.handset_number, first.places) == (None, None, ())
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.DANGER, world.now)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    request = told(world).telling
    assert request.person is not None
    assert request.handset_number == ana.number
    assert [place.city for place in request.places] == ["Nanterre"]


def test_a_proven_press_names_her_by_opaque_ids_at_once(world: World) -> None:
    ana = world.give("Ana")
    world.hear(world.press(ana))
    telling = told(world).telling
    assert telling.handset_number == ana.number
    assert telling.person == str(world.only_alert().person)
    assert telling.position is not None


def test_the_message_of_a_closing_carries_no_position_and_no_place(world: World) -> None:
    ana = world.give("Ana")
    lives_somewhere(world)
    world.hear(world.press(ana, kind="test"))
    opening = told(world).telling
    assert [place.city for place in opening.places] == ["Nanterre"]
    assert opening.position is not None
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.close(world.session, BRUNO, alert, acts.Outcome.TEST, "Essai de quinzaine.", world.now)
    world.session.commit()
    world.wait(seconds=30)
    tellings = [c.telling for c in claim(world.session, POLICY, world.now, "worker")]
    assert tellings
    assert all((t.position, t.places) == (None, ()) for t in tellings)


def test_those_who_are_sent_hear_what_the_operator_has_found_and_written(world: World) -> None:
    """Before the request nobody is told a word of the log; the room then hears all of it."""
    world.hear(world.press(world.give("Ana")))
    alert = world.only_alert().id
    acts.take(world.session, BRUNO, alert, world.now)
    acts.verify(world.session, BRUNO, alert, Verified.DANGER, world.now)
    acts.note(world.session, BRUNO, alert, "Il est armé.", world.now)
    before = told(world).telling
    assert (before.finding, before.notes) == (None, ())
    world.wait(seconds=2)
    acts.note(world.session, BRUNO, alert, "Les enfants sont dans la salle de bains.", world.now)
    acts.request_intervention(world.session, BRUNO, alert, world.now)
    asked = told(world)
    assert (asked.destination, asked.telling.finding) == ("room", "danger")
    words = [said.words for said in asked.telling.notes]
    assert words == ["Il est armé.", "Les enfants sont dans la salle de bains."]
