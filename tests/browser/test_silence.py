"""Twenty seconds of silence are counted where the script speaks of them, beneath a living sheet."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.looking import looking
from tests.browser.town import BRUNO, Town
from tgd import clock
from tgd.alerts import acts


def test_the_count_goes_on_while_the_sheet_is_renewed_and_says_its_end(
    browser: Browser, town: Town, axe: str
) -> None:
    alert = town.alerts["Ana"]
    town.do(lambda s: acts.take(s, BRUNO, alert, clock.now()))
    with looking(browser, town, "bruno", axe) as eyes:
        eyes.go(f"/alerts/{alert}")
        button, over = eyes.page.locator("#silence-clock"), eyes.page.locator("#silence-over")
        expect(button).to_have_text("Compter 20 s de silence")
        button.focus()
        eyes.page.keyboard.press("Enter")
        expect(button).to_have_text(re.compile(r"^(20|19) s – recompter$"))
        assert town.ask("SELECT state FROM alert WHERE id = :a", a=alert)[0].state == "taken"
        eyes.page.evaluate("silentSince -= 10000")
        eyes.page.evaluate("byId('sheet-acts').dataset.old = 'yes'; refreshSheet()")
        expect(eyes.page.locator("#sheet-acts[data-old]")).to_have_count(0)
        expect(button).to_have_text(re.compile(r"^\d s – recompter$"))
        expect(over).to_be_empty()
        eyes.page.evaluate("silentSince -= 10000")
        expect(over).to_have_text("20 secondes sont passées\u00a0: «\u00a0Silence\u00a0».")
        assert eyes.judge("silence") == []
        assert eyes.page.evaluate("document.activeElement.id") == "silence-clock"
        button.click()
        expect(over).to_be_empty()
        eyes.page.locator("#act-verify button[value=silent]").click()
        expect(button).to_have_count(0)
        assert eyes.troubles == []
