"""The page of deadlines: what somebody must not forget, in one list, each with “seen”."""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import chasing
from tgd.casework import due
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, sent, shown
from tgd.web.render import Pages


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/deadlines`, `/deadlines/{id}/acknowledge`."""

    @app.get("/deadlines")
    async def listed(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.ACKNOWLEDGE_DEADLINE)
        return await _page(console, made, request, seat)

    @app.post("/deadlines/{deadline}/acknowledge")
    async def acknowledge(request: Request, deadline: str) -> Response:
        seat, form = await sent(console, request, Act.ACKNOWLEDGE_DEADLINE)
        ended = await do_acknowledge(console, request, seat, deadline, form)
        if ended.is_done:
            return RedirectResponse("/deadlines", 303)
        return await _page(console, made, request, seat, ended)


async def do_acknowledge(
    console: Console, request: Request, seat: Seat, deadline: str, form: dict[str, str]
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
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None = None
) -> Response:
    said = await the_deadlines(console, seat, request)
    return shown(made, request, seat, "deadlines.html", said, ended, None, wrong="")
