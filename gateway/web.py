"""Devices that speak HTTP: Traccar Client (OsmAnd's form) and OwnTracks; bytes in, door, answer.

Whoever sends may say any device id: a message is heard in that name, and believed only with the
handset's secret (bearer token, or password of HTTP Basic). These addresses are open to the whole
Internet, so what nobody can read is refused with 400 and kept nowhere, unless its bytes hold
`alarm=` or `sos`: then it may be a cry for help, and is heard like any other.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway import counts
from gateway.formats import READERS
from gateway.heard import Channel, Form, Heard, Kept, Receipt
from tgd import clock
from tgd.errors import NotKept
from tgd.rules.trigger import Meaning, PositionReport, Trigger, Unreadable
from tgd.serving import TooLarge, TooSlow, read_body

Hear = Callable[[Heard], Awaitable[Receipt]]
Proves = Callable[[str, str], Awaitable[bool]]
"""Whether this secret is the one of that handset."""

STRANGERS_AT_ONCE = 16
"""Messages of strangers that are being heard at one moment; handsets never wait for them."""
SHORT = 2_048
"""Bytes; no application says so much. To read 16 KB takes 4 ms of the loop that hears alerts."""
LONG_PACE_S = 0.02
"""So that longer ones, which anybody may send, wait for each other and never for a handset."""
NOBODY = "nobody"
"""The source of a message that names no device."""
LONGEST_SOURCE = 64
_CRY = re.compile(rb"alarm\s*=|alarm%3d|sos", re.IGNORECASE)
_READABLE = frozenset(
    {"", "application/x-www-form-urlencoded", "application/json", "text/plain",
     "application/octet-stream"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Said:
    """One request, read and not yet attributed."""

    form: Form
    raw: bytes
    meaning: Meaning
    names: list[str]
    """Whom it says it is, best first."""
    secret: str | None


class _Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def devices_router(hear: Hear, proves: Proves) -> APIRouter:
    """`/devices/osmand` and `/devices/owntracks` (INTEROP 2.2, 2.3)."""
    router = APIRouter()
    devices = _Devices(hear, proves)

    # whoever typed the address with a slash at its end is not sent elsewhere with an SOS
    @router.api_route("/devices/osmand/", methods=["GET", "POST"], include_in_schema=False)
    @router.get("/devices/osmand")
    @router.post("/devices/osmand")
    async def osmand(request: Request) -> Response:
        return await devices.answer(request, _osmand, PlainTextResponse("OK"))

    @router.post("/devices/owntracks/", include_in_schema=False)
    @router.post("/devices/owntracks")
    async def owntracks(request: Request) -> Response:
        return await devices.answer(request, _owntracks, JSONResponse([]))

    return router


class _Devices:
    """Hears both applications; strangers share a few places, so that they never fill the door."""

    def __init__(self, hear: Hear, proves: Proves) -> None:
        self._hear, self._proves = hear, proves
        self._strangers = asyncio.Semaphore(STRANGERS_AT_ONCE)
        self._reading = asyncio.Lock()

    async def answer(
        self, request: Request, read: Callable[[Request, bytes], _Said], well: Response
    ) -> Response:
        try:
            raw = await _body(request)
            if len(raw) > SHORT:
                async with self._reading:
                    await asyncio.sleep(LONG_PACE_S)
            return await self._heard(read(request, raw), well)
        except _Refused as refused:
            counts.refused.labels("http", refused.why).inc()
            return JSONResponse({"error": refused.why}, status_code=refused.status)
        except NotKept:
            return JSONResponse({"error": "not_kept"}, status_code=503)

    async def _heard(self, said: _Said, well: Response) -> Response:
        """A position that cannot be kept now is answered 202 and forgotten: the app sends in
        order, and a refused old position would keep the SOS behind it waiting for minutes."""
        if not isinstance(said.meaning, Trigger | PositionReport | Unreadable):
            return well
        heard = await _attributed(said, self._proves)
        if heard.verified:
            receipt = await self._hear(heard)
        else:
            async with self._strangers:
                receipt = await self._hear(heard)
        if receipt.kept is Kept.NOWHERE:
            if not isinstance(said.meaning, PositionReport):
                raise NotKept
            well.status_code = 202
        return well


def _osmand(request: Request, body: bytes) -> _Said:
    """The body, or without one the query string, as older clients send it."""
    raw = body or request.scope["query_string"]
    if not raw.strip():
        raise _Refused(400, "empty")
    meaning = _read(Form.OSMAND, raw, request)
    named = getattr(meaning, "handset", None)
    _, secret = _credentials(request)
    return _Said(Form.OSMAND, raw, meaning, [named] if named else [], secret)


def _owntracks(request: Request, raw: bytes) -> _Said:
    """An empty body is nothing at all, and is answered as if it were something."""
    meaning = _read(Form.OWNTRACKS, raw, request)
    user, secret = _credentials(request)
    said = [request.headers.get("x-limit-d"), user, request.headers.get("x-limit-u")]
    return _Said(Form.OWNTRACKS, raw, meaning, [name for name in said if name], secret)


async def _body(request: Request) -> bytes:
    try:
        return await read_body(request)
    except TooLarge:
        raise _Refused(413, "too_large") from None
    except TooSlow:
        raise _Refused(408, "too_slow") from None


def _read(form: Form, raw: bytes, request: Request) -> Meaning:
    """What the bytes mean; refused when they mean nothing and cannot be a cry for help."""
    meaning = READERS[form](raw)
    cry = isinstance(meaning, Trigger) or _CRY.search(raw) is not None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _READABLE and not cry:
        raise _Refused(415, "not_a_known_type")
    if isinstance(meaning, Unreadable) and not cry:
        raise _Refused(400, meaning.why)
    return meaning


def _credentials(request: Request) -> tuple[str | None, str | None]:
    """User and secret of the Authorization header; a bearer token has no user."""
    scheme, _, said = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return None, said.strip() or None
    if scheme.lower() != "basic":
        return None, None
    try:
        user, _, secret = base64.b64decode(said, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None, None
    return user or None, secret or None


async def _attributed(said: _Said, proves: Proves) -> Heard:
    """In the first name that the secret proves; without a proof, in the first name that it says."""
    names = [name for name in map(_clean, said.names) if name]
    source, verified = (names or [NOBODY])[0], False
    for name in names if said.secret else []:
        if await proves(name, said.secret or ""):
            source, verified = name, True
            break
    return Heard(Channel.HTTP, said.form, source, verified, uuid4().hex, said.raw, clock.now())


def _clean(name: str) -> str:
    return "".join(c for c in name if c.isprintable()).strip()[:LONGEST_SOURCE]
