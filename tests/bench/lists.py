"""Lists, files and the stock's board with 10,000 handsets, 50,000 allocations and their journal."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx

from tests.acceptance.running import Service
from tests.bench import fill_courts
from tests.bench.figures import Figure, Report, share
from tests.bench.ground import a_service, say
from tgd import accounts, clock, passwords
from tgd.allocation import courts
from tgd.database import transaction
from tgd.rules.access import Role

PASSWORD = "correct horse battery staple"
FLOOR_IS = "a page without a question to the lists"
AIM = "p95 <= 100 ms"
PAGES: dict[str, tuple[str, str]] = {
    "the prosecutor's lists": ("camille", "/files"),
    "the second page of a list": ("camille", "/files?list=running&page=2"),
    "a search by name": ("camille", "search"),
    "a file": ("camille", "a file"),
    "/api/v1/files": ("camille", "/api/v1/files"),
    "the stock's board": ("sofia", "/stock"),
    "the last handsets of the board": ("sofia", "/stock?page=10"),
    "one handset": ("sofia", "a handset"),
    "CSV export of a court": ("sofia", "/stock.csv"),
    "CSV export of all handsets": ("everywhere", "/stock.csv"),
}
Ask = Callable[[], Awaitable[httpx.Response]]


async def measure(quick: bool) -> Report:
    """A console as a process, asked over HTTP one request after the other."""
    async with a_service(parts=("console",)) as running:
        begun = time.monotonic()
        await asyncio.to_thread(fill_courts.courts, running.engine, 10 if quick else 1)
        await asyncio.to_thread(_settle, running)
        note = f"Filled in {time.monotonic() - begun:.0f} s."
        say(note)
        return Report(await _figures(running, 10 if quick else 100), [note])


def _settle(running: Service) -> None:
    """Camille and Sofia work at one court, a third person looks after the stocks of all."""
    now, hashed = clock.now(), passwords.hashed(PASSWORD)
    every = [f"C{n}" for n in range(fill_courts.COURTS)]
    with transaction(running.engine) as session:
        for name, role, of in (
            ("camille", Role.PROSECUTOR, every[1:2]), ("sofia", Role.STOCK_MANAGER, every[1:2]),
            ("everywhere", Role.STOCK_MANAGER, every),
        ):  # fmt: skip
            accounts.make_account(session, name, role, hashed, now)
            for court in of:
                courts.clear(session, None, name, now + timedelta(days=300), now, court=court)


async def _figures(running: Service, times: int) -> list[Figure]:
    base, found = f"http://127.0.0.1:{running.ports['console']}", []
    for who in dict.fromkeys(who for who, _ in PAGES.values()):
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            reply = await client.post("/login", data={"name": who, "password": PASSWORD})
            assert reply.status_code == 303, reply.status_code
            token = (await client.get("/api/session")).json()["form_token"]
            floor, floor_cpu = await _asked(running, lambda c=client: c.get("/api/session"), times)
            for name, (whose, what) in PAGES.items():
                if whose != who:
                    continue
                spans, cpu = await _asked(running, _ask(running, client, what, token), times)
                for word, part in (("p50", 0.5), ("p95", 0.95)):
                    found.append(
                        Figure(f"{name}, {word}", share(spans, part), "ms", share(floor, part),
                               FLOOR_IS, AIM if word == "p95" else "")
                    )  # fmt: skip
                found.append(Figure(f"CPU of ours, {name}", cpu, "ms", floor_cpu, FLOOR_IS))
    return found


def _ask(running: Service, client: httpx.AsyncClient, what: str, token: str) -> Ask:
    """One request; those without an address of their own find it in the record."""
    if what == "search":
        form = {"words": "personne 40", "form_token": token}
        return lambda: client.post("/files/search", data=form)
    if what == "a file":
        question = "SELECT id FROM case_file WHERE court = 'C1' AND state = 'active' LIMIT 1"
        what = f"/files/{running.rows(question)[0].id}"
    if what == "a handset":
        question = "SELECT h.id FROM handset h JOIN pool p ON p.code = h.pool AND p.court = 'C1'"
        what = f"/stock/{running.rows(question + ' LIMIT 1')[0].id}"
    return lambda: client.get(what)


async def _asked(running: Service, ask: Ask, times: int) -> tuple[list[float], float]:
    """Milliseconds of each request, and CPU time of the console for one."""
    for _ in range(3):  # what is new in the caches is not what is asked
        await ask()
    spans, begun = [], _cpu_ms(running)
    for _ in range(times):
        at = time.perf_counter()
        reply = await ask()
        spans.append((time.perf_counter() - at) * 1000)
        assert reply.status_code == 200, reply.status_code
    return spans, (_cpu_ms(running) - begun) / times


def _cpu_ms(running: Service) -> float:
    """What the console has used until now, in user and system time."""
    with open(f"/proc/{running.pid('console')}/stat", encoding="ascii") as stat:
        used = stat.read().rsplit(")", 1)[1].split()
    return (int(used[11]) + int(used[12])) * 1000 / os.sysconf("SC_CLK_TCK")
