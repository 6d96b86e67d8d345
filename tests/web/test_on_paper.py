"""The sheet on paper: what each role may see of open alerts now, with its moment, and looks."""

import pytest

from tests.web.conftest import LAT, NAME, NUMBER, PEOPLE, PLACE, House
from tgd.rules.access import Act, may


@pytest.mark.parametrize("house", [{"demonstration": True}], indirect=True)
async def test_open_alerts_are_on_paper_and_closed_ones_are_not(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    house.text("+33639980099", "au secours")
    bruno = await house.signed_in("Bruno")
    page = (await bruno.get("/on-paper")).text
    for value in (NAME, NUMBER, PLACE, LAT[:8], "± 12\u00a0m", "satellites", "+33199000092"):
        assert value in page
    assert "Établie le" in page
    assert "Alertes ouvertes (2)" in page
    assert "au secours" not in page
    assert 'data-fresh-for-s="120"' in page
    looks = house.ask("SELECT alert FROM journal WHERE act = 'AccessLogged' AND who = 'Bruno'")
    assert alert in {row.alert for row in looks}
    house.close(alert)
    page = (await bruno.get("/on-paper")).text
    assert NAME not in page
    assert LAT[:8] not in page
    assert "Alertes ouvertes (1)" in page


async def test_only_those_who_answer_for_alerts_have_it(house: House) -> None:
    house.press(house.give())
    for name, role in PEOPLE.items():
        someone = await house.signed_in(name)
        reply = await someone.get("/on-paper")
        assert reply.status_code == (200 if may(role, Act.TAKE) else 404), name
    assert (await house.browser().get("/on-paper")).status_code == 303


async def test_a_locked_screen_prints_nothing(house: House) -> None:
    house.press(house.give())
    bruno = await house.signed_in("Bruno")
    house.idle("Bruno", minutes=16)
    reply = await bruno.get("/on-paper")
    assert (reply.status_code, NAME in reply.text) == (303, False)


async def test_looking_at_it_keeps_no_session_awake(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    house.idle("Bruno", minutes=10)
    assert (await bruno.get("/on-paper")).status_code == 200
    house.idle("Bruno", minutes=6)
    assert (await bruno.get("/on-paper")).status_code == 303
