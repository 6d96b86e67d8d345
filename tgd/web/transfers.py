"""The page of transfers: which files a court is asked to take over, which came and which went."""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import transferring
from tgd.casework import transfer_form
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, sent, shown
from tgd.web.render import Pages


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/transfers`, `/transfers/{id}/accept`, `/transfers/{id}/refuse`."""

    @app.get("/transfers")
    async def listed(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.OPEN_FILE)
        return await _page(console, made, request, seat)

    @app.post("/transfers/{transfer}/{how}")
    async def answer(request: Request, transfer: str, how: str) -> Response:
        if how not in transfer_form.FIELDS:
            raise door.NotThere
        seat, form = await sent(console, request, Act.DECIDE)
        ended = await do_answer(console, request, seat, transfer, how, form)
        if ended.is_done:
            return RedirectResponse("/transfers", 303)
        return await _page(console, made, request, seat, ended, form, f"{how}-{transfer}")


async def do_answer(
    console: Console, request: Request, seat: Seat, transfer: str, how: str, form: dict[str, str]
) -> Ended:
    """Accept or refuse."""
    found = door.uuid_of(transfer)
    return await do(
        console, request, seat, form.get("once", ""),
        lambda s, o: transfer_form.answer(s, o, found, how, form, clock.now()),
    )  # fmt: skip


async def the_transfers(console: Console, seat: Seat) -> dict[str, Any]:
    """Those of this person's courts."""
    now = clock.now()
    found: dict[str, Any] = await as_officer(
        console, seat, lambda s, o: transferring.transfers_shown(s, o, now)
    )
    return found


async def _page(
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None = None,
    form: dict[str, str] | None = None, wrong: str = "",
) -> Response:  # fmt: skip
    if seat.locked:
        raise door.Locked
    said = await the_transfers(console, seat)
    return shown(
        made, request, seat, "transfers.html", said, ended, form, wrong=wrong,
        reasons=transfer_form.REASONS,
    )  # fmt: skip
