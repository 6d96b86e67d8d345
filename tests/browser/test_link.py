"""The operators' link in a real browser: what is lost is said in time, and made good on return."""

import signal

from playwright.sync_api import Browser, Page, expect

from tests.browser.post import Post, heard, wait_until

TABS = 12
LATE_S, OFF_S, SLACK_S = 4.0, 7.0, 1.0
"""What is promised after the last sign of the server, and what a busy machine may add."""
NO_WORKER = "delete window.SharedWorker"


def was_told_in_time(page: Page) -> None:
    """Slow, then offline, each within its time after the last beat; then good again."""
    expect(page.locator("#link.off")).to_be_visible()
    expect(page.locator("#offline")).to_be_visible()
    beat = page.evaluate("lastBeat")
    turns = [(state, (at - beat) / 1000) for state, at in page.evaluate("turns") if at > beat]
    assert [state for state, _ in turns] == ["slow", "off"]
    assert 3 <= turns[0][1] <= LATE_S + SLACK_S, turns
    assert turns[1][1] <= OFF_S + SLACK_S, turns


def test_twelve_tabs_hear_through_kill_and_freeze_and_nothing_is_lost(
    browser: Browser, post: Post
) -> None:
    """One of them is frozen by its browser as well; beside them sits a browser without workers."""
    post.press()
    with post.sitting(browser) as many, post.sitting(browser, NO_WORKER) as old:
        tabs = [post.open(many) for _ in range(TABS)]
        plain = post.open(old)
        assert plain.evaluate("typeof window.SharedWorker") == "undefined"
        frozen = many.new_cdp_session(tabs[5])
        frozen.send("Page.setWebLifecycleState", {"state": "frozen"})
        post.press()
        awake = [tab for tab in tabs if tab is not tabs[5]]
        for tab in (*awake, plain):
            post.shows_each_once(tab)

        for page in (tabs[0], plain):  # a quick machine comes here before the first beat
            page.wait_for_function("() => window.lastBeat")
        post.served.kill()
        post.press(3)
        for page in (tabs[0], plain):
            was_told_in_time(page)
        post.served.start()
        for tab in (*awake, plain):
            post.shows_each_once(tab)
            expect(tab.locator("#link.good")).to_be_visible()
            expect(tab.locator("#caught-up")).to_contain_text("3")

        for page in (tabs[0], plain):
            page.evaluate("turns.length = 0")
        post.served.send(signal.SIGSTOP)
        try:
            post.press(3)
            for page in (tabs[0], plain):
                was_told_in_time(page)
        finally:
            post.served.send(signal.SIGCONT)
        frozen.send("Page.setWebLifecycleState", {"state": "active"})
        for tab in (*tabs, plain):
            post.shows_each_once(tab)
        expect(tabs[0].locator("#link.good")).to_be_visible()


def test_a_row_never_goes_back_to_what_it_was(browser: Browser, post: Post) -> None:
    """An answer that was read earlier and comes later, by another way, changes nothing."""
    post.press()
    with post.sitting(browser) as context:
        page = post.open(context)
        row = page.locator(f"li[data-id='{post.pressed[-1]}']")
        before = row.inner_text()
        page.evaluate(
            """([id, html]) => { for (const [mark, word] of [[9, "NEWER"], [8, "OLDER"]]) facts(
              {seq: 1, rows: [{id, list: "real", order: "0", mark, html: html.replace("</a>",
              word + "</a>").replace("data-stamp", "data-was")}]}); }""",
            [str(post.pressed[-1]), row.evaluate("e => e.outerHTML")],
        )
        assert "NEWER" in row.inner_text() != before
        assert "OLDER" not in row.inner_text()


def test_a_question_that_is_never_answered_is_given_up(browser: Browser, post: Post) -> None:
    """Each one that hangs holds one of the six connections of a browser."""
    with post.sitting(browser, NO_WORKER) as context:
        page = post.open(context)
        page.route("**/sync?*", lambda _: None)
        asked = "async () => { const from = performance.now(); await alone.sync();" \
            " return performance.now() - from; }"  # fmt: skip
        assert 4000 < page.evaluate(asked) < 8000
        page.unroute_all(behavior="ignoreErrors")


def test_an_alert_rings_until_it_is_taken_and_a_blocked_sound_is_seen(
    browser: Browser, post: Post
) -> None:
    """One tab of a browser sounds; another press is heard apart, whatever was silenced."""
    post.press()
    with post.sitting(browser) as context:
        page = post.open(context)
        expect(page.locator("#sound.blocked")).to_be_visible()
        assert page.evaluate("sound.played") == []
        said = "SELECT 1 FROM web_session WHERE sound = :state AND account = 'Bruno'"
        wait_until(lambda: bool(post.town.ask(said, state="blocked")))
        page.click("#sound")
        expect(page.locator("#sound.on")).to_be_visible()
        wait_until(lambda: bool(post.town.ask(said, state="on")))
        assert page.evaluate("sound.played[0][0]") == "test"
        # those of the tests before wait for long already: it may be a louder tone
        page.wait_for_function(
            "() => sound.played.filter(([n]) => /alert|urgent/.test(n)).length > 1"
        )
        other = post.open(context)
        other.click("#sound")
        expect(other.locator("#sound.on")).to_be_visible()
        assert not other.evaluate("sound.isOurs")
        page.keyboard.press("F8")
        expect(page.locator("#sound.silent")).to_be_visible()
        wait_until(lambda: post.is_written("SoundSilenced"))
        rung = page.evaluate("sound.played.length")
        post.press()
        page.wait_for_function(f"() => sound.played.length > {rung}")
        expect(page.locator("#sound.on")).to_be_visible()
        post.press_again()
        page.wait_for_function(heard("again", 1))
        for _ in post.pressed:
            page.bring_to_front()
            page.evaluate("sessionStorage.clear()")  # each is another wish
            with page.expect_navigation():
                page.keyboard.press("F2")
        expect(page.locator("#waiting-count")).to_have_text("0")
        page.wait_for_function("() => sound.ringsAt === 0")
