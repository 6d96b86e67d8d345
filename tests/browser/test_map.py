"""The map in a Chromium that can draw: our origin alone, a silent policy, and it follows her."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import DARK, LIGHT, looking
from tests.browser.town import BRUNO, Town, open_town, served
from tests.conftest import forget_settings, fresh_record
from tgd import clock
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.rules.alert import Outcome
from tgd.settings import Settings

INVENTED = Path(__file__).parents[1] / "web" / "invented.pmtiles"
SHOTS = os.environ.get("SHOTS")
PATIENCE_MS = 30_000


def settings_with(**ground: object) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        return Settings.model_validate({"console_insecure_http": True} | ground)


@pytest.fixture(scope="module")
def record(cluster: str) -> Iterator[str]:
    with fresh_record(cluster) as url:
        yield url


@pytest.fixture(scope="module")
def mapped(record: str) -> Iterator[Town]:
    """A demonstration, and Ana in its town that does not exist."""
    with open_town(record, settings_with(demonstration=True)) as town:
        town.ask("UPDATE alert_position SET lat = 45.02, lon = 2.05, radius_m = 90 RETURNING 1")
        yield town


def until_drawn(page: Page) -> None:
    page.locator("#map[data-drawn=yes]").wait_for(timeout=PATIENCE_MS)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["desk", "telephone"])
def test_the_map_is_drawn_from_our_origin_alone(
    drawing: Browser, mapped: Town, axe: str, look: dict[str, object]
) -> None:
    asked: list[str] = []
    with looking(drawing, mapped, "bruno", axe, **look) as eyes:
        eyes.context.on("request", lambda request: asked.append(request.url))
        assert eyes.go(mapped.address("/alerts/Ana")) == 200
        until_drawn(eyes.page)
        assert eyes.page.locator("#map canvas").count() == 1
        if SHOTS:
            eyes.page.screenshot(path=f"{SHOTS}/map-{look['color_scheme']}.png")
        assert eyes.judge("map") == []
        assert eyes.troubles == []
    assert {url.startswith(mapped.url + "/") for url in asked} == {True}
    assert any("/maplibre-gl-worker.mjs" in url for url in asked)
    assert any(url.endswith("/map/town") for url in asked)


def test_her_way_is_a_line_and_her_place_is_copied(drawing: Browser, mapped: Town) -> None:
    """The button is there after the sheet was renewed beneath the page as well."""
    for n, (lat, lon) in enumerate([(45.0209, 2.0507), (45.0216, 2.0519), (45.0225, 2.0522)], 1):
        mapped.ask(
            "INSERT INTO alert_position (id, alert, lat, lon, radius_m, method, trust, found_at,"
            " heard_at) SELECT gen_random_uuid(), alert, :lat, :lon, 12, method, trust,"
            " found_at + :n * interval '1 minute', heard_at + :n * interval '1 minute'"
            " FROM alert_position WHERE alert = :a ORDER BY heard_at LIMIT 1 RETURNING 1",
            a=mapped.alerts["Ana"], lat=lat, lon=lon, n=n,
        )  # fmt: skip
    with looking(drawing, mapped, "bruno", **LIGHT) as eyes:
        eyes.context.grant_permissions(["clipboard-read", "clipboard-write"])
        eyes.go(mapped.address("/alerts/Ana"))
        until_drawn(eyes.page)
        assert "au nord-est" in eyes.page.locator("#track").inner_text()
        for _ in range(2):
            eyes.page.evaluate("navigator.clipboard.writeText('')")
            eyes.page.locator("#copy-place").click()
            expect(eyes.page.locator("#place .copied")).to_have_text("copié")
            assert eyes.page.evaluate("navigator.clipboard.readText()") == "45.02250, 2.05220"
            eyes.page.evaluate("document.querySelector('#sheet-facts').dataset.old = 'yes'")
            eyes.page.evaluate("refreshSheet()")
            expect(eyes.page.locator("#sheet-facts[data-old]")).to_have_count(0)
        if SHOTS:
            eyes.page.locator("#map-card").screenshot(path=f"{SHOTS}/track.png")
            eyes.page.locator("#place").screenshot(path=f"{SHOTS}/place.png")
        eyes.page.evaluate("""() => {
          Object.defineProperty(navigator, "clipboard", {value: undefined});
          document.execCommand = (what) => (window.old = what, true);
        }""")
        eyes.page.locator("#copy-place").click()
        assert eyes.page.evaluate("window.old") == "copy", "plain http has no other"
        assert eyes.troubles == []
    mapped.ask("DELETE FROM alert_position WHERE radius_m = 12 RETURNING 1")


def test_the_map_follows_her_until_the_operator_looks_elsewhere_and_ends_with_the_alert(
    drawing: Browser, mapped: Town
) -> None:
    alert = mapped.alerts["Bella"]
    with looking(drawing, mapped, "bruno", **LIGHT) as eyes:
        eyes.go(mapped.address("/alerts/Bella"))
        until_drawn(eyes.page)
        assert eyes.page.locator("#map-back").is_hidden()
        eyes.page.locator("#map-out").focus()
        eyes.page.keyboard.press("Enter")
        eyes.page.locator("#map-back").wait_for()
        eyes.page.locator("#map-back").focus()
        eyes.page.keyboard.press("Enter")
        assert eyes.page.locator("#map-back").is_hidden()
        mapped.do(lambda s: acts.arrive(s, Actor("room"), alert, clock.now()))
        mapped.do(lambda s: acts.close(
            s, BRUNO, alert, Outcome.MADE_SAFE, "La patrouille l’a vue.", clock.now()
        ))  # fmt: skip
        eyes.page.locator("#map-card").wait_for(state="hidden")
        assert eyes.page.locator("#map canvas").count() == 0
        assert eyes.page.locator("#position").count() == 0
        assert eyes.troubles == []


def test_a_browser_that_cannot_draw_says_so_and_the_words_are_there(
    browser: Browser, mapped: Town
) -> None:
    with looking(browser, mapped, "bruno", **LIGHT) as eyes:
        eyes.go(mapped.address("/alerts/Ana"))
        eyes.page.locator("#map-none").wait_for()
        assert "45.02000, 2.05000" in eyes.page.locator("#position").inner_text()


def test_tiles_of_a_file_are_drawn_like_the_town(
    drawing: Browser, mapped: Town, record: str
) -> None:  # fmt: skip
    asked: list[str] = []
    tiled = Town(mapped.engine, alerts=mapped.alerts)
    with (
        served(record, settings_with(map_file=INVENTED), tiled),
        looking(drawing, tiled, "bruno", **LIGHT) as eyes,
    ):
        eyes.context.on("request", lambda request: asked.append(request.url))
        eyes.go(tiled.address("/alerts/Ana"))
        until_drawn(eyes.page)
        if SHOTS:
            eyes.page.screenshot(path=f"{SHOTS}/tiles.png", full_page=True)
        assert "Nobody, invented" in eyes.page.locator("#map-card").inner_text()
        assert {url.startswith(tiled.url + "/") for url in asked} == {True}
        assert [url for url in asked if "/map/14/8285/5892" in url]
