"""Puts the console together: routes, safe headers, and one answer for each fault."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from tgd.errors import RecordAway
from tgd.log import log
from tgd.serving import bare_app
from tgd.web import (
    acting,
    api,
    casework,
    census,
    clearances,
    deadlines,
    delegations,
    exercises,
    maps,
    on_paper,
    pages,
    papers,
    partners,
    public,
    recordings,
    room,
    room_words,
    signing,
    stock,
    streaming,
    transfers,
    v1,
)
from tgd.web.console import Console
from tgd.web.door import (
    GoSignIn,
    Locked,
    NotThere,
    Rejected,
    language_of,
    wants_json,
)
from tgd.web.headers import FIXED, SafeHeaders
from tgd.web.render import STATIC_VERSION, Pages, as_json, static_files
from tgd.web.words import word

NOT_THERE = word("There is no such page here.")
AWAY = word("The record does not answer. Use the telephone procedure and try again in a moment.")
LOCKED = word("The screen is locked: enter your password.")
SIGN_IN = word("Sign in first.")
FAULT = word("Something went wrong here. It was written down; please try again.")
KINDS = {
    ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript",
    ".svg": "image/svg+xml", ".txt": "text/plain",
}  # fmt: skip


def make_app(console: Console) -> FastAPI:
    """The console's application; `console.open()` starts its live channel."""
    app = bare_app("console")
    made = Pages(console)
    for part in (
        signing,
        pages,
        acting,
        streaming,
        room,
        room_words,
        api,
        papers,
        casework,
        census,
        stock,
        deadlines,
        clearances,
        transfers,
        delegations,
        public,
        partners,
        v1,
        maps,
        on_paper,
        recordings,
        exercises,
    ):
        part.add_routes(app, console, made)
    _add_static(app)
    _add_answers(app, console, made)
    app.add_middleware(SafeHeaders, https=not console.insecure_http)
    return app


def _add_static(app: FastAPI) -> None:
    files = static_files()

    @app.get("/static/{version}/{name}")
    async def static(version: str, name: str) -> Response:
        path = files.get(name)
        if path is None or version != STATIC_VERSION:
            raise NotThere
        kept = {"cache-control": "public, max-age=31536000, immutable"}
        return FileResponse(path, media_type=KINDS.get(path.suffix), headers=kept)

    @app.get("/favicon.ico")
    async def icon() -> Response:
        return FileResponse(files["icon.svg"], media_type=KINDS[".svg"])


def _add_answers(app: FastAPI, console: Console, made: Pages) -> None:
    """One answer for each exception that a route may raise."""

    answer = partial(_answer, console, made)

    async def sign_in(request: Request, _: Exception) -> Response:
        if wants_json(request) or request.url.path in ("/events", "/sync"):
            return answer(request, 401, SIGN_IN)
        return RedirectResponse("/login", 303)

    async def locked(request: Request, _: Exception) -> Response:
        if wants_json(request):
            return answer(request, 423, LOCKED)
        left = request.path_params.get("alert_id")
        return RedirectResponse(f"/?alert={left}" if left else "/", 303)

    async def rejected(request: Request, error: Exception) -> Response:
        assert isinstance(error, Rejected)
        return answer(request, error.status, error.sentence)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(
            request, error.status_code, NOT_THERE if error.status_code in (404, 405) else FAULT
        )

    async def failed(request: Request, error: Exception) -> Response:
        log.error("page_failed", exc_info=error)
        response = answer(request, 500, FAULT)
        response.headers.update(FIXED)  # this one is answered outside the other layers
        return response

    table: dict[Any, Any] = {
        NotThere: _says(answer, 404, NOT_THERE), GoSignIn: sign_in, Locked: locked,
        Rejected: rejected,
        RecordAway: _says(answer, 503, AWAY), HTTPException: http, Exception: failed,
    }  # fmt: skip
    for kind, reply in table.items():
        app.add_exception_handler(kind, reply)


def _says(answer: Callable[..., Response], status: int, sentence: str) -> Any:
    """The reply for an exception that always means the same."""

    async def reply(request: Request, _: Exception) -> Response:
        return answer(request, status, sentence)

    return reply


def _answer(
    console: Console, made: Pages, request: Request, status: int, sentence: str
) -> Response:
    """A sentence as a page, or as JSON for scripts."""
    said = console.words.say(language_of(console, request), sentence)
    if wants_json(request):
        line = console.settings.degraded_line if status >= 500 else ""
        ring = {"ring": line} if line else {}
        return as_json({"error": status, "sentence": said} | ring, status)
    again = _again(request) if status >= 500 else None
    return made.page(request, "sorry.html", None, status, sentence=said, again=again)


def _again(request: Request) -> str:
    """Where the page of an outage leads once it is over: a form is not sent again by itself."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    alert = request.path_params.get("alert_id")
    return f"/alerts/{alert}" if alert else "/"
