"""Somebody goes home while a patrol drives: the sheet goes to a colleague who says yes."""

import asyncio
from uuid import UUID

from tests.web.conftest import Browser, House
from tests.web.test_live import events, until


async def on_shift(house: House, *names: str) -> list[Browser]:
    people = [await house.signed_in(name) for name in names]
    for one in people:
        assert (await one.post("/shift/start", heard_sound="yes")).status_code == 303
    return people


async def asked_for(house: House, bruno: Browser) -> UUID:
    """Bruno has asked for the intervention."""
    alert = house.press(house.give())
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/request")
    return alert


async def test_a_colleague_says_yes_and_has_it_with_all_that_was_asked(house: House) -> None:
    bruno, berthe = await on_shift(house, "Bruno", "Berthe")
    alert = await asked_for(house, bruno)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "Transmettre" in page
    assert "<option>Berthe</option>" in page
    assert "<option>Bruno</option>" not in page
    assert (await bruno.post("/shift/end")).status_code == 409
    assert f'action="/alerts/{alert}/offer"' in (await bruno.get("/shift")).text
    assert (await bruno.post(f"/alerts/{alert}/offer", to="Berthe")).status_code == 303
    assert "Retirer la proposition" in (await bruno.get(f"/alerts/{alert}")).text
    assert "Oui, j’en réponds" in (await berthe.get(f"/alerts/{alert}")).text
    reply = (await berthe.post(f"/alerts/{alert}/accept", json=True)).json()
    assert (reply["owner"], reply["state"], reply["mine"]) == ("Berthe", "requested", True)
    timeline = (await berthe.get(f"/alerts/{alert}")).text
    assert "Reprise des mains d’un collègue" in timeline
    assert (await bruno.post("/shift/end")).status_code == 303


async def test_nobody_else_says_yes_and_a_foreign_hand_is_told_so(house: House) -> None:
    bruno, _, sami = await on_shift(house, "Bruno", "Berthe", "Sami")
    alert = await asked_for(house, bruno)
    missing = await bruno.post(f"/alerts/{alert}/offer", json=True, to="Corg")
    assert (missing.status_code, missing.json()["alert"]["owner"]) == (422, "Bruno")
    await bruno.post(f"/alerts/{alert}/offer", to="Berthe")
    refused = await sami.post(f"/alerts/{alert}/accept", json=True)
    assert refused.status_code == 409
    assert refused.json()["sentence"] == "Cette alerte ne vous est plus proposée."
    corg = await house.signed_in("Corg")
    assert (await corg.post(f"/alerts/{alert}/accept")).status_code == 403


async def test_everybody_sees_in_the_list_to_whom_it_is_offered(house: House) -> None:
    bruno, berthe = await on_shift(house, "Bruno", "Berthe")
    alert = await asked_for(house, bruno)
    stream = events(berthe)
    await until(stream, "facts")
    await bruno.post(f"/alerts/{alert}/offer", to="Berthe")
    async with asyncio.timeout(20):
        while (row := (await until(stream, "facts"))["rows"][0])["offered_to"] is None:
            assert row["owner"] == "Bruno", "what was on its way before"
    assert (row["owner"], row["offered_to"]) == ("Bruno", "Berthe")
    assert "proposée" in row["html"]
    await stream.aclose()
