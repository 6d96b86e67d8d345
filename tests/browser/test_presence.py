"""Two people of the room see each other at an alert, in real browsers and by two consoles."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.post import Post
from tests.browser.served import Served

BY_BRUNO = "Consultée par Bruno"


def test_who_looks_is_seen_in_row_and_sheet_until_the_screen_is_gone(
    browser: Browser, post: Post
) -> None:
    """Bruno's browser is at another console process, with a list in a second tab."""
    post.press()
    alert = post.pressed[-1]
    other = Served(post.served.record_url)
    other.start()
    there = Post(post.town, other)
    try:
        with post.sitting(browser, name="Salima") as hers:
            rows, sheet = post.open(hers), hers.new_page()
            row = rows.locator(f"li[data-id='{alert}'] .looks")
            expect(row).to_be_hidden()
            with there.sitting(browser) as his:
                there.open(his)
                page = his.new_page()
                page.goto(f"{other.url}/alerts/{alert}")
                expect(row).to_have_text(BY_BRUNO)
                sheet.goto(f"{post.served.url}/alerts/{alert}")
                expect(sheet.locator("#sheet-looks")).to_have_text(BY_BRUNO)
                expect(page.locator("#sheet-looks")).to_have_text("Consultée par Salima")
                assert page.locator(".row .looks:visible").inner_text() == "Consultée par Salima"
                page.goto(f"{other.url}/")
                expect(row).to_be_hidden()
                page.goto(f"{other.url}/alerts/{alert}")
                expect(row).to_have_text(BY_BRUNO)
                page.close()
                expect(row).to_be_hidden()
                page = his.new_page()
                page.goto(f"{other.url}/alerts/{alert}")
                expect(row).to_have_text(BY_BRUNO)
            expect(row).to_be_hidden()
            expect(sheet.locator("#sheet-looks")).to_be_hidden()
    finally:
        other.kill()


def test_the_head_has_the_time_the_oldest_and_what_runs(browser: Browser, post: Post) -> None:
    post.press()
    alert = post.pressed[-1]
    with post.sitting(browser) as his:
        keys = post.open(his)
        keys.goto(post.served.url + "/keys")
        expect(keys.locator("#oldest time")).to_have_text(re.compile(r"^\d+:\d\d$"))
        before = keys.locator("[data-clock]").inner_text()
        expect(keys.locator("[data-clock]")).not_to_have_text(before)
        runs = int(keys.locator("#taken-count").inner_text())
        assert his.request.post(
            f"{post.served.url}/alerts/{alert}/take", headers={"sec-fetch-site": "same-origin"},
            form={"form_token": keys.evaluate("document.body.dataset.formToken")},
        ).ok  # fmt: skip
        expect(keys.locator("#taken-count")).to_have_text(str(runs + 1))


def test_who_answers_for_it_is_not_named_twice(browser: Browser, post: Post) -> None:
    """And a browser without workers says it as well."""
    post.press()
    alert = post.pressed[-1]
    with (
        post.sitting(browser, name="Salima") as hers,
        post.sitting(browser, "delete window.SharedWorker") as his,
    ):
        row = post.open(hers).locator(f"li[data-id='{alert}']")
        page = post.open(his, f"/alerts/{alert}")
        expect(row.locator(".looks")).to_have_text(BY_BRUNO)
        page.locator("#act-take button").click()
        expect(row.locator(".owner")).to_have_text("Bruno")
        expect(row.locator(".looks")).to_be_hidden()
