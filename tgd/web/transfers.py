"""The page of transfers: which files a court is asked to take over, which came and which went."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import transferring
from tgd.casework import transfer_form
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, shown
from tgd.web.form_page import FormPage
from tgd.web.render import Pages


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/transfers`, `/transfers/{id}/accept`, `/transfers/{id}/refuse`."""

    page = FormPage(console, "/transfers", Act.OPEN_FILE, partial(_page, console, made))
    app.get("/transfers")(page.read)

    @app.post("/transfers/{transfer}/{how}")
    async def answer(request: Request, transfer: str, how: str) -> Response:
        if how not in transfer_form.FIELDS:
            raise door.NotThere
        doing = partial(do_answer, console, request, transfer, how)
        return await page.take(request, Act.DECIDE, doing, f"{how}-{transfer}")


async def do_answer(
    console: Console, request: Request, transfer: str, how: str, seat: Seat, form: dict[str, str]
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
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None,
    form: dict[str, str] | None, wrong: str,
) -> Response:  # fmt: skip
    if seat.locked:
        raise door.Locked
    said = await the_transfers(console, seat)
    return shown(
        made, request, seat, "transfers.html", said, ended, form, wrong=wrong,
        reasons=transfer_form.REASONS,
    )  # fmt: skip
