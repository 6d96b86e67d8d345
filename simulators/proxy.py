"""A TCP proxy that puts faults between two peers, switchable at run time; reads no protocol."""

import asyncio
import random
import socket
import struct
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.ledger import Ledger
from simulators.serving import HOST, read_object

READ_SIZE = 65536
TURNS_TO_MEET = 5
"""Turns of the loop from a connection's accept to the first line that we run for it."""


class Mode(StrEnum):
    """What happens to the bytes."""

    PASS = "pass"  # noqa: S105 (no password: the bytes pass)
    REFUSE = "refuse"  # nobody listens
    RESET = "reset"  # accepted, then RST
    BLACKHOLE = "blackhole"  # connected, and nothing comes through until the mode ends
    LOST_REQUEST = "lost_request"  # upstream never hears
    LOST_REPLY = "lost_reply"  # upstream did it and nobody learns


class Way(StrEnum):
    """Direction of a piece."""

    REQUEST = "request"
    REPLY = "reply"


class FaultProxy:
    """One per link. `mode`, `latency_s`, `jitter_s`, `rate_bps`, `cut_after` may change any time.

    `rate_bps` is bytes per second in each direction; `cut_after` resets every connection once
    that many bytes of one reply stream have passed (None: never). Call `await switch(…)` for the
    modes that touch the listener or the open connections; setting `mode` alone never does.
    """

    def __init__(
        self,
        upstream_port: int,
        *,
        upstream_host: str = HOST,
        host: str = HOST,
        port: int = 0,
        control_port: int = 0,
        seed: int = 0,
        ledger: Path | None = None,
    ) -> None:
        self.upstream = (upstream_host, upstream_port)
        self.host = host
        self.port = port
        self.control_port = control_port
        self.mode = Mode.PASS
        self.latency_s = 0.0
        self.jitter_s = 0.0
        self.rate_bps: float | None = None
        self.cut_after: int | None = None
        self.ledger_book = Ledger(ledger)
        self.felt: Counter[str] = Counter()
        """What the faults did: connections `cut`, bytes `held`, `lost` and `delayed`. Whoever
        calls while nobody listens is not seen here, and not counted."""
        self._chance = random.Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._streams: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._listener: asyncio.Server | None = None
        self._control: web.AppRunner | None = None

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Every line written so far: connections, switches, cuts."""
        return self.ledger_book.lines

    @property
    def url(self) -> str:
        """Where to send what should pass through the faults."""
        return f"http://{HOST}:{self.port}"

    @property
    def control_url(self) -> str:
        """`POST /simulate/misbehave` here."""
        return f"http://{HOST}:{self.control_port}"

    async def start(self) -> None:
        """Listen for peers and for control."""
        await self._listen()
        app = web.Application()
        app.add_routes([web.post("/simulate/misbehave", self._misbehave)])
        app.add_routes([web.get("/simulate/ledger", self._show_ledger)])
        self._control = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await self._control.setup()
        site = web.TCPSite(self._control, HOST, self.control_port)
        await site.start()
        self.control_port = self._control.addresses[0][1]

    async def stop(self) -> None:
        """Close the listener and cut whatever is open."""
        await self._stop_listening()
        self.reset_all()
        for stream in list(self._streams):
            stream.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        if self._control:
            await self._control.cleanup()
        self.ledger_book.close()

    async def settle(self) -> None:
        """Make listener and connections what the mode says."""
        if self.mode is Mode.REFUSE:
            await self._stop_listening()
        else:
            await self._listen()
        if self.mode in (Mode.REFUSE, Mode.RESET):
            self.felt += Counter(cut=sum(not w.is_closing() for w in self._streams.values()))
            self.reset_all()

    async def switch(self, mode: str | None = None, **settings: float | None) -> None:
        """Change mode and any of latency_s, jitter_s, rate_bps, cut_after.

        Raises ValueError for an unknown name or an impossible value, and changes nothing then.
        """
        wanted = self.mode if mode is None else Mode(mode)
        checked = {name: _checked(name, value) for name, value in settings.items()}
        self.mode = wanted
        for name, value in checked.items():
            setattr(self, name, value)
        self.ledger_book.write("switched", mode=str(self.mode), **settings)
        await self.settle()

    def reset_all(self) -> None:
        """RST, not FIN, on every open connection."""
        for writer in list(self._writers):
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._meet, self.host, self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            listener, self._listener = self._listener, None
            for one in listener.sockets:
                asyncio.get_running_loop().remove_reader(one.fileno())
            # who was accepted is met first: a server that closes, or a task that is cancelled,
            # before it has begun with somebody closes nothing
            for _ in range(TURNS_TO_MEET):
                await asyncio.sleep(0)
            listener.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = asyncio.current_task()
        assert stream is not None
        self._streams[stream] = writer
        self._writers.add(writer)
        try:
            await self._join(reader, writer)
        except asyncio.CancelledError:
            pass  # by stop(); Python 3.11 would print a stack for a stream that ends cancelled
        finally:
            del self._streams[stream]
            self._writers.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.ledger_book.write("connected", mode=str(self.mode))
        if self.mode is Mode.RESET:
            self.felt["cut"] += 1
            self.reset_all()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            self.ledger_book.write("upstream_refused")
            self.reset_all()
            return
        self._writers.add(up_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, up_writer, Way.REQUEST))
                both.create_task(self._carry(up_reader, writer, Way.REPLY))
        except* OSError:
            self.ledger_book.write("broken")
        finally:
            self._writers.discard(up_writer)
            up_writer.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way
    ) -> None:
        passed = 0
        while piece := await reader.read(READ_SIZE):
            if not await self._survives(len(piece), way):
                continue
            passed += len(piece)
            if self.cut_after is not None and way is Way.REPLY and passed > self.cut_after:
                self.ledger_book.write("cut", after=passed)
                self.reset_all()
                return
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def _survives(self, size: int, way: Way) -> bool:
        """Wait as long as the link wants, then say whether the piece arrives."""
        if self.mode is Mode.BLACKHOLE:
            self.felt["held"] += size
        while self.mode is Mode.BLACKHOLE:
            await asyncio.sleep(0.02)
        lost = Mode.LOST_REPLY if way is Way.REPLY else Mode.LOST_REQUEST
        if self.mode is lost:
            self.felt["lost"] += size
            self.ledger_book.write("lost", way=str(way), bytes=size)
            return False
        if self.latency_s or self.jitter_s or self.rate_bps:
            self.felt["delayed"] += size
        jitter_s = self._chance.uniform(-self.jitter_s, self.jitter_s)
        await asyncio.sleep(max(0.0, self.latency_s + jitter_s))
        if self.rate_bps:
            await asyncio.sleep(size / self.rate_bps)
        return True

    async def _misbehave(self, request: web.Request) -> web.Response:
        try:
            asked = await read_object(request)
            await self.switch(asked.pop("mode", None), **asked)
        except (TypeError, ValueError) as refused:
            return web.json_response({"error": str(refused)}, status=400)
        return web.json_response({"mode": str(self.mode)})

    async def _show_ledger(self, request: web.Request) -> web.Response:
        return web.json_response({"lines": self.ledger})


def _checked(name: str, value: float | None) -> float | None:
    if name not in {"latency_s", "jitter_s", "rate_bps", "cut_after"}:
        raise ValueError(f"unknown setting {name!r}")
    if value is None:
        if name in {"latency_s", "jitter_s"}:
            raise ValueError(f"{name} must be a number")
        return None
    if not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number, zero or more")
    return value
