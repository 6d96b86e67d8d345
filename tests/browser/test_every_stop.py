"""Tab walks over every page: each link, button and field is stopped at once, and seen there."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import looking
from tests.browser.test_keyboard import FOCUS
from tests.browser.test_pages import PAGES
from tests.browser.town import Town
from tgd.cli.demo import ACCOUNTS

NAME = """const name = e => {
  if (e.type === "radio") return `${e.form?.getAttribute("action")} ${e.name}`;
  const path = [];
  for (let at = e; at && at !== document.body; at = at.parentElement) {
    const id = at.getAttribute("id");
    if (id) { path.push(`#${id}`); break; }
    let place = 0;
    for (let one = at.previousElementSibling; one; one = one.previousElementSibling) place += 1;
    path.push(`${at.tagName}:${place}`);
  }
  return path.reverse().join(" ");
};"""
"""Where it stands: a live page may be drawn anew while one walks. The radio buttons of one question
are one stop."""
MARK = f"""() => {{
  {NAME}
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary,"
    + "[tabindex='0']";
  const shown = [...document.querySelectorAll(all)].filter(e => e.checkVisibility() && !e.disabled);
  return [...new Map(shown.reverse().map(e => [name(e), e.outerHTML.slice(0, 120)]))];
}}"""
"""Every stop that a person with eyes would expect."""
AT = f"""() => {{
  {NAME}
  return document.activeElement === document.body ? "" : name(document.activeElement);
}}"""
PARTS_OF_A_DATE = 6


def walked(page: Page, most: int) -> tuple[set[str], list[str]]:
    """The stops that Tab made until it left the page, and those where nothing showed it."""
    stops: set[str] = set()
    unseen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(AT)
        if not at and stops:
            break
        if at and at not in stops:
            stops.add(at)
            focus = page.evaluate(FOCUS)
            if not (focus["ring"] and focus["shown"]):
                unseen.append(focus["html"])
    return stops, unseen


@pytest.mark.parametrize("role", PAGES)
def test_tab_stops_at_everything_on_every_page(browser: Browser, town: Town, role: str) -> None:
    troubles = []
    with looking(browser, town, ACCOUNTS[role]) as eyes:
        for page in PAGES[role]:
            assert eyes.go(town.address(page)) == 200, page
            wanted = dict(eyes.page.evaluate(MARK))
            stops, unseen = walked(eyes.page, len(wanted) * PARTS_OF_A_DATE + 20)
            troubles += [f"{page}: never at {wanted[n]}" for n in wanted if n not in stops]
            troubles += [f"{page}: not seen at {one}" for one in unseen]
    assert troubles == []
