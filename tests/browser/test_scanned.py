"""A camera reads the code of a handset into the field; where there is none, a person types it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import Eyes, looking
from tests.browser.town import Town

CAMERA = """() => {
  window.stopped = 0;
  const canvas = document.createElement("canvas");
  window.BarcodeDetector = class {
    async detect() { return window.shown ? [{rawValue: window.shown}] : []; } };
  const refuses = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  const gives = async () => {
    const stream = canvas.captureStream(5);
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    stream.getTracks().forEach(t => {
      const stop = t.stop.bind(t);
      t.stop = () => { window.stopped++; stop(); };
    });
    return stream;
  };
  Object.defineProperty(navigator, "mediaDevices",
    {value: {getUserMedia: () => window.refused ? refuses() : gives()}, configurable: true});
}"""
"""A phone's camera, before which the test holds a code."""


@pytest.fixture
def sofia(browser: Browser, town: Town, axe: str) -> Iterator[Eyes]:
    with looking(browser, town, "gaël", axe) as eyes:
        yield eyes


def test_without_a_reader_of_codes_nothing_is_offered(sofia: Eyes) -> None:
    sofia.go("/stock")
    assert sofia.page.get_by_text("Lire avec la caméra").count() == 0


def test_the_code_before_the_camera_fills_the_field_and_the_camera_goes_out(sofia: Eyes) -> None:
    sofia.page.add_init_script(f"({CAMERA})()")
    sofia.go("/stock")
    page = sofia.page
    search = page.locator("form[role=search]")
    search.get_by_role("button", name="Lire avec la caméra").click()
    window = page.get_by_role("dialog", name="Lire avec la caméra")
    assert "Présentez à la caméra" in window.inner_text()
    assert sofia.judge("scanner") == []
    page.evaluate("window.shown = 'IMEI: 49-015420-323751-8; SN: A1'")
    page.locator("dialog").wait_for(state="detached")
    assert search.locator("[name=words]").input_value() == "490154203237518"
    assert page.evaluate("window.stopped") == 1
    assert page.evaluate("document.activeElement.name") == "words"


def test_a_camera_that_is_refused_or_closed_leaves_the_field_to_be_typed(sofia: Eyes) -> None:
    sofia.page.add_init_script(f"({CAMERA})()")
    sofia.go("/stock")
    page = sofia.page
    read = page.locator("form[role=search]").get_by_role("button", name="Lire avec la caméra")
    page.evaluate("window.refused = true")
    read.click()
    page.get_by_text("Aucune caméra n’est utilisable ici").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    page.evaluate("window.refused = false")
    read.click()
    while not page.locator("dialog video").evaluate("v => v.srcObject !== null"):
        page.wait_for_timeout(20)
    page.get_by_role("button", name="Fermer la caméra").click()
    page.locator("dialog").wait_for(state="detached")
    assert page.evaluate("window.stopped") == 1
    assert page.locator("form[role=search] [name=words]").input_value() == ""
