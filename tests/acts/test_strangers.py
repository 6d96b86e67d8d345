"""Dora invents a name a press: nobody's call is lost, and nobody else's is buried."""

import json
from collections import Counter

from gateway.strangers import MOST_OPEN
from tests.world import World


def cry(world: World, name: str, trigger: str = "t1", **said: object):
    words = json.dumps({"trigger": trigger, "kind": "press"} | said).encode()
    return world.mqtt(name, words, verified=False)


def test_a_flood_of_invented_names_is_a_bounded_number_of_alerts_and_drops_none(
    world: World,
) -> None:
    """All say the same trigger id and counter: they are two hundred presses all the same."""
    for wave in range(4):
        world.hear(*(cry(world, f"invented{wave}-{n}", counter=7) for n in range(50)))
    alerts = world.alerts()
    assert len(alerts) == MOST_OPEN + 1
    assert sum(alert.presses for alert in alerts) == len(world.triggers()) == 200
    assert Counter("many_sources" in alert.labels for alert in alerts)[True] == 1
    assert len({sighting.source for sighting in world.sightings()}) == 200


def test_ana_is_never_gathered_whatever_she_proves(world: World) -> None:
    ana = world.give("Ana")
    world.hear(*(cry(world, f"invented{n}") for n in range(MOST_OPEN + 5)))
    world.hear(world.press(ana, verified=False))
    mine = [alert for alert in world.alerts() if alert.handset == ana.handset]
    assert [alert.presses for alert in mine] == [1]
    assert "many_sources" not in mine[0].labels


def test_a_flood_over_mqtt_leaves_texts_an_alert_of_their_own(world: World) -> None:
    world.hear(*(cry(world, f"invented{n}") for n in range(MOST_OPEN + 5)))
    world.hear(world.sms("+33639980099", "help"))
    assert world.alerts()[-1].source == "sms:+33639980099"


def test_a_stranger_who_repeats_is_one_press_also_in_the_shared_alert(world: World) -> None:
    world.hear(*(cry(world, f"invented{n}") for n in range(MOST_OPEN)))
    for _ in range(2):
        world.hear(cry(world, "bea", "mine"), cry(world, "eve", "mine"))
    assert world.alerts()[-1].presses == 2


def test_who_has_an_alert_keeps_it(world: World) -> None:
    world.hear(*(cry(world, f"invented{n}") for n in range(MOST_OPEN + 1)))
    world.hear(cry(world, "invented3", "again"))
    assert max(alert.presses for alert in world.alerts()) == 2
