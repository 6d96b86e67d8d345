"""The page of deadlines: what somebody must not forget, in one list, each with “seen”."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import chasing
from tgd.casework import due
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, shown
from tgd.web.form_page import FormPage
from tgd.web.render import Pages

_ACT = Act.ACKNOWLEDGE_DEADLINE


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/deadlines`, `/deadlines/{id}/acknowledge`."""

    page = FormPage(console, "/deadlines", _ACT, partial(_page, console, made))
    app.get("/deadlines")(page.read)

    @app.post("/deadlines/{deadline}/acknowledge")
    async def acknowledge(request: Request, deadline: str) -> Response:
        return await page.take(request, _ACT, partial(do_acknowledge, console, request, deadline))


async def do_acknowledge(
    console: Console, request: Request, deadline: str, seat: Seat, form: dict[str, str]
) -> Ended:
    """Somebody has seen one."""
    found = door.uuid_of(deadline)
    return await do(
        console, request, seat, form.get("once", ""),
        lambda s, o: chasing.acknowledge(s, o, found, clock.now()),
    )  # fmt: skip


async def the_deadlines(console: Console, seat: Seat, request: Request) -> dict[str, Any]:
    """A page of those of this person."""
    now, page = clock.now(), door.page_of(request)
    found: dict[str, Any] = await as_officer(
        console, seat, lambda s, o: due.due_shown(s, o, now, page)
    )
    return found


async def _page(
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None,
    form: dict[str, str] | None, wrong: str,
) -> Response:  # fmt: skip
    said = await the_deadlines(console, seat, request)
    return shown(made, request, seat, "deadlines.html", said, ended, form, wrong=wrong)
