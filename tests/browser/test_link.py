"""The operators' link in a real browser: what is lost is said in time, and made good on return."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import LIGHT
from tests.browser.served import Served
from tests.browser.town import KEYS, PASSWORD, Town, hash_once
from tests.conftest import fresh_record
from tests.world import World
from tgd import accounts, clock
from tgd.database import open_record
from tgd.rules.access import Role

TABS = 12
LATE_S, OFF_S, SLACK_S = 4.0, 7.0, 1.0
"""What is promised after the last sign of the server, and what a busy machine may add."""
NOTE = """() => {
  window.turns = [];
  const link = document.getElementById("link");
  new MutationObserver(() => turns.push([link.className.replace("chip ", ""), performance.now()]))
    .observe(link, {attributes: true, attributeFilter: ["class"]});
  new MutationObserver(() => { window.lastBeat = performance.now(); })
    .observe(document.querySelector(".last-look"), {childList: true});
}"""
expect.set_options(timeout=30_000)
NO_WORKER = "delete window.SharedWorker"


class Post:
    """Bruno's post: a console, its record, and people who press."""

    def __init__(self, town: Town, served: Served) -> None:
        self.town, self.served = town, served
        self.pressed: list[UUID] = []

    def press(self, times: int = 1) -> None:
        """So many people who have not pressed yet."""
        for _ in range(times):
            number = f"+336399800{len(self.pressed):02d}"
            name = f"P{len(self.pressed):02d}"

            def pressed(session: object, name: str = name, number: str = number) -> None:
                world = World(session, KEYS, clock.now())  # type: ignore[arg-type]
                world.hear(world.press(world.give(name, number=number)))

            self.town.do(pressed)
            newest = "SELECT id FROM alert ORDER BY number DESC LIMIT 1"
            self.pressed.append(self.town.ask(newest)[0].id)

    def press_again(self) -> None:
        """The last one presses once more."""
        self.town.ask(
            "UPDATE alert SET presses = presses + 1, updates = updates + 1 WHERE id = :a"
            " RETURNING pg_notify('tgd_console', '')", a=self.pressed[-1],
        )  # fmt: skip

    def is_written(self, act: str) -> bool:
        return bool(self.town.ask("SELECT 1 FROM journal WHERE act = :act", act=act))

    @contextmanager
    def sitting(self, browser: Browser, script: str = "") -> Iterator[BrowserContext]:
        """Bruno's browser."""
        context = browser.new_context(**LIGHT)
        try:
            context.set_default_timeout(30_000)
            if script:
                context.add_init_script(script)
            sent = {"name": "Bruno", "password": PASSWORD}
            assert context.request.post(self.served.url + "/login", form=sent).ok
            yield context
        finally:
            context.close()

    def open(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto(self.served.url)
        expect(page.locator("#link.good")).to_be_visible()
        page.wait_for_function("() => document.querySelector('.last-look').textContent")
        page.evaluate(NOTE)
        return page

    def shows_each_once(self, page: Page) -> None:
        """Everybody who pressed, and nobody twice."""
        for alert in self.pressed:
            expect(page.locator(f"li[data-id='{alert}']")).to_have_count(1)
        expect(page.locator("[data-list=real] li")).to_have_count(len(self.pressed))


def was_told_in_time(page: Page) -> None:
    """Slow, then offline, each within its time after the last beat; then good again."""
    expect(page.locator("#link.off")).to_be_visible()
    expect(page.locator("#offline")).to_be_visible()
    beat = page.evaluate("lastBeat")
    turns = [(state, (at - beat) / 1000) for state, at in page.evaluate("turns") if at > beat]
    assert [state for state, _ in turns] == ["slow", "off"]
    assert 3 <= turns[0][1] <= LATE_S + SLACK_S, turns
    assert turns[1][1] <= OFF_S + SLACK_S, turns


@pytest.fixture(scope="module")
def post(cluster: str) -> Iterator[Post]:
    with fresh_record(cluster) as url:
        engine, served = open_record(url), Served(url)
        town = Town(engine)
        try:
            town.do(lambda s: accounts.make_account(
                s, "Bruno", Role.OPERATOR, hash_once(), clock.now()
            ))  # fmt: skip
            served.start()
            yield Post(town, served)
        finally:
            served.kill()
            engine.dispose()


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


def test_an_alert_rings_until_it_is_taken_and_a_blocked_sound_is_seen(
    browser: Browser, post: Post
) -> None:
    """One tab of a browser sounds; another press is heard apart, whatever was silenced."""
    post.press()
    with post.sitting(browser) as context:
        page = post.open(context)
        expect(page.locator("#sound.blocked")).to_be_visible()
        assert page.evaluate("sound.played") == []
        page.click("#sound")
        expect(page.locator("#sound.on")).to_be_visible()
        assert page.evaluate("sound.played[0][0]") == "test"
        page.wait_for_function(heard("alert", 2))
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
            with page.expect_navigation():
                page.keyboard.press("F2")
        expect(page.locator("#waiting-count")).to_have_text("0")
        page.wait_for_function("() => sound.ringsAt === 0")


def wait_until(holds: Callable[[], bool]) -> None:
    """Until it holds, or a generous moment has passed."""
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def heard(name: str, times: int) -> str:
    return f"() => sound.played.filter(([name]) => name === '{name}').length >= {times}"
