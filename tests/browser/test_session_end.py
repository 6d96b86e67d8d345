"""The end of a session in a shift: said beforehand, then a lock, never an alert that is lost."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import Eyes, looking
from tests.browser.test_open_sheet import Grace, open_sheet
from tests.browser.town import PASSWORD, Town

WORDS = "Elle entend des pas dans l’escalier."


@pytest.fixture
def eyes(browser: Browser, town: Town, axe: str) -> Iterator[Eyes]:
    with looking(browser, town, "bruno", axe) as opened:
        yield opened


def ends(town: Town, seconds: int) -> None:
    """Bruno's sessions end so long from now."""
    town.ask("UPDATE web_session SET ends_at = now() + make_interval(secs => :s)"
             " WHERE account = 'bruno' RETURNING 1", s=seconds)  # fmt: skip


def test_a_password_in_the_last_half_hour_interrupts_nothing(town: Town, eyes: Eyes) -> None:
    """What he was writing is there, the page goes on living, and the note is saved."""
    grace = Grace(town, 30)
    grace.is_taken()
    ends(town, 1700)
    page = open_sheet(eyes, grace)
    expect(page.locator("#ends-soon")).to_be_visible()
    assert eyes.judge("the last half hour") == []
    page.fill("#act-note textarea", WORDS)
    page.fill("#renew input[type=password]", "a guess")
    page.keyboard.press("Enter")
    expect(page.locator("#renew-said")).to_contain_text("mot de passe")
    assert len(eyes.troubles) == 1, "the browser says that it was refused"
    eyes.troubles.clear()
    page.fill("#renew input[type=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#ends-soon")).to_be_hidden()
    page.wait_for_timeout(5000)  # the stream of the old token has ended meanwhile
    assert page.input_value("#act-note textarea") == WORDS
    grace.press_again()
    expect(page.locator("#sheet-head")).to_contain_text("2")
    with page.expect_navigation():
        page.press("#act-note textarea", "Control+Enter")
    expect(page.locator("#sheet-timeline")).to_contain_text(WORDS)


def test_the_lock_leads_back_to_the_alert(town: Town, eyes: Eyes) -> None:
    grace = Grace(town, 31)
    grace.is_taken()
    page = open_sheet(eyes, grace)
    ends(town, -1)
    expect(page.locator("#locked-title")).to_be_visible()
    assert "Grace31" not in page.content()
    assert eyes.judge("over after twelve hours") == []
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(str(grace.alert))
    page.wait_for_timeout(5000)
    assert page.url.endswith(str(grace.alert)), "nothing of the old session leads away"
    expect(page.locator("#link.good")).to_be_visible()


def test_who_signs_in_after_him_gets_no_page_of_his(town: Town, eyes: Eyes) -> None:
    grace = Grace(town, 32)
    grace.is_taken()
    page = open_sheet(eyes, grace)
    eyes.sign_in("salima")
    expect(page.locator("#sheet")).to_have_count(0)
    expect(page.locator(".who")).to_contain_text("salima")


@pytest.mark.parametrize("page", ["/", "/keys"])
def test_f2_behind_the_lock_takes_with_one_password(town: Town, eyes: Eyes, page: str) -> None:
    """At night every screen is locked when she presses."""
    grace = Grace(town, 33 if page == "/" else 34)
    eyes.go(page)
    town.ask("UPDATE web_session SET seen_at = now() - interval '16 minutes' RETURNING 1")
    eyes.page.reload()
    town.ask("UPDATE alert SET opened_at = now() - interval '2 hours' WHERE id = :a RETURNING 1",
             a=grace.alert)  # fmt: skip
    eyes.page.keyboard.press("F2")
    expect(eyes.page.locator("#then-take")).to_contain_text("vous prenez l’alerte")
    expect(eyes.page.locator("[name=password]")).to_be_focused()
    assert eyes.judge("locked, F2") == []
    eyes.page.keyboard.type(PASSWORD)
    with eyes.page.expect_navigation():
        eyes.page.keyboard.press("Enter")
    assert eyes.page.url.endswith(str(grace.alert))
    assert town.ask("SELECT owner FROM alert WHERE id = :a", a=grace.alert)[0].owner == "bruno"
