"""Where she is, on the sheet: method, radius and age always; better fixes stay; tiles are ours."""

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.web.conftest import House
from tgd import clock
from tgd.errors import Misconfigured
from tgd.rules.territory import DEMO, read_areas
from tgd.web import pmtiles, render
from tgd.web.town_map import EAST, NORTH, SOUTH, WEST, town

INVENTED = Path(__file__).with_name("invented.pmtiles")
"""Made once by another program than ours (a PMTiles writer), with directories behind the root."""
DEMONSTRATION = {"demonstration": True}


def add_fix(
    house: House, alert: UUID, lat: float, radius: float | None, method: str, ago: float,
    trust: str = "verified",
) -> None:  # fmt: skip
    at = clock.now() - timedelta(seconds=ago)
    house.ask(
        "INSERT INTO alert_position (id, alert, lat, lon, radius_m, method, trust, found_at,"
        " heard_at) VALUES (gen_random_uuid(), :alert, :lat, 2.20711, :radius, :method, :trust,"
        " :at, :at) RETURNING 1",
        alert=alert, lat=lat, radius=radius, method=method, trust=trust, at=at,
    )  # fmt: skip


@pytest.mark.parametrize("house", [DEMONSTRATION], indirect=True)
async def test_a_worse_fix_stands_beside_the_better_one(house: House) -> None:
    alert = house.press(house.give())
    add_fix(house, alert, 48.8950, 1500, "cell", -1)
    bruno = await house.signed_in("Bruno")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'data-lat="48.89234"' in page
    assert "± 12\u00a0m" in page
    assert "Plus récente, et moins bonne" in page
    assert "± 1,5\u00a0km · réseau mobile" in page
    position = (await bruno.json(f"/api/alerts/{alert}"))["position"]
    assert (position["radius_m"], position["newer"]["radius_m"]) == (12, 1500)
    assert position["areas"] == [
        {"name": "Nanterre", "insee": "92050", "force": "police",
         "control_room": "control-room-92"},
    ]  # fmt: skip
    add_fix(house, alert, 48.99, 900, "cell", -2)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'data-lat="48.99"' in page
    assert "s’est déplacée" in page
    assert "Meilleure, et plus ancienne" in page
    assert "inconnue pour cet endroit" in page


async def test_her_way_since_the_press_stands_in_words_and_as_points_while_it_is_open(
    house: House,
) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    assert "Depuis l’appui" not in (await bruno.get(f"/alerts/{alert}")).text, "one is no way"
    add_fix(house, alert, 48.89514, 10, "gnss", -120)
    add_fix(house, alert, 48.89604, 10, "gnss", -240)
    add_fix(house, alert, 48.95, 900, "cell", -250)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert re.search(r"Depuis l’appui\u00a0:</b> 41\d\u00a0m au nord ", page)
    assert "(3 positions en 4:0" in page
    assert re.search(r"Depuis peu\u00a0:</b> au nord, \d+\u00a0m par minute", page)
    points = re.search(r'data-points="([^"]*)"', page)
    assert points
    assert points[1].split() == [
        "48.89234,2.20711", "48.89514,2.20711", "48.89604,2.20711",
    ]  # fmt: skip
    track = (await bruno.json(f"/api/alerts/{alert}"))["position"]["track"]
    assert (len(track["points"]), track["whole"]["direction"]) == (3, "n")
    house.close(alert)
    camille = await house.signed_in("Camille")
    for who in (bruno, camille):
        assert "data-points" not in (await who.get(f"/alerts/{alert}")).text


async def test_the_nearest_place_says_which_way_and_one_without_coordinates_says_so(
    house: House,
) -> None:
    alert = house.press(house.give())
    places = [
        {"label": "Chez elle", "city": "Nanterre", "lat": "48.89134", "lon": "2.20711"},
        {"label": "École", "city": "Nanterre", "lat": "48.9", "lon": "2.3"},
        {"label": "Travail", "city": "Nanterre"},
    ]
    house.ask("UPDATE protected_person SET places = :p RETURNING 1", p=json.dumps(places))
    page = (await (await house.signed_in("Bruno")).get(f"/alerts/{alert}")).text
    found = re.search(r'id="nearest">(.*?)</div>', page)
    assert found
    assert "<bdi>Chez elle, Nanterre</bdi>\u00a0: 112\u00a0m, elle est au nord" in found[1]
    said = re.findall(r"<li[^>]*><bdi>([^<]*)</bdi>[^\n]*?</li>", page)
    assert said == ["Chez elle, Nanterre", "École, Nanterre", "Travail, Nanterre"]
    assert page.count("pas de coordonnées au dossier") == 1
    assert 'Travail, Nanterre</bdi> <span class="quiet">pas sur la carte' in page


async def test_known_places_inside_the_circle_are_named(house: House) -> None:
    alert = house.press(house.give())
    places = [
        {"label": "Travail", "city": "Loin", "lat": "48.90", "lon": "2.30"},
        {"label": "Domicile", "city": "Ici", "lat": "48.89236", "lon": "2.20715"},
        {"label": "École", "city": "Inconnue"},
        {"label": "École", "city": "Inconnue", "lat": "x", "lon": "2"},
    ]
    house.ask("UPDATE protected_person SET places = :p RETURNING 1", p=json.dumps(places))
    bruno = await house.signed_in("Bruno")
    found = (await bruno.json(f"/api/alerts/{alert}"))["person"]["places"]
    assert [(p["label"], p["inside"]) for p in found] == [
        ("Domicile, Ici", True), ("Travail, Loin", False),
        ("École, Inconnue", None), ("École, Inconnue", None),
    ]  # fmt: skip
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert page.count("dans le cercle") == 2, "in the list, and as the nearest"
    house.close(alert)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "data-lat" not in page
    assert "map-card" not in page


@pytest.mark.parametrize("house", [{"map_file": INVENTED}], indirect=True)
async def test_tiles_are_for_those_who_see_alerts_and_stay_in_no_cache(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    tile = await bruno.get("/map/14/8285/5892")
    assert (tile.status_code, tile.headers["cache-control"]) == (200, "no-store")
    assert tile.headers["content-encoding"] == "gzip"
    assert b"Rue 5-2" in tile.content
    bare = await bruno.get("/map/14/8285/5892", headers={"accept-encoding": "identity"})
    assert bare.content == tile.content
    assert (await bruno.get("/map/10/507/307")).status_code == 200
    assert (await bruno.get("/map/14/1/1")).status_code == 204
    for odd in ("15/0/0", "14/99999/1", "9/1/1"):
        assert (await bruno.get(f"/map/{odd}")).status_code == 204
    for odd in ("a/0/0", "14/-1/0", "14/1e3/0", "14/²/0", "1/999999999/0"):
        assert (await bruno.get(f"/map/{odd}")).status_code == 404
    assert (await bruno.get("/map/town")).status_code == 404
    assert (await house.browser().get("/map/14/8285/5892")).status_code == 303
    for name in ("Stock", "Lise", "Root"):
        other = await house.signed_in(name)
        assert (await other.get("/map/14/8285/5892")).status_code == 404


async def test_there_is_no_invented_town_outside_of_a_demonstration(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    assert (await bruno.get("/map/town")).status_code == 404
    assert (await bruno.get("/map/14/8285/5892")).status_code == 404
    alert = house.press(house.give())
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'data-base="none"' in page
    assert "Aucun fond de carte" in page
    assert "inconnue pour cet endroit" in page


def test_the_invented_town_lies_in_invented_areas_and_is_small() -> None:
    said = json.dumps(town())
    assert len(said) < 60_000
    assert town() is town()
    area = next(a for a in DEMO if a.name == "Exempleville")
    assert area.box is not None
    assert (area.box.south, area.box.west, area.box.north, area.box.east) == (
        SOUTH, WEST, NORTH, EAST,
    )  # fmt: skip
    for one in town()["features"]:
        for lon, lat in _points(one["geometry"]["coordinates"]):
            assert area.box.holds(lat, lon)


def _points(said: object) -> list[tuple[float, float]]:
    assert isinstance(said, list | tuple)
    if isinstance(said[0], float):
        return [(said[0], said[1])]
    return [point for one in said for point in _points(one)]


def test_a_file_that_is_no_map_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    whole = INVENTED.read_bytes()
    for name, raw in {
        "empty": b"", "text": b"not a map" * 40, "short": whole[:200],
        "raster": whole[:99] + b"\x02" + whole[100:],
        "no-zoom": whole[:101] + b"\x63" + whole[102:],
    }.items():  # fmt: skip
        path = tmp_path / name
        path.write_bytes(raw)
        with pytest.raises(Misconfigured, match="TGD_MAP_FILE"):
            pmtiles.Tiles(path)


def test_a_damaged_file_has_no_tiles_and_never_hangs(tmp_path: Path) -> None:
    whole = INVENTED.read_bytes()
    for at in range(127, len(whole), 7):
        path = tmp_path / "damaged.pmtiles"
        path.write_bytes(whole[:at] + bytes(b ^ 0xA5 for b in whole[at : at + 9]) + whole[at + 9 :])
        try:
            tiles = pmtiles.Tiles(path)
        except Misconfigured:
            continue
        found = tiles.tile(14, 8285, 5892)
        assert found is None or len(found) < pmtiles.LARGEST_BYTES
        tiles.close()


def test_areas_are_read_or_the_wrong_one_is_named() -> None:
    good = {"insee": "1", "name": "A", "court": "T", "force": "police", "control_room": "r",
            "box": [45, 2, 46, 3]}  # fmt: skip
    assert read_areas(json.dumps([good]).encode())[0].name == "A"
    for change in ({"force": "army"}, {"box": [46, 2, 45, 3]}, {"name": ""}, {"box": [1]}):
        with pytest.raises(ValueError, match="area 2"):
            read_areas(json.dumps([good, good | change]).encode())
    with pytest.raises(ValueError):
        read_areas(b"{}")


def test_what_others_wrote_is_byte_for_byte_what_the_lock_says() -> None:
    lock = json.loads((render.VENDOR / "lock.json").read_text(encoding="utf-8"))
    named = {name: sha for one in lock["packages"] for name, sha in one["sha256"].items()}
    there = {p.name for p in render.VENDOR.iterdir()} - {"lock.json"}
    assert there == set(named)
    for name, sha in named.items():
        assert hashlib.sha256((render.VENDOR / name).read_bytes()).hexdigest() == sha
    for one in lock["packages"]:
        assert one["name"]
        assert one["version"]
        assert one["licence"]
        assert one["integrity"].startswith("sha512-")
