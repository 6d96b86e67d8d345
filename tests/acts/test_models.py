"""A model is tried before one of it is given: the hand-over says when nobody has done that."""

import pytest

from tests.acts.allocating import made_walk  # noqa: F401  (a fixture)
from tests.walking import Walk
from tgd.allocation import accepting, equipping, recalling, stock
from tgd.allocation.acting import NotYet
from tgd.errors import Incomplete, NotAllowed
from tgd.rules.guards import Missing

TEST = "Press, vibration, fall and water: invented report 2026/7."


def ready(walk: Walk, model: str | None) -> Walk:
    """Everything is there for a hand-over of a handset of this model."""
    made = stock.order(walk.session, walk.officer("Sofia"), "NANTERRE-1", walk.now, model=model,
                       number="+33639980031")  # fmt: skip
    stock.receive(walk.session, walk.officer("Sofia"), made, walk.now)
    walk.handset = made
    return walk.until("test")


def missing(walk: Walk) -> tuple[Missing, ...]:
    return equipping.readiness(walk.session, walk.officer("Greta"), walk.id, walk.now)


def accept(walk: Walk, model: str = "Modele Z", who: str = "Sofia", **more: object):
    said = {"test": TEST, "tried": True} | more
    return accepting.accept_model(
        walk.session, walk.officer(who), model, str(said["test"]), walk.now,
        tried=bool(said["tried"]),
    )  # fmt: skip


@pytest.mark.parametrize("model", ["Modele Z", None])
def test_what_nobody_has_tried_is_not_handed_over(walk: Walk, model: str | None) -> None:
    ready(walk, model)
    assert missing(walk) == (Missing.MODEL_ACCEPTED,)
    given = equipping.hand_over(walk.session, walk.officer("Greta"), walk.id, walk.now)
    assert isinstance(given, NotYet)
    shown = accepting.models_shown(walk.session, walk.officer("Sofia"))["to_accept"]
    assert [(m["model"], m["count"]) for m in shown] == ([("Modele Z", 1)] if model else [])


def test_sofia_accepts_it_and_it_can_be_given(walk: Walk) -> None:
    ready(walk, "Modele Z")
    accept(walk)
    assert missing(walk) == ()
    shown = accepting.models_shown(walk.session, walk.officer("Greta"))
    (mine,) = [m for m in shown["accepted"] if m["model"] == "Modele Z"]
    assert (mine["accepted_by"], mine["test"], mine["accepted_at"]) == ("Sofia", TEST, walk.now)
    assert shown["to_accept"] == []
    walk.hand_over()


def test_a_recall_of_the_model_takes_it_back_until_it_is_tried_again(walk: Walk) -> None:
    accept(walk)
    recalling.recall(walk.session, walk.officer("Sofia"), "model", "Modele Z", "It fell.", walk.now)
    ready(walk, "Modele Z")  # ordered after the recall: nothing else would stop it
    assert missing(walk) == (Missing.MODEL_ACCEPTED,)
    accept(walk)
    assert missing(walk) == ()


@pytest.mark.parametrize(("who", "said", "error"), [
    ("Greta", {}, NotAllowed), ("Camille", {}, NotAllowed), ("Sofia", {"test": "ok"}, Incomplete),
    ("Sofia", {"tried": False}, Incomplete), ("Sofia", {"model": " "}, Incomplete),
])  # fmt: skip
def test_who_accepts_and_what_must_be_said(
    walk: Walk, who: str, said: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        accept(walk, **({"model": "Modele Z", "who": who} | said))  # type: ignore[arg-type]
