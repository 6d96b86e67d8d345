"""The record dies or hangs below the console while people press: said in time, made good after.

The gateway keeps the presses in its spool meanwhile; two browsers sit before the console.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.post import Post, open_post, wait_until
from tests.browser.town import KEYS
from tests.channels.channel_ground import Process
from tests.conftest import reachable_folder, running
from tests.world import Carried, World
from tgd import clock
from tgd.database import is_reachable
from tgd.embedded import EmbeddedRecord

OFF_S, SLACK_S = 7.0, 1.0
"""What is promised after the fault, and what a busy machine may add."""
FROZEN_S = 10.0
NO_WORKER = "delete window.SharedWorker"
IN_EACH = 3
BACK = """() => document.querySelector("#link").className === "chip good"
  && document.querySelector("#offline").hidden && turns.at(-1)?.[0] === "good" """


@dataclass
class Ground:
    """A post, the gateway before it, and the record's server below both."""

    record: EmbeddedRecord
    folder: Path
    post: Post
    gateway: Process
    people: list[Carried]
    pressed: int = 0

    def _postmaster(self) -> int:
        (found,) = self.folder.rglob("postmaster.pid")
        return int(found.read_text().split("\n", 1)[0])

    def kill(self) -> None:
        os.kill(self._postmaster(), signal.SIGKILL)
        wait_until(lambda: not self.record.is_alive())

    def freeze(self, number: signal.Signals) -> None:
        """The server and everything that it has started: nobody answers, nobody hangs up."""
        top = self._postmaster()
        for pid in (top, *_children(top)):
            os.kill(pid, number)

    def press(self, times: int) -> None:
        """So many people who have not pressed yet, at one moment; each is told that it is kept."""
        now = self.people[self.pressed : self.pressed + times]
        self.pressed += times
        with ThreadPoolExecutor(times) as together:
            for status in together.map(self._press, now):
                assert 200 <= status < 300

    def _press(self, one: Carried) -> int:
        form = {"id": one.handset, "timestamp": str(time.time_ns() // 10**6), "alarm": "sos"}
        said = {"Authorization": f"Bearer {one.secret}"}
        url = f"http://127.0.0.1:{self.gateway.port('gateway')}/devices/osmand"
        return httpx.post(url, data=form, headers=said, timeout=25).status_code

    def spooled(self) -> int:
        return len(list((self.folder / "gateway").rglob("*.spool")))

    def learn(self) -> None:
        """Everybody who pressed is in the record by now, and once: these are to be shown."""
        wait_until(lambda: is_reachable(self.post.town.engine))
        wait_until(lambda: len(self._alerts()) >= self.pressed)
        self.post.pressed = self._alerts()
        assert len(self.post.pressed) == self.pressed

    def _alerts(self) -> list[UUID]:
        return [row.id for row in self.post.town.ask("SELECT id FROM alert ORDER BY number")]


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


@contextmanager
def _gateway(folder: Path, url: str) -> Iterator[Process]:
    folder.mkdir()
    process = Process(folder, url, master_key=KEYS.master.hex())
    try:
        wait_until(lambda: process.port("gateway") is not None)
        yield process
    finally:
        process.end(signal.SIGKILL)


@pytest.fixture
def ground() -> Iterator[Ground]:
    with reachable_folder() as folder:
        record = EmbeddedRecord(folder / "pg")
        with running(record) as cluster, open_post(cluster) as post:
            people = post.town.do(lambda session: _people(World(session, KEYS, clock.now())))
            with _gateway(folder / "gateway", post.served.record_url) as gateway:
                try:
                    yield Ground(record, folder, post, gateway, people)
                finally:
                    record.restart_if_dead()  # a test that fell in between is cleaned up as well


def _people(world: World) -> list[Carried]:
    return [world.give(f"P{n:02d}", number=f"+3363998{n:04d}") for n in range(3 * IN_EACH)]


def _says_that_it_is_old(page: Page, since: float) -> None:
    """The banner, in time; no sign of life was given after the fault."""
    expect(page.locator("#offline")).to_be_visible()
    turns = [(state, (at - since) / 1000) for state, at in page.evaluate("turns") if at > since]
    assert [state for state, _ in turns] == ["slow", "off"]
    assert turns[1][1] <= OFF_S + SLACK_S, turns
    assert page.evaluate("lastBeat") <= since + SLACK_S * 1000


def _is_back(ground: Ground, pages: list[Page]) -> None:
    ground.learn()
    for page in pages:
        ground.post.shows_each_once(page)
        page.wait_for_function(BACK)
        assert page.evaluate("neverReloaded"), "the page is the one that was opened"


def test_the_record_dies_and_hangs_while_people_press_and_both_browsers_show_each_once(
    browser: Browser, ground: Ground
) -> None:
    post = ground.post
    with post.sitting(browser) as bruno, post.sitting(browser, NO_WORKER, "Salima") as salima:
        pages = [post.open(bruno), post.open(salima)]
        for page in pages:
            page.wait_for_function("() => window.lastBeat")
            page.evaluate("window.neverReloaded = true")
        ground.press(IN_EACH)
        _is_shown_before(ground, pages)

        since = [page.evaluate("performance.now()") for page in pages]
        ground.kill()
        ground.press(IN_EACH)
        assert ground.spooled(), "the presses wait in the spool"
        for page, at in zip(pages, since, strict=True):
            _says_that_it_is_old(page, at)
        assert ground.record.restart_if_dead()
        _is_back(ground, pages)

        since = [page.evaluate("performance.now()") for page in pages]
        frozen_at = time.monotonic()
        ground.freeze(signal.SIGSTOP)
        try:
            ground.press(IN_EACH)
            for page, at in zip(pages, since, strict=True):
                _says_that_it_is_old(page, at)
            time.sleep(max(0.0, frozen_at + FROZEN_S - time.monotonic()))
        finally:
            ground.freeze(signal.SIGCONT)
        _is_back(ground, pages)


def _is_shown_before(ground: Ground, pages: list[Page]) -> None:
    ground.learn()
    for page in pages:
        ground.post.shows_each_once(page)
