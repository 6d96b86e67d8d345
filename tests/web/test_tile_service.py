"""Pictures of a map by a service outside: asked by this server alone, once, never in the way."""

import asyncio
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from simulators.tile_service import TileService as Outside
from simulators.tile_service import picture
from tests.web.conftest import House
from tgd.doctor.maps import check_map_service
from tgd.errors import Misconfigured
from tgd.settings import read
from tgd.web.tile_cache import TileCache
from tgd.web.tile_service import NOWHERE, TileAway, TileService

FOLDER = Path(tempfile.mkdtemp(prefix="tgd-map-"))
SERVED = {"map_service": "https://tiles.example/{z}/{x}/{y}.png", "data_dir": FOLDER,
          "map_service_credit": "Exemple de fond", "map_service_zoom": 16}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def left_clean() -> Iterator[None]:
    yield
    shutil.rmtree(FOLDER)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    made = Outside()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def tiles(outside: Outside, tmp_path: Path) -> AsyncIterator[TileService]:
    made = TileService(
        outside.url + "/tiles/{z}/{x}/{y}.png", tmp_path, most_zoom=16, timeout_s=0.5
    )
    await made.open()
    yield made
    await made.close()


async def test_a_tile_is_asked_for_once_and_then_kept(outside: Outside, tiles: TileService) -> None:
    for _ in range(3):
        assert await tiles.tile(14, 8285, 5892) == (picture(8285, 5892, 14), "image/png")
    assert outside.asked == ["14/8285/5892"]
    await tiles.tile(14, 8286, 5892)
    assert outside.asked == ["14/8285/5892", "14/8286/5892"]


async def test_many_who_want_the_same_tile_at_once_ask_once(
    outside: Outside, tiles: TileService
) -> None:
    await outside.become("slow", seconds=0.2)
    found = await asyncio.gather(*(tiles.tile(14, 8285, 5892) for _ in range(30)))
    assert {one and one[1] for one in found} == {"image/png"}
    assert len(outside.asked) == 1


async def test_who_goes_away_takes_the_tile_from_nobody(
    outside: Outside, tiles: TileService
) -> None:
    await outside.become("slow", seconds=0.2)
    first = asyncio.create_task(tiles.tile(14, 8285, 5892))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(tiles.tile(14, 8285, 5892))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is not None
    assert len(outside.asked) == 1


async def test_what_is_on_the_disk_tells_nobody_where(
    outside: Outside, tiles: TileService, tmp_path: Path
) -> None:
    await tiles.tile(14, 8285, 5892)
    (kept,) = (tmp_path / str(os.getpid())).iterdir()
    assert kept.name != hashlib.sha256(b"14/8285/5892").hexdigest()
    assert b"PNG" not in kept.read_bytes()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert await tiles.tile(14, 8285, 5892) is not None, "changed there: fetched again"
    assert len(outside.asked) == 2
    await tiles.close()
    assert list(tmp_path.iterdir()) == []


async def test_no_name_of_ours_and_no_cookie_goes_out(outside: Outside, tiles: TileService) -> None:
    await tiles.tile(14, 8285, 5892)
    (line,) = [one for one in outside.ledger if one["event"] == "asked"]
    sent = {name.lower() for name in line["headers"]}
    assert sent <= {"host", "accept", "accept-encoding", "user-agent"}


@pytest.mark.parametrize(
    "mode", ["deaf", "http_500", "reset", "redirect", "no_picture", "huge", "refuse"]
)
async def test_a_bad_day_outside_is_no_picture_soon_and_nobody_is_hammered(
    outside: Outside, tiles: TileService, mode: str
) -> None:
    await outside.become(mode)
    for x in range(3):
        async with asyncio.timeout(5):
            with pytest.raises(TileAway):
                await tiles.tile(14, x, 5892)
    assert len(set(outside.asked)) <= 1, "the others wait until it may be well again"
    await outside.become("ok")
    tiles._away_until = 0.0  # as if the pause had passed
    assert await tiles.tile(14, 0, 5892) is not None


async def test_where_no_map_is_nothing_is_asked_and_nothing_breaks(
    outside: Outside, tiles: TileService
) -> None:
    for z, x, y in ((17, 0, 0), (2, 4, 0), (2, 0, 4)):
        assert await tiles.tile(z, x, y) is None
    assert outside.asked == []
    await outside.become("nowhere", times=1)
    assert await tiles.tile(14, 1, 1) is None
    assert await tiles.tile(14, 1, 2) is not None, "the service is well"
    assert NOWHERE == b""


def test_the_cache_has_an_end_in_bytes_and_in_time(tmp_path: Path) -> None:
    now = [0.0]
    cache = TileCache(tmp_path, lambda: now[0], most_bytes=3 * 128, kept_s=60)
    for name in ("a", "b", "c"):
        cache.put(name, b"x" * 100)
    assert cache.get("a") == b"x" * 100
    cache.put("d", b"x" * 100)
    assert (cache.get("b"), cache.get("a") is None) == (None, False), "the one not looked at goes"
    assert len(list((tmp_path / str(os.getpid())).iterdir())) == 3
    now[0] = 61.0
    assert [cache.get(name) for name in "abcd"] == [None] * 4
    assert list((tmp_path / str(os.getpid())).iterdir()) == []


def test_what_a_dead_process_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "99999999").mkdir()
    (tmp_path / "99999999" / "tile").write_bytes(b"?")
    (tmp_path / "1").mkdir()
    TileCache(tmp_path, time.monotonic)
    assert {one.name for one in tmp_path.iterdir()} == {"1", str(os.getpid())}


@pytest.mark.parametrize("house", [SERVED], indirect=True)
async def test_the_browser_asks_our_origin_alone_and_only_of_those_who_see_alerts(
    house: House, outside: Outside, tiles: TileService
) -> None:
    alert = house.press(house.give())
    bruno, stock = await house.signed_in("Bruno"), await house.signed_in("Stock")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'data-base="raster"' in page
    assert 'data-most-zoom="16"' in page
    assert "Exemple de fond" in page
    assert "tiles.example" not in page
    assert house.console.tile_service is not None
    await house.console.tile_service.close()
    house.console.tile_service = tiles
    found = await bruno.get("/map/14/8285/5892")
    assert (found.status_code, found.content) == (200, picture(8285, 5892, 14))
    assert found.headers["content-type"] == "image/png"
    assert found.headers["cache-control"] == "no-store"
    assert (await stock.get("/map/14/8285/5892")).status_code == 404
    assert (await house.browser().get("/map/14/8285/5892")).status_code in (303, 401)
    assert (await bruno.get("/map/14/..%2f/1")).status_code == 404
    assert (await bruno.get("/map/17/1/1")).status_code == 204
    await outside.become("http_500")
    assert (await bruno.get("/map/14/8286/5892")).status_code == 503
    assert (await bruno.get(f"/alerts/{alert}")).status_code == 200


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"TGD_MAP_SERVICE": "http://tiles.example/{z}/{x}/{y}"}, "https"),
        ({"TGD_MAP_SERVICE": "https://tiles.example/"}, "{z}, {x} and {y}"),
        ({"TGD_MAP_SERVICE": "https://a:b@tiles.example/{z}/{x}/{y}"}, "https"),
        ({"TGD_MAP_SERVICE": "https://tiles.example/{z}/{x}/{y}", "TGD_MAP_FILE": "/map"}, "only"),
    ],
)
def test_an_address_that_would_disclose_or_serve_nothing_is_refused(
    said: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=why):
        read()


def test_the_doctor_says_what_the_service_learns() -> None:
    (found,) = check_map_service("https://tiles.example/{z}/{x}/{y}")
    assert found.level == "warning"
    assert "tiles.example" in found.what
    assert list(check_map_service("")) == []
