"""What comes next, as Bruno sees it tick, and what he and Salima hear while nobody answers."""

import re
from uuid import UUID

from playwright.sync_api import Browser, Page, expect

from dispatch.policy import Policy, Sounding
from dispatch.turn import claim
from tests.browser.post import Post, heard, wait_until
from tests.rules.night_of_plans import EXAMPLE
from tgd import clock

SHORT = EXAMPLE.model_copy(update={"console": Sounding(tones_s=(3, 15, 27))})
"""As the example, with the louder tones early: what is heard comes from here alone."""


def plan(post: Post, policy: Policy = EXAMPLE) -> None:
    """One turn of dispatch; nobody is told for real."""
    post.town.do(lambda session: claim(session, policy, clock.now(), "w"))


def looks(post: Post, alert: UUID) -> int:
    """How often somebody looked at the sheet."""
    asked = "SELECT 1 FROM journal WHERE act = 'AccessLogged' AND alert = :a"
    return len(post.town.ask(asked, a=alert))


def to_go(page: Page) -> int:
    """The seconds that the sheet says now; 0 for what is due."""
    said = page.locator("#sheet-next time").inner_text()
    found = re.fullmatch(r"dans (\d+):(\d\d)|due maintenant", said)
    assert found, said
    return int(found[1]) * 60 + int(found[2]) if found[1] else 0


def test_the_sheet_counts_down_to_the_next_step_and_never_below_zero(
    browser: Browser, post: Post
) -> None:
    """Ana's alert waits; dispatch plans once, dies, comes back; Bruno takes it."""
    post.press()
    alert = post.pressed[-1]
    with post.sitting(browser) as context:
        page = context.new_page()
        page.goto(f"{post.served.url}/alerts/{alert}")
        expect(page.locator("#link.good")).to_be_visible()
        expect(page.locator("#sheet-next")).to_be_empty()
        plan(post)
        expect(page.locator("#sheet-next")).to_contain_text(
            re.compile(
                r"^Escalade (dans 0:\d\d|due maintenant)\s: platform-second \(plateforme\)\s*$"
            )
        )
        expect(page.locator("#sheet-timeline")).to_contain_text("platform")
        page.wait_for_timeout(700)
        before, said = looks(post, alert), list[int]()
        while not said or said[-1] > 0:
            said.append(to_go(page))
            page.wait_for_timeout(300)
        assert said == sorted(said, reverse=True)
        assert max(said) <= 10
        row = page.locator(f"li[data-id='{alert}'] .next")
        expect(row).to_have_text(re.compile(r"^Escalade due maintenant"))
        expect(row.locator(".told")).to_be_hidden()
        page.wait_for_timeout(1500)
        assert to_go(page) == 0, "what has not been done is still due"
        assert looks(post, alert) == before, "a countdown is no look at the sheet"
        plan(post)
        expect(page.locator("#sheet-next")).to_contain_text("ton plus pressant")
        with page.expect_navigation():
            page.click("#act-take button")
        plan(post)
        expect(page.locator("#sheet-next")).to_contain_text(
            re.compile(r"Remise à tous faute d’acte dans (1:00|0:5\d)")
        )
        post.town.ask("UPDATE alert SET version = version + 1 WHERE id = :a RETURNING 1", a=alert)
        page.reload()
        expect(page.locator("#sheet-next")).to_be_empty()


def test_nobody_answers_and_both_consoles_grow_louder_whatever_was_silenced(
    browser: Browser, post: Post
) -> None:
    """The seconds are those of the policy; F8 lasts until the next louder tone."""
    with post.sitting(browser) as bruno, post.sitting(browser, name="Salima") as salima:
        pages = [post.open(context) for context in (bruno, salima)]
        for page in pages:
            page.click("#sound")
            expect(page.locator("#sound.on")).to_be_visible()
        post.press()
        plan(post, SHORT)
        for page in pages:
            page.wait_for_function(heard("alert", 1))
            page.wait_for_function(heard("urgent-1", 1))
        pages[0].keyboard.press("F8")
        expect(pages[0].locator("#sound.silent")).to_be_visible()
        wait_until(lambda: post.is_written("SoundSilenced"))
        until_then = pages[0].evaluate("sound.played.length")
        for page in pages:
            page.wait_for_function(heard("urgent-2", 1))
        rest = pages[0].evaluate(f"sound.played.slice({until_then}).map(([name]) => name)")
        assert rest[0] == "urgent-2", "silence held until the louder tone"
        expect(pages[0].locator("#sound.on")).to_be_visible()
        for page in pages:
            page.wait_for_function(heard("urgent-3", 1))
        with pages[1].expect_navigation():
            pages[1].keyboard.press("F2")
        expect(pages[0].locator("#waiting-count")).to_have_text("0")
        pages[0].wait_for_function("() => sound.ringsAt === 0")
