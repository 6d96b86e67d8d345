"""HTTP as bytes on a socket: what no client library would send, and all of what comes back."""

import asyncio
from dataclasses import dataclass

from tests.hostile.ground import NEVER_SAID

REPLY_S = 20
TELLS_TOO_MUCH = ("starlette", "uvicorn", "fastapi", "httptools", "sqlalchemy", "psycopg", 'file "')


@dataclass(frozen=True)
class Reply:
    """One answer; status 0 when the connection was closed without one."""

    status: int
    headers: dict[str, str]
    body: bytes

    def is_bare(self) -> "Reply":
        """Says what was wrong, and nothing of us or of anybody."""
        assert "server" not in self.headers
        assert "x-powered-by" not in self.headers
        said = (str(self.headers) + self.body.decode("utf-8", "replace")).lower()
        for word in (*TELLS_TOO_MUCH, *(w.lower() for w in NEVER_SAID)):
            assert word not in said, said[:1000]
        return self


def request(
    method: str = "POST", path: str = "/", body: bytes = b"", *, host: str = "tgd.example",
    length: bool = True, **headers: str,
) -> bytes:  # fmt: skip
    """A request's bytes; `Content_Type="…"` is a header."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if length and (body or method in ("POST", "PUT", "PATCH")):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def talk(port: int, sent: bytes, *, within_s: float = REPLY_S) -> Reply:
    """Send these bytes, give the first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(within_s):
            try:
                writer.write(sent)
                await writer.drain()
            except OSError:
                pass  # it answered before it had read all
            return await read_reply(reader)
    finally:
        writer.transport.abort()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One answer from here on; 1xx are not answers."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            return Reply(0, {}, b"")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        status = int(first.split()[1])
        if status < 200:
            continue
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            assert name.lower() not in headers or name.lower() == "set-cookie", line
            headers[name.lower()] = value.strip()
        try:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        except (asyncio.IncompleteReadError, OSError):
            body = b""
        return Reply(status, headers, body)
