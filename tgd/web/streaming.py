"""`/events` and `/sync`: the same facts as a stream or in one reply, re-authorised every beat."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tgd import accounts, clock
from tgd.accounts import Seat
from tgd.alerts import acts
from tgd.allocation import whose
from tgd.errors import RecordAway
from tgd.rules.access import Act, may
from tgd.web import door
from tgd.web.console import Console
from tgd.web.live import Fact, Room, missed, within_reach
from tgd.web.render import Pages, as_json, browser_of, iso, shown

BEAT_S = 1.5
"""A page says that the link is slow 2.8 s after the last one: a beat may be late by 1.3 s."""
SIGN_S = 4.0
"""The screen of an owner, and one that shows an alert, gives a sign at every third beat."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/sync?since=` and `/events?since=`."""

    @app.get("/sync")
    async def sync(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_ALERTS, acting=False)
        fact = await console.ask(lambda session: missed(session, _since(request), console.areas))
        fact = await _for(console, seat, fact)
        return as_json(
            _facts(made, door.language_of(console, request), fact, seat)
            | beat(console, fact.seq, seat)
        )

    @app.get("/events")
    async def events(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_ALERTS, acting=False)
        stream = _stream(console, made, request, seat)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )


def rendered(made: Pages, language: str, fact: Fact, seat: Seat) -> str:
    """The fact as an event of the stream, made by the first console that needs it so."""
    kind = f"{language} locked" if seat.locked else language
    if kind not in fact.said:
        fact.said[kind] = event("facts", fact.seq, _facts(made, language, fact, seat))
    return fact.said[kind]


def event(name: str, seq: int, said: dict[str, Any]) -> str:
    """One event of a stream; JSON has no line breaks in it."""
    return f"event: {name}\nid: {seq}\ndata: {json.dumps(said, ensure_ascii=True)}\n\n"


def beat(console: Console, seq: int, seat: Seat) -> dict[str, Any]:
    """What a beat says: where the journal is, the server's clock for the ages, which of the
    channels that have a canary are heard, whose browser this is, whether it is locked, what is to
    be mended, who else looks at which alert, what is said to the whole room, and what its person
    has still to do before answering."""
    now, known = clock.now(), console.hub.canaries
    after = timedelta(seconds=console.settings.canary_lost_after_s)
    lost = [c.handset for c in known if c.pressed_at is None or now - c.pressed_at > after]
    channels = f"{len(known) - len(lost)}/{len(known)}" if known else ""
    room, has_voice = console.hub.room, console.settings.has_voice
    answers = may(seat.role, Act.TAKE)
    return {"seq": seq, "now": iso(now), "channels": channels, "lost": lost,
            "locked": seat.locked, "browser": browser_of(seat), "to_mend": room.to_mend,
            "words": _words(room, seat) if answers else [],
            "looks": console.hub.others_at(seat.name) if answers else {},
            "missing": room.missing(seat.name, has_voice=has_voice) if answers else []}  # fmt: skip


def _words(room: Room, seat: Seat) -> list[dict[str, Any]]:
    """What is said to everybody on shift and this person has not read; a locked screen says none of
    it."""
    unread = [] if seat.locked else room.unread_by(seat.name)
    return [{"id": str(w.id), "by": w.said_by, "at": iso(w.said_at), "words": shown(w.words)}
            for w in unread]  # fmt: skip


def _facts(made: Pages, language: str, fact: Fact, seat: Seat) -> dict[str, Any]:
    """Nobody's place is said behind a lock."""
    rows = [row | {"commune": None} for row in fact.rows] if seat.locked else fact.rows
    return {"seq": fact.seq, "rows": made.rows(language, rows)}


def _since(request: Request) -> int:
    asked = request.headers.get("last-event-id") or request.query_params.get("since", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0


async def _for(console: Console, seat: Seat, fact: Fact) -> Fact:
    """The fact as it is for this person: the shared one, but for whom some alerts are not there."""
    if seat.role not in whose.BOUND:
        return fact
    rows = await console.ask(lambda session: within_reach(session, seat, fact.rows, console.areas))
    return Fact(fact.seq, rows)


async def _stream(
    console: Console, made: Pages, request: Request, seat: Seat
) -> AsyncIterator[str]:
    """Subscribe, then what was missed, then facts and beats until the session ends."""
    language = door.language_of(console, request)
    facts = console.hub.subscribe(seat.name)
    try:
        fact = await console.ask(lambda session: missed(session, _since(request), console.areas))
        yield "retry: 3000\n\n"
        yield rendered(made, language, await _for(console, seat, fact), seat)
        due = sign_due = time.monotonic()
        while True:
            if time.monotonic() >= due:
                stays = await _who_stays(console, request)
                if stays is None:
                    yield event("bye", console.hub.seq, {})
                    return
                seat = stays
                if time.monotonic() >= sign_due and await _sign(console, request, seat):
                    sign_due = time.monotonic() + SIGN_S
                if console.hub.is_fresh:
                    yield event("beat", console.hub.seq, beat(console, console.hub.seq, seat))
                due = time.monotonic() + BEAT_S
            new = await _next(facts, due)
            if new is _END:
                return
            if isinstance(new, Fact):
                yield rendered(made, language, await _for(console, seat, new), seat)
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


async def _who_stays(console: Console, request: Request) -> Seat | None:
    seat = await door.seat_of(console, request, acting=False)
    return seat if seat is not None and may(seat.role, Act.SEE_ALERTS) else None


async def _sign(console: Console, request: Request, seat: Seat) -> bool:
    """What a beat of this screen says to others: its person is there for the own alerts, and what
    it shows is looked at still. Gives whether there was anything to say."""
    owns = seat.name in console.hub.owners and seat.is_there(clock.now())
    looks = console.hub.looks_at_something(seat.name) and not seat.locked
    if owns:
        await console.ask(partial(_give_sign, seat.name))
    token = door.token_of(console, request)
    if looks and token:
        await console.ask(partial(_go_on_looking, token))
    return owns or looks


def _go_on_looking(token: str, session: Session) -> None:
    accounts.go_on_looking(session, token, clock.now())


def _give_sign(name: str, session: Session) -> None:
    acts.give_sign(session, name, clock.now())
