"""R6, R8, R10, R12: copies of one press; the record away; the SMS webhook away; fresh first."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulators.fleet_member import Cry
from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_posting import Patience
from tests.acceptance.running import OUR_NUMBER, SID, TOKEN
from tests.campaign.crowd import Crowd
from tests.campaign.outcome import Outcome, Say, worst
from tests.campaign.town import Town, inhabited, left_dead, town, until


@dataclass(frozen=True, slots=True)
class Size:
    """How many ids, how long the record is away, how many texts."""

    ids: int = 1000
    away_s: float = 20.0
    outages: int = 1
    rate_per_s: float = 10.0
    texts: int = 100
    killed_texts: int = 60
    kills: int = 6


async def copies(made: Town, crowd: Crowd, size: Size, seed: int, say: Say) -> Outcome:
    """R6: each id comes one to five times, the gateway dies in the middle; each counts once."""
    outcome = Outcome("R6", "ids, each sent 1 to 5 times", seed, size.ids)
    chance = random.Random(seed)
    for n in range(size.ids):
        cry = crowd.press()
        member = crowd.fleet.members[(n + 1) % len(crowd.fleet.members)]
        assert cry.press.trigger in member.cries
        for _ in range(chance.randrange(5)):
            member.send(cry)
        if n == size.ids // 2:
            made.kill("gateway")
        if n % 20 == 0:
            await asyncio.sleep(0.05)
    await crowd.settle(120)
    ids = crowd.told_received(by_puback=False)
    rows = made.rows(
        "SELECT count(*) AS n, count(DISTINCT trigger) AS ids, count(DISTINCT alert) AS alerts"
        " FROM alert_trigger WHERE trigger = ANY(:ids)", ids=sorted(ids),
    )[0]  # fmt: skip
    assert (rows.n, rows.ids, rows.alerts) == (size.ids,) * 3, "one id is not one alert"
    outcome.judged = size.ids
    say(f"{size.ids} ids are {rows.alerts} alerts")
    return outcome


async def record_away(made: Town, crowd: Crowd, size: Size, seed: int, say: Say) -> list[Outcome]:
    """R8 and R12: presses while the record is away; at its return a fresh one is not last."""
    outcome = Outcome("R8", f"record away {size.away_s:.0f} s", seed, size.outages)
    first = Outcome("R12", "fresh press at the return of the record", seed, size.outages)
    accepted_s: list[float] = []
    behind: list[float] = []
    for n in range(1, size.outages + 1):
        known = len(crowd.fleet.cries)
        async with left_dead(made):
            async with crowd.press_on(size.rate_per_s):
                await asyncio.sleep(size.away_s)
            await crowd.settle()  # receipts come from the spool
            stale = crowd.fleet.cries[known:]
            accepted_s += [c.receipt_s - c.pressed_s for c in stale if c.receipt_s is not None]
        await until(lambda: made.is_alive("record"), 60)
        fresh = crowd.press()
        drained_s = await until(made.all_told, 120, "for the spool to drain")
        behind.append(await _behind_s(made, fresh))
        say(f"outage {n}: {len(stale)} presses kept, told {drained_s:.1f} s after its return; "
            f"a fresh one {behind[-1]:.1f} s after its press")  # fmt: skip
        outcome.facts["s to drain"] = drained_s
    accepted_s.sort()
    outcome.judged, first.judged = len(accepted_s), len(behind)
    outcome.facts["s to a receipt, p99"] = accepted_s[int(len(accepted_s) * 0.99)]
    first.facts["s from press to platform, worst"] = worst(behind)
    return [outcome, first]


async def _behind_s(made: Town, fresh: Cry) -> float:
    """From the press to the platform's own line about it."""
    (row,) = made.rows("SELECT alert FROM alert_trigger WHERE trigger = :t", t=fresh.press.trigger)
    told = [line["at"] for line in made.kept_at_platform() if line["alert"] == str(row.alert)]
    return (datetime.fromisoformat(told[-1]) - fresh.press.at).total_seconds()


@asynccontextmanager
async def provider(made: Town) -> AsyncIterator[SmsProvider]:
    """The SMS provider where the service expects it."""
    account = Account(SID, TOKEN, f"http://127.0.0.1:{made.ports['gateway']}/sms/twilio")
    patience = Patience(retries=1, retry_all=False, timeout_s=3)
    one = SmsProvider(account, port=made.ports["provider"], patience=patience)
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


async def texts(made: Town, size: Size, seed: int, say: Say) -> list[Outcome]:
    """R10: no webhook comes; and before that, the gateway is killed under webhooks."""
    killed = Outcome("R1", "gateway killed under SMS", seed, size.kills)
    silent = Outcome("R10", "texts without a webhook", seed, size.texts)
    chance = random.Random(seed)
    async with provider(made) as one:
        sids = {}
        for n in range(size.killed_texts):
            sids[one.hear(_number(n), OUR_NUMBER, f"au secours {n}").sid] = n
            if size.kills and n % (size.killed_texts // size.kills) == 0:
                await until(lambda: made.is_alive("gateway"))
                made.kill("gateway")
            await asyncio.sleep(chance.uniform(0.0, 0.15))
        one.misbehaviour.become("drop_webhooks")
        for n in range(size.killed_texts, size.killed_texts + size.texts):
            sids[one.hear(_number(n), OUR_NUMBER, f"au secours {n}").sid] = n
        found_s = await until(lambda: _texts(made) >= set(sids), 120, "for every text")
        assert _texts(made) == set(sids)
        rows = made.rows("SELECT count(*) AS n FROM sighting WHERE channel = 'sms'")
        assert rows[0].n == len(sids), "a text is on record twice"
    killed.judged, silent.judged = size.killed_texts, size.texts
    silent.facts["s until the last was found"] = found_s
    say(f"{size.texts} texts found {found_s:.1f} s after the last")
    return [killed, silent]


def _number(n: int) -> str:
    return f"+3363998{5000 + n:04d}"


def _texts(made: Town) -> set[str]:
    rows = made.rows("SELECT transport_id FROM sighting WHERE channel = 'sms'")
    return {row.transport_id for row in rows}


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """One after the other in one town; judged together."""
    async with town(folder, seed) as made:
        async with inhabited(made, size.ids) as crowd:
            outcomes = [await copies(made, crowd, size, seed, say)]
            outcomes += await record_away(made, crowd, size, seed, say)
            outcomes += await texts(made, size, seed, say)
            whole = await made.judge(Outcome("all", "", seed))
    outcomes[0].facts |= whole.facts
    return outcomes
