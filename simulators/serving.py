"""What every HTTP simulator shares: a door on 127.0.0.1, a control door, a ledger, a clean end."""

import asyncio
import json
import signal
import socket
import ssl
import struct
import sys
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from simulators.certificates import wrong_certificate
from simulators.ledger import Ledger
from simulators.misbehaving import Misbehaviour

HOST = "127.0.0.1"


class Server:
    """A stranger behind HTTP. Sub-classes give `Mode` and `routes()`.

    The control routes (`/simulate/…`) are on the door itself and on a second one (`control_url`)
    that still answers when the first refuses connections.
    """

    Mode: type[StrEnum]

    def __init__(
        self,
        *,
        port: int = 0,
        control_port: int = 0,
        ledger: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self.control_port = control_port
        self.ledger_book = Ledger(ledger)
        self.misbehaviour = Misbehaviour(self.Mode)
        self.tls = self._right_tls = tls
        self.stopping = asyncio.Event()
        self._door: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._control: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- to be given by each stranger

    def routes(self) -> list[web.RouteDef]:
        """The protocol that this stranger speaks."""
        raise NotImplementedError

    def control_routes(self) -> list[web.RouteDef]:
        """What a test or a demo may ask of the simulation itself."""
        return [
            web.post("/simulate/misbehave", self._misbehave),
            web.get("/simulate/misbehave", self._describe),
            web.get("/simulate/ledger", self._show_ledger),
        ]

    # -- life

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Every line written so far, oldest first."""
        return self.ledger_book.lines

    @property
    def url(self) -> str:
        """Where the world reaches this stranger."""
        return f"{'https' if self.tls else 'http'}://{HOST}:{self.port}"

    @property
    def control_url(self) -> str:
        """Where only tests and demos reach it; answers in every mode."""
        return f"http://{HOST}:{self.control_port}"

    async def start(self) -> None:
        """Open both doors; `port` and `control_port` are known afterwards."""
        app = web.Application(client_max_size=4 * 2**20)
        app.add_routes([*self.routes(), *self.control_routes()])
        self._door = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._door.setup()
        control = web.Application()
        control.add_routes(self.control_routes())
        self._control = web.AppRunner(control, shutdown_timeout=0.2, access_log=None)
        await self._control.setup()
        site = web.TCPSite(self._control, HOST, self.control_port)
        await site.start()
        self.control_port = _port_of(site)
        await self.open_door()

    async def stop(self) -> None:
        """End every task and close every connection; the ledger is on the disk."""
        self.stopping.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for runner in (self._door, self._control):
            if runner:
                await runner.cleanup()
        self._site = None
        self.ledger_book.close()

    async def open_door(self) -> None:
        """Listen (again), on the same port as before if there was one."""
        assert self._door is not None, "start() first"
        if self._site is None:
            self._site = web.TCPSite(self._door, HOST, self.port, ssl_context=self.tls)
            await self._site.start()
            self.port = _port_of(self._site)

    async def shut_door(self, spare: asyncio.BaseTransport | None = None) -> None:
        """Refuse new connections and drop the open ones, but for the one that asked for it."""
        if self._site is None or self._door is None or self._door.server is None:
            return
        site, self._site = self._site, None
        await site.stop()
        for connection in list(self._door.server.connections):
            if connection.transport is not None and connection.transport is not spare:
                connection.transport.abort()

    def spawn(self, act: Coroutine[Any, Any, None]) -> None:
        """Do something later, beside; what goes wrong in it is written, never swallowed."""
        task = asyncio.get_running_loop().create_task(act)
        self._tasks.add(task)
        task.add_done_callback(self._bury)

    def _bury(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failed := task.exception()):
            self.ledger_book.write("simulator_failed", error=repr(failed))

    # -- misbehaviour

    async def become(self, mode: str, seconds: float = 0.0, times: int | None = None) -> None:
        """Switch one misbehaviour on, or `ok`; the same as POST /simulate/misbehave."""
        self.misbehaviour.become(mode, seconds, times)
        self.ledger_book.write("misbehaves", mode=mode, seconds=seconds, times=times)
        await self.settle()

    async def settle(self, asking: asyncio.BaseTransport | None = None) -> None:
        """Make the door what the modes say: shut, or with the right or the wrong certificate."""
        wrong = self.misbehaviour.is_on("wrong_certificate")
        if wrong != (self.tls is not self._right_tls):
            await self.shut_door(asking)
            self.tls = wrong_certificate() if wrong else self._right_tls
        if self.misbehaviour.is_on("refuse"):
            await self.shut_door(asking)
        else:
            await self.open_door()

    async def _misbehave(self, request: web.Request) -> web.Response:
        try:
            asked = await read_object(request)
            self.misbehaviour.obey(asked)
        except ValueError as refused:
            return web.json_response({"error": str(refused)}, status=400)
        self.ledger_book.write(
            "misbehaves", **{k: asked[k] for k in ("mode", "seconds", "times") if k in asked}
        )
        await self.settle(request.transport)
        return await self._describe(request)

    async def _describe(self, request: web.Request) -> web.Response:
        return web.json_response({"modes": self.misbehaviour.describe()})

    async def _show_ledger(self, request: web.Request) -> web.Response:
        return web.json_response({"lines": self.ledger})


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; raises ValueError with a sentence when it is none."""
    try:
        said = json.loads(await request.read())
    except ValueError as unreadable:
        raise ValueError("the body is not JSON") from unreadable
    if not isinstance(said, dict):
        raise ValueError("the body is not a JSON object")
    return said


def hang_up(request: web.Request) -> web.Response:
    """Cut the connection with RST, as a crashing peer does; what is returned is never sent."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if connection is not None:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.transport.abort()
    return web.Response(status=500)


async def keep_silent(server: Server, request: web.Request) -> web.Response:
    """Hold the connection without a word until the simulator ends."""
    await server.stopping.wait()
    return hang_up(request)


def _port_of(site: web.TCPSite) -> int:
    listening = site._server
    assert isinstance(listening, asyncio.Server)
    port: int = listening.sockets[0].getsockname()[1]
    return port


class Stranger(Protocol):
    """What can be started, told to misbehave and ended: every server here, and the proxy."""

    @property
    def url(self) -> str: ...
    @property
    def control_url(self) -> str: ...
    async def start(self) -> None: ...
    async def settle(self) -> None: ...
    async def stop(self) -> None: ...


async def serve(server: Stranger) -> None:
    """Run until SIGTERM or SIGINT; the first line on stdout says where it listens."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, ended.set)
    await server.start()
    await server.settle()
    say({"listening": server.url, "control": server.control_url})
    await ended.wait()
    await server.stop()


def say(line: dict[str, Any]) -> None:
    """One JSON line on stdout, at once, for the parent that started us."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
