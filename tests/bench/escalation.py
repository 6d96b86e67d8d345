"""How late an escalation is when 10,000 alerts wait: `look_again_at` against what was done."""

import asyncio
import time

from sqlalchemy import text

from tests.acceptance.running import SECRET, Service
from tests.bench import fill, floors
from tests.bench.figures import Figure, Report, share
from tests.bench.ground import a_service, say, seconds

DUE_PER_S = 20
TWO_STEPS = """
[[destination]]
name = "platform"
kind = "webhook"
url = "http://127.0.0.1:{port}/alerts"
secret = "{secret}"
timeout_s = 3.0

[[destination]]
name = "before"
kind = "webhook"
url = "http://127.0.0.1:{port}/alerts"
secret = "{secret}"
timeout_s = 3.0

[[step]]
since = "opening"
after_s = 0
tell = ["before"]

[[step]]
after_s = 3600
until = "closed"
tell = ["platform"]
"""
"""What the opening tells was told when they were filled in; what is due is made due here."""


async def measure(quick: bool) -> Report:
    """10,000 open alerts are looked at once a minute each; some of them have a step due."""
    async with a_service(parts=("dispatch",), policy=policy) as running:
        say("floors…")
        floor_s = await timers()
        ground = await floors.measure(running)
        await asyncio.to_thread(fill.open_alerts, running, 1_000 if quick else 10_000, "before")
        during_s = 5 if quick else 30
        say(f"{DUE_PER_S} steps fall due per second during {during_s} s…")
        await asyncio.to_thread(_make_due, running, during_s)
        await asyncio.sleep(during_s + 4)
        claimed, arrived = _lateness(running)
        wanted = during_s * DUE_PER_S
        floor_ms = (share(floor_s, 0.99)) * 1000 + ground.commit_p99_ms
        is_floor = "a bare timer and one commit, p99 each"
        waiting = running.rows("SELECT count(*) AS n FROM alert WHERE state = 'open'")[0].n
        return Report(
            [
                Figure(f"escalation late, p50, {waiting} pending", share(claimed, 0.5) * 1000, "ms",
                       share(floor_s, 0.5) * 1000 + ground.commit_ms,
                       "a bare timer and one commit, p50 each"),
                Figure(f"escalation late, p99, {waiting} pending", share(claimed, 0.99) * 1000,
                       "ms", floor_ms, is_floor, "<= 250 ms"),
                Figure("the same until the platform has it, p99", share(arrived, 0.99) * 1000, "ms",
                       floor_ms + ground.post_p99_ms, is_floor + ", and one POST"),
            ],
            [f"{len(claimed)} of {wanted} steps that fell due were acted on."],
        )  # fmt: skip


async def timers(count: int = 100) -> list[float]:
    """How late a timer of the event loop is by itself."""
    late = []
    for _ in range(count):
        begun = time.perf_counter()
        await asyncio.sleep(0.01)
        late.append(time.perf_counter() - begun - 0.01)
    return late


def _make_due(running: Service, during_s: float) -> None:
    """These alerts have waited for an hour, less a moment that lies in the next seconds."""
    make = (
        "WITH chosen AS (SELECT id, row_number() OVER (ORDER BY random()) AS n FROM alert"
        " LIMIT :count), due AS (SELECT id, now() + interval '1 second' + make_interval(secs =>"
        " CAST(:during AS float) * n / :count) AS at FROM chosen)"
        " UPDATE alert SET look_again_at = due.at, opened_at = due.at - interval '3600 seconds',"
        " waiting_since = due.at - interval '3600 seconds' FROM due WHERE due.id = alert.id"
    )
    values = {"count": int(during_s * DUE_PER_S), "during": during_s}
    with running.engine.begin() as connection:
        connection.execute(text(make), values)


def _lateness(running: Service) -> tuple[list[float], list[float]]:
    """Seconds from the moment that was written down to the claim, and to the platform."""
    question = (
        "SELECT a.id, extract(epoch FROM a.opened_at + interval '3600 seconds') AS due,"
        " extract(epoch FROM d.told_at) AS told FROM delivery d JOIN alert a ON a.id = d.alert"
        " WHERE d.destination = 'platform'"
    )
    rows = running.rows(question)
    kept = {line["alert"]: seconds(line["at"]) for line in running.kept_at_platform()}
    claimed = [float(row.told - row.due) for row in rows]
    arrived = [kept[str(row.id)] - float(row.due) for row in rows if str(row.id) in kept]
    return claimed, arrived


def policy(ports: dict[str, int]) -> str:
    """The policy of this bench."""
    return TWO_STEPS.format(port=ports["platform"], secret=SECRET)
