"""`/events` and `/sync`: the same facts as a stream or in one reply, re-authorised every beat."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tgd import clock
from tgd.errors import RecordAway
from tgd.rules.access import Act, may
from tgd.web import door
from tgd.web.console import Console
from tgd.web.live import Fact, missed
from tgd.web.render import Pages, as_json, iso

BEAT_S = 2.0


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/sync?since=` and `/events?since=`."""
    rendered = Rendered(made)

    @app.get("/sync")
    async def sync(request: Request) -> Response:
        await door.allowed(console, request, Act.SEE_ALERTS, acting=False)
        fact = await console.ask(lambda session: missed(session, _since(request)))
        return as_json(_facts(made, door.language_of(console, request), fact) | beat(fact.seq))

    @app.get("/events")
    async def events(request: Request) -> Response:
        await door.allowed(console, request, Act.SEE_ALERTS, acting=False)
        stream = _stream(console, made, rendered, request)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )


class Rendered:
    """The newest fact in each language: made once, whatever the number of consoles."""

    def __init__(self, made: Pages) -> None:
        self._made = made
        self._fact: Fact | None = None
        self._by_language: dict[str, str] = {}

    def event(self, language: str, fact: Fact) -> str:
        """The fact as an event of the stream."""
        if fact is not self._fact:
            self._fact, self._by_language = fact, {}
        if language not in self._by_language:
            said = event("facts", fact.seq, _facts(self._made, language, fact))
            self._by_language[language] = said
        return self._by_language[language]


def event(name: str, seq: int, said: dict[str, Any]) -> str:
    """One event of a stream; JSON has no line breaks in it."""
    return f"event: {name}\nid: {seq}\ndata: {json.dumps(said, ensure_ascii=True)}\n\n"


def beat(seq: int) -> dict[str, Any]:
    """What a beat says: where the journal is, and the server's clock for the ages."""
    return {"seq": seq, "now": iso(clock.now())}


def _facts(made: Pages, language: str, fact: Fact) -> dict[str, Any]:
    return {"seq": fact.seq, "rows": made.rows(language, fact.rows)}


def _since(request: Request) -> int:
    asked = request.headers.get("last-event-id") or request.query_params.get("since", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0


async def _stream(
    console: Console, made: Pages, rendered: Rendered, request: Request
) -> AsyncIterator[str]:
    """Subscribe, then what was missed, then facts and beats until the session ends."""
    language = door.language_of(console, request)
    facts = console.hub.subscribe()
    try:
        fact = await console.ask(lambda session: missed(session, _since(request)))
        yield "retry: 3000\n\n"
        yield event("facts", fact.seq, _facts(made, language, fact))
        due = time.monotonic()
        while True:
            if time.monotonic() >= due:
                if not await _may_stay(console, request):
                    yield event("bye", console.hub.seq, {})
                    return
                if console.hub.is_fresh:
                    yield event("beat", console.hub.seq, beat(console.hub.seq))
                due = time.monotonic() + BEAT_S
            new = await _next(facts, due)
            if new is _END:
                return
            if isinstance(new, Fact):
                yield rendered.event(language, new)
    except RecordAway:
        return  # who comes back is authorised anew
    finally:
        console.hub.unsubscribe(facts)


_END = object()


async def _next(facts: asyncio.Queue[Fact | None], due: float) -> Fact | object | None:
    """The next fact, None when a beat is due first, _END at the end."""
    try:
        new = await asyncio.wait_for(facts.get(), max(0.001, due - time.monotonic()))
    except TimeoutError:
        return None
    return _END if new is None else new


async def _may_stay(console: Console, request: Request) -> bool:
    seat = await door.seat_of(console, request, acting=False)
    return seat is not None and may(seat.role, Act.SEE_ALERTS)
