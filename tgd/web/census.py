"""The page of the quarterly census: what lies in each stock, the form of a count, past ones."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import counting
from tgd.allocation.acting import Officer
from tgd.casework import census_form
from tgd.casework.csv_list import written
from tgd.rules.access import Act
from tgd.store import board
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, shown
from tgd.web.form_page import FormPage
from tgd.web.render import Pages, as_list


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/stock/census`, `/stock/censuses.csv`; before the addresses of handsets."""

    page = FormPage(console, "/stock/census", Act.COUNT_STOCK, partial(_page, console, made))

    @app.get("/stock/census")
    async def census(request: Request) -> Response:
        if request.query_params.get("as") == "csv":
            seat = await door.allowed(console, request, Act.COUNT_STOCK)
            rows = await as_officer(console, seat, lambda s, o: board.census(s, o.reach.courts))
            found = [dict(row._mapping) for row in rows]
            return as_list(written(found, ("pool", "model", "state", "count")), "census.csv")
        return await page.read(request)

    @app.get("/stock/censuses.csv")
    async def exported(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.COUNT_STOCK)
        counts = await as_officer(console, seat, counting.counts_shown)
        rows = census_form.rows_of(counts)
        return as_list(written(rows, census_form.COLUMNS), "censuses.csv")

    @app.post("/stock/census")
    async def count(request: Request) -> Response:
        doing = partial(do_count, console, request)
        return await page.take(request, Act.COUNT_STOCK, doing, "count")


async def do_count(console: Console, request: Request, seat: Seat, form: dict[str, str]) -> Ended:
    """Keep what somebody counted."""
    return await do(
        console, request, seat, form.get("once", ""),
        lambda s, o: census_form.count_stock(s, o, form, clock.now()),
    )  # fmt: skip


async def the_census(console: Console, seat: Seat) -> dict[str, Any]:
    """What lies in each stock, and what was counted before."""
    now = clock.now()

    def ask(session: Session, officer: Officer) -> dict[str, Any]:
        return {"stocks": counting.to_count(session, officer, now),
                "counts": counting.counts_shown(session, officer)}  # fmt: skip

    found: dict[str, Any] = await as_officer(console, seat, ask)
    return found


async def _page(
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None,
    form: dict[str, str] | None, _: str,
) -> Response:  # fmt: skip
    said = await the_census(console, seat)
    return shown(
        made, request, seat, "census.html", said, ended, form,
        wrong=(form or {}).get("pool", ""), words_field=census_form.WORDS,
    )  # fmt: skip
