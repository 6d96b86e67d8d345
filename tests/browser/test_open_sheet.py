"""A sheet that stays open follows what happens, and every page of the room hears a press."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlmodel import Session

from gateway.telemetry import Whereabouts, keep_positions
from tests.browser.looking import Eyes, looking
from tests.browser.post import wait_until
from tests.browser.town import BRUNO, KEYS, SALIMA, Town
from tests.world import Carried, World
from tgd import clock, shifts
from tgd.alerts import acts
from tgd.rules.trigger import Method, Position
from tgd.rules.walk import CALL_AFTER
from tgd.store.sources import sources

expect.set_options(timeout=20_000)


@pytest.fixture
def eyes(browser: Browser, town: Town) -> Iterator[Eyes]:
    """Bruno's window, while nothing else waits."""
    with looking(browser, town, "bruno") as opened:
        yield opened


class Grace:
    """Somebody who presses, whom Bruno answers for."""

    def __init__(self, town: Town, number: int) -> None:
        self.town = town
        self.carried: Carried = town.do(
            lambda s: self._world(s).give(f"Grace{number:02d}", number=f"+336399802{number:02d}")
        )
        self.alert: UUID = town.do(self._press)

    def _world(self, session: Session) -> World:
        return World(session, KEYS, clock.now())

    def _press(self, session: Session) -> UUID:
        world = self._world(session)
        world.hear(world.press(self.carried, position=None))
        return world.alerts()[-1].id

    def press_again(self) -> None:
        self.town.do(self._press)

    def is_found(self, method: Method, radius_m: float) -> None:
        """Her handset says where it is."""
        now = clock.now()
        place = Position(48.8945, 2.2081, radius_m, method, now)

        def kept(session: Session) -> list[bool]:
            known = sources(session, {self.carried.handset}, (), now).by_id
            return keep_positions(
                session, [Whereabouts(known[self.carried.handset], place, True, now)], now
            )

        assert self.town.do(kept) == [True]

    def is_taken(self) -> None:
        self.town.do(lambda s: acts.take(s, BRUNO, self.alert, clock.now()))

    def is_asked_for(self) -> None:
        self.town.do(lambda s: acts.request_intervention(s, BRUNO, self.alert, clock.now()))


def open_sheet(eyes: Eyes, grace: Grace) -> Page:
    eyes.go(f"/alerts/{grace.alert}")
    expect(eyes.page.locator("#link.good")).to_be_visible()
    return eyes.page


def test_a_better_position_and_an_answer_come_by_themselves(town: Town, eyes: Eyes) -> None:
    """Neither changes a word of the row in the list."""
    grace = Grace(town, 1)
    grace.is_taken()
    grace.is_found(Method.CELL, 800.0)
    page = open_sheet(eyes, grace)
    expect(page.locator("#position")).to_contain_text("800")
    grace.is_found(Method.GNSS, 9.0)
    expect(page.locator("#position")).to_contain_text("± 9")
    town.ask(
        "INSERT INTO delivery (id, key, alert, destination, topic, round, state, attempts,"
        " lease_token, made_at) VALUES (gen_random_uuid(), :k, :a, 'platform', 'opened', 0,"
        " 'pending', 1, 0, now()) RETURNING 1", k=f"a{grace.alert}", a=grace.alert,
    )  # fmt: skip
    expect(page.locator("#sheet-timeline")).to_contain_text("platform")
    town.ask("UPDATE delivery SET state = 'received', received_at = now()"
             " WHERE alert = :a RETURNING 1", a=grace.alert)  # fmt: skip
    expect(page.locator("#sheet-timeline")).to_contain_text("reçu")


@pytest.mark.parametrize("fault", ["hangs", "fails", "refuses"])
def test_a_sheet_that_does_not_come_is_said_to_be_old_and_asked_for_again(
    town: Town, eyes: Eyes, fault: str
) -> None:
    """One answer for what changed is lost: the page says so until the next one is there."""
    grace = Grace(town, {"hangs": 20, "fails": 21, "refuses": 22}[fault])
    grace.is_taken()
    page = open_sheet(eyes, grace)

    def lose(route: Route) -> None:
        if fault == "fails":
            route.abort()
        elif fault == "refuses":
            route.fulfill(status=503)

    page.route("**/alerts/*?part=live", lose)
    grace.press_again()
    expect(page.locator("#sheet-old")).to_be_visible()
    assert eyes.judge("old sheet") == [] or fault != "hangs"
    page.unroute_all(behavior="ignoreErrors")
    expect(page.locator("#sheet-head")).to_contain_text("2")
    expect(page.locator("#sheet-old")).to_be_hidden()
    eyes.troubles.clear()  # the browser says what did not come


def test_a_room_that_says_nothing_is_rung_without_a_reload(town: Town, eyes: Eyes) -> None:
    grace = Grace(town, 2)
    grace.is_taken()
    grace.is_asked_for()
    almost = CALL_AFTER - timedelta(seconds=5)
    town.ask("UPDATE alert SET requested_at = now() - CAST(:t AS interval) WHERE id = :a"
             " RETURNING 1", t=almost, a=grace.alert)  # fmt: skip
    page = open_sheet(eyes, grace)
    assert page.locator("#ring-room").count() == 0
    expect(page.locator("#ring-room")).to_be_visible()


def test_what_happens_meanwhile_takes_no_key_away(town: Town, eyes: Eyes) -> None:
    """F4, she presses once more, Enter: the request is sent."""
    grace = Grace(town, 3)
    grace.is_taken()
    page = open_sheet(eyes, grace)
    page.keyboard.press("F4")
    page.evaluate("() => document.getElementById('sheet-acts').dataset.old = '1'")
    grace.press_again()
    expect(page.locator("#sheet-head")).to_contain_text("2")
    grace.is_found(Method.GNSS, 9.0)
    expect(page.locator("#position")).to_contain_text("± 9")
    assert page.evaluate("() => document.activeElement.closest('form').id") == "act-request"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    asked = town.ask("SELECT requested_at FROM alert WHERE id = :a", a=grace.alert)[0][0]
    assert asked is not None


def test_a_key_that_is_held_down_takes_one_alert(town: Town, eyes: Eyes) -> None:
    for number in (4, 5, 6):
        Grace(town, number)
    owned = "SELECT count(*) FROM alert WHERE owner = 'bruno'"
    before = town.ask(owned)[0][0]
    eyes.go("/")
    expect(eyes.page.locator("#link.good")).to_be_visible()
    with eyes.page.expect_navigation():
        eyes.page.keyboard.down("F2")
    for _ in range(3):
        eyes.page.keyboard.down("F2")
        eyes.page.wait_for_timeout(500)
    eyes.page.keyboard.up("F2")
    assert town.ask(owned)[0][0] == before + 1


def test_two_presses_in_a_hurry_take_one_alert(town: Town, eyes: Eyes) -> None:
    """The second one falls on the page that the first has led to; a later one is another wish."""
    for number in (11, 12, 13):
        Grace(town, number)
    owned = "SELECT count(*) FROM alert WHERE owner = 'bruno'"
    before = town.ask(owned)[0][0]
    eyes.go("/")
    for way in ("F2", "F2", "button"):
        with eyes.page.expect_navigation():
            if way == "F2":
                eyes.page.keyboard.press("F2")
            else:
                eyes.page.click("#take-next button")
        assert town.ask(owned)[0][0] == before + 1, way
    first = eyes.page.url
    eyes.page.wait_for_timeout(1600)
    with eyes.page.expect_navigation():
        eyes.page.keyboard.press("F2")
    assert town.ask(owned)[0][0] == before + 2
    assert eyes.page.url != first


@pytest.mark.parametrize("page", ["/shift", "/technical", "/on-paper"])
def test_every_page_of_the_room_hears_a_press_and_f2(town: Town, eyes: Eyes, page: str) -> None:
    eyes.go(page)
    expect(eyes.page.locator("#link.good")).to_be_visible()
    expect(eyes.page.locator("#waiting-count")).not_to_have_text("–")
    before = int(eyes.page.locator("#waiting-count").inner_text())
    grace = Grace(town, {"/shift": 7, "/technical": 8, "/on-paper": 9}[page])
    expect(eyes.page.locator("#waiting-count")).to_have_text(str(before + 1))
    eyes.page.keyboard.press("Shift")  # any gesture arms the sound
    eyes.page.wait_for_function("() => sound.played.some(([name]) => /^(alert|urgent)/.test(name))")
    with eyes.page.expect_navigation():
        eyes.page.keyboard.press("F2")
    assert "/alerts/" in eyes.page.url
    town.do(lambda s: s.connection().exec_driver_sql("UPDATE alert SET owner = 'bruno',"
            " state = 'taken', taken_at = now(), acted_at = now() WHERE owner IS NULL"
            " AND lane = 'real' AND state = 'open'"))  # fmt: skip
    assert grace.alert


@pytest.mark.parametrize("page", ["/on-paper", "/shift", "/files/new"])
def test_no_other_page_that_names_somebody_stays(town: Town, eyes: Eyes, page: str) -> None:
    """What was printed on the screen, or is being written, goes with the first beat of the lock."""
    town.do(lambda s: shifts.hand_over(s, SALIMA, "Eve rappelle à 22 h.", clock.now())
            if page == "/shift" else None)  # fmt: skip
    eyes.go(page)
    expect(eyes.page.locator("#link.good")).to_be_visible()
    assert eyes.page.locator("[data-personal]").count() == 1
    town.ask("UPDATE web_session SET seen_at = now() - interval '16 minutes' RETURNING 1")
    expect(eyes.page.locator("#locked-title")).to_be_visible()
    eyes.page.keyboard.press("F8")
    wait_until(lambda: bool(town.ask(
        "SELECT 1 FROM journal WHERE act = 'SoundSilenced' AND detail ? 'locked'"
    )))  # fmt: skip
    assert eyes.page.locator("#sound").inner_text().count("consigné") == 0


def test_a_silence_that_is_not_written_down_is_said(eyes: Eyes) -> None:
    eyes.go("/")
    expect(eyes.page.locator("#link.good")).to_be_visible()
    eyes.page.route("**/sound/silence", lambda route: route.abort())
    eyes.page.click("#sound")
    expect(eyes.page.locator("#sound.on")).to_be_visible()
    eyes.page.keyboard.press("F8")
    expect(eyes.page.locator("#sound")).to_contain_text("non consigné")
    eyes.troubles.clear()  # the browser says that it did not get through


def test_the_screen_that_is_left_alone_shows_nobody(town: Town, eyes: Eyes) -> None:
    grace = Grace(town, 10)
    grace.is_taken()
    page = open_sheet(eyes, grace)
    expect(page.locator("#sheet")).to_contain_text("Grace")
    town.ask("UPDATE web_session SET seen_at = now() - interval '16 minutes' RETURNING 1")
    expect(page.locator("#sheet")).to_have_count(0)
    expect(page.locator("#locked-title")).to_be_visible()
    asked = page.evaluate("async id => (await fetch(`/alerts/${id}?part=live`)).text()",
                          str(grace.alert))  # fmt: skip
    assert "Grace" not in json.dumps(asked)
