"""Bruno's post: a console in a process of its own, its record, and people who press."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import LIGHT
from tests.browser.served import Served
from tests.browser.town import KEYS, PASSWORD, Town, hash_once
from tests.conftest import fresh_record
from tests.world import World
from tgd import accounts, clock
from tgd.database import open_record
from tgd.rules.access import Role

NOTE = """() => {
  window.turns = [];
  const link = document.getElementById("link");
  new MutationObserver(() => turns.push([link.className.replace("chip ", ""), performance.now()]))
    .observe(link, {attributes: true, attributeFilter: ["class"]});
  new MutationObserver(() => { window.lastBeat = performance.now(); })
    .observe(document.querySelector(".last-look"), {childList: true});
}"""
expect.set_options(timeout=30_000)


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
    def sitting(
        self, browser: Browser, script: str = "", name: str = "Bruno"
    ) -> Iterator[BrowserContext]:
        """The browser of Bruno, or of somebody else."""
        context = browser.new_context(**LIGHT)
        try:
            context.set_default_timeout(30_000)
            if script:
                context.add_init_script(script)
            sent = {"name": name, "password": PASSWORD}
            assert context.request.post(self.served.url + "/login", form=sent).ok
            yield context
        finally:
            context.close()

    def open(self, context: BrowserContext, path: str = "/") -> Page:
        page = context.new_page()
        page.goto(self.served.url + path)
        expect(page.locator("#link.good")).to_be_visible()
        page.wait_for_function("() => document.querySelector('.last-look').textContent")
        page.evaluate(NOTE)
        return page

    def shows_each_once(self, page: Page) -> None:
        """Everybody who pressed, and nobody twice."""
        for alert in self.pressed:
            expect(page.locator(f"li[data-id='{alert}']")).to_have_count(1)
        expect(page.locator("[data-list=real] li")).to_have_count(len(self.pressed))


@contextmanager
def open_post(cluster: str) -> Iterator[Post]:
    """A post on a record of its own."""
    with fresh_record(cluster) as url:
        engine, served = open_record(url), Served(url)
        town = Town(engine)
        try:
            for name, role in (("Bruno", Role.OPERATOR), ("Salima", Role.SUPERVISOR)):
                made = partial(accounts.make_account, name=name, role=role,
                               password_hash=hash_once(), now=clock.now())  # fmt: skip
                town.do(made)
            served.start()
            yield Post(town, served)
        finally:
            served.kill()
            engine.dispose()


def wait_until(holds: Callable[[], bool]) -> None:
    """Until it holds, or a generous moment has passed."""
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def heard(name: str, times: int) -> str:
    return f"() => sound.played.filter(([name]) => name === '{name}').length >= {times}"
