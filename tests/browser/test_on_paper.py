"""The sheet on paper renews itself, outlives the console, and does not outlive the session."""

from playwright.sync_api import Browser

from tests.browser.looking import LIGHT, looking
from tests.browser.town import Town

MADE_AT = ".paper .notice .figures"


def test_the_last_sheet_outlives_the_console_and_not_the_session(
    browser: Browser, town: Town
) -> None:
    with looking(browser, town, "bruno", **LIGHT) as eyes:
        page = eyes.page
        page.clock.install()
        eyes.go("/on-paper")
        assert "Ana FICTIVE" in page.locator(".paper").inner_text()
        first = page.locator(MADE_AT).inner_text()
        page.wait_for_timeout(1100)  # the next sheet names another second
        with page.expect_response("**/on-paper"):
            page.clock.run_for(121_000)
        page.locator(MADE_AT).filter(has_not_text=first).wait_for()
        eyes.context.set_offline(True)
        kept = page.locator(MADE_AT).inner_text()
        page.clock.run_for(121_000)
        page.wait_for_timeout(200)
        assert "Ana FICTIVE" in page.locator(".paper").inner_text()
        assert page.locator(MADE_AT).inner_text() == kept
        eyes.context.set_offline(False)
        eyes.troubles.clear()  # the browser says that it could not reach us
        town.ask("DELETE FROM web_session WHERE account = 'bruno' RETURNING 1")
        with page.expect_navigation():
            page.clock.run_for(121_000)
        assert "Ana FICTIVE" not in page.content()
        eyes.troubles.clear()  # nor that the session is over
