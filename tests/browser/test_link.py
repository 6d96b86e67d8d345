"""The operators' link in a real browser: what is lost is said in time, and made good on return."""

import signal

from playwright.sync_api import Browser, Page, expect

from tests.browser.attached import new_tab, shared_worker
from tests.browser.post import NOTE, Post, heard, wait_until
from tests.browser.town import PASSWORD

TABS = 12
LATE_S, OFF_S, SLACK_S = 3.0, 7.0, 0.5
"""What is promised after the last beat, and what a machine may add that twelve tabs keep busy."""
NO_WORKER = "delete window.SharedWorker"


def was_told_in_time(page: Page) -> None:
    """Slow, then offline, each within its time after the last beat; then good again."""
    expect(page.locator("#link.off")).to_be_visible()
    expect(page.locator("#offline")).to_be_visible()
    beat = page.evaluate("lastBeat")
    turns = [(state, (at - beat) / 1000) for state, at in page.evaluate("turns") if at > beat]
    assert [state for state, _ in turns] == ["slow", "off"]
    assert 2.5 <= turns[0][1] <= LATE_S + SLACK_S, turns
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
        plain.get_by_role("button", name="Lu", exact=True).click()
        expect(plain.locator("#caught-up")).to_be_hidden()

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


def test_a_page_whose_worker_died_says_so_and_hears_by_itself(browser: Browser, post: Post) -> None:
    """Late in time, and good again: no page that says for ever that it is offline."""
    with post.sitting(browser) as context:
        pages = [post.open(context), post.open(context)]
        for page in pages:
            page.wait_for_function("() => window.lastBeat")
        shared_worker(browser).says("self.close()")
        for page in pages:
            page.wait_for_function("() => turns.length === 2")
            (slow, slow_at), (good, good_at) = page.evaluate("turns")
            assert (slow, good) == ("slow", "good")
            assert good_at - slow_at < 1000 * (OFF_S + SLACK_S)
        post.press()
        for page in pages:
            post.shows_each_once(page)
            assert page.evaluate("alone !== null")


def test_a_tab_that_nobody_looks_at_hears_all_and_sounds(browser: Browser, post: Post) -> None:
    """The operator reads a mail in another tab; people press, then the server dies."""
    tab = new_tab(browser, post.served.url + "/login")
    tab.until("document.querySelector('[name=password]')")
    tab.says(f"fetch('/login', {{method: 'POST', body: new URLSearchParams({{name: 'Bruno',"
             f" password: '{PASSWORD}'}})}}).then(() => location.assign('/'))")  # fmt: skip
    tab.until("document.querySelector('#link.good')")
    tab.says(f"({NOTE})()")
    tab.ask("Runtime.evaluate", expression="soundTest()", userGesture=True)
    tab.until("document.querySelector('#sound.on')")
    mail = new_tab(browser, "about:blank")
    mail.show()
    tab.until("document.visibilityState === 'hidden'")
    tones = tab.says(RUNG)
    post.press(5)
    tab.until(f"alerts.size >= {len(post.pressed)}")
    tab.until(f"{RUNG} > {tones} + 1")
    assert tab.says("document.title").startswith("(")
    tab.until("window.lastBeat")
    post.served.kill()
    tab.until("turns.length === 2")
    beat, turns = tab.says("lastBeat"), tab.says("turns")
    assert [state for state, _ in turns] == ["slow", "off"]
    late, off = ((at - beat) / 1000 for _, at in turns)
    assert late <= LATE_S + SLACK_S, turns
    assert off <= OFF_S + SLACK_S, turns
    post.press(2)
    post.served.start()
    tab.until(f"alerts.size >= {len(post.pressed)}")
    shown = "[...document.querySelectorAll('[data-list=real] li')].map(row => row.dataset.id)"
    assert sorted(tab.says(shown)) == sorted(str(one) for one in post.pressed)
    assert tab.says("document.visibilityState") == "hidden"
    for one in (mail, tab):
        one.close()


RUNG = "sound.played.filter(([name]) => /alert|urgent/.test(name)).length"


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
