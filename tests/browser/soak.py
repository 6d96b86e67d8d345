"""`python -m tests.browser.soak --minutes 30`: a console's page that stays open, does it grow?

An alert every few seconds, taken, verified and closed by the API, while one page shows the list.
Each minute, after a forced collection of garbage: what the page and its worker hold, how long the
stream was silent, and what the browser complained of. The exit code is 1 when the page showed an
alert wrongly, complained or lost its link; growth is reported, never judged here.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests import warm
from tests.bench.memory import descriptors, own_mb
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.post import Post, open_post
from tests.browser.town import KEYS, PASSWORD
from tests.conftest import open_cluster
from tests.load.soak import slope
from tests.world import Carried, World
from tgd import clock

EVERY_S = 3.0
HANDSETS = 40
OPEN_FOR = 3
"""How many alerts are open at a time: the oldest is taken and closed when the next one comes."""
SETTLED_AFTER_MIN = 3
FEW_MIN = 10
SILENCE = """() => {
  let before = performance.now();
  window.longestSilence = 0;
  new MutationObserver(() => {
    const now = performance.now();
    longestSilence = Math.max(longestSilence, now - before);
    before = now;
  }).observe(document.querySelector(".last-look"), {childList: true});
}"""
TAKE_SILENCE = "() => { const most = longestSilence; longestSilence = 0; return most; }"
SLOPES = {
    "page_kb": "KB of the page's heap", "worker_kb": "KB of the worker's heap",
    "nodes": "DOM nodes", "listeners": "listeners", "console_mb": "MB of the console's process",
    "console_fd": "descriptors of the console's process",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Minute:
    """What was seen at the end of one minute."""

    number: int
    page_kb: float
    worker_kb: float
    nodes: float
    listeners: float
    rows: int
    silence_s: float
    console_mb: float
    console_fd: float
    complaints: int

    def words(self) -> str:
        """One line of the report."""
        return (
            f"minute {self.number:3}  page {self.page_kb:.0f} KB {self.nodes:.0f} nodes"
            f" {self.listeners:.0f} listeners {self.rows} rows  worker {self.worker_kb:.0f} KB"
            f"  silent {self.silence_s:.1f} s at most  console {self.console_mb:.1f} MB"
            f" {self.console_fd:.0f} fd  {self.complaints} complaints"
        )


@dataclass
class Desk:
    """Bruno by the API."""

    http: httpx.Client
    token: str = ""

    def sign_in(self) -> None:
        form = {"name": "Bruno", "password": PASSWORD}
        assert self.http.post("/login", data=form).json() == {"signed_in": True}
        self.token = self.http.get("/api/session").json()["form_token"]

    def finish(self, alert: str) -> None:
        """Taken, a voice heard, closed."""
        self._does(alert, "take")
        self._does(alert, "verify", found="safe_code_word")
        said = self._does(alert, "close", outcome="accidental", reason="Mot convenu entendu.")
        assert said["state"] == "closed", said["state"]

    def _does(self, alert: str, act: str, **fields: str) -> Any:
        reply = self.http.post(f"/alerts/{alert}/{act}", data={"form_token": self.token} | fields)
        assert reply.status_code == 200, reply.text
        return reply.json()


@dataclass
class Watched:
    """The page, and all that its browser said of it."""

    page: Page
    metrics: CDPSession
    worker: "Worker"
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)
        self.metrics.send("Performance.enable")

    def _said(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def minute(self, number: int, post: Post) -> Minute:
        """After what can be collected has been."""
        self.metrics.send("HeapProfiler.collectGarbage")
        told = self.metrics.send("Performance.getMetrics")["metrics"]
        now = {one["name"]: one["value"] for one in told}
        assert post.served.process is not None
        pid = post.served.process.pid
        return Minute(
            number, now["JSHeapUsedSize"] / 1024, self.worker.heap_kb(self.page), now["Nodes"],
            now["JSEventListeners"], self.page.locator("[data-list] li").count(),
            self.page.evaluate(TAKE_SILENCE) / 1000, own_mb(pid), descriptors(pid),
            len(self.complaints),
        )  # fmt: skip


class Worker:
    """The SharedWorker that has the stream: asked through the browser, for it is no page."""

    def __init__(self, browser: Browser) -> None:
        self._cdp = browser.new_browser_cdp_session()
        self._heard: dict[int, Any] = {}
        self._asked = 0
        self._cdp.on("Target.receivedMessageFromTarget", self._hear)
        targets = self._cdp.send("Target.getTargets", {"filter": [{"type": "shared_worker"}]})
        (target,) = [one["targetId"] for one in targets["targetInfos"]]
        asked = {"targetId": target, "flatten": False}
        self._session = self._cdp.send("Target.attachToTarget", asked)["sessionId"]

    def heap_kb(self, page: Page) -> float:
        """After what can be collected has been."""
        self._ask("HeapProfiler.collectGarbage", page)
        return float(self._ask("Runtime.getHeapUsage", page)["usedSize"]) / 1024

    def _hear(self, said: dict[str, Any]) -> None:
        message = json.loads(said["message"])
        if "id" in message:
            self._heard[message["id"]] = message.get("result", {})

    def _ask(self, method: str, page: Page) -> dict[str, Any]:
        self._asked += 1
        message = json.dumps({"id": self._asked, "method": method})
        sent = {"sessionId": self._session, "message": message}
        self._cdp.send("Target.sendMessageToTarget", sent)
        ends = time.monotonic() + 20
        while self._asked not in self._heard:
            assert time.monotonic() < ends, "the worker does not answer"
            page.wait_for_timeout(20)
        found: dict[str, Any] = self._heard.pop(self._asked)
        return found


class Night:
    """People who press in turn, and Bruno who answers."""

    def __init__(self, post: Post, desk: Desk) -> None:
        self._post, self._desk = post, desk
        given = [f"+3363998{n:04d}" for n in range(HANDSETS)]
        self._people: list[Carried] = post.town.do(lambda session: [
            World(session, KEYS, clock.now()).give(f"P{n:02d}", number=number)
            for n, number in enumerate(given)
        ])  # fmt: skip
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


def soak(minutes: int) -> int:
    """The whole soak, printed as it goes."""
    with open_cluster() as cluster, open_post(cluster) as post, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        headers = {"accept": "application/json"}
        http = httpx.Client(base_url=post.served.url, timeout=20, headers=headers)
        with http, post.sitting(browser) as context:
            page = post.open(context)
            page.evaluate(SILENCE)
            watched = Watched(page, context.new_cdp_session(page), Worker(browser))
            desk = Desk(http)
            desk.sign_in()
            night = Night(post, desk)
            seen = _watch(watched, night, post, minutes)
            wrong = _wrong(watched, night)
        browser.close()
    for line in [f"{night.pressed} alerts", *_slopes(seen), *wrong]:
        print(line, flush=True)
    return 1 if wrong else 0


def _watch(watched: Watched, night: Night, post: Post, minutes: int) -> list[Minute]:
    seen: list[Minute] = []
    begun = time.monotonic()
    while len(seen) < minutes:
        night.go_on()
        left_s = begun + night.pressed * EVERY_S - time.monotonic()
        watched.page.wait_for_timeout(max(0.0, left_s) * 1000)
        if time.monotonic() - begun >= 60 * (len(seen) + 1):
            seen.append(watched.minute(len(seen) + 1, post))
            print(seen[-1].words(), flush=True)
    return seen


def _wrong(watched: Watched, night: Night) -> list[str]:
    """What the page shows against what is open; its complaints; whether its link was lost."""
    watched.page.wait_for_timeout(3000)
    listed = "rows => rows.map(row => row.dataset.id)"
    shown = watched.page.eval_on_selector_all("[data-list=real] li", listed)
    said = [f"complaint: {one}" for one in watched.complaints]
    if sorted(shown) != sorted(night.open):
        said.append(f"SHOWN WRONGLY: {len(shown)} rows, {len(night.open)} are open")
    turns = [state for state, _ in watched.page.evaluate("turns")]
    return said + ([f"the link was {', '.join(turns)}"] if turns else [])


def _slopes(seen: list[Minute]) -> list[str]:
    """After the first minutes, in which caches and the list of closed ones fill; of few minutes,
    after the first."""
    settled = seen[SETTLED_AFTER_MIN:] if len(seen) > FEW_MIN else seen[1:]
    lines = [
        f"{words}: {slope([float(getattr(m, name)) for m in settled]) * 10:+.1f} in 10 minutes"
        for name, words in SLOPES.items()
    ]
    longest = max((m.silence_s for m in seen), default=0.0)
    return [*lines, f"longest silence of the stream: {longest:.1f} s",
            f"slopes over {len(settled)} of {len(seen)} minutes"]  # fmt: skip


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
