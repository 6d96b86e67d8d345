"""An exercise on the pages: announced by a supervisor, marked wherever it is shown."""

import pytest

from tests.web.conftest import House


async def test_sami_announces_and_bruno_sees_everywhere_that_it_is_one(house: House) -> None:
    spare = house.give("Spare", days=None, state="in_stock")
    sami, bruno = await house.signed_in("Sami"), await house.signed_in("Bruno")
    sent = await sami.post("/exercises", handsets=spare.handset, minutes="30")
    assert (sent.status_code, sent.headers["location"]) == (303, "/supervision")
    page = (await sami.get("/supervision")).text
    assert spare.handset in page
    assert "Y mettre fin" in page
    alert = house.press(spare)
    listed = (await bruno.get("/")).text
    assert "EXERCICE – Nouvelle" in listed
    assert '<b id="waiting-count">0</b>' in listed, "it is nobody's next alert"
    await bruno.post(f"/alerts/{alert}/take")
    sheet = (await bruno.get(f"/alerts/{alert}")).text
    assert "personne n’est envoyé réellement" in sheet
    assert 'class="card head exercise"' in sheet
    assert "C’est réel" in sheet
    assert "EXERCICE" in (await bruno.get("/on-paper")).text
    assert "EXERCICE" in (await sami.get("/supervision")).text
    (row,) = (await bruno.json("/sync?since=0"))["rows"]
    assert (row["list"], row["waiting"]) == ("exercise", False)


async def test_one_key_leads_to_the_real_alert(house: House) -> None:
    spare = house.give("Spare", days=None, state="in_stock")
    sami, bruno = await house.signed_in("Sami"), await house.signed_in("Bruno")
    await sami.post("/exercises", handsets=spare.handset, minutes="30")
    alert = house.press(spare)
    await bruno.post(f"/alerts/{alert}/take")
    led = await bruno.post(f"/alerts/{alert}/real")
    (real,) = house.ask("SELECT id, owner FROM alert WHERE lane = 'real'")
    assert led.headers["location"] == f"/alerts/{real.id}"
    assert real.owner == "Bruno"
    page = (await bruno.get(f"/alerts/{real.id}")).text
    assert "EXERCICE" not in page.partition('id="sheet-head"')[2]
    assert (await bruno.get(f"/alerts/{alert}")).status_code == 200
    assert (await bruno.post(f"/alerts/{real.id}/real")).status_code == 409


async def test_sami_ends_it_and_the_next_press_is_real(house: House) -> None:
    spare = house.give("Spare", days=None, state="in_stock")
    sami = await house.signed_in("Sami")
    await sami.post("/exercises", handsets=spare.handset, minutes="30")
    (one,) = house.ask("SELECT id FROM exercise")
    assert (await sami.post(f"/exercises/{one.id}/end")).status_code == 303
    house.press(spare)
    assert house.ask("SELECT lane FROM alert")[0].lane == "real"
    again = await sami.post(f"/exercises/{one.id}/end")
    assert again.status_code == 409
    assert "Cet exercice est déjà terminé" in again.text
    wrong = await sami.post("/exercises", handsets="hnobody", minutes="30")
    assert wrong.status_code == 422
    assert "pas un de nos terminaux" in wrong.text
    ana = house.give(number="+33639980002")
    hers = await sami.post("/exercises", handsets=ana.handset, minutes="30")
    assert hers.status_code == 422
    assert "son appui n’est jamais un exercice" in hers.text


@pytest.mark.parametrize("name", ["Bruno", "Camille", "Corg", "Lise", "Stock", "Dpo", "Root"])
async def test_nobody_else_announces(house: House, name: str) -> None:
    spare = house.give("Spare", days=None, state="in_stock")
    person = await house.signed_in(name)
    assert (
        await person.post("/exercises", handsets=spare.handset, minutes="30")
    ).status_code == 404
    assert not house.ask("SELECT 1 FROM exercise")
