"""Requests of a listener that shares its loop with alerts: one at a time, and none is lost."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from tgd.http_turns import LONGEST_REST_S, SHORT_BYTES, SHORT_IN_A_ROW, Turns
from tgd.serving import Served, TooSlow, bare_app, read_body, serve

PIECES = 40


def nothing() -> None:
    """There is no work behind it."""


async def all_given(turns: Turns) -> None:
    async with asyncio.timeout(20):
        while len(turns):
            await asyncio.sleep(0)
    await asyncio.sleep(0.02)


async def test_between_two_pieces_everybody_else_has_a_turn() -> None:
    """However many are there at one moment: a press waits for one of them at each of its steps."""
    turns, ticks, seen = Turns(), 0, list[int]()

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    for _ in range(PIECES):
        turns.ask(10, lambda: seen.append(ticks), nothing)
    await all_given(turns)
    ticking.cancel()
    assert len(seen) == PIECES
    assert min(after - before for before, after in pairwise(seen)) >= 2


async def test_who_takes_long_rests_as_long_and_never_for_ever() -> None:
    loop, turns, at = asyncio.get_running_loop(), Turns(), list[tuple[float, float]]()

    def work(seconds: float) -> Callable[[], None]:
        def worked() -> None:
            since = loop.time()
            while loop.time() - since < seconds:
                pass
            at.append((since, loop.time()))

        return worked

    for seconds in (0.003, 0.003, 0.05, 0.0):
        turns.ask(10, work(seconds), nothing)
    await all_given(turns)
    rests = [then[0] - before[1] for before, then in pairwise(at)]
    assert rests[0] >= 0.002
    assert rests[1] >= 0.002
    assert rests[2] >= LONGEST_REST_S * 0.8


async def test_short_ones_pass_long_ones_which_have_their_turn_all_the_same() -> None:
    turns, order = Turns(), list[str]()
    for n in range(4):
        turns.ask(SHORT_BYTES + 1, lambda n=n: order.append(f"long{n}"), nothing)
    for _ in range(SHORT_IN_A_ROW * 2):
        turns.ask(SHORT_BYTES, lambda: order.append("short"), nothing)
    await all_given(turns)
    a_row = ["short"] * SHORT_IN_A_ROW
    assert order == [*a_row, "long0", *a_row, "long1", "long2", "long3"]


async def test_a_piece_that_fails_spoils_no_other() -> None:
    turns, read = Turns(), list[int]()
    with capture_logs() as said:
        turns.ask(1, lambda: 1 // 0, nothing)  # type: ignore[arg-type,return-value]
        turns.ask(1, lambda: read.append(1), nothing)
        await all_given(turns)
        turns.ask(1, lambda: read.append(2), nothing)
        await all_given(turns)
    assert read == [1, 2]
    assert [one["event"] for one in said] == ["http_piece_failed"]


@asynccontextmanager
async def listening(heard: list[bytes], limit: int = 4_000_000) -> AsyncIterator[Served]:
    app: FastAPI = bare_app("test")

    @app.post("/sos")
    async def sos(request: Request) -> str:
        try:
            heard.append(await read_body(request, limit))
        except TooSlow:
            return "gone"
        return "heard"

    served = await serve(app, "127.0.0.1:0", Turns())
    try:
        yield served
    finally:
        await served.stop()


def asked(body: bytes) -> bytes:
    return b"POST /sos HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("end", ["half closed", "closed"])
async def test_whoever_cries_and_is_gone_is_heard(end: str) -> None:
    """The network went just behind the last byte, while others were before her."""
    heard: list[bytes] = []
    async with listening(heard) as served:
        for n in range(50):
            calling = socket.create_connection(("127.0.0.1", served.port))
            calling.sendall(asked(b"sos%d" % n))
            if end == "half closed":
                calling.shutdown(socket.SHUT_WR)
            calling.close()
        await until(lambda: len(heard) == 50)
    assert set(heard) == {b"sos%d" % n for n in range(50)}


async def test_bodies_in_many_pieces_and_requests_in_one_are_read_in_order() -> None:
    heard: list[bytes] = []
    large = bytes(range(256)) * 8_000
    async with listening(heard) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(asked(large) + asked(b"second") + asked(b"third"))
        answers = b""
        async with asyncio.timeout(30):
            while answers.count(b'"heard"') < 3:
                answers += await reader.read(4096)
            for n in range(20):
                writer.write(asked(b"again%d" % n))
                assert b"200 OK" in await reader.read(4096)
        writer.close()
    assert heard[:3] == [large, b"second", b"third"]
    assert heard[3:] == [b"again%d" % n for n in range(20)]


async def test_who_is_gone_with_a_reset_stops_nobody_s_turn() -> None:
    heard: list[bytes] = []
    async with listening(heard) as served:
        for _ in range(50):
            calling = socket.create_connection(("127.0.0.1", served.port))
            calling.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                calling.sendall(asked(b"x" * 30_000)[:20_000])
            calling.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(asked(b"after them"))
        async with asyncio.timeout(10):
            assert b"200 OK" in await reader.read(4096)
        writer.close()
    assert b"after them" in heard
