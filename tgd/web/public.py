"""`/signalement`: anybody may report a situation, without an account, and learns nothing by it.

The answer is the same whatever the record knows. What a program fills in (a field that no person
sees) is thanked for and not kept.
"""

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.casework import file_acts
from tgd.casework.fields import read_all
from tgd.casework.openapi import REFERRAL
from tgd.errors import Refusal
from tgd.log import log
from tgd.store import casework
from tgd.web import door, file_labels
from tgd.web.caller import address_of
from tgd.web.console import Console
from tgd.web.doing import refused
from tgd.web.rate import Rate
from tgd.web.render import Pages, as_json
from tgd.web.words import word

TOO_MANY = word("Too many reports came at once: call the court, or 17 if the danger is now.")
TRAP = "website"
"""Hidden from people; a program that fills in everything fills this in."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/signalement`."""
    rate = Rate()

    async def page(request: Request, status: int = 200, **more: object) -> Response:
        courts = await console.ask(lambda session: casework.courts(session))
        shown = {"sentence": None, "form": {}, "received": False} | more
        return made.page(request, "public.html", None, status, courts=courts, fields=REFERRAL,
                         wrong="refer", files=file_labels, **shown)  # fmt: skip

    @app.get("/signalement")
    async def form(request: Request) -> Response:
        return await page(request)

    @app.post("/signalement")
    async def report(request: Request) -> Response:
        door.must_be_ours(request)
        if not rate.admits(address_of(request, console.settings.proxies)):
            log.warning("referrals_limited")
            raise door.Rejected(429, TOO_MANY)
        said = await door.form_of(request)
        sentence = None if said.get(TRAP) else await _keep(console, request, said)
        if door.wants_json(request):
            wrong = sentence is not None
            return as_json({"received": not wrong, "sentence": sentence}, 422 if wrong else 200)
        if sentence is not None:
            return await page(request, 422, sentence=sentence, form=said)
        return await page(request, received=True)


async def _keep(console: Console, request: Request, form: dict[str, str]) -> str | None:
    """Keep it once; the sentence of what is wrong with the form, or None."""
    now = clock.now()

    def refer(session: Session) -> None:
        file_acts.refer(session, None, read_all(REFERRAL, form), now)

    async with console.once.turn("public form", form.get("once", "")) as turn:
        try:
            if not turn.was_done:
                await console.ask(refer)
        except Refusal as error:
            return refused(console, door.language_of(console, request), error).sentence
        turn.done()
    return None
