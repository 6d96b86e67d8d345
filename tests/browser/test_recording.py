"""A recording is heard in the browser itself, under the same policy for contents as every page."""

import pytest
from playwright.sync_api import Browser, Route

from simulators.twilio_conferences import SILENCE
from tests.browser.looking import looking
from tests.browser.town import Town
from tgd.web.headers import FIXED

HEARD = "() => document.querySelector('audio, video')?.duration || 0"


@pytest.mark.parametrize(("policy", "heard"), [(True, True), (False, False)])
def test_the_browser_plays_what_our_policy_lets_it(
    browser: Browser, town: Town, policy: bool, heard: bool
) -> None:
    """The provider's simulated sound behind our own headers; without our line for sounds, silence.

    The page that plays is the browser's own: it obeys the headers of what it plays."""
    headers = FIXED | {"content-type": "audio/mpeg"}
    if not policy:
        said = FIXED["content-security-policy"].replace(" media-src 'self';", "")
        headers |= {"content-security-policy": said}

    def answer(route: Route) -> None:
        route.fulfill(status=200, body=SILENCE, headers=headers)

    with looking(browser, town, "salima") as eyes:
        eyes.page.route("**/recordings/*", answer)
        eyes.go("/recordings/11111111-1111-1111-1111-111111111111")
        eyes.page.wait_for_timeout(1500)
        assert (eyes.page.evaluate(HEARD) > 0.5) is heard
        eyes.troubles.clear()
