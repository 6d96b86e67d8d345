"""Exercises as a supervisor announces and ends them, on the page of the room."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.alerts import exercising
from tgd.alerts.acts import Actor
from tgd.errors import Refusal
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.acting import STATUS, sent
from tgd.web.console import Console
from tgd.web.render import Pages, as_json
from tgd.web.room import supervision_page

Doing = Callable[[Session, Actor, dict[str, str], datetime], Any]


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`POST /exercises`, `POST /exercises/{id}/end`."""

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
        actor, now = Actor(seat.name, seat.role), clock.now()
        try:
            await console.ask(lambda session: doing(session, actor, form, now))
        except Refusal as error:
            said = console.words.sentence(door.language_of(console, request), error)
            status = STATUS.get(type(error), 409)
            if door.wants_json(request):
                return as_json({"error": status, "sentence": said}, status)
            return await supervision_page(console, made, request, seat, status, said)
        json = door.wants_json(request)
        return as_json({"done": True}) if json else RedirectResponse("/supervision", 303)
