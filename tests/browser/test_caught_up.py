"""What came and went while the link was away is counted with what is still open."""

from playwright.sync_api import Browser, expect
from sqlmodel import Session

from tests.browser.post import Post
from tgd import clock
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.rules.access import Role
from tgd.rules.alert import Outcome


def test_an_alert_that_was_closed_in_the_cut_is_counted_and_an_older_one_is_not(
    browser: Browser, post: Post
) -> None:
    bruno, room = Actor("Bruno", Role.OPERATOR), Actor("room")

    def over(session: Session) -> None:
        now, alert = clock.now(), post.pressed[-1]
        acts.take(session, bruno, alert, now)
        acts.arrive(session, room, alert, now)
        acts.close(session, bruno, alert, Outcome.MADE_SAFE, "La patrouille l’a vue.", now)

    post.press()
    post.town.do(over)
    with post.sitting(browser, name="Salima") as hers:
        page = post.open(hers)
        page.wait_for_function("() => window.lastBeat")
        post.served.kill()
        expect(page.locator("#offline")).to_be_visible()
        post.press()
        post.town.do(over)
        post.press()
        post.served.start()
        expect(page.locator("#caught-up-said")).to_have_text(
            "La liaison est rétablie. Alertes reçues pendant la coupure\u00a0: 2"
        )
