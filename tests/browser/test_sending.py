"""What is sent into a cut is not done and not lost: the page stays, says so, and sends it again."""

import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.post import Post, wait_until

WORDS = "Elle chuchote : il est dans l’escalier."


def owned(post: Post) -> int:
    return int(post.town.ask("SELECT count(*) FROM alert WHERE owner = 'Bruno'")[0][0])


def written(post: Post) -> int:
    return len(post.town.ask("SELECT 1 FROM note WHERE words = :w", w=WORDS))


def is_told(page: Page) -> None:
    """That nothing is confirmed; the list and the sound are still there."""
    expect(page.locator("#not-sent")).to_be_visible()
    assert page.locator("#lists").count() == 1
    page.evaluate("sound.context.state")


@pytest.mark.parametrize("fault", ["dead", "frozen"])
def test_what_is_done_while_the_console_is_away_is_done_once_after(
    browser: Browser, post: Post, fault: str
) -> None:
    """F2, a note and the request, each sent into the cut and once more after it."""
    post.town.ask(
        "UPDATE alert SET state = 'closed', outcome = 'other', closed_by = 'Bruno', reason = 'x',"
        " closed_at = now(), look_again_at = NULL, owner = NULL WHERE state <> 'closed' RETURNING 1"
    )
    post.press(2)
    with post.sitting(browser) as context:
        page = post.open(context)
        page.evaluate("window.neverLeft = true")
        before = owned(post)
        cut(post, fault)
        page.keyboard.press("F2")
        is_told(page)
        assert page.evaluate("neverLeft")
        back(post, fault)
        expect(page.locator("#link.good")).to_be_visible()
        with page.expect_navigation():
            page.keyboard.press("F2")
        wait_until(lambda: owned(post) == before + 1)

        expect(page.locator("#link.good")).to_be_visible()
        page.fill("#act-note textarea", WORDS)
        done = written(post)
        cut(post, fault)
        page.press("#act-note textarea", "Control+Enter")
        is_told(page)
        assert page.input_value("#act-note textarea") == WORDS
        back(post, fault)
        expect(page.locator("#link.good")).to_be_visible()
        with page.expect_navigation():
            page.press("#act-note textarea", "Control+Enter")
        expect(page.locator("#sheet-timeline")).to_contain_text(WORDS)
        expect(page.locator("#act-note textarea")).to_have_value("")
        assert written(post) == done + 1

        page.keyboard.press("F4")
        cut(post, fault)
        page.keyboard.press("Enter")
        is_told(page)
        back(post, fault)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        alert = page.url.rpartition("/")[2]
        asked = post.town.ask("SELECT requests FROM alert WHERE id = :a", a=alert)
        assert asked[0].requests == 1


def cut(post: Post, fault: str) -> None:
    if fault == "dead":
        post.served.kill()
    else:
        post.served.send(signal.SIGSTOP)


def back(post: Post, fault: str) -> None:
    if fault == "dead":
        post.served.start()
    else:
        post.served.send(signal.SIGCONT)
