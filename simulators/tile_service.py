"""A service of map tiles: a small PNG for each z/x/y, whose colour is the tile's; or a bad day."""

import asyncio
import struct
import zlib
from enum import StrEnum

from aiohttp import web

from simulators.serving import Server, hang_up, keep_silent


class Mode(StrEnum):
    """How it can misbehave."""

    OK = "ok"
    DEAF = "deaf"
    SLOW = "slow"
    REFUSE = "refuse"
    HTTP_500 = "http_500"
    RESET = "reset"
    REDIRECT = "redirect"
    NO_PICTURE = "no_picture"
    HUGE = "huge"
    NOWHERE = "nowhere"


class TileService(Server):
    """`GET /tiles/{z}/{x}/{y}.png`; `.asked` has every tile in the order of asking."""

    Mode = Mode

    @property
    def asked(self) -> list[str]:
        """`z/x/y` of each request."""
        return [str(line["tile"]) for line in self.ledger if line["event"] == "asked"]

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/tiles/{z}/{x}/{y}.png", self._tile)]

    async def _tile(self, request: web.Request) -> web.StreamResponse:
        z, x, y = (int(request.match_info[name]) for name in "zxy")
        self.ledger_book.write("asked", tile=f"{z}/{x}/{y}", headers=dict(request.headers))
        strike = self.misbehaviour.strike
        if slow := strike("slow"):
            await asyncio.sleep(slow.seconds)
        if strike("deaf"):
            return await keep_silent(self, request)
        if strike("reset"):
            return hang_up(request)
        if strike("http_500"):
            return web.Response(status=500)
        if strike("nowhere"):
            return web.Response(status=404)
        if strike("redirect"):
            return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})
        if strike("no_picture"):
            return web.Response(text="<html>", content_type="image/png")
        if strike("huge"):
            return web.Response(body=picture(x, y, z) + bytes(3 * 2**20))
        return web.Response(body=picture(x, y, z), content_type="image/png")


def picture(red: int, green: int, blue: int) -> bytes:
    """One pixel of that colour as a PNG."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red % 256, green % 256, blue % 256]))
    chunks = ((b"IHDR", head), (b"IDAT", pixel), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
