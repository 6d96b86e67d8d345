"""Looking at a page as a person's browser does: what it says in its console, asks for and shows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.town import PASSWORD, Town

LIGHT: dict[str, Any] = {
    "viewport": {"width": 1366, "height": 768}, "color_scheme": "light", "locale": "fr-FR",
}  # fmt: skip
DARK: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "locale": "en-GB",
    "device_scale_factor": 2, "has_touch": True, "is_mobile": True,
}  # fmt: skip
EVERY_LOOK = bool(os.environ.get("TGD_TEST_EVERY_LOOK"))
"""Each page in each window, theme, contrast and language, by all rules: an hour, not for CI."""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
JUDGE = """only => axe.run(document, {runOnly: only,
  resultTypes: ["violations"]}).then(r => r.violations.map(v =>
  `${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].failureSummary}`))"""
BY_LOOK = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")
"""The rules whose verdict depends on the window and the colours, not on the words alone."""
SHAPE = """() => ["header.top", "main"].map(part => {
  const shape = e => {
    const inner = [...e.querySelectorAll(":scope > *")].map(shape)
      .filter((one, n, all) => one !== all[n - 1]);
    const said = e.getAttributeNames().filter(name => !/^(id|data-.*|style)$/.test(name))
      .map(name => /^(class|role|type|lang|tabindex)$/.test(name)
        ? `${name}=${e.getAttribute(name)}` : name);
    return `${e.tagName}[${said}]${e.textContent.trim() ? "" : "∅"}(${inner})`;
  };
  return shape(document.querySelector(part));
})"""
"""How the top and the main part are built, whatever their words: alike rows count once."""
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll("body *")].filter(e => {
    const r = e.getBoundingClientRect();
    return r.right > room + 1 && r.width > 0 && !e.closest(".scrolls, pre, .sr");
  }).slice(0, 3).map(e => `wider than the window: ${e.outerHTML.slice(0, 120)}`)
    .concat([`wider than the window by ${document.documentElement.scrollWidth - room}`]);
}"""


@dataclass
class Eyes:
    """One person's window, and everything that went wrong in it."""

    town: Town
    context: BrowserContext
    page: Page
    axe: str = ""
    look: str = ""
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.town.url + "/"):
            self.troubles.append(f"left the origin: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text}")

    def sign_in(self, name: str) -> "Eyes":
        """With the form, but without looking at it."""
        sent = {"name": name, "password": PASSWORD}
        reply = self.context.request.post(self.town.url + "/login", form=sent)
        assert reply.ok, name
        assert "/login" not in reply.url, name
        return self

    def go(self, path: str) -> int:
        """Open a page; gives its status."""
        reply = self.page.goto(self.town.url + path)
        assert reply is not None
        return reply.status

    def send(self, button: str) -> int:
        """Press this button of a form; gives the status of the page that comes."""
        with self.page.expect_navigation() as coming:
            self.page.click(button)
        assert coming.value is not None
        return coming.value.status

    def judge(self, where: str) -> list[str]:
        """What is wrong with the page that is open, and what went wrong up to here."""
        found = [*self.troubles, *self.page.evaluate(TOO_WIDE)]
        if self.axe:
            found += self._accessibility()
        self.troubles.clear()
        return [f"{where} {one}" for one in found]

    def _accessibility(self) -> list[str]:
        """What axe-core finds; a shape that it found sound in this look is not asked again."""
        by_look = self.page.viewport_size != LIGHT["viewport"] and not EVERY_LOOK
        new = {(self.look, shape) for shape in self.page.evaluate(SHAPE)} - self.town.sound
        if not new:
            return []
        self.page.evaluate(self.axe)
        rules = {"type": "rule", "values": BY_LOOK} if by_look else {"type": "tag", "values": RULES}
        found: list[str] = self.page.evaluate(JUDGE, rules)
        self.town.sound |= set() if found else new
        return found


@contextmanager
def looking(
    browser: Browser, town: Town, name: str = "", axe: str = "", **look: Any
) -> Iterator[Eyes]:
    """A window of its own for one person; nothing may be left unsaid in it at the end."""
    context = browser.new_context(**(LIGHT | look))
    try:
        context.set_default_timeout(60_000)
        eyes = Eyes(town, context, context.new_page(), axe, repr(sorted(look.items())))
        yield eyes.sign_in(name) if name else eyes
        assert eyes.troubles == []
    finally:
        context.close()
