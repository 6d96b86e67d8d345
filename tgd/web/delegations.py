"""The page of delegations: who decides for a court on call, from when to when, given and ended."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import delegating
from tgd.casework import delegation_form
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, shown
from tgd.web.form_page import FormPage
from tgd.web.render import Pages


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/delegations`, `/delegations/{id}/end`."""

    page = FormPage(console, "/delegations", Act.DELEGATE, partial(_page, console, made))
    app.get("/delegations")(page.read)

    @app.post("/delegations")
    async def delegate(request: Request) -> Response:
        doing = partial(do_delegate, console, request)
        return await page.take(request, Act.DELEGATE, doing, "delegate")

    @app.post("/delegations/{delegation}/end")
    async def end(request: Request, delegation: str) -> Response:
        return await page.take(request, Act.DELEGATE, partial(do_end, console, request, delegation))


async def do_delegate(
    console: Console, request: Request, seat: Seat, form: dict[str, str]
) -> Ended:
    """Delegate what the form says."""
    return await do(
        console, request, seat, form.get("once", ""),
        lambda s, o: delegation_form.delegate(s, o, form, clock.now()),
    )  # fmt: skip


async def do_end(
    console: Console, request: Request, delegation: str, seat: Seat, form: dict[str, str]
) -> Ended:
    """End one."""
    found = door.uuid_of(delegation)
    return await do(
        console, request, seat, form.get("once", ""),
        lambda s, o: delegating.end_delegation(s, o, found, clock.now()),
    )  # fmt: skip


async def the_delegations(console: Console, seat: Seat) -> dict[str, Any]:
    """Those of this person's own courts."""
    now = clock.now()
    found: dict[str, Any] = await as_officer(
        console, seat, lambda s, o: delegating.delegations_shown(s, o, now)
    )
    return found


async def _page(
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None,
    form: dict[str, str] | None, wrong: str,
) -> Response:  # fmt: skip
    said = await the_delegations(console, seat)
    return shown(
        made, request, seat, "delegations.html", said, ended, form, wrong=wrong,
        fields=delegation_form.FIELDS,
    )  # fmt: skip
