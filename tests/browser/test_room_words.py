"""A message to the whole room in real browsers: it stands on every page until it is read."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.post import Post
from tgd import clock, shifts
from tgd.alerts.acts import Actor
from tgd.rules.access import Role

SAID = "Rappelez par la ligne B <img src=x> \u202e\u0301\u0301 et dites-le."


@pytest.fixture
def begun(post: Post) -> None:
    bruno = Actor("Bruno", Role.OPERATOR)
    post.town.do(lambda s: shifts.start(s, bruno, clock.now(), heard_sound=True))


@pytest.mark.usefixtures("begun")
def test_a_message_stands_on_each_page_until_it_is_read(browser: Browser, post: Post) -> None:
    with post.sitting(browser) as his, post.sitting(browser, name="Salima") as hers:
        pages = [post.open(his), his.new_page()]
        pages[1].goto(post.served.url + "/keys")
        room = hers.new_page()
        room.goto(post.served.url + "/supervision")
        room.get_by_label("Message", exact=True).fill(SAID)
        room.get_by_role("button", name="Envoyer à tous").click()
        for page in pages:
            banner = page.locator("#room-words")
            expect(banner).to_contain_text("À tous les postes, de Salima")
            expect(banner).to_contain_text("<img src=x>")
            assert page.locator("#room-words img").count() == 0
        pages[0].locator("#room-words").get_by_role("button", name="Lu", exact=True).click()
        for page in pages:
            expect(page.locator("#room-words")).to_be_hidden()
        expect(room.locator("#room")).to_contain_text("lu par Bruno")
