"""The map of pictures (raster tiles) in a Chromium that can draw: asked of our origin alone.

The service outside is asked by our server; while it is away what was seen before is drawn of the
cache, and what was not is said in words, until it is back.
"""

import asyncio
import base64
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from simulators.tile_service import TileService as Outside
from tests.browser.looking import LIGHT, Eyes, looking
from tests.browser.test_map import settings_with, until_drawn
from tests.browser.town import Town, open_town, served
from tests.conftest import fresh_record

ZOOM = 16
HERE, THERE = "45.02000, 2.05000", "46.50000, 3.50000"
PLACE = "UPDATE alert_position SET lat = :lat, lon = :lon WHERE alert = :a RETURNING 1"
COLOURS = """async source => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const seen = new Map(), data = pen.getImageData(0, 0, image.width, image.height).data;
  for (let at = 0; at < data.length; at += 4) {
    const one = data.slice(at, at + 3).join(" ");
    seen.set(one, (seen.get(one) || 0) + 1);
  }
  return [...seen].filter(([, times]) => times > 500).map(([colour]) => colour);
}"""


@dataclass
class Ground:
    """A town on its record, the service outside, and a page that counts colours."""

    town: Town
    record: str
    provider: "Provider"
    counter: Page

    def place(self, lat: float, lon: float) -> None:
        self.town.ask(PLACE, lat=lat, lon=lon, a=self.town.alerts["Ana"])

    def colours(self, page: Page) -> set[str]:
        """What is painted on the map, large enough to be ground. Counted beside the console, whose
        policy takes no picture from anywhere else."""
        shot = base64.b64encode(page.locator("#map").screenshot()).decode()
        return set(self.counter.evaluate(COLOURS, f"data:image/png;base64,{shot}"))

    @contextmanager
    def pictured(self, folder: Path) -> Iterator[Town]:
        """A console that draws of the pictures of this service."""
        said = settings_with(
            map_service=self.provider.outside.url + "/tiles/{z}/{x}/{y}.png",
            map_service_zoom=ZOOM, map_service_credit="Exemple de fond", data_dir=folder,
        )  # fmt: skip
        seen = Town(self.town.engine, alerts=self.town.alerts)
        with served(self.record, said, seen):
            yield seen


class Provider:
    """The service outside, in a thread with a loop of its own."""

    def __init__(self) -> None:
        self.outside = Outside()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tiles outside")

    def __enter__(self) -> "Provider":
        self._thread.start()
        self._do(self.outside.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self.outside.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def become(self, mode: str) -> None:
        self._do(self.outside.become(mode))

    def _do(self, act: object) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(act, self._loop)  # type: ignore[arg-type]
        done.result(20)

    @property
    def asked(self) -> list[str]:
        return list(self.outside.asked)


@pytest.fixture
def ground(cluster: str, drawing: Browser) -> Iterator[Ground]:
    context = drawing.new_context()
    with (
        Provider() as provider,
        fresh_record(cluster) as url,
        open_town(url, settings_with(demonstration=True)) as town,
    ):
        yield Ground(town, url, provider, context.new_page())
    context.close()


def of_tiles(tiles: set[str]) -> set[str]:
    """The colour of each tile, as the simulated service paints it: x, y, z."""
    found = [[int(n) for n in tile.split("/")] for tile in tiles]
    return {f"{x % 256} {y % 256} {z % 256}" for z, x, y in found}


@contextmanager
def looked(drawing: Browser, town: Town, axe: str = "") -> Iterator[tuple[Eyes, list[str]]]:
    """Bruno opens Ana's alert in a new browser; and every address that it asks for."""
    asked: list[str] = []
    with looking(drawing, town, "bruno", axe, **LIGHT) as eyes:
        eyes.context.on("request", lambda request: asked.append(request.url))
        eyes.go(town.address("/alerts/Ana"))
        until_drawn(eyes.page)
        yield eyes, asked


def tiles_in(asked: list[str]) -> set[str]:
    parts = [url.split("/map/")[1] for url in asked if "/map/" in url]
    return {part for part in parts if part.count("/") == 2}


def test_pictures_come_from_our_origin_alone_and_of_the_cache_while_the_service_is_away(
    drawing: Browser, ground: Ground, axe: str, tmp_path: Path
) -> None:
    provider = ground.provider
    ground.place(45.02, 2.05)
    with ground.pictured(tmp_path) as town:
        with looked(drawing, town, axe) as (eyes, asked):
            tiles = tiles_in(asked)
            assert tiles, "the map is of pictures"
            assert set(provider.asked) == tiles
            assert len(provider.asked) == len(tiles), "each was asked for once"
            assert {url.startswith(town.url + "/") for url in asked} == {True}
            assert ground.colours(eyes.page) & of_tiles(tiles), "the pictures are painted"
            assert "Exemple de fond" in eyes.page.locator("#map-card").inner_text()
            assert HERE in eyes.page.locator("#position").inner_text()
            assert eyes.judge("map of pictures") == []
            assert eyes.troubles == []
        provider.become("refuse")
        before = provider.asked
        with looked(drawing, town) as (eyes, asked):
            assert tiles_in(asked) == tiles
            assert ground.colours(eyes.page) & of_tiles(tiles), "drawn of what is kept"
            assert eyes.troubles == [], "nobody notices that the service is away"
        assert provider.asked == before


def test_without_pictures_the_circle_and_the_words_are_there_and_pictures_come_by_themselves(
    drawing: Browser, ground: Ground, tmp_path: Path
) -> None:
    provider = ground.provider
    ground.place(46.5, 3.5)  # nobody has looked here before
    with ground.pictured(tmp_path) as town:
        provider.become("http_500")
        with looked(drawing, town) as (eyes, asked):
            tiles = tiles_in(asked)
            assert tiles
            assert not ground.colours(eyes.page) & of_tiles(tiles)
            assert THERE in eyes.page.locator("#position").inner_text()
            assert eyes.page.locator("#map-none").is_hidden(), "the circle is drawn"
            assert eyes.troubles, "the browser says that pictures did not come"
            provider.become("ok")
            for _ in range(60):
                if ground.colours(eyes.page) & of_tiles(tiles):
                    break
                eyes.page.wait_for_timeout(500)
            assert ground.colours(eyes.page) & of_tiles(tiles), "asked again, without a reload"
            assert {url.startswith(town.url + "/") for url in asked} == {True}
            assert [one for one in eyes.troubles if "503" not in one] == []
            eyes.troubles.clear()
