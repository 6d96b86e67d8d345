"""Staffed means heard: the supervisor sees whose console sounds, is mute, or is gone."""

from datetime import timedelta

import pytest

from tests.web.conftest import Browser, House

HEARD, BLOCKED, NONE = "son entendu", "son bloqué\u00a0: pas entendu", "aucun poste avec son"
NOBODY = "Aucun poste des personnes en service n’est entendu"


async def on_shift(house: House, name: str) -> Browser:
    who = await house.signed_in(name)
    await who.post("/shift/start", heard_sound="yes")
    return who


async def test_the_supervisor_sees_who_is_heard(house: House) -> None:
    """What a console said is good for two and a half minutes."""
    bruno, berthe, sami = (
        await on_shift(house, "Bruno"), await on_shift(house, "Berthe"),
        await house.signed_in("Sami"),
    )  # fmt: skip
    page = (await sami.get("/supervision")).text
    assert (page.count(NONE), NOBODY in page) == (2, True)
    assert (await bruno.post("/sound/state", json=True, state="blocked")).status_code == 200
    page = (await sami.get("/supervision")).text
    assert (page.count(BLOCKED), page.count(NONE), NOBODY in page) == (1, 1, True)
    await bruno.post("/sound/state", json=True, state="on")
    await berthe.post("/sound/state", json=True, state="on")
    page = (await sami.get("/supervision")).text
    assert (page.count(HEARD), NOBODY in page) == (2, False)
    house.ask("UPDATE web_session SET sound_at = sound_at - CAST(:t AS interval)"
              " WHERE account = 'Bruno' RETURNING 1", t=timedelta(seconds=151))  # fmt: skip
    page = (await sami.get("/supervision")).text
    assert (page.count(HEARD), page.count(NONE), NOBODY in page) == (1, 1, False)


async def test_one_of_two_browsers_that_sounds_is_enough(house: House) -> None:
    bruno, sami = await on_shift(house, "Bruno"), await house.signed_in("Sami")
    other = await house.signed_in("Bruno")
    await bruno.post("/sound/state", json=True, state="on")
    await other.post("/sound/state", json=True, state="blocked")
    assert HEARD in (await sami.get("/supervision")).text


async def test_what_a_page_says_by_itself_wakes_nobody(house: House) -> None:
    """It is said behind the lock as well, for alarms go on there."""
    bruno = await on_shift(house, "Bruno")
    house.idle("Bruno", minutes=14)
    assert (await bruno.post("/sound/state", json=True, state="on")).status_code == 200
    house.idle("Bruno", minutes=2)
    assert (await bruno.post("/sound/state", json=True, state="on")).status_code == 200
    assert (await bruno.get("/on-paper")).headers["location"] == "/", "the screen is locked"


@pytest.mark.parametrize(("name", "state", "status"), [("Bruno", "loud", 422), ("Bruno", "", 422),
                                                       ("Camille", "on", 404)])  # fmt: skip
async def test_only_those_of_the_room_say_it_and_in_one_of_two_words(
    house: House, name: str, state: str, status: int
) -> None:
    who = await house.signed_in(name)
    assert (await who.post("/sound/state", json=True, state=state)).status_code == status
    assert not house.ask("SELECT 1 FROM web_session WHERE sound IS NOT NULL")
