"""The console in its bad hours, judged like any page: a flood, a cut, an outage, a conflict."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session

from tests.browser.looking import DARK, LIGHT, Eyes, looking
from tests.browser.test_open_sheet import Grace
from tests.browser.town import BRUNO, KEYS, Town
from tests.world import World
from tgd import clock
from tgd.alerts import acts
from tgd.rules.alert import Verified

LOOKS: dict[str, dict[str, Any]] = {
    "desk": LIGHT, "telephone": DARK | {"locale": "fr-FR"},
}  # fmt: skip
FLOOD = 50
DEAF = "() => { heard = () => {}; beatAt = Infinity; }"
"""The stream says nothing to this page any more."""


@pytest.fixture(params=LOOKS)
def eyes(browser: Browser, town: Town, axe: str, request: pytest.FixtureRequest) -> Iterator[Eyes]:
    with looking(browser, town, "salima", axe, **LOOKS[request.param]) as opened:
        yield opened


def all_press(session: Session) -> None:
    """Fifty people, within one moment."""
    world = World(session, KEYS, clock.now())
    carried = [world.give(f"F{n:02d}", number=f"+336399803{n:02d}") for n in range(FLOOD)]
    world.hear(*(world.press(one) for one in carried))


def test_a_cut_is_sound(eyes: Eyes) -> None:
    """Late, then offline, with the list behind it."""
    eyes.go("/")
    expect(eyes.page.locator("#link.good")).to_be_visible()
    eyes.page.evaluate(DEAF)
    for state in ("slow", "off"):
        eyes.page.evaluate(f"turned('{state}')")
        expect(eyes.page.locator(f"#link.{state}")).to_be_visible()
        assert eyes.judge(state) == []


def test_what_could_not_be_fetched_is_sound(town: Town, eyes: Eyes) -> None:
    eyes.go(f"/alerts/{town.alerts['Bella']}")
    # nothing is fetched from here on: at the next beat the page would else put it right itself
    eyes.page.evaluate("window.fetch = () => Promise.reject(new Error('cut')); isOld(true)")
    expect(eyes.page.locator("#sheet-old")).to_be_visible()
    assert eyes.judge("old") == []


def test_a_silent_and_a_blocked_sound_are_sound(eyes: Eyes) -> None:
    eyes.go("/")
    assert eyes.judge("blocked") == []
    eyes.page.click("#sound")
    expect(eyes.page.locator("#sound.on")).to_be_visible()
    eyes.page.keyboard.press("F8")
    expect(eyes.page.locator("#sound.silent")).to_be_visible()
    assert eyes.judge("silent") == []


def test_an_outage_is_sound(town: Town, eyes: Eyes) -> None:
    """The record refuses a note: the page stays and says so, and nothing is lost of what was
    written. The page of an outage is seen by whoever comes in it, and leads back by itself."""
    eyes.go(f"/alerts/{town.alerts['Bella']}")
    eyes.page.fill("#act-note textarea", "Elle entend des pas.")
    town.do(lambda s: s.connection().exec_driver_sql(
        "ALTER TABLE note ADD CONSTRAINT away CHECK (words <> 'Elle entend des pas.') NOT VALID"
    ))  # fmt: skip
    try:
        eyes.page.click("#act-note button")
        expect(eyes.page.locator("#not-sent")).to_be_visible()
        eyes.troubles.clear()  # the browser says the status
        assert eyes.judge("not confirmed") == []
        assert eyes.page.input_value("#act-note textarea") == "Elle entend des pas."
    finally:
        town.do(lambda s: s.connection().exec_driver_sql("ALTER TABLE note DROP CONSTRAINT away"))
    town.do(lambda s: s.connection().exec_driver_sql("ALTER TABLE note RENAME TO note_away"))
    try:
        assert eyes.go(f"/alerts/{town.alerts['Bella']}") == 500
        eyes.troubles.clear()  # the browser says the status
        assert eyes.judge("outage") == []
    finally:
        town.do(lambda s: s.connection().exec_driver_sql("ALTER TABLE note_away RENAME TO note"))
    expect(eyes.page.locator("#sheet")).to_be_visible()


def test_a_conflict_is_sound(browser: Browser, town: Town, axe: str) -> None:
    """She presses while Bruno writes why he closes."""
    for number, look in enumerate(LOOKS.values(), 40):
        grace = Grace(town, number)
        grace.is_taken()
        town.do(partial(acts.verify, actor=BRUNO, alert_id=grace.alert,
                        found=Verified.SAFE_VOICE, now=clock.now()))  # fmt: skip
        with looking(browser, town, "bruno", axe, **look) as eyes:
            eyes.go(f"/alerts/{grace.alert}")
            eyes.page.select_option("#act-close select", "accidental")
            eyes.page.fill("#act-close textarea", "Elle dit que c’était dans son sac.")
            grace.press_again()
            expect(eyes.page.locator("#sheet-changed")).to_be_visible()
            assert eyes.judge("changed while writing") == []
            assert eyes.send("#act-close button") == 409
            eyes.troubles.clear()  # the browser says the status
            assert "sac" in eyes.page.input_value("#act-close textarea")
            assert eyes.judge("conflict") == []


def test_a_flood_is_sound(browser: Browser, town: Town, axe: str) -> None:
    """Fifty at once: each is in the list, the supervisor is told, and paper has them all."""
    town.do(all_press)
    for name, look in LOOKS.items():
        with looking(browser, town, "salima", axe, **look) as eyes:
            eyes.go("/")
            assert eyes.page.locator("[data-list=real] .waiting").count() >= FLOOD
            assert eyes.judge(f"flood, {name}") == []
            eyes.go("/supervision")
            expect(eyes.page.locator("#flood")).to_be_visible()
            assert eyes.judge(f"supervision, {name}") == []
            eyes.go("/on-paper")
            assert eyes.page.locator(".on-paper").count() >= FLOOD
            assert eyes.judge(f"paper, {name}") == []
