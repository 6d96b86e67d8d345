"""The fault proxy carries bytes untouched, and breaks the link exactly as it was told."""

import asyncio
import gc
import socket
import warnings
from collections.abc import AsyncIterator

import aiohttp
import pytest
from counterparts import until

from simulators.proxy import FaultProxy, Mode


class Echo:
    """Sends back what it hears, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                self.heard += piece
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def stop(self) -> None:
        self._server.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    one = Echo()
    await one.start()
    yield one
    one.stop()


@pytest.fixture
async def link(echo: Echo) -> AsyncIterator[FaultProxy]:
    one = FaultProxy(echo.port)
    await one.start()
    yield one
    await one.stop()


async def through(link: FaultProxy, words: bytes, timeout_s: float = 5) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        async with asyncio.timeout(timeout_s):
            writer.write(words)
            await writer.drain()
            writer.write_eof()
            return await reader.read(-1)
    finally:
        writer.transport.abort()


async def test_passes_everything(link: FaultProxy, echo: Echo) -> None:
    """A megabyte goes there and back unchanged, and half-closing travels too."""
    words = bytes(range(256)) * 4096
    assert await through(link, words) == words == echo.heard


async def test_refuse_and_back(link: FaultProxy) -> None:
    """Refused while it lasts; then on the same port again."""
    port = link.port
    await link.switch("refuse")
    with pytest.raises(ConnectionRefusedError):
        await through(link, b"x")
    await link.switch("pass")
    assert (await through(link, b"x"), link.port) == (b"x", port)


async def test_reset(link: FaultProxy, echo: Echo) -> None:
    """Open connections get RST at the switch, new ones at once; upstream hears nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    await until(lambda: link.ledger_book.of("connected"))
    await link.switch("reset")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with pytest.raises(ConnectionResetError):
        await through(link, b"x")
    assert echo.heard == b""


async def test_lost_reply_and_lost_request(link: FaultProxy, echo: Echo) -> None:
    """Lost reply: it was done and nobody learns. Lost request: it was never heard."""
    await link.switch("lost_reply")
    assert await through(link, b"done") == b""
    assert echo.heard == b"done"
    await link.switch("lost_request")
    assert await through(link, b"never") == b""
    assert echo.heard == b"done"


async def test_blackhole(link: FaultProxy, echo: Echo) -> None:
    """Connected and silent; what waited goes through when the partition heals."""
    await link.switch("blackhole")
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"waiting")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)
    assert echo.heard == b""
    link.mode = type(link.mode)("pass")
    assert await asyncio.wait_for(reader.readexactly(7), 5) == b"waiting"
    writer.close()


async def test_cut_after(link: FaultProxy) -> None:
    """The reply is cut in its middle: reset, never more than was allowed."""
    await link.switch(cut_after=10)
    assert await through(link, b"x" * 10) == b"x" * 10
    with pytest.raises(ConnectionResetError):
        await through(link, b"x" * 11)
    assert link.ledger_book.of("cut")


async def test_latency_and_rate(link: FaultProxy) -> None:
    """Slow links deliver late, and never before they may."""
    loop = asyncio.get_running_loop()
    await link.switch(latency_s=0.1)
    began_s = loop.time()
    assert await through(link, b"x") == b"x"
    assert loop.time() - began_s >= 0.2
    await link.switch(latency_s=0.0, rate_bps=1000)
    began_s = loop.time()
    assert await through(link, b"x" * 100) == b"x" * 100
    assert loop.time() - began_s >= 0.2


async def test_says_what_a_fault_did(link: FaultProxy) -> None:
    """A mode that met nobody is nothing that anybody withstood."""
    for mode in Mode:
        await link.switch(mode)
    assert not link.felt
    await link.switch("lost_request")
    await through(link, b"x" * 10)
    await link.switch("pass", latency_s=0.01)
    await through(link, b"x" * 10)
    assert link.felt == {"lost": 10, "delayed": 20}
    await link.switch("blackhole", latency_s=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"x" * 10)
    await until(lambda: link.felt["held"] == 10)
    await link.switch("refuse")
    assert link.felt["cut"] == 1
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    await link.switch("reset")
    with pytest.raises(ConnectionResetError):
        await through(link, b"x")
    assert link.felt["cut"] == 2


async def test_upstream_down(link: FaultProxy, echo: Echo) -> None:
    """Nobody behind it: the peer is cut, and the ledger says why."""
    echo.stop()
    with pytest.raises(ConnectionResetError):
        await through(link, b"x")
    assert link.ledger_book.of("upstream_refused")


async def test_control_door(link: FaultProxy) -> None:
    """Switched by HTTP; nonsense is refused and changes nothing."""
    url = f"{link.control_url}/simulate/misbehave"
    async with aiohttp.ClientSession() as http:
        async with http.post(url, json={"mode": "lost_reply", "latency_s": 0.01}) as reply:
            assert await reply.json() == {"mode": "lost_reply"}
        for nonsense in (
            {"mode": "nonsense"},
            {"colour": 1},
            {"latency_s": -1},
            {"latency_s": "x"},
            {"latency_s": None},
            [],
        ):
            async with http.post(url, json=nonsense) as reply:
                assert reply.status == 400
                assert (await reply.json())["error"]
    assert (str(link.mode), link.latency_s) == ("lost_reply", 0.01)


@pytest.mark.parametrize("turns", range(6))
async def test_who_called_at_the_last_moment_is_hung_up_on(turns: int) -> None:
    """They were accepted, and nobody had spoken with them yet when the proxy ended: a whole fleet
    calls again as soon as its link is cut."""
    proxy = FaultProxy(9)  # nobody is there
    await proxy.start()
    callers = [socket.create_connection((proxy.host, proxy.port)) for _ in range(20)]
    for _ in range(turns):
        await asyncio.sleep(0)
    await proxy.stop()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for caller in callers:
            caller.close()
        await asyncio.sleep(0.05)
        left = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        gc.collect()
    assert left == []
    assert [str(one.message) for one in said] == []
