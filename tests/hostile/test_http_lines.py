"""Connections that are slow, silent, endless or no HTTP: closed, and never in the way.

Each listener is attacked while Ana presses by MQTT, and an SOS by HTTP is heard in the middle.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.hostile.ground import Ground, gathered, quiet
from tests.hostile.http_wire import Reply, read_reply, request, talk

FORM = "application/x-www-form-urlencoded"
PATHS = {
    "gateway": "/devices/osmand",
    "answers": "/answers/v1/duty/status",
    "console": "/login",
}
LISTENERS = tuple(PATHS)
HALF_OPEN = 300
CLOSED_WITHIN_S = 14
"""The limit is 10 s; the rest is this machine's."""


async def sos(ground: Ground, path: str = "/devices/osmand", **headers: str) -> int:
    """Dora's app cries for help: unknown, and heard all the same."""
    body = b"id=dora-app&lat=48.1&lon=2.1&alarm=sos"
    sent = request("POST", path, body, Content_Type=FORM, **headers)
    return (await talk(ground.ports["gateway"], sent)).status


@asynccontextmanager
async def calls(port: int, count: int, first: bytes) -> AsyncIterator[list[asyncio.StreamReader]]:
    """So many connections that have said this much."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        for _, writer in opened:
            with quiet():
                writer.write(first)
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.sleep(0)


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        while await reader.read(4096):
            pass
    except OSError:
        return True
    return True


UNFINISHED = {
    "silent": b"",
    "one-byte": b"P",
    "in-a-header": b"POST /login HTTP/1.1\r\nX: ",
    "in-a-body-nobody-reads": b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
    "after-an-answer": b"GET /nowhere HTTP/1.1\r\n\r\n",
    "in-the-next-head": b"GET /nowhere HTTP/1.1\r\n\r\nGET /now",
}


async def test_who_never_finishes_is_closed_in_seconds(ground: Ground) -> None:
    async def is_closed(port: int, first: bytes) -> bool:
        async with calls(port, 1, first) as (reader,), asyncio.timeout(20):
            return await ended(reader)

    async with ground.attacked():
        each = [(name, what) for name in LISTENERS for what in UNFINISHED]
        assert all(await gathered(*(is_closed(ground.ports[n], UNFINISHED[w]) for n, w in each)))


async def test_300_that_send_a_byte_now_and_then_are_closed_on_every_listener(
    ground: Ground,
) -> None:
    async def drip(port: int) -> None:
        async with asyncio.timeout(CLOSED_WITHIN_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            over = asyncio.create_task(ended(reader))
            try:
                with quiet():
                    writer.write(b"POST /login HTTP/1.1\r\nX-Slow: ")
                    while not over.done():
                        writer.write(b"a")
                        await asyncio.wait({over}, timeout=2)
            finally:
                over.cancel()
                writer.transport.abort()

    async with ground.attacked(presses=20):
        attack = asyncio.gather(
            *(drip(ground.ports[name]) for name in LISTENERS for _ in range(HALF_OPEN // 3))
        )
        while not attack.done():
            assert await sos(ground) == 200
            await asyncio.sleep(1)
        await attack


async def test_more_half_open_than_the_listener_holds_give_way_to_an_sos(ground: Ground) -> None:
    async with ground.attacked():
        async with calls(ground.ports["gateway"], 1200, b"POST /devices/osmand HT") as readers:
            assert await sos(ground) == 200
            async with asyncio.timeout(5):
                assert await ended(readers[0])


NO_HTTP = {
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "mqtt": b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03abc",
    "nul": b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "nonsense": bytes(range(256)),
    "bare-lf-header": b"GET / HTTP/1.1\r\nHost: x\nX: y\rZ: z\r\n\r\n",
    "space-before-colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "folded-header": b"GET / HTTP/1.1\r\nHost: x\r\n  y\r\nContent-Length : 1\r\n\r\n",
}


@pytest.mark.parametrize("name", LISTENERS)
async def test_what_is_no_http_is_answered_400_and_closed(ground: Ground, name: str) -> None:
    async with ground.attacked():
        for what, sent in NO_HTTP.items():
            reply = (await talk(ground.ports[name], sent)).is_bare()
            assert (reply.status, reply.body) == (400, b'{"error":"no_http_request"}'), what


@pytest.mark.parametrize("name", LISTENERS)
async def test_no_request_hides_another_in_its_body(ground: Ground, name: str) -> None:
    """Two lengths, or a length and chunks, mean two things to two readers: to us they mean 400."""
    path, port = PATHS[name], ground.ports[name]
    chunked = {"Transfer_Encoding": "chunked", "Content_Type": FORM}
    tricks = {
        "length-and-chunks": request("POST", path, b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n", **chunked),
        "two-lengths": request("POST", path, b"x=1", content_length="1"),
        "negative-length": request("POST", path, length=False, Content_Length="-1"),
        "huge-length": request("POST", path, length=False, Content_Length="9" * 40),
        "hexadecimal-length": request("POST", path, b"x=1", length=False, Content_Length="0x3"),
        "chunk-of-no-size": request("POST", path, b"zz\r\n\r\n", length=False, **chunked),
        "chunk-of-a-huge-size": request("POST", path, b"f" * 20 + b"\r\n", length=False, **chunked),
        "chunk-without-its-end": request(
            "POST", path, b"1\r\nxx0\r\n\r\n", length=False, **chunked
        ),
        "chunked-twice": request(
            "POST", path, b"0\r\n\r\n", length=False, Transfer_Encoding="chunked, identity"
        ),
    }
    async with ground.attacked():
        for what, sent in tricks.items():
            assert (await talk(port, sent)).is_bare().status == 400, what


@pytest.mark.parametrize("name", LISTENERS)
async def test_a_head_that_is_too_long_is_not_read_to_its_end(ground: Ground, name: str) -> None:
    path, port = PATHS[name], ground.ports[name]
    heads = {
        "one-header": request("POST", path, b"x=1", X="a" * 2_000_000),
        "many-headers": request("POST", path, b"x=1", **{f"X{n}": "a" for n in range(20_000)}),
        "long-address": request("GET", path + "?" + "a" * 200_000),
        "long-method": b"POST" * 50_000,
        "just-too-long": request("POST", path, b"x=1", X="a" * 16_384),
    }
    async with ground.attacked():
        for what, sent in heads.items():
            reply = (await _answered(port, sent)).is_bare()
            assert reply.status in ((400, 431) if what == "long-method" else (431,)), what
        assert (await talk(port, request("GET", path, X="a" * 15_000))).status not in (0, 431, 500)


async def _answered(port: int, sent: bytes) -> Reply:
    """Its answer: whoever still writes when the line is closed may lose it, so three tries."""
    for _ in range(3):
        reply = await talk(port, sent)
        if reply.status:
            break
    return reply


METHODS = ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "MKCOL", "SEARCH")


@pytest.mark.parametrize("name", LISTENERS)
async def test_other_methods_are_refused_and_echo_nothing(ground: Ground, name: str) -> None:
    async with ground.attacked():
        for method in METHODS:
            sent = request(method, PATHS[name], length=False, X_Secret="echo-me")
            port = ground.ports[name]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            writer.transport.abort()
            assert head.startswith(b"HTTP/1.1 405 "), (method, head)
            assert b"echo-me" not in head
            assert b"\r\nserver:" not in head.lower()


ELSEWHERE = (
    "/", "//", "/..", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/devices/osmand/../..",
    "/docs", "/openapi.json", "/redoc", "/metrics", "/health/live", "/.env",
    "/static/x/..%2fapp.py", "/%00", "/%0d%0aSet-Cookie:x=1",
    "/\\evil.example", "//evil.example/..", "/;/", "/%ff%fe",
    "/answers/v1/%2e%2e%2fduty", "/alerts/%00", "/alerts/../technical", "/static//etc/passwd",
)  # fmt: skip


@pytest.mark.parametrize("name", LISTENERS)
async def test_what_is_not_there_is_not_there(ground: Ground, name: str) -> None:
    async with ground.attacked():
        for path in ELSEWHERE:
            reply = await talk(ground.ports[name], request("GET", path, host="evil.example"))
            reply.is_bare()
            assert reply.status in (303, 400, 404, 405), path
            assert "set-cookie" not in reply.headers, path
            assert reply.headers.get("location", "/login") == "/login", path


@pytest.mark.parametrize("host", ["evil.example", "[", "a b", "", "x" * 300, "x\x7f", "a/b?c#d"])
async def test_nobody_is_sent_where_the_host_header_says(ground: Ground, host: str) -> None:
    forwarded = {"X_Forwarded_Host": host, "X_Forwarded_Proto": "gopher", "Forwarded": host}
    async with ground.attacked():
        for name, path in PATHS.items():
            for tail in ("", "/"):
                sent = request("POST", path + tail, b"x=1", host=host, **forwarded)
                reply = (await talk(ground.ports[name], sent)).is_bare()
                assert 400 <= reply.status < 500, (name, tail)
                assert "location" not in reply.headers
                if host.strip():
                    assert host not in str(reply.headers)


@pytest.mark.parametrize(
    ("connection", "upgrade"),
    [("Upgrade, HTTP2-Settings", "h2c"), ("upgrade", "websocket"), ("Upgrade", "x" * 1000)],
)
async def test_an_sos_that_would_rather_speak_another_protocol_is_heard(
    ground: Ground, connection: str, upgrade: str
) -> None:
    """Java's own client asks for HTTP/2 this way in every first request."""
    before = heard_by_http(ground)
    async with ground.attacked():
        settings = {"HTTP2_Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"}
        assert await sos(ground, Connection=connection, Upgrade=upgrade, **settings) == 200
    assert heard_by_http(ground) == before + 1


@pytest.mark.parametrize(
    "path", ["/devices/osmand/", "/devices/osmand?x=%E9%00", "/devices/osmand"]
)
async def test_an_sos_to_an_address_typed_carelessly_is_heard(ground: Ground, path: str) -> None:
    before = heard_by_http(ground)
    assert await sos(ground, path) == 200
    assert heard_by_http(ground) == before + 1


def heard_by_http(ground: Ground) -> int:
    return ground.rows("SELECT count(*) AS n FROM sighting WHERE channel = 'http'")[0].n


async def test_who_leaves_in_the_middle_is_no_fault_of_ours(ground: Ground) -> None:
    async def leave(name: str) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", ground.ports[name])
        writer.write(request("POST", PATHS[name], b"x" * 50, Content_Type=FORM)[:-20])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    async with ground.attacked():
        await gathered(*(leave(name) for name in LISTENERS for _ in range(30)))


async def test_two_hundred_requests_in_one_breath_are_answered_in_order(ground: Ground) -> None:
    async with ground.attacked():
        for name in LISTENERS:
            reader, writer = await asyncio.open_connection("127.0.0.1", ground.ports[name])
            writer.write(request("GET", "/nowhere", Accept="application/json") * 200)
            for _ in range(200):
                assert (await asyncio.wait_for(read_reply(reader), 20)).status == 404
            writer.transport.abort()


async def test_who_asks_and_never_reads_the_answers_costs_little(ground: Ground) -> None:
    async def deaf(name: str) -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.ports[name], limit=1024)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(request("GET", "/login") * 300)
        return writer

    async with ground.attacked(presses=10):
        writers = await gathered(*(deaf(name) for name in LISTENERS for _ in range(10)))
        await asyncio.sleep(1)
        for writer in writers:
            writer.transport.abort()
