"""Runs HTTP inside a process: uvicorn with our limits, and the health listener of every process.

Slow or half-open clients are closed in seconds (`http_line.py`) and never share a listener with
health checks.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tgd.errors import CannotStart
from tgd.http_line import BoundedHttp, Waiting
from tgd.http_turns import Turns
from tgd.settings_values import split_listen

BODY_LIMIT_BYTES = 16 * 1024
"""Largest body that a device, a provider or a destination may send (RELIABILITY 6)."""
REQUEST_LIMIT_S = 10.0
"""Longest time from the first byte of a request's body to its last."""
Readiness = Callable[[], Awaitable[str | None]]
"""Gives None when ready, else one word of why not."""


@dataclass
class Served:
    """A listener that runs."""

    host: str
    port: int
    _server: uvicorn.Server
    _task: asyncio.Task[None]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"

    async def stop(self) -> None:
        """Finish what is being answered (bounded), then close."""
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), 6)
        self._server.force_exit = True
        await asyncio.gather(self._task, return_exceptions=True)


async def serve(app: Any, listen: str, turns: Turns | None = None) -> Served:
    """Serve an ASGI application on `host:port`; raises CannotStart when the port is taken.

    `turns`: its requests are read one at a time, for others in this loop must not wait.
    """
    host, port = split_listen(listen)
    bound = _bind(host, port)
    line: Any = partial(BoundedHttp, waiting=Waiting(), turns=turns)
    config = uvicorn.Config(
        app, http=line, ws="none", log_config=None, log_level="error", access_log=False,
        server_header=False, date_header=False, timeout_keep_alive=10,
        timeout_graceful_shutdown=5, limit_concurrency=2000,
        backlog=2048, lifespan="off", proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(_run(server, bound), name=f"http {listen}")
    while not server.started and not task.done():  # noqa: ASYNC110 uvicorn offers no event
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return Served(host, bound.getsockname()[1], server, task)


async def _run(server: uvicorn.Server, bound: socket.socket) -> None:
    """Without uvicorn's own signal handling: the process decides when to stop."""
    config = server.config
    if not config.loaded:
        config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[bound])
    await server.main_loop()
    await server.shutdown(sockets=[bound])


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, or asyncio leaves its connections with Nagle's delay of 40 ms in each answer
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise CannotStart(
            f"Cannot listen on {host}:{port} ({error.strerror}): stop what listens there or"
            " choose another port."
        ) from None
    bound.set_inheritable(True)
    return bound


def bare_app(title: str) -> FastAPI:
    """An application without pages of its own, that says nothing about itself in errors, and
    sends nobody to whatever somebody wrote into the Host header."""
    app = FastAPI(
        title=title, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )

    async def failed(_: Request, __: Exception) -> Response:
        return JSONResponse({"error": "fault"}, status_code=500)

    app.add_exception_handler(Exception, failed)
    return app


def health_app(ready: Readiness) -> FastAPI:
    """`/health/live`, `/health/ready` and `/metrics` of one process."""
    app = bare_app("health")

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready")
    async def readiness() -> Response:
        why = await ready()
        if why is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "why": why}, status_code=503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


class TooLarge(Exception):
    """The body is larger than we read."""


class TooSlow(Exception):
    """The body did not come in time, or its sender has gone."""


async def read_body(request: Request, limit: int = BODY_LIMIT_BYTES) -> bytes:
    """The whole body within limits of size and time; raises TooLarge or TooSlow."""
    body = bytearray()
    try:
        async with asyncio.timeout(REQUEST_LIMIT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise TooLarge
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    return bytes(body)
