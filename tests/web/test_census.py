"""The quarterly count: what a human counted and what differs is kept, shown, exported."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.walking import OTHER_POOL, POOL
from tests.web.casework_ground import OFFICERS, Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import Browser
from tgd.rules.access import Act, may
from tgd.rules.census import Lies, compared, differing, fingerprint, is_due


async def lies(browser: Browser) -> dict[str, Any]:
    """What the page of the own stock shows."""
    stocks = (await browser.get("/api/v1/census")).json()["stocks"]
    return {one["pool"]: one for one in stocks}


async def count(browser: Browser, pool: str, seen: str, *counted: int, **more: str) -> Any:
    said = {f"counted-{n}": str(number) for n, number in enumerate(counted)}
    said |= {"pool": pool, "seen": seen} | more
    reply: httpx.Response = await browser.post("/stock/census", **said)
    return reply


async def test_sofia_counts_and_the_count_is_kept_shown_and_exported(court: Court) -> None:
    court.walked("hand_over")  # one is in Ana's hands: nobody counts it
    court.house.do(lambda s: [order(court, s, n) for n in range(3)])
    sofia = await court.browser("Sofia")
    stock = (await lies(sofia))[POOL]
    assert stock["lines"] == [{"model": "Modele A", "state": "in_stock", "recorded": 3}]
    assert stock["is_due"] is True
    silent = await count(sofia, POOL, stock["seen"], 2)
    assert silent.status_code == 422
    assert "Dites ce qui diffère" in silent.text
    done = await count(sofia, POOL, stock["seen"], 2, words="=Un manque : tiroir 2.")
    assert done.headers["location"] == "/stock/census"
    page = (await sofia.get("/stock/census")).text
    for said in ("Sofia", "1 d’écart", "=Un manque : tiroir 2.", "Dernier comptage le"):
        assert said in page, said
    taken = (await sofia.get("/stock/censuses.csv")).content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(taken), delimiter=";")
    assert (row["pool"], row["counted_by"], row["model"]) == (POOL, "Sofia", "Modele A")
    assert [row[name] for name in ("recorded", "counted", "missing", "too_many")] == list("3210")
    assert not row["words"].startswith("=")
    assert (await lies(sofia))[POOL]["is_due"] is False
    line = court.house.ask("SELECT who, detail FROM journal WHERE act = 'StockCounted'")[0]
    assert (line.who, line.detail) == ("Sofia", {"pool": POOL, "lines": 1, "differing": 1})
    assert len(handsets(court)) == 4, "a count changes nothing in the stock"


def order(court: Court, session: Any, n: int) -> str:
    court.walk.world = court.house.world(session)
    return court.walk.order(f"+3363998004{n}")


def handsets(court: Court) -> list[Any]:
    return court.house.ask("SELECT id, state, pool FROM handset")


async def test_what_has_changed_since_the_page_is_counted_again(court: Court) -> None:
    court.house.do(lambda s: order(court, s, 0))
    sofia = await court.browser("Sofia")
    seen = (await lies(sofia))[POOL]["seen"]
    court.house.do(lambda s: order(court, s, 1))
    late = await count(sofia, POOL, seen, 1)
    assert late.status_code == 409
    assert "recomptez" in late.text
    assert court.house.ask("SELECT id FROM stock_census") == []
    good = await count(sofia, POOL, (await lies(sofia))[POOL]["seen"], 2)
    assert good.status_code == 303


@pytest.mark.parametrize("wrong", ["", "-1", "many", "9999999999"])
async def test_a_number_that_is_none_is_said(court: Court, wrong: str) -> None:
    court.house.do(lambda s: order(court, s, 0))
    sofia = await court.browser("Sofia")
    seen = (await lies(sofia))[POOL]["seen"]
    said = {"pool": POOL, "seen": seen, "counted-0": wrong}
    reply = await sofia.post("/api/v1/census", json=True, **said)
    assert reply.status_code == 422
    assert court.house.ask("SELECT id FROM stock_census") == []


@pytest.mark.parametrize("name", [*OFFICERS, "Sami", "Corg", "Dpo", "Root"])
async def test_each_stock_is_counted_by_those_who_work_there(court: Court, name: str) -> None:
    court.house.do(lambda s: order(court, s, 0))
    works = name in OFFICERS and may(OFFICERS[name][0], Act.COUNT_STOCK)
    browser = await court.browser(name)
    for page in ("/stock/census", "/stock/censuses.csv", "/api/v1/census"):
        assert (await browser.get(page)).status_code == (200 if works else 404), page
    seen = fingerprint([Lies("Modele A", "in_stock", 1)])
    reply = await count(browser, POOL, seen, 1)
    own = works and name not in ("Paul", "Rosa", "Sacha")
    assert reply.status_code == (303 if own else 404)
    assert len(court.house.ask("SELECT id FROM stock_census")) == (1 if own else 0)
    if works and not own:
        assert POOL not in (await browser.get("/stock/census")).text
        assert set(await lies(browser)) == {OTHER_POOL}


def test_too_many_and_missing_ones_do_not_cancel_each_other() -> None:
    lines = [Lies("A", "in_stock", 3), Lies("B", "in_stock", 2)]
    found = compared(lines, [2, 3])
    assert [one["counted"] for one in found] == [2, 3]
    assert differing(found) == 2
    assert differing(compared(lines, [3, 2])) == 0


def test_a_stock_is_due_after_three_calendar_months() -> None:
    counted_at = datetime(2026, 11, 30, 10, tzinfo=UTC)
    assert is_due(None, counted_at)
    assert not is_due(counted_at, datetime(2027, 2, 27, 23, tzinfo=UTC))
    assert is_due(counted_at, datetime(2027, 2, 28, tzinfo=UTC))
    assert not is_due(counted_at, counted_at + timedelta(days=1))
