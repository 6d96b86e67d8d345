"""What is being written about an alert outlives the lock, for the person who wrote it alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import Eyes, looking
from tests.browser.test_open_sheet import Grace, open_sheet
from tests.browser.test_session_end import ends
from tests.browser.town import PASSWORD, Town

NOTE = "Elle chuchote ; une porte claque, deux fois."
REASON = "Rappelée : elle a dit le mot convenu."
STORED = "() => JSON.stringify([{...sessionStorage}, {...localStorage}])"


@pytest.fixture
def eyes(browser: Browser, town: Town, axe: str) -> Iterator[Eyes]:
    with looking(browser, town, "bruno", axe) as opened:
        yield opened


def write(page: Page) -> None:
    """A note, and half of a closing."""
    page.fill("#act-note textarea", NOTE)
    page.select_option("#act-close select", "accidental")
    page.fill("#act-close textarea", REASON)


def written(town: Town, eyes: Eyes, number: int) -> tuple[Grace, Page]:
    """Bruno has somebody's alert, and is in the middle of writing about it."""
    grace = Grace(town, number)
    grace.is_taken()
    page = open_sheet(eyes, grace)
    write(page)
    return grace, page


def stands(page: Page, note: str = NOTE, outcome: str = "accidental", reason: str = REASON) -> None:
    """This stands in the fields."""
    expect(page.locator("#act-note textarea")).to_have_value(note)
    expect(page.locator("#act-close select")).to_have_value(outcome)
    expect(page.locator("#act-close textarea")).to_have_value(reason)


def is_nowhere_in_clear(page: Page) -> None:
    """Neither on the page nor in what the browser keeps."""
    found = page.content() + page.evaluate(STORED)
    assert NOTE not in found
    assert REASON not in found


def unlock(page: Page, password: str = PASSWORD) -> None:
    page.fill("[name=password]", password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("lock", ["twelve hours", "left alone"])
def test_a_lock_takes_nothing_of_what_was_written(town: Town, eyes: Eyes, lock: str) -> None:
    """A wrong password and a reload change nothing; what is saved then does not come back."""
    grace, page = written(town, eyes, 40 if lock == "left alone" else 41)
    if lock == "left alone":
        town.ask("UPDATE web_session SET seen_at = now() - interval '16 minutes' RETURNING 1")
    else:
        ends(town, -1)
    expect(page.locator("#locked-title")).to_be_visible()
    expect(page.locator("#written-kept")).to_be_visible()
    is_nowhere_in_clear(page)
    assert page.get_attribute("body", "data-words-key") is None
    assert eyes.judge("locked while writing") == []
    unlock(page, "not the password")
    eyes.troubles.clear()  # the browser says that it was refused
    is_nowhere_in_clear(page)
    page.reload()
    eyes.troubles.clear()
    expect(page.locator("#locked-title")).to_be_visible()
    unlock(page)
    assert page.url.endswith(str(grace.alert))
    stands(page)
    expect(page.locator("#written-back")).to_be_visible()
    assert NOTE not in page.evaluate(STORED)
    assert eyes.judge("given back") == []
    with page.expect_navigation():
        page.press("#act-note textarea", "Control+Enter")
    expect(page.locator("#sheet-timeline")).to_contain_text(NOTE)
    stands(page, note="")
    page.reload()
    stands(page, note="")


def test_another_person_never_sees_it(town: Town, eyes: Eyes) -> None:
    grace, page = written(town, eyes, 42)
    ends(town, -1)
    expect(page.locator("#locked-title")).to_be_visible()
    eyes.sign_in("salima")
    eyes.go(f"/alerts/{grace.alert}")
    expect(page.locator("#act-note textarea")).to_have_value("")
    expect(page.locator("#link.good")).to_be_visible()
    is_nowhere_in_clear(page)
    assert "tgd-written" not in page.evaluate(STORED)


def test_what_is_sent_into_the_lock_stays_written(town: Town, eyes: Eyes) -> None:
    """The screen locks under the hands of whoever saves the note: it was not saved."""
    _, page = written(town, eyes, 43)
    ends(town, -1)
    with page.expect_navigation():
        page.press("#act-note textarea", "Control+Enter")
    expect(page.locator("#locked-title")).to_be_visible()
    unlock(page)
    stands(page)
    expect(page.locator("#sheet-timeline")).not_to_contain_text(NOTE)


def test_f2_in_the_middle_of_a_note_takes_nothing_of_it(town: Town, eyes: Eyes) -> None:
    """Another alert has no word of it; on the way back it is there."""
    first, page = written(town, eyes, 44)
    Grace(town, 45)
    with page.expect_navigation():
        page.keyboard.press("F2")
    assert not page.url.endswith(str(first.alert))
    stands(page, "", "", "")
    eyes.go(f"/alerts/{first.alert}")
    stands(page)
    page.fill("#act-note textarea", "")
    page.reload()
    stands(page, note="")


def test_signing_out_leaves_nothing(town: Town, eyes: Eyes) -> None:
    _, page = written(town, eyes, 46)
    page.wait_for_function("() => sessionStorage.getItem('tgd-written')")
    with page.expect_navigation():
        page.click("form[action='/logout'] button")
    assert "tgd-written" not in page.evaluate(STORED)
