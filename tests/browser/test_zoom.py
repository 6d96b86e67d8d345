"""Large letters and small windows: nothing is cut off, and nothing is to be scrolled sideways."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import Eyes, looking
from tests.browser.test_pages import PAGES
from tests.browser.town import Town
from tests.hostile.naughty import MARK, NAUGHTY
from tgd.cli.demo import ACCOUNTS

REFLOW: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}
"""What 400 % of zoom leaves of a window of 1280 (WCAG 1.4.10)."""
TWICE: dict[str, Any] = {"viewport": {"width": 683, "height": 384}, "device_scale_factor": 2}
"""What 200 % of zoom leaves of the desk's screen."""
CUT_OFF = """() => [...document.querySelectorAll("main *")].filter(e => {
  const s = getComputedStyle(e), r = e.getBoundingClientRect();
  if (!e.textContent.trim() || r.width < 2 || e.closest(".sr, .trap")) return false;
  const hidden = s.overflowX === "hidden" || s.overflowX === "clip";
  return r.left < -1 || r.right > innerWidth + 1 && !e.closest(".scrolls")
    || hidden && e.scrollWidth > e.clientWidth + 1;
}).map(e => e.outerHTML.slice(0, 120))"""
NOT_BOUNDED = """() => [...document.querySelectorAll("main bdi")].filter(e =>
  getComputedStyle(e).overflowY !== "clip").map(e => e.outerHTML.slice(0, 80))"""
WORK = {"bruno": ("/alerts/Bella", "#act-close button"),
        "camille": ("/files/Maud", "#act-grant button")}  # fmt: skip


def must_be_whole(eyes: Eyes, button: str) -> None:
    assert eyes.judge(eyes.page.url) == []
    assert eyes.page.evaluate(CUT_OFF) == []
    eyes.page.locator(button).scroll_into_view_if_needed()
    box = eyes.page.locator(button).bounding_box()
    room = eyes.page.evaluate("() => document.documentElement.clientWidth")
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= room


@pytest.mark.parametrize("name", WORK)
@pytest.mark.parametrize("window", [REFLOW, TWICE], ids=["320-pixels", "200-percent"])
def test_the_page_of_work_fits(
    browser: Browser, town: Town, axe: str, name: str, window: dict[str, Any]
) -> None:
    page, button = WORK[name]
    with looking(browser, town, name, axe, **window) as eyes:
        assert eyes.go(town.address(page)) == 200
        must_be_whole(eyes, button)


SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important;"
    + " word-spacing: .16em !important; } p { margin-bottom: 2em !important; }");
  document.adoptedStyleSheets = [sheet];
}"""
"""What a person may ask of the spaces between lines, letters and words (WCAG 1.4.12)."""


@pytest.mark.parametrize("window", [REFLOW, TWICE], ids=["320-pixels", "200-percent"])
@pytest.mark.parametrize("role", PAGES)
def test_every_page_fits(browser: Browser, town: Town, role: str, window: dict[str, Any]) -> None:
    """Every page of every role, as it is and with wide spaces."""
    found: list[str] = []
    with looking(browser, town, ACCOUNTS[role], **window) as eyes:
        for page in PAGES[role]:
            assert eyes.go(town.address(page)) == 200, page
            found += eyes.judge(page)
            found += [f"{page} cut off: {one}" for one in eyes.page.evaluate(CUT_OFF)]
            eyes.page.evaluate(SPACED)
            found += eyes.judge(f"{page}, wide spaces")
    assert found == []


@pytest.mark.parametrize("name", WORK)
def test_letters_of_twice_the_size_fit(browser: Browser, town: Town, name: str) -> None:
    """Only the letters grow (WCAG 1.4.4): the window stays as it is."""
    page, button = WORK[name]
    with looking(browser, town, name) as eyes:
        eyes.go(town.address(page))
        eyes.page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
        must_be_whole(eyes, button)


def test_the_search_for_what_does_not_fit_sees_it(browser: Browser, town: Town) -> None:
    with looking(browser, town, **REFLOW) as eyes:
        eyes.go("/login")
        eyes.page.evaluate("() => { document.querySelector('h1').style.width = '900px' }")
        assert any("wider than the window" in one for one in eyes.judge("login"))
        assert eyes.page.evaluate(CUT_OFF) != []


def test_words_from_outside_stay_where_they_are(browser: Browser, town: Town, axe: str) -> None:
    """Ten thousand marks, turned directions, markup: bounded in their line, and never run."""
    words = "e" + "\u0301\u0489\u20dd" * 3400 + "".join(NAUGHTY.values()).replace("\x00", "")
    town.ask("UPDATE protected_person SET name = :w, note = :w WHERE id = (SELECT person FROM alert"
             " WHERE id = :a) RETURNING 1", w=words, a=town.alerts["Ana"])  # fmt: skip
    asked: list[str] = []
    with looking(browser, town, "bruno", axe, **REFLOW) as eyes:
        eyes.page.on("dialog", lambda dialog: asked.append(dialog.message))
        for page in ("/alerts/Ana", "/on-paper"):
            assert eyes.go(town.address(page)) == 200
            assert MARK in eyes.page.locator("main").inner_text()
            assert eyes.judge(page) == []
            assert eyes.page.evaluate(NOT_BOUNDED) == []
        assert asked == []
