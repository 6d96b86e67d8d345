"""Exercises as a supervisor announces and ends them, on the page of the room."""

from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd.alerts import exercising
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.acting import sent
from tgd.web.console import Console
from tgd.web.render import Pages
from tgd.web.room import Doing, act_in_room, supervision_page


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/exercises`, `/exercises/{id}/end`."""

    @app.get("/exercises")
    async def back() -> Response:
        """Reloading the page that answered a form acts on nothing."""
        return RedirectResponse("/supervision", 303)

    @app.post("/exercises")
    async def announce(request: Request) -> Response:
        return await done(
            request,
            lambda s, actor, form, now: exercising.announce(
                s, actor, form.get("handsets", ""), form.get("minutes", ""), now
            ),
        )

    @app.post("/exercises/{exercise}/end")
    async def end(request: Request, exercise: str) -> Response:
        found = door.uuid_of(exercise)
        return await done(request, lambda s, actor, form, now: exercising.end(s, actor, found, now))

    async def done(request: Request, doing: Doing) -> Response:
        seat, form = await sent(console, request, Act.ANNOUNCE_EXERCISE, None)
        shown = partial(supervision_page, console, made, request, seat)
        return await act_in_room(console, request, seat, form, doing, "/supervision", shown)
