"""What the list says of an alert at a glance: around where, how weak its battery; and the head."""

import re

import pytest

from tests.web.conftest import House
from tests.web.test_live import events, until
from tests.web.test_place import DEMONSTRATION, add_fix

REUNION = {"lat": -21.25, "lon": 55.45, "accuracy_m": 20}
WITH_AREAS = pytest.mark.parametrize("house", [DEMONSTRATION], indirect=True)


@WITH_AREAS
async def test_a_row_names_the_commune_and_a_weak_battery_while_it_is_open(house: House) -> None:
    alert = house.press(house.give(), battery_pct=14)
    bruno, camille = await house.signed_in("Bruno"), await house.signed_in("Camille")
    page = (await bruno.get("/")).text
    assert "<bdi>Nanterre</bdi>" in page
    assert "14\u00a0%" in page.replace("&nbsp;", "\u00a0")
    stream = events(bruno)
    assert "<bdi>Nanterre</bdi>" in (await until(stream, "facts"))["rows"][0]["html"]
    assert (await bruno.json("/api/alerts"))["alerts"][0]["commune"]["name"] == "Nanterre"
    house.close(alert)
    row = (await until(stream, "facts"))["rows"][0]["html"]
    assert ("Nanterre" in row, "14&nbsp;%" in row, "14\u00a0%" in row) == (False, False, False)
    assert "<bdi>Nanterre</bdi>" not in (await camille.get("/")).text
    await stream.aclose()


@WITH_AREAS
async def test_a_wide_circle_names_it_roughly(house: House) -> None:
    alert = house.press(house.give(), position=None)
    bruno = await house.signed_in("Bruno")
    assert "sans position" in (await bruno.get("/")).text
    add_fix(house, alert, 48.8950, 1500, "cell", 0)
    assert re.search(r"vers <bdi>Nanterre</bdi>", (await bruno.get("/")).text)


@WITH_AREAS
async def test_no_place_is_named_behind_a_lock(house: House) -> None:
    """The list goes on there, for whoever passes by."""
    house.press(house.give())
    bruno = await house.signed_in("Bruno")
    house.idle("Bruno", minutes=20)
    stream = events(bruno)
    said = [(await bruno.get("/")).text, str(await bruno.json("/api/alerts")),
            (await bruno.get("/sync?since=0")).text,
            (await until(stream, "facts"))["rows"][0]["html"]]  # fmt: skip
    house.press(house.give("Eve", number="+33639980002"))
    said.append((await until(stream, "facts"))["rows"][0]["html"])
    assert [text for text in said if "Nanterre" in text] == []
    await stream.aclose()


async def test_the_head_counts_what_waits_and_what_runs_and_has_the_time(house: House) -> None:
    """Tests and exercises count for nobody."""
    taken = house.press(house.give())
    house.press(house.give("Eve", number="+33639980002"))
    house.press(house.give("Tea", number="+33639980003"), kind="test")
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{taken}/take")
    page = (await bruno.get("/")).text
    assert '<b id="waiting-count">1</b>' in page
    assert '<b id="taken-count" class="figures">1</b> en cours' in page
    assert re.search(r'id="oldest"> · la plus ancienne <time [^>]*>0:\d\d</time>', page)
    assert re.search(r'data-clock="Europe/Paris">\d\d:\d\d:\d\d</b>', page)
    house.press(house.give("Ida", number="+33639980004"))
    assert 'id="oldest" hidden' in (await bruno.get("/keys")).text, "filled by the stream"


@WITH_AREAS
async def test_the_sheet_has_the_time_of_a_place_overseas(house: House) -> None:
    house.ask("INSERT INTO court (code, name, zone) VALUES ('TJ-EXEMPLE', 'TJ d’Exemple',"
              " 'Indian/Reunion'), ('TJ-NANTERRE', 'TJ de Nanterre', 'Europe/Paris')"
              " RETURNING 1")  # fmt: skip
    bruno = await house.signed_in("Bruno")
    far = house.press(house.give(), position=REUNION)
    page = (await bruno.get(f"/alerts/{far}")).text
    assert "Heure sur place" in page
    assert re.search(r'data-clock="Indian/Reunion">\d\d:\d\d:\d\d</b> <span class="quiet">Reunion',
                     page)  # fmt: skip
    near = house.press(house.give("Eve", number="+33639980002"))
    assert "Heure sur place" not in (await bruno.get(f"/alerts/{near}")).text
