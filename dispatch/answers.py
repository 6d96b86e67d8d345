"""HTTP that destinations call: received, taken, on scene, closed; authenticated, idempotent.

Each kind proves itself in its own way: a platform by Standard Webhooks with its secret, a control
room by its bearer token, the telephone provider by its signature over our public address.
"""

import asyncio
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from fastapi import FastAPI, Request
from sqlalchemy import Engine
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.responses import JSONResponse, Response

from dispatch import counts
from dispatch.blind import Blind
from dispatch.call_answers import add_call_routes
from dispatch.formats import words
from dispatch.formats.answers_in import (
    AnswerSaid,
    Meaning,
    NoNews,
    NotReached,
    Unintelligible,
    read_answer,
)
from dispatch.formats.delivery_id import destination_of
from dispatch.formats.erased_in import read_erased
from dispatch.formats.texts_in import read_text_status
from dispatch.hearing import Effect, NotYours, hear_answer, hear_failure
from dispatch.noticing import hear_erased, hear_text
from dispatch.policy import (
    AnyDestination,
    CisuDestination,
    Policy,
    SmsDestination,
    VoiceDestination,
    WebhookDestination,
)
from dispatch.proving import Telephony, body_of, is_signed, said
from tgd import clock, killpoint
from tgd.database import transaction
from tgd.errors import Incomplete, NotAllowed, RecordAway, Refusal
from tgd.rules.calling import RECORDING_KEPT_DAYS
from tgd.serving import bare_app

RECORDING_KEPT = timedelta(days=RECORDING_KEPT_DAYS)


def make_app(
    engine: Engine, policy: Policy, telephony: Telephony, blind: Blind | None = None,
    recording_kept: timedelta = RECORDING_KEPT,
) -> FastAPI:  # fmt: skip
    """`POST /answers/v1/{destination}`, `…/keypad` and `…/status` for the telephone, and what the
    provider says of calls."""
    app = bare_app("answers")
    add_call_routes(app, engine, telephony, recording_kept)
    hear = _Hearing(engine, policy, telephony, blind)
    app.add_api_route("/answers/v1/{destination}", hear.answer, methods=["POST"])
    app.add_api_route("/answers/v1/{destination}/keypad", hear.keypad, methods=["POST"])
    app.add_api_route("/answers/v1/{destination}/status", hear.status, methods=["POST"])
    app.add_api_route("/answers/v1/{destination}/notice", hear.notice, methods=["POST"])
    app.add_api_route("/answers/v1/{destination}/erased", hear.erased, methods=["POST"])
    return app


class _Hearing:
    """The addresses; each reads, proves, hears in a worker thread, and says what came."""

    def __init__(
        self, engine: Engine, policy: Policy, telephony: Telephony, blind: Blind | None
    ) -> None:
        self._engine, self._policy, self._telephony = engine, policy, telephony
        self._blind = blind

    async def answer(self, destination: str, request: Request) -> Response:
        found = await self._proven(destination, request, WebhookDestination, CisuDestination)
        if isinstance(found, Response):
            return found
        told, raw = found
        return await self._hear(told, read_answer(told.kind, raw))

    async def keypad(self, destination: str, request: Request) -> Response:
        found = await self._telephone(destination, request, "keypad")
        if isinstance(found, Response):
            return found
        told, meaning = found
        reply = await self._hear(told, meaning)
        language = told.language
        if reply.status_code >= 500:
            return reply
        heard = isinstance(meaning, AnswerSaid) and reply.status_code == 200
        spoken = words.heard_twiml(language) if heard else words.no_key_twiml(language)
        return Response(spoken, media_type="text/xml")

    async def status(self, destination: str, request: Request) -> Response:
        found = await self._telephone(destination, request, "status")
        return found if isinstance(found, Response) else await self._hear(*found)

    async def notice(self, destination: str, request: Request) -> Response:
        """What became of a text about no alert."""
        found = await self._signed(destination, request)
        if isinstance(found, Response):
            return found
        told, raw = found
        text = read_text_status(raw)
        if text is None:
            return said(400, "A MessageSid or a known MessageStatus is missing.")
        key = request.query_params.get("key", "")[:200]
        return await self._write_of_notice(
            told.name, "text", lambda s: hear_text(s, told.name, key, text, clock.now())
        )

    async def erased(self, destination: str, request: Request) -> Response:
        """A platform says that a copy of a case sheet is gone there."""
        found = await self._proven(destination, request, WebhookDestination)
        if isinstance(found, Response):
            return found
        told, raw = found
        gone = read_erased(raw)
        if gone is None:
            return said(400, "Say {key, erased: true, by}.")
        return await self._write_of_notice(
            told.name, "erased", lambda s: hear_erased(s, told.name, gone, clock.now())
        )

    async def _write_of_notice(
        self, destination: str, what: str, write: Callable[[Session], str]
    ) -> Response:
        """What was said of no alert, written in one transaction."""
        try:
            result = await asyncio.to_thread(self._write_by, write)
        except RecordAway:
            counts.heard_answers.labels(destination, what, "away").inc()
            return said(503, "Try again in a moment.")
        except NotYours as refusal:
            counts.heard_answers.labels(destination, what, "refused").inc()
            return said(404, str(refusal))
        counts.heard_answers.labels(destination, what, result).inc()
        return JSONResponse({"result": result})

    def _write_by(self, write: Callable[[Session], str]) -> str:
        with transaction(self._engine) as session:
            return write(session)

    async def _proven(
        self,
        destination: str,
        request: Request,
        *kinds: type[WebhookDestination] | type[CisuDestination],
    ) -> tuple[WebhookDestination | CisuDestination, bytes] | Response:
        """The destination, if it is one of these, and what it has said and proven."""
        told = self._policy.destination(destination)
        if not isinstance(told, kinds):
            return said(404, "There is no such destination.")
        raw = await body_of(request)
        if isinstance(raw, Response):
            return raw
        if not _is_proven(told, request, raw):
            counts.heard_answers.labels(destination, "?", "unproven").inc()
            return said(401, "The signature or the token is not right.")
        return told, raw

    async def _telephone(
        self, destination: str, request: Request, kind: Literal["keypad", "status"]
    ) -> tuple[VoiceDestination | SmsDestination, Meaning] | Response:
        """The destination and the meaning of a signed form of the telephone provider."""
        found = await self._signed(destination, request)
        if isinstance(found, Response):
            return found
        told, raw = found
        return told, read_answer(kind, raw, key=request.query_params.get("key", ""))

    async def _signed(
        self, destination: str, request: Request
    ) -> tuple[VoiceDestination | SmsDestination, bytes] | Response:
        """The destination and the form that the telephone provider has signed."""
        told = self._policy.destination(destination)
        if not isinstance(told, VoiceDestination | SmsDestination):
            return said(404, "There is no such destination.")
        raw = await body_of(request)
        if isinstance(raw, Response):
            return raw
        if not is_signed(self._telephony, request, raw):
            counts.heard_answers.labels(destination, "?", "unproven").inc()
            return said(403, "The signature is not right.")
        return told, raw

    async def _hear(self, told: AnyDestination, meaning: Meaning) -> Response:
        if isinstance(meaning, Unintelligible):
            return said(400, meaning.why)
        if isinstance(meaning, NoNews):
            return JSONResponse({"result": "nothing", "why": meaning.why})
        if meaning.key and destination_of(meaning.key) != told.name:
            return said(404, str(NotYours()))
        if isinstance(meaning, NotReached):
            return await self._write(told, meaning, "failed")
        assert isinstance(meaning, AnswerSaid)
        return await self._write(told, meaning, meaning.state)

    async def _write(
        self, told: AnyDestination, meaning: AnswerSaid | NotReached, state: str
    ) -> Response:
        kept = await self._blind.hear(told.name, meaning) if self._blind else None
        if kept is not None:  # about what was told without the record
            counts.heard_answers.labels(told.name, state, kept).inc()
            if kept == "kept":
                return JSONResponse({"result": "done", "state": state})
            return said(503, "Try again in a moment.")
        try:
            effect = await asyncio.to_thread(self._write_now, told, meaning)
        except RecordAway:
            counts.heard_answers.labels(told.name, state, "away").inc()
            return said(503, "Try again in a moment.")
        except Refusal as refusal:
            counts.heard_answers.labels(told.name, state, "refused").inc()
            return said(_status_of(refusal), str(refusal))
        counts.heard_answers.labels(told.name, state, effect.result).inc()
        return JSONResponse({"result": effect.result, "state": effect.state})

    def _write_now(self, told: AnyDestination, meaning: AnswerSaid | NotReached) -> Effect:
        now = clock.now()
        with transaction(self._engine) as session:
            if isinstance(meaning, NotReached):
                return hear_failure(session, told.name, meaning, now)
            effect = hear_answer(session, told.name, told.kind, meaning, now)
            killpoint.reach("answers_before_commit")
            return effect


def _status_of(refusal: Refusal) -> int:
    if isinstance(refusal, NotYours):
        return 404
    if isinstance(refusal, NotAllowed):
        return 403
    return 422 if isinstance(refusal, Incomplete) else 409


def _is_proven(told: WebhookDestination | CisuDestination, request: Request, raw: bytes) -> bool:
    if isinstance(told, CisuDestination):
        token = told.token.get_secret_value() if told.token else None
        given = request.headers.get("Authorization", "")
        expected = f"Bearer {token}".encode()
        return token is not None and hmac.compare_digest(given.encode(), expected)
    headers = {k: v for k, v in request.headers.items() if k.startswith("webhook-")}
    try:
        Webhook(told.secret.get_secret_value()).verify(raw, headers, json_parse=False)
    except (WebhookVerificationError, ValueError, KeyError):
        return False
    return True
