"""HTTP by which the telephone provider says what became of calls and recordings: signed, once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI, Request
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.responses import JSONResponse, Response

from dispatch import counts
from dispatch.conversing import NoSuchCall, hear_leg, hear_recording
from dispatch.formats.conference import NotSaid, read_leg, read_recording
from dispatch.proving import Telephony, body_of, is_signed, said
from tgd import clock
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.rules.calling import Party


def add_call_routes(
    app: FastAPI, engine: Engine, telephony: Telephony, kept_for: timedelta
) -> None:
    """`POST /answers/v1/calls/{conversation}/{operator|handset|recording}`."""

    @app.post("/answers/v1/calls/{conversation}/{what}")
    async def heard(conversation: str, what: str, request: Request) -> Response:
        known = _uuid(conversation)
        if known is None or what not in (*Party, "recording"):
            return said(404, "There is no such call.")
        raw = await body_of(request)
        if isinstance(raw, Response):
            return raw
        if not is_signed(telephony, request, raw):
            counts.heard_answers.labels("calls", "?", "unproven").inc()
            return said(403, "The signature is not right.")
        hearing = _hearing(known, what, raw, kept_for)
        if isinstance(hearing, NotSaid):
            return said(400, hearing.why)
        return await _write(engine, what, hearing)


def _hearing(
    conversation: UUID, what: str, raw: bytes, kept_for: timedelta
) -> Callable[[Session], str] | NotSaid:
    if what == "recording":
        kept = read_recording(raw)
        if isinstance(kept, NotSaid):
            return kept
        return lambda session: hear_recording(session, conversation, kept, kept_for, clock.now())
    leg = read_leg(raw)
    if isinstance(leg, NotSaid):
        return leg
    return lambda session: hear_leg(session, conversation, Party(what), leg, clock.now())


async def _write(engine: Engine, what: str, hearing: Callable[[Session], str]) -> Response:
    def written() -> str:
        with transaction(engine) as session:
            return hearing(session)

    try:
        result = await asyncio.to_thread(written)
    except RecordAway:
        counts.heard_answers.labels("calls", what, "away").inc()
        return said(503, "Try again in a moment.")
    except NoSuchCall:
        counts.heard_answers.labels("calls", what, "refused").inc()
        return said(404, "There is no such call.")
    counts.heard_answers.labels("calls", what, result).inc()
    return JSONResponse({"result": result})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
