"""Makes the pictures of docs/screens: `python -m tests.browser.screens docs/screens [name…]`.

The people, files and alerts of the browser tests in a town that does not exist.
"""

import json
import re
import sys
from collections.abc import Callable
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
from tests.browser.town import BRUNO, KEYS, SALIMA, Town, open_town
from tests.conftest import forget_settings, fresh_record, open_cluster
from tests.rules.night_of_plans import EXAMPLE
from tests.world import World
from tgd import clock, room_words, shifts
from tgd.alerts import acts, handing_on, on_the_way
from tgd.alerts.acts import Actor
from tgd.rules.alert import Outcome
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
    arranged: Callable[[Town], Any] | None = None
    """What happens once the person has signed in and before the page is opened."""
    script: str = ""
    """What happens in the page before the picture."""


def _bruno_ends(**when: float) -> Callable[[Town], Any]:
    return lambda town: town.ask(
        "UPDATE web_session SET ends_at = now() + CAST(:t AS interval) WHERE account = 'bruno'"
        " RETURNING 1", t=timedelta(**when),
    )  # fmt: skip


def _bruno_is_heard(town: Town) -> None:
    town.ask("UPDATE web_session SET sound = 'on', sound_at = now() WHERE account = 'bruno'"
             " RETURNING 1")  # fmt: skip


def _all_press(town: Town) -> None:
    """Thirty people within one moment, and somebody who hears it."""
    _bruno_is_heard(town)

    def pressed(session: Session) -> None:
        world = World(session, KEYS, clock.now() - timedelta(seconds=40))
        carried = [world.give(f"F{n:02d}", number=f"+336399803{n:02d}") for n in range(30)]
        world.hear(*(world.press(one) for one in carried))

    town.do(pressed)


def _the_room_answers(town: Town) -> None:
    """It has Bella's case, a patrol goes, he is in custody; and Bruno wants to go home."""
    room, bella, now = Actor("CIC 92/nadia"), town.alerts["Bella"], clock.now()

    def said(session: Session) -> None:
        acts.acknowledge(session, room, bella, now)
        on_the_way.set_out(session, room, bella, now, 6)
        acts.report_end(
            session, room, bella, Outcome.APPREHENDED, "Interpellé, elle est chez sa sœur.", now,
            were_sent=True,
        )  # fmt: skip
        handing_on.offer(session, BRUNO, bella, "salima", now)

    town.do(said)


def _she_walks(town: Town) -> None:
    """Gina goes north-east, near her sister's; Salima looks on."""
    for n, (lat, lon) in enumerate([(45.0209, 2.0507), (45.0216, 2.0519), (45.0225, 2.0522)]):
        town.ask(
            "INSERT INTO alert_position (id, alert, lat, lon, radius_m, method, trust, found_at,"
            " heard_at) VALUES (gen_random_uuid(), :a, :lat, :lon, 14, 'gnss', 'verified',"
            " :at, :at) RETURNING 1", a=town.alerts["Gina"], lat=lat, lon=lon,
            at=clock.now() - timedelta(seconds=100 - 45 * n),
        )  # fmt: skip
    places = [
        {"label": "Chez sa sœur", "city": "Exempleville", "lat": "45.0212", "lon": "2.0538"},
        {"label": "École", "city": "Exempleville"},
    ]
    town.ask("UPDATE protected_person SET places = :p WHERE id = (SELECT person FROM alert WHERE"
             " id = :a) RETURNING 1", p=json.dumps(places), a=town.alerts["Gina"])  # fmt: skip
    town.ask("UPDATE web_session SET looks_at = ARRAY[CAST(:a AS uuid)], looks_seen_at ="
             " now() + interval '1 hour' WHERE account = 'salima' RETURNING 1",
             a=town.alerts["Gina"])  # fmt: skip


def _room_is_told(town: Town) -> None:
    """By Salima, to everybody on shift."""
    said = "Le réseau B est coupé à Fictigny : rappelez par l’autre ligne."
    town.do(lambda s: room_words.say(s, SALIMA, said, clock.now()))


DEAF = "heard = () => {}; beatAt = Infinity; "
"""The stream says nothing to this page any more."""
ROOM_WORDS = """new Promise(shown => setInterval(() =>
  document.getElementById("room-words").hidden || shown(), 100))"""
INCOMPLETE = "{lost: ['canary-sms'], toMend: 3, missing: ['shift']}"
SCREENS: dict[str, Screen] = {
    "list": Screen("salima", "/"),
    "sheet-desk": Screen("bruno", "/alerts/Gina"),
    "sheet-phone-dark": Screen("bruno", "/alerts/Gina", DARK | {"locale": "fr-FR"}),
    "take-over-dark": Screen("salima", "/alerts/Hana", NIGHT),
    "shift": Screen("bruno", "/shift"),
    "shift-hand-over": Screen("salima", "/shift"),
    "supervision": Screen("salima", "/supervision", arranged=_bruno_is_heard),
    "offline": Screen("salima", "/", script=DEAF + "turned('off')"),
    "last-half-hour": Screen("bruno", "/alerts/Hana", arranged=_bruno_ends(minutes=24)),
    "locked": Screen("bruno", "/", arranged=_bruno_ends(seconds=-20)),
    "not-confirmed": Screen(
        "bruno", "/alerts/Bella", script="byId('not-sent').hidden = false; turned('off'); " + DEAF
    ),
    "room-incomplete": Screen("salima", "/", script=f"standing({INCOMPLETE}); {DEAF}"),
    "room-answers": Screen("bruno", "/alerts/Bella", arranged=_the_room_answers),
    "her-way": Screen(
        "bruno",
        "/alerts/Gina",
        {"viewport": {"width": 1366, "height": 1440}},
        "#place",
        arranged=_she_walks,
    ),
    "log": Screen("camille", "/alerts/Bella/log"),
    "room-words": Screen("bruno", "/", arranged=_room_is_told, script=ROOM_WORDS),
    "test-press": Screen("bruno", "/alerts/Diane"),
    "technical": Screen("bruno", "/technical"),
    "on-paper": Screen("bruno", "/on-paper"),
    "keys": Screen("bruno", "/keys"),
    "stock": Screen("gaël", "/stock"),
    "hand-over": Screen("odile", "/files/Sara/hand-over"),
    "file-phone": Screen("camille", "/files/Maud", FRENCH_PHONE),
    "decision-phone": Screen("camille", "/files/Maud", FRENCH_PHONE, "#act-grant"),
    "deadlines": Screen("camille", "/deadlines"),
    "deadlines-phone-dark": Screen("camille", "/deadlines", DARK | {"locale": "fr-FR"}),
    "clearances": Screen("camille", "/clearances"),
    "transfers": Screen("camille", "/transfers"),
    "on-call": Screen("camille", "/delegations"),
    "census": Screen("odile", "/stock/census"),
    "assess-phone": Screen("alix", "/files/Judith/assess", FRENCH_PHONE),
    "case-sheet": Screen("odile", "/files/Ursule/sheet"),
    "file-dark": Screen("camille", "/files/Maud", NIGHT),
    "withdrawal": Screen(
        "camille",
        "/files/Vera",
        scrolled_to="#act-withdraw",
        script="document.querySelector('#act-withdraw').closest('details')"
        ".open = true; document.querySelector('#act-withdraw')"
        ".scrollIntoView({block: 'center'})",
    ),
    "report": Screen("", "/signalement", FRENCH_PHONE),
    "flood": Screen("salima", "/supervision", arranged=_all_press),
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
        return Settings.model_validate({
            "console_insecure_http": True, "demonstration": True, "degraded_line": "01 99 00 00 50",
        })  # fmt: skip


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
        if screen.arranged:
            screen.arranged(town)
        eyes.go(town.address(screen.page))
        _settled(eyes.page, screen)
        if eyes.page.locator("#sheet-next time").count():
            town.do(lambda session: claim(session, EXAMPLE, clock.now(), "w"))
            eyes.page.locator("#sheet-next time").filter(has_text=re.compile("dans")).wait_for()
        if screen.script:
            eyes.page.evaluate(screen.script)
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
