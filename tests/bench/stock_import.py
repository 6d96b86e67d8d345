"""Lists of 10,000 handsets: judged, ordered for a stock, given to people; one transaction each."""

import asyncio
import time
from datetime import timedelta

from sqlalchemy import Engine, text

from tests.acceptance.running import Service
from tests.bench.figures import Figure, Report
from tests.bench.ground import a_service
from tgd import accounts, clock, journal, stock_list
from tgd.allocation import courts
from tgd.allocation.acting import officer
from tgd.casework.stock_csv import import_stock
from tgd.database import open_record, transaction
from tgd.rules.access import Role

FLOOR_IS = "as many rows in one bulk insert with its commit"


async def measure(quick: bool) -> Report:
    """First judged only, then ordered; then a list with people, and what it wrote sealed."""
    async with a_service(parts=()) as running:
        return await asyncio.to_thread(_measured, running, 1_000 if quick else 10_000)


def _measured(running: Service, count: int) -> Report:
    raw = _list_of(count)
    now = clock.now()
    engine = open_record(running.host.record_url, lane="console")
    with transaction(engine) as session:
        courts.make_court(session, "C1", "TJ 1", "Europe/Paris", now)
        courts.make_pool(session, "P1", "C1", "Stock 1", now)
        accounts.make_account(session, "sofia", Role.STOCK_MANAGER, "no hash", now)
        courts.clear(session, None, "sofia", now + timedelta(days=300), now, court="C1")
    floor, took = _floor(running, count), _given(engine, count)
    for name, dry_run in (("judged", True), ("ordered", False)):
        begun, cpu = time.perf_counter(), time.thread_time()
        with transaction(engine) as session:
            sofia = officer(session, "sofia", Role.STOCK_MANAGER, now)
            report = import_stock(session, sofia, raw, now, dry_run=dry_run)
        assert (report.kept, report.bad) == (not dry_run, [])
        took[name] = (time.perf_counter() - begun, time.thread_time() - cpu)
    engine.dispose()
    figures = []
    for name, (wall, cpu) in took.items():
        aim = "<= 10 s" if name in ("ordered", "given to people") else ""
        figures.append(Figure(f"{count:,} lines {name}", wall, "s", floor[0], FLOOR_IS, aim))
        figures.append(Figure(f"CPU of ours, {count:,} lines {name}", cpu, "s", floor[1], FLOOR_IS))
    return Report(figures)


def _given(engine: Engine, count: int) -> dict[str, tuple[float, float]]:
    """As `tgd handset import` does it, from the bytes of the file to the sealed journal."""
    head = "number,name,place,city,insee,geolocation,note\n"
    person = "FICTIVE,3 rue des Exemples,Nanterre,92050,oui,une note"
    raw = head + "".join(f"+3363998{n:04d},Ana {n} {person}\n" for n in range(count))
    begun, cpu = time.perf_counter(), time.thread_time()
    with transaction(engine) as session:
        listed = stock_list.read(raw.encode())
        assert stock_list.import_people(session, listed, clock.now()).kept
    given = (time.perf_counter() - begun, time.thread_time() - cpu)
    begun, cpu = time.perf_counter(), time.thread_time()
    sealed = journal.SEALED_AT_ONCE
    while sealed:
        with transaction(engine) as session:
            sealed = journal.seal(session)
    took = (time.perf_counter() - begun, time.thread_time() - cpu)
    return {"given to people": given, "given to people, then sealed": took}


def _list_of(count: int) -> bytes:
    lines = [f"P1,Modele A,B1,volte,+3363999{n:04d}," for n in range(count)]
    return ("pool,model,battery,radio,number,imei\n" + "\n".join(lines) + "\n").encode()


def _floor(running: Service, count: int) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), time.thread_time()
    with running.engine.begin() as connection:
        connection.execute(text("CREATE TABLE floor (id int, words text)"))
        rows = [{"id": n, "words": "x" * 100} for n in range(count)]
        connection.execute(text("INSERT INTO floor VALUES (:id, :words)"), rows)
    return time.perf_counter() - begun, time.thread_time() - cpu
