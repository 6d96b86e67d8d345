"""From an alert's commit to its paint in a real browser, with 50 other consoles connected.

200 alerts come in a minute; the browser says when each was painted and how long it was blocked.
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.bench.figures import Figure, Report
from tests.bench.ground import a_service, say
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.served import Served
from tests.browser.town import KEYS, PASSWORD, hash_once
from tests.world import World
from tgd import accounts, clock
from tgd.database import open_record, transaction
from tgd.rules.access import Role

OTHERS = 50
EVERY_S = 0.3
WATCH = """() => {
  window.painted = {}; window.long = [];
  new PerformanceObserver(list => list.getEntries().forEach(e => long.push(e.duration)))
    .observe({type: "longtask"});
  new MutationObserver(all => all.forEach(one => one.addedNodes.forEach(node => {
    if (!node.dataset || !node.dataset.id) return;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => { painted[node.dataset.id] = Date.now(); };
      after.port2.postMessage(0);
    });
  }))).observe(document.querySelector("[data-list=real]"), {childList: true});
}"""


async def measure(quick: bool) -> Report:
    """A console in its own process, 50 raw readers, one Chromium."""
    if CHROMIUM is None or not shutil.which("chromium"):
        return Report(notes=["Chromium is not installed: not measured."])
    async with a_service(parts=()) as running:
        served = Served(running.host.record_url)
        engine = open_record(running.host.record_url, lane="work")
        with transaction(engine) as session:
            accounts.make_account(session, "Bruno", Role.OPERATOR, hash_once(), clock.now())
        try:
            await asyncio.to_thread(served.start)
            async with _consoles(served) as heard:
                count = 30 if quick else 200
                say(f"{count} alerts, one every {EVERY_S} s, {OTHERS} other consoles…")
                ready, done = asyncio.Event(), asyncio.Event()
                loop = asyncio.get_running_loop()
                browser = asyncio.create_task(
                    asyncio.to_thread(_browse, served, loop, ready, done, count)
                )
                await ready.wait()
                committed = await _press(engine, count)
                await asyncio.sleep(2)
                done.set()
                seen = await browser
        finally:
            await asyncio.to_thread(served.kill)
            engine.dispose()
    return _report(committed, heard, seen)


async def _press(engine: Any, count: int) -> dict[str, float]:
    committed = {}
    begun = time.monotonic()
    for n in range(count):
        await asyncio.sleep(max(0.0, begun + n * EVERY_S - time.monotonic()))
        alert, at = await asyncio.to_thread(_one, engine, n)
        committed[alert] = at
    return committed


def _one(engine: Any, n: int) -> tuple[str, float]:
    with transaction(engine) as session:
        world = World(session, KEYS, clock.now())
        world.hear(world.press(world.give(f"P{n:03d}", number=f"+33639980{n:03d}")))
        alert = str(world.alerts()[-1].id)
    return alert, time.time()


@asynccontextmanager
async def _consoles(served: Served) -> AsyncIterator[dict[str, float]]:
    """Raw readers of the stream; when one of them heard of each alert."""
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/login", data={"name": "Bruno", "password": PASSWORD})
        cookie = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
    heard: dict[str, float] = {}
    readers = [asyncio.create_task(_read(served, cookie, heard)) for _ in range(OTHERS)]
    try:
        yield heard
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read(served: Served, cookie: str, heard: dict[str, float]) -> None:
    host = urlsplit(served.url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port, limit=1 << 24)
    writer.write(f"GET /events HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
    try:
        async for line in reader:
            if line.startswith(b'data: {"seq"') and b'"rows"' in line:
                for row in json.loads(line[6:])["rows"]:
                    heard.setdefault(row["id"], time.time())
    finally:
        writer.close()


def _browse(
    served: Served, loop: asyncio.AbstractEventLoop, ready: asyncio.Event, done: asyncio.Event,
    count: int,
) -> dict[str, Any]:  # fmt: skip
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            context.request.post(
                served.url + "/login", form={"name": "Bruno", "password": PASSWORD}
            )
            page = context.new_page()
            page.goto(served.url)
            page.wait_for_selector("#link.good")
            page.evaluate(WATCH)
            loop.call_soon_threadsafe(ready.set)
            asyncio.run_coroutine_threadsafe(done.wait(), loop).result(count * 3 + 60)
            return _seen(page)
        finally:
            browser.close()


def _seen(page: Page) -> dict[str, Any]:
    return {"painted": page.evaluate("painted"), "long": page.evaluate("long")}


def _report(committed: dict[str, float], heard: dict[str, float], seen: dict[str, Any]) -> Report:
    painted = seen["painted"]
    ours = sorted(painted[a] - at * 1000 for a, at in committed.items() if a in painted)
    floor = sorted((heard[a] - at) * 1000 for a, at in committed.items() if a in heard)
    floor_is = "the same alerts at a raw reader"
    figures = [
        Figure("commit to paint, p50", _at(ours, 0.5), "ms", _at(floor, 0.5), floor_is),
        Figure("commit to paint, p95", _at(ours, 0.95), "ms", _at(floor, 0.95), floor_is, "≤ 100"),
        Figure("longest block of the page", max(seen["long"], default=0.0), "ms", 50.0,
               "what a browser calls a long task"),
    ]  # fmt: skip
    lost = len(committed) - len(ours)
    return Report(figures, [f"{len(ours)} alerts painted, {lost} not; {OTHERS} other consoles;"
                            f" {len(seen['long'])} long tasks."])  # fmt: skip


def _at(values: list[float], part: float) -> float:
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0
