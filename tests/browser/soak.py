"""`python -m tests.browser.soak --minutes 30`: pages of a console that stay open, do they grow?

An alert each second, taken, verified and closed by the API, while one page shows the list and
another the sheet of somebody who moves. Each minute, after a forced collection of garbage: what
both pages and their worker hold, connections, how long the stream was silent, and what the browser
complained of. The exit code is 1 when a page showed an alert wrongly, complained or lost its link,
and, from fifteen minutes on, when anything grew.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from tests import warm
from tests.bench.memory import descriptors, own_mb
from tests.browser.attached import Attached, shared_worker
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.post import Post, open_post
from tests.browser.soaked import Held, Minute, grown, report
from tests.browser.test_open_sheet import Grace
from tests.browser.town import KEYS, PASSWORD
from tests.conftest import open_cluster
from tests.world import Carried, World
from tgd import clock
from tgd.rules.trigger import Method

EVERY_S = 1.0
MOVES_EVERY = 5
"""After so many alerts she whose sheet is open is somewhere else."""
HANDSETS = 40
OPEN_FOR = 3
"""How many alerts are open at a time: the oldest is taken and closed when the next one comes."""
SILENCE = """() => {
  let before = performance.now();
  window.longestSilence = 0;
  new MutationObserver(() => {
    const now = performance.now();
    longestSilence = Math.max(longestSilence, now - before);
    before = now;
  }).observe(document.querySelector(".last-look"), {childList: true});
}"""
TCP, ESTABLISHED = Path("/proc/net/tcp"), "01"
STANDS = "() => JSON.stringify({state, hearsByItself: alone !== null, turns})"
TAKE_SILENCE = "() => { const most = longestSilence; longestSilence = 0; return most; }"


@dataclass
class Desk:
    """Bruno by the API."""

    http: httpx.Client
    token: str = ""

    def sign_in(self) -> None:
        form = {"name": "Bruno", "password": PASSWORD}
        assert self.http.post("/login", data=form).json() == {"signed_in": True}
        self.token = self.http.get("/api/session").json()["form_token"]

    def take(self, alert: str) -> None:
        """He answers for it."""
        self._does(alert, "take")

    def finish(self, alert: str) -> None:
        """Taken, a voice heard, closed."""
        self.take(alert)
        self._does(alert, "verify", found="safe_code_word")
        said = self._does(alert, "close", outcome="accidental", reason="Mot convenu entendu.")
        assert said["state"] == "closed", said["state"]

    def _does(self, alert: str, act: str, **fields: str) -> Any:
        reply = self.http.post(f"/alerts/{alert}/{act}", data={"form_token": self.token} | fields)
        assert reply.status_code == 200, reply.text
        return reply.json()


@dataclass
class Watched:
    """A page, and all that its browser said of it."""

    page: Page
    metrics: CDPSession
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)
        self.metrics.send("Performance.enable")

    def _said(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def held(self) -> Held:
        """After what can be collected has been."""
        self.metrics.send("HeapProfiler.collectGarbage")
        told = self.metrics.send("Performance.getMetrics")["metrics"]
        now = {one["name"]: one["value"] for one in told}
        return Held(now["JSHeapUsedSize"] / 1024, now["Nodes"], now["JSEventListeners"])


@dataclass
class Room:
    """Both pages, the worker behind them, and the console before which they sit."""

    list: Watched
    sheet: Watched
    worker: Attached
    post: Post

    @property
    def complaints(self) -> "list[str]":
        return self.list.complaints + self.sheet.complaints

    def minute(self, number: int) -> Minute:
        """What all of them hold now."""
        one, two = self.list.held(), self.sheet.held()
        page = self.list.page
        assert page.context.request.get(self.post.served.url + "/keys").ok  # else it locks
        assert self.post.served.process is not None
        pid = self.post.served.process.pid
        return Minute(
            number, one.kb, one.nodes, one.listeners, two.kb, two.nodes, two.listeners,
            self.worker.heap_kb(), page.locator("[data-list] li").count(),
            page.evaluate(TAKE_SILENCE) / 1000, connections(self.post.served.port),
            own_mb(pid), descriptors(pid), len(self.complaints),
        )  # fmt: skip


def connections(port: int) -> int:
    """How many are established with this port of this machine."""
    lines = [line.split() for line in TCP.read_text().splitlines()[1:]]
    ours = f":{port:04X}"
    return sum(line[1].endswith(ours) and line[3] == ESTABLISHED for line in lines)


class Night:
    """People who press in turn, Bruno who answers, and one who moves while he looks at her."""

    def __init__(self, post: Post, desk: Desk) -> None:
        self._post, self._desk = post, desk
        given = [f"+3363998{n:04d}" for n in range(HANDSETS)]
        self._people: list[Carried] = post.town.do(lambda session: [
            World(session, KEYS, clock.now()).give(f"P{n:02d}", number=number)
            for n, number in enumerate(given)
        ])  # fmt: skip
        self._moving = Grace(post.town, 0)
        self.followed = str(self._moving.alert)
        desk.take(self.followed)
        self.open: list[str] = []
        self.pressed = 0

    def go_on(self) -> None:
        """One presses, and the one who waits longest is answered."""
        one = self._people[self.pressed % HANDSETS]
        self.pressed += 1

        def pressed(session: Any) -> None:
            world = World(session, KEYS, clock.now())
            world.hear(world.press(one))

        self._post.town.do(pressed)
        newest = self._post.town.ask("SELECT id FROM alert ORDER BY number DESC LIMIT 1")
        self.open.append(str(newest[0].id))
        if len(self.open) > OPEN_FOR:
            self._desk.finish(self.open.pop(0))
        if self.pressed % MOVES_EVERY == 0:
            self._moving.is_found(Method.GNSS, 8.0 + self.pressed // MOVES_EVERY % 3)


def soak(minutes: int) -> int:
    """The whole soak, printed as it goes."""
    with open_cluster() as cluster, open_post(cluster) as post, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        headers = {"accept": "application/json"}
        http = httpx.Client(base_url=post.served.url, timeout=20, headers=headers)
        with http, post.sitting(browser) as context:
            desk = Desk(http)
            desk.sign_in()
            night = Night(post, desk)
            room = _open(post, context, browser, night)
            try:
                seen = _watch(room, night, minutes)
            except AssertionError:
                print(*(one.page.evaluate(STANDS) for one in (room.list, room.sheet)), flush=True)
                raise
            wrong = _wrong(room, night) + grown(seen)
        browser.close()
    for line in [f"{night.pressed} alerts", *report(seen), *wrong]:
        print(line, flush=True)
    return 1 if wrong else 0


def _open(post: Post, context: BrowserContext, browser: Browser, night: Night) -> Room:
    pages = [post.open(context), post.open(context, f"/alerts/{night.followed}")]
    pages[0].evaluate(SILENCE)
    one, two = (Watched(page, context.new_cdp_session(page)) for page in pages)
    return Room(one, two, shared_worker(browser), post)


def _watch(room: Room, night: Night, minutes: int) -> list[Minute]:
    seen: list[Minute] = []
    begun = time.monotonic()
    while len(seen) < minutes:
        night.go_on()
        left_s = begun + night.pressed * EVERY_S - time.monotonic()
        room.list.page.wait_for_timeout(max(0.0, left_s) * 1000)
        if time.monotonic() - begun >= 60 * (len(seen) + 1):
            seen.append(room.minute(len(seen) + 1))
            print(seen[-1].words(), flush=True)
    return seen


def _wrong(room: Room, night: Night) -> list[str]:
    """What the pages show against what is open; complaints; whether their link was lost."""
    room.list.page.wait_for_timeout(3000)
    listed = "rows => rows.map(row => row.dataset.id)"
    said = [f"complaint: {one}" for one in room.complaints]
    for name, page in (("list", room.list.page), ("sheet", room.sheet.page)):
        shown = page.eval_on_selector_all("[data-list=real] li", listed)
        if sorted(shown) != sorted([*night.open, night.followed]):
            said.append(f"SHOWN WRONGLY on the {name}: {len(shown)} rows,"
                        f" {len(night.open) + 1} are open")  # fmt: skip
        turns = [state for state, _ in page.evaluate("turns")]
        said += [f"the link of the {name} was {', '.join(turns)}"] if turns else []
    return said


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    asked = parser.parse_args()
    if CHROMIUM is None:
        print("chromium is not installed")
        return 1
    warm.warm_up()
    try:
        return soak(asked.minutes)
    finally:
        warm.cool_down()


if __name__ == "__main__":
    sys.exit(main())
