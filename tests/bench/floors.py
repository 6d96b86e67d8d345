"""What the same machine can do at best, now: the floors that the figures stand on."""

import asyncio
import json
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from tests.acceptance.running import SECRET, Service


@dataclass(frozen=True, slots=True)
class Floors:
    """Milliseconds and rates of the bare parts."""

    path_ms: float
    path_p99_ms: float
    commit_ms: float
    commit_p99_ms: float
    post_p99_ms: float
    rows_per_s: float
    posts_per_s: float


async def measure(running: Service) -> Floors:
    """All floors, one after the other, on an otherwise idle service."""
    tcp = await _round_trips(500)
    commits = await asyncio.to_thread(_commits, running, 300)
    posts, rate = await _posts(running, 300)
    parts = (tcp, commits, posts)
    return Floors(
        sum(statistics.median(p) for p in parts) * 1000,
        sum(_p99(p) for p in parts) * 1000,
        statistics.median(commits) * 1000,
        _p99(commits) * 1000,
        _p99(posts) * 1000,
        await asyncio.to_thread(rows, running),
        rate,
    )


async def _round_trips(count: int) -> list[float]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(1024):
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(host, port)
    spans = []
    for _ in range(count):
        begun = time.perf_counter()
        writer.write(b"x" * 200)
        await reader.readexactly(200)
        spans.append(time.perf_counter() - begun)
    writer.close()
    server.close()
    return spans


def _commits(running: Service, count: int) -> list[float]:
    spans = []
    with running.engine.connect() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS floor (id uuid, words text)"))
        connection.commit()
        for _ in range(count):
            begun = time.perf_counter()
            connection.execute(
                text("INSERT INTO floor VALUES (:id, :words)"), {"id": uuid4(), "words": "x" * 200}
            )
            connection.commit()
            spans.append(time.perf_counter() - begun)
    return spans


def rows(running: Service, batches: int = 50) -> float:
    """Rows per second by plain bulk inserts, a hundred a commit."""
    with running.engine.connect() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS floor (id uuid, words text)"))
        connection.commit()
        begun = time.perf_counter()
        for _ in range(batches):
            rows = [{"id": uuid4(), "words": "x" * 200} for _ in range(100)]
            connection.execute(text("INSERT INTO floor VALUES (:id, :words)"), rows)
            connection.commit()
        return batches * 100 / (time.perf_counter() - begun)


async def _posts(running: Service, count: int) -> tuple[list[float], float]:
    """One at a time for the latency, 32 at a time for the rate."""
    url = f"http://127.0.0.1:{running.ports['platform']}/alerts"
    async with aiohttp.ClientSession() as http:
        spans = [await _post(http, url) for _ in range(count)]
        waiting = asyncio.Semaphore(32)

        async def one() -> None:
            async with waiting:
                await _post(http, url)

        begun = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(3 * count)))
        return spans, 3 * count / (time.perf_counter() - begun)


async def _post(http: aiohttp.ClientSession, url: str) -> float:
    key, now = uuid4().hex, datetime.now(UTC)
    event = {
        "specversion": "1.0", "id": key, "source": "/floor", "subject": f"floor-{key}",
        "type": "org.tgd.alert.opened.v1", "time": now.isoformat(), "data": {"x": "x" * 200},
    }  # fmt: skip
    body = json.dumps(event)
    headers = {
        "content-type": "application/cloudevents+json", "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(key, now, body),
    }  # fmt: skip
    begun = time.perf_counter()
    async with http.post(url, data=body, headers=headers) as answer:
        await answer.read()
        assert answer.status == 200, answer.status
    return time.perf_counter() - begun


def _p99(spans: list[float]) -> float:
    return sorted(spans)[int(0.99 * len(spans))]
