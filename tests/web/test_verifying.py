"""Removing the doubt on the sheet: silence leads to the request, duress sends at once."""

import json
from datetime import timedelta

import pytest

from tests.web.conftest import House
from tgd import clock
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.alerts.on_the_way import set_out
from tgd.rules.territory import DEMO


@pytest.mark.parametrize("found", ["silent", "danger"])
async def test_silence_leads_to_the_request(house: House, found: str) -> None:
    alert = house.press(house.give(number="+33639980077"))
    bruno = await house.signed_in("Bruno")
    before = (await bruno.get(f"/alerts/{alert}")).text
    assert 'aria-current="step"><b>Prendre' in before
    await bruno.post(f"/alerts/{alert}/take")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "vous avez demandé à être appelée" in page
    assert 'href="tel:+33639980077"' in page
    assert "autofocus" not in page
    await bruno.post(f"/alerts/{alert}/verify", found=found)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'wide-button" autofocus>' in page
    assert "Danger\u00a0: envoyer maintenant." in page
    assert 'aria-current="step"><b>Demander l’intervention' in page


async def test_the_word_of_duress_sends_and_nobody_closes_alone(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    assert (await bruno.post(f"/alerts/{alert}/duress")).status_code == 303
    (row,) = house.ask("SELECT state, verified, labels, requested_at FROM alert")
    assert (row.state, row.verified, row.labels) == ("requested", "danger", ["duress"])
    assert row.requested_at is not None
    lines = [x.act for x in house.ask("SELECT act FROM journal WHERE who = 'Bruno' ORDER BY seq")]
    assert "VerificationDone" in lines
    assert lines.count("InterventionRequested") == 1
    await bruno.post(f"/alerts/{alert}/verify", found="safe_voice")
    await bruno.post(
        f"/alerts/{alert}/close", outcome="accidental", reason="elle dit que tout va bien"
    )
    (row,) = house.ask("SELECT state, proposed_by FROM alert")
    assert (row.state, row.proposed_by) == ("requested", "Bruno")
    again = await bruno.post(f"/alerts/{alert}/duress")
    assert again.status_code == 303
    assert len(house.ask("SELECT 1 FROM journal WHERE act = 'InterventionRequested'")) == 1


async def test_only_who_answers_for_it_says_that_it_is_duress(house: House) -> None:
    alert = house.press(house.give())
    bruno, camille = await house.signed_in("Bruno"), await house.signed_in("Camille")
    assert (await bruno.post(f"/alerts/{alert}/duress")).status_code == 409
    assert (await camille.post(f"/alerts/{alert}/duress")).status_code == 403
    assert house.ask("SELECT labels FROM alert")[0].labels == []


@pytest.mark.parametrize("house", [{"demonstration": True}], indirect=True)
async def test_a_room_that_does_not_acknowledge_is_rung_on_its_other_line(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/request")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "ring-room" not in page
    assert "La salle n’a pas encore dit" in page
    assert "+33199000092" in page
    house.ask("UPDATE alert SET requested_at = requested_at - :t RETURNING 1", t=timedelta(0, 61))
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'id="ring-room"' in page
    house.ask("UPDATE alert SET acknowledged_at = now() RETURNING 1")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "ring-room" not in page


async def test_a_patrol_that_drives_stands_in_the_intervention_with_its_hour(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/request")
    assert "on-the-way" not in (await bruno.get(f"/alerts/{alert}")).text
    house.do(lambda s: set_out(s, Actor("room/nadia"), alert, clock.now(), 7))
    page = (await bruno.get(f"/alerts/{alert}")).text
    line = page.partition('id="on-the-way"')[2].partition("</li>")[0]
    assert "Patrouille en route, attendue à" in line
    assert "dans 7:00" in line or "dans 6:5" in line
    assert "Patrouille en route</b>, 7 min" in page, "and in the timeline"
    house.do(lambda s: acts.acknowledge(s, Actor("room"), alert, clock.now()))
    await bruno.post(f"/alerts/{alert}/request")
    assert "on-the-way" not in (await bruno.get(f"/alerts/{alert}")).text, "of the request before"


@pytest.mark.parametrize("house", [{"demonstration": True}], indirect=True)
async def test_without_a_position_the_room_of_her_home_is_rung_or_any(house: House) -> None:
    """The number is there exactly when nobody knows where she is."""
    alert = house.press(house.give(), position=None)
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/request")
    house.ask("UPDATE alert SET requested_at = requested_at - :t RETURNING 1", t=timedelta(0, 61))
    page = (await bruno.get(f"/alerts/{alert}")).text
    rung = page[page.index('id="ring-room"') :].partition("</p>")[0]
    for area in DEMO:
        assert area.line is None or f"tel:{area.line}" in rung
    assert "toutes les salles connues" in rung
    home = next(area for area in DEMO if area.line)
    house.ask(
        "UPDATE protected_person SET places = CAST(:p AS jsonb) RETURNING 1",
        p=json.dumps([{"label": "Rue du Repère", "city": home.name, "insee": home.insee}]),
    )
    page = (await bruno.get(f"/alerts/{alert}")).text
    rung = page[page.index('id="ring-room"') :].partition("</p>")[0]
    assert rung.count("tel:") == 1
    assert f"tel:{home.line}" in rung
    assert "d’après son domicile" in rung
    assert "d’après son domicile" in (await bruno.get("/on-paper")).text


@pytest.mark.parametrize(("state", "attempts"), [("refused", 1), ("pending", 2)])
@pytest.mark.parametrize("house", [{"demonstration": True}], indirect=True)
async def test_a_request_that_does_not_get_through_is_said_at_once(
    house: House, state: str, attempts: int
) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/request")
    house.ask(
        "INSERT INTO delivery (id, key, alert, destination, topic, round, state, attempts,"
        " lease_token, made_at) VALUES (gen_random_uuid(), 'k', :a, 'room', 'requested', 0,"
        " 'pending', 1, 0, now()) RETURNING 1", a=alert,
    )  # fmt: skip
    assert 'id="ring-room"' not in (await bruno.get(f"/alerts/{alert}")).text
    house.ask("UPDATE delivery SET state = :s, attempts = :n RETURNING 1", s=state, n=attempts)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "tel:" in page[page.index('id="ring-room"') :].partition("</p>")[0]
