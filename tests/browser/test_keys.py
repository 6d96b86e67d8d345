"""Keys beside those of an alert's walk: sound again, the position in words, a screen that stays."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import Eyes, looking
from tests.browser.town import Town

ASKED = """Object.defineProperty(navigator, "wakeLock", {value: {request: async kind => {
  window.awake = (window.awake || []).concat(kind); }}})"""
WRITTEN = "SELECT count(*) FROM journal WHERE act = 'SoundSilenced'"


@pytest.fixture
def eyes(browser: Browser, town: Town) -> Iterator[Eyes]:
    with looking(browser, town, "bruno") as opened:
        yield opened


@pytest.mark.parametrize("way", ["F8", "mark"])
def test_a_silence_is_ended_as_easily_as_it_began(town: Town, eyes: Eyes, way: str) -> None:
    """What waits is heard at once, without a test tone."""
    eyes.go("/")
    page = eyes.page
    page.click("#sound")
    expect(page.locator("#sound.on")).to_be_visible()
    before = town.ask(WRITTEN)[0][0]
    with page.expect_response("**/sound/silence"):
        page.keyboard.press("F8")
    expect(page.locator("#sound.silent")).to_contain_text("remettre le son")
    tests = "sound.played.filter(([name]) => name === 'test').length"
    heard, tones = page.evaluate("sound.played.length"), page.evaluate(tests)
    if way == "F8":
        page.keyboard.press("F8")
    else:
        page.click("#sound")
    expect(page.locator("#sound.on")).to_be_visible()
    page.wait_for_function(f"() => sound.played.length > {heard}")
    assert page.evaluate(tests) == tones
    assert town.ask(WRITTEN)[0][0] == before + 1, "only a silence is written down"


def test_alt_3_goes_to_the_position_in_words(town: Town, eyes: Eyes) -> None:
    eyes.go(f"/alerts/{town.alerts['Bella']}")
    eyes.page.keyboard.press("Alt+3")
    focus = eyes.page.evaluate("document.activeElement.innerText")
    assert focus.startswith("Position")
    assert "2.20711" in focus


def test_every_key_is_listed_for_those_who_have_it(browser: Browser, town: Town) -> None:
    for name, count in (("bruno", 9), ("camille", 3)):
        with looking(browser, town, name) as eyes:
            eyes.go("/")
            eyes.page.click("footer a[href='/keys']")
            assert eyes.page.locator("main tbody tr").count() >= count, name
            assert (eyes.page.locator("main").inner_text().count("F2") > 0) is (name == "bruno")


def test_the_screen_of_the_room_is_kept_awake(browser: Browser, town: Town) -> None:
    for name, wanted in (("bruno", ["screen"]), ("camille", [])):
        with looking(browser, town, name) as eyes:
            eyes.context.add_init_script(ASKED)
            eyes.go("/")
            expect(eyes.page.locator("#link.good")).to_be_visible()
            assert eyes.page.evaluate("window.awake || []") == wanted, name


def test_a_page_of_the_room_says_what_is_missing(browser: Browser, town: Town) -> None:
    """Whoever answers without a shift is told; what is to be mended has a number everywhere."""
    town.ask("UPDATE shift SET ended_at = now() WHERE account = 'bruno' RETURNING 1")
    try:
        with looking(browser, town, "bruno") as eyes:
            eyes.go("/")
            missing = eyes.page.locator("#shift-missing")
            expect(missing).to_contain_text("Votre poste n’est pas pris")
            expect(eyes.page.locator("#to-mend")).to_have_text("1")
            expect(eyes.page.locator("#deaf")).to_be_hidden()
            eyes.page.evaluate("standing({lost: ['canary-sms'], toMend: 0, missing: []})")
            expect(eyes.page.locator("#deaf")).to_contain_text("canary-sms")
            eyes.go("/shift")
            expect(eyes.page.locator("#link.good")).to_be_visible()
            eyes.page.wait_for_timeout(2000)
            expect(missing).to_be_hidden()
    finally:
        town.ask("UPDATE shift SET ended_at = NULL WHERE account = 'bruno' RETURNING 1")
