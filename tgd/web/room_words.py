"""Words to everybody on shift: said and ended by a supervisor, read by each."""

from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import room_words
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.acting import sent
from tgd.web.console import Console
from tgd.web.render import Pages
from tgd.web.room import Doing, act_in_room, shift_page, supervision_page


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/room/words`, `/room/words/{id}/end`, `/room/words/{id}/read`."""

    @app.get("/room/words")
    async def back() -> Response:
        """Reloading the page that answered a form acts on nothing."""
        return RedirectResponse("/supervision", 303)

    @app.post("/room/words")
    async def say(request: Request) -> Response:
        return await told(
            request,
            lambda s, actor, form, now: room_words.say(s, actor, form.get("words", ""), now),
        )

    @app.post("/room/words/{words}/end")
    async def end(request: Request, words: str) -> Response:
        found = door.uuid_of(words)
        return await told(request, lambda s, actor, form, now: room_words.end(s, actor, found, now))

    @app.post("/room/words/{words}/read")
    async def read(request: Request, words: str) -> Response:
        found = door.uuid_of(words)
        seat, form = await sent(console, request, Act.TAKE, None)
        shown = partial(shift_page, console, made, request, seat)
        reply = await act_in_room(
            console, request, seat, form,
            lambda s, actor, form, now: room_words.read(s, actor, found, now), "/shift", shown,
        )  # fmt: skip
        console.hub.look_at_room()
        return reply

    async def told(request: Request, doing: Doing) -> Response:
        seat, form = await sent(console, request, Act.TELL_ROOM, None)
        shown = partial(supervision_page, console, made, request, seat)
        reply = await act_in_room(console, request, seat, form, doing, "/supervision", shown)
        console.hub.look_at_room()
        return reply
