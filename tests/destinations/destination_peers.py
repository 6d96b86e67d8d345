"""A peer that can misbehave in every way, and the carriers that talk to it, over real sockets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy import Engine

from dispatch.destinations import build
from dispatch.notices import Notices
from dispatch.policy import Policy, read_policy
from dispatch.telling import Destination, Telling, Topic
from tgd.rules.trigger import Method, Position
from tgd.telephone import TwilioTelephone

SECRET = "whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIgYnl0ZXM="
ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "fictional-auth-token"
PUBLIC_URL = "https://tgd.example"
ALERT = "0190b2c4-7d11-7c3e-9a52-1f0e6b8d4a10"
KINDS = ("webhook", "cisu", "cap", "voice", "sms")
TIMEOUT_S = 1.5


def telling(name: str, **changes: Any) -> Telling:
    """Ana has pressed: what the destination of that name is told."""
    at = datetime(2026, 11, 23, 21, 40, 5, tzinfo=UTC)
    facts: dict[str, Any] = {
        "key": f"{ALERT}:opened:1:{name}", "topic": Topic.OPENED, "alert": ALERT,
        "reference": "AL-000042", "lane": "real", "state": "open", "labels": ("late",),
        "opened_at": at, "told_at": at, "presses": 1,
        "position": Position(48.89, 2.2, 12.0, Method.GNSS, at), "handset": "h-7f3a",
        "handset_number": "+33639980001", "person": "p-91c0",
    }  # fmt: skip
    return Telling(**{**facts, **changes})


@dataclass
class Heard:
    """One request as the peer saw it."""

    path: str
    headers: dict[str, str]
    body: bytes
    form: dict[str, str]
    query: dict[str, str]


@dataclass
class Peer:
    """Answers every path in its present mode."""

    mode: str = "accept"
    heard: list[Heard] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=lambda: {"received": True, "sid": "CA" + "0" * 32})
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    leaving: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        form = {name: str(value) for name, value in (await request.post()).items()}
        query = dict(request.query)
        self.heard.append(Heard(request.path, dict(request.headers), body, form, query))
        if self.mode == "accept":
            return web.json_response(self.said, status=self.status, headers=self.headers)
        misbehaved: web.StreamResponse = await getattr(self, f"_{self.mode}")(request)
        return misbehaved

    async def _deaf(self, request: web.Request) -> web.StreamResponse:
        await self.leaving.wait()
        return web.Response()

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        linger = struct.pack("ii", 1, 0)
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.transport.abort()
        return web.Response()

    async def _status(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"code": None}, status=self.status, headers=self.headers)

    async def _lying(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=200)

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, b" ", 0.05)

    async def _huge(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, b" " * 65_536, 0)

    async def _stream(
        self, request: web.Request, chunk: bytes, pause_s: float
    ) -> web.StreamResponse:
        """A good status, then bytes for ever."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while not self.leaving.is_set():
                await response.write(chunk)
                await asyncio.sleep(pause_s)
        except ConnectionError:
            self.leaving.set()
        return response

    async def _garbage(self, request: web.Request) -> web.StreamResponse:
        assert isinstance(request.transport, asyncio.Transport)
        request.transport.write(b"\x00\x01 nothing like HTTP\r\n\r\n")
        request.transport.close()
        return web.Response()


@asynccontextmanager
async def running(peer: Peer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """The peer on a free port of 127.0.0.1."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    peer.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield peer
    finally:
        peer.leaving.set()
        await runner.cleanup()


def policy_text(kind: str, url: str, more: str = "") -> str:
    """A policy of one destination named `kind` (and nothing else)."""
    keys = {
        "webhook": f'kind = "webhook"\nurl = "{url}/alerts"\nsecret = "{SECRET}"',
        "cisu": f'kind = "cisu"\nurl = "{url}/edxl"\nrecipient = "fr.police.cic92"\ntoken = "t0k"',
        "cap": f'kind = "cisu"\nurl = "{url}/cap"\nrecipient = "fr.police.cic92"\nformat = "cap"',
        "voice": 'kind = "voice"\nnumber = "+33639980101"',
        "sms": 'kind = "sms"\nnumber = "+33639980101"',
    }[kind]
    step = f'[[step]]\nafter_s = 0\ntell = ["{kind}"]\n'
    limit = f"timeout_s = {TIMEOUT_S}\n"
    return f'[[destination]]\nname = "{kind}"\n{keys}\n{limit}{more}\n{step}'


def platform_policy(url: str, more: str) -> str:
    """A policy whose step tells a webhook named `platform`; and what it says besides."""
    return f"""
[[destination]]
name = "platform"
kind = "webhook"
url = "{url}/alerts"
secret = "{SECRET}"

[[step]]
after_s = 0
tell = ["platform"]

{more}"""


@asynccontextmanager
async def noticing(engine: Engine, policy: Policy, provider: str) -> AsyncIterator[Notices]:
    """The part of dispatch that tells what is no alert; what it opened is closed."""
    telephone = TwilioTelephone(ACCOUNT, TOKEN, provider, "+33639980100", 3.0)
    destinations = build(policy, telephone, PUBLIC_URL)
    try:
        yield Notices(engine, policy, destinations)
    finally:
        for one in destinations.values():
            await one.close()
        await telephone.close()


@asynccontextmanager
async def carrying(kind: str, url: str, more: str = "") -> AsyncIterator[Destination]:
    """The carrier of that kind towards the address; what it opened is closed."""
    telephone = TwilioTelephone(ACCOUNT, TOKEN, url, "+33199000010", timeout_s=TIMEOUT_S)
    told = build(read_policy(policy_text(kind, url, more)), telephone, PUBLIC_URL)[kind]
    try:
        yield told
    finally:
        await told.close()
        await telephone.close()
