"""The page of clearances and agreements: who works for a court, with whom it works, until when."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import agreeing, courts
from tgd.casework import term_form
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Doing, Ended, as_officer, do, shown
from tgd.web.form_page import FormPage
from tgd.web.render import Pages

MADE = {"clearances": ("clear", term_form.clear), "agreements": ("agree", term_form.agree)}


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/clearances` with `/{id}/revoke`, and the same of `/agreements`, shown on one page."""

    page = FormPage(console, "/clearances", Act.SEE_CLEARANCES, partial(_page, console, made))
    app.get("/clearances")(page.read)

    @app.get("/agreements")
    async def agreements() -> Response:
        return RedirectResponse("/clearances#agreements-title", 303)

    for kind in MADE:
        _add_acts(app, console, page, kind)


def _add_acts(app: FastAPI, console: Console, page: FormPage, kind: str) -> None:
    @app.post(f"/{kind}")
    async def make(request: Request) -> Response:
        doing = partial(do_make, console, request, kind)
        return await page.take(request, Act.CLEAR, doing, MADE[kind][0])

    @app.post(f"/{kind}/{{term}}/revoke")
    async def revoke(request: Request, term: str) -> Response:
        doing = partial(do_revoke, console, request, kind, term)
        return await page.take(request, Act.CLEAR, doing)


async def do_make(
    console: Console, request: Request, kind: str, seat: Seat, form: dict[str, str]
) -> Ended:
    """A clearance or an agreement, as the form says."""
    make = MADE[kind][1]
    return await do(
        console, request, seat, form.get("once", ""), lambda s, o: make(s, o, form, clock.now())
    )


async def do_revoke(
    console: Console, request: Request, kind: str, term: str, seat: Seat, form: dict[str, str]
) -> Ended:
    """One ends now."""
    found = door.uuid_of(term)
    ends: dict[str, Doing] = {
        "clearances": lambda s, o: courts.revoke(s, o, found, clock.now()),
        "agreements": lambda s, o: agreeing.end_agreement(s, o, found, clock.now()),
    }
    return await do(console, request, seat, form.get("once", ""), ends[kind])


async def the_terms(console: Console, seat: Seat) -> dict[str, Any]:
    """Those of this person's own courts."""
    now = clock.now()
    found: dict[str, Any] = await as_officer(
        console, seat, lambda s, o: agreeing.terms_shown(s, o, now)
    )
    return found


async def _page(
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None,
    form: dict[str, str] | None, wrong: str,
) -> Response:  # fmt: skip
    said = await the_terms(console, seat)
    return shown(
        made, request, seat, "clearances.html", said, ended, form, wrong=wrong,
        clear_fields=term_form.CLEAR_FIELDS, agree_fields=term_form.AGREE_FIELDS,
    )  # fmt: skip
