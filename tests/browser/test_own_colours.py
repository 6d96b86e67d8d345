"""A person's own colours, and no motion: what colour or movement says is said otherwise as well."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import DARK, LIGHT, looking
from tests.browser.post import Post
from tests.browser.town import Town

FORCED: dict[str, Any] = {"forced_colors": "active", "reduced_motion": "reduce"}
WINDOWS = {"desk": LIGHT, "telephone": DARK | {"locale": "fr-FR"}}
PAGES = {
    "bruno": ("/", "/alerts/Ana", "/alerts/Bella", "/shift", "/technical"),
    "salima": ("/", "/supervision"),
}
BORDERLESS = """() => [...document.querySelectorAll("main button, .top button, .chip, .tag")]
  .filter(e => e.offsetParent && parseFloat(getComputedStyle(e).borderTopWidth) < 1)
  .map(e => e.outerHTML.slice(0, 120))"""
"""Buttons and marks whose ground is gone: a line is what is left of their shape."""
MOVING = "() => document.getAnimations().filter(one => one.playState === 'running').length"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", PAGES)
def test_in_forced_colours_every_button_and_mark_has_a_line(
    browser: Browser, town: Town, axe: str, name: str, window: str
) -> None:
    found: list[str] = []
    with looking(browser, town, name, axe, **WINDOWS[window] | FORCED) as eyes:
        for page in PAGES[name]:
            assert eyes.go(town.address(page)) == 200
            assert eyes.page.evaluate("matchMedia('(forced-colors: active)').matches")
            found += eyes.judge(page)
            found += [f"{page} no line: {one}" for one in eyes.page.evaluate(BORDERLESS)]
    assert found == []


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_a_new_row_moves_only_where_motion_is_wanted(
    browser: Browser, post: Post, motion: str, moves: bool
) -> None:
    with post.sitting(browser) as context:
        page = post.open(context)
        page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        post.press()
        row = page.locator(f"li[data-id='{post.pressed[-1]}'].new")
        expect(row).to_be_visible()
        assert (page.evaluate(MOVING) > 0) is moves
