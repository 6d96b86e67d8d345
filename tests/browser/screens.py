"""Makes the pictures of docs/screens: `python -m tests.browser.screens docs/screens [name…]`.

The people, files and alerts of the browser tests in a town that does not exist.
"""

import re
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from sqlmodel import Session

from dispatch.turn import claim
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.looking import DARK, looking
from tests.browser.town import BRUNO, KEYS, Town, open_town
from tests.conftest import forget_settings, fresh_record, open_cluster
from tests.rules.night_of_plans import EXAMPLE
from tests.world import World
from tgd import clock, shifts
from tgd.alerts import acts
from tgd.settings import Settings

FRENCH_PHONE = DARK | {"locale": "fr-FR", "color_scheme": "light"}
NIGHT = {"color_scheme": "dark"}


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture: whose browser, which page, in what window, scrolled to what."""

    who: str
    page: str
    look: dict[str, Any] = field(default_factory=dict)
    scrolled_to: str = ""


SCREENS: dict[str, Screen] = {
    "list": Screen("salima", "/"),
    "sheet-desk": Screen("bruno", "/alerts/Gina"),
    "sheet-phone-dark": Screen("bruno", "/alerts/Gina", DARK | {"locale": "fr-FR"}),
    "take-over-dark": Screen("salima", "/alerts/Hana", NIGHT),
    "shift": Screen("bruno", "/shift"),
    "shift-hand-over": Screen("salima", "/shift"),
    "supervision": Screen("salima", "/supervision"),
    "stock": Screen("gaël", "/stock"),
    "hand-over": Screen("odile", "/files/Sara/hand-over"),
    "file-phone": Screen("camille", "/files/Maud", FRENCH_PHONE),
    "decision-phone": Screen("camille", "/files/Maud", FRENCH_PHONE, "#act-grant"),
}
"""By the name of its file."""


def main() -> int:
    """All of them, or those that are named."""
    folder, wanted = Path(sys.argv[1]), sys.argv[2:] or list(SCREENS)
    with open_cluster() as cluster, fresh_record(cluster) as url, sync_playwright() as driver:
        flags = [flag for flag in QUIET if flag not in ("--disable-gpu", "--disable-3d-apis")]
        drawing = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*flags, *drawing])
        with open_town(url, _settings()) as town:
            _tonight(town)
            for name in wanted:
                _picture(browser, town, SCREENS[name], folder / f"{name}.png")
        browser.close()
    return 0


def _settings() -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        return Settings.model_validate({"console_insecure_http": True, "demonstration": True})


def _tonight(town: Town) -> None:
    """Gina has just pressed, Hana's alert is Bruno's, and he hands over."""
    town.do(lambda s: shifts.hand_over(s, BRUNO, "Chloé rappelle à 22 h.", clock.now()))
    town.alerts["Hana"] = _press(town, "Hana", "+33639980082", 70)
    town.do(lambda s: acts.take(s, BRUNO, town.alerts["Hana"], clock.now()))
    town.alerts["Gina"] = _press(town, "Gina", "+33639980081", 21)
    town.ask("UPDATE alert_position SET lat = 45.02, lon = 2.05, radius_m = 90 RETURNING 1")


def _press(town: Town, name: str, number: str, ago_s: float) -> UUID:
    def pressed(session: Session) -> UUID:
        world = World(session, KEYS, clock.now() - timedelta(seconds=ago_s))
        world.hear(world.press(world.give(name, number=number)))
        claim(session, EXAMPLE, world.now, "w")
        return world.alerts()[-1].id

    alert: UUID = town.do(pressed)
    return alert


def _picture(browser: Browser, town: Town, screen: Screen, file: Path) -> None:
    town.do(lambda session: claim(session, EXAMPLE, clock.now(), "w"))
    with looking(browser, town, screen.who, **screen.look) as eyes:
        eyes.go(town.address(screen.page))
        _settled(eyes.page, screen)
        if eyes.page.locator("#sheet-next").count():
            town.do(lambda session: claim(session, EXAMPLE, clock.now(), "w"))
            eyes.page.locator("#sheet-next time").filter(has_text=re.compile("dans")).wait_for()
        eyes.page.screenshot(path=file)
    sys.stdout.write(f"{file}\n")


def _settled(page: Page, screen: Screen) -> None:
    """The link is said to be good and the map is drawn, where there is one."""
    if page.locator("#link").count():
        page.locator("#link.good").wait_for()
    if page.locator("#map").count():
        page.locator("#map[data-drawn=yes]").wait_for()
    if screen.scrolled_to:
        page.locator(screen.scrolled_to).scroll_into_view_if_needed()


if __name__ == "__main__":
    sys.exit(main())
