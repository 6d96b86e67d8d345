"""Raster tiles of a service outside, fetched by this server so that no browser asks anybody else.

Nothing of an alert waits for it: few requests at once, each with a limit of time and bytes, one for
each tile, threads of its own for the disk, and a pause after a fault.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp

from tgd.log import log
from tgd.web.tile_cache import TileCache

LARGEST_BYTES = 1024 * 1024
TIMEOUT_S = 5.0
MOST_AT_ONCE = 6
MOST_WAITING = 200
PAUSE_S = 5.0
"""After a fault nobody asks for so long: a service that is away is not hammered."""
NOWHERE = b""
"""The service has no tile there, and is well."""
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class TileAway(Exception):
    """There is no picture now; a later request may have one."""


class TileService:
    """One of them in a console; `open` it in its loop."""

    def __init__(
        self, address: str, folder: Path, *, most_zoom: int, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._address, self._folder, self._most_zoom = address, folder, most_zoom
        self._limit_s = timeout_s
        self._asking: dict[str, asyncio.Task[bytes]] = {}
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="tiles")
        self._away_until = 0.0
        self._http: aiohttp.ClientSession | None = None
        self._cache: TileCache | None = None

    async def open(self) -> None:
        """Clear the folder of what was there before."""
        loop = asyncio.get_running_loop()
        made = loop.run_in_executor(self._threads, TileCache, self._folder, loop.time)
        try:
            self._cache = await made
        except OSError as wrong:  # a map that keeps nothing, never a console without pages
            log.warning("tile_not_kept", why=type(wrong).__name__)
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Nothing is kept; a second time changes nothing."""
        for task in self._asking.values():
            task.cancel()
        if self._http:
            await self._http.close()
        cache, self._cache = self._cache, None
        if cache:
            await asyncio.get_running_loop().run_in_executor(self._threads, cache.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def tile(self, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """A picture and its kind; None where no map has a tile. Raises TileAway."""
        if z > self._most_zoom or x >= 2**z or y >= 2**z:
            return None
        name, cache = f"{z}/{x}/{y}", self._cache
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, cache.get, name) if cache else None
        if found is None:
            found = await self._asked_once(name)
        kind = _kind_of(found)
        return (found, kind) if kind is not None else None

    async def _asked_once(self, name: str) -> bytes:
        """Whoever asks for the same tile meanwhile gets the same answer; who goes away ends it for
        nobody else."""
        task = self._asking.get(name)
        if task is None:
            if len(self._asking) >= MOST_WAITING or self._is_away():
                raise TileAway
            task = asyncio.create_task(self._fetch(name))
            self._asking[name] = task
            task.add_done_callback(lambda done: self._answered(name, done))
        return await asyncio.shield(task)

    def _answered(self, name: str, done: asyncio.Task[bytes]) -> None:
        self._asking.pop(name, None)
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may have

    def _is_away(self) -> bool:
        return asyncio.get_running_loop().time() < self._away_until

    async def _fetch(self, name: str) -> bytes:
        async with self._places:
            if self._is_away():
                raise TileAway
            try:
                async with asyncio.timeout(self._limit_s):
                    picture = await self._get(name)
            except (TileAway, aiohttp.ClientError, OSError, TimeoutError) as wrong:
                self._away_until = asyncio.get_running_loop().time() + PAUSE_S
                log.warning("tiles_away", why=type(wrong).__name__)  # never which one
                raise TileAway from None
        await self._keep(name, picture)
        return picture

    async def _get(self, name: str) -> bytes:
        assert self._http is not None, "open() first"
        z, x, y = name.split("/")
        address = self._address.replace("{z}", z).replace("{x}", x).replace("{y}", y)
        async with self._http.get(address, allow_redirects=False) as reply:
            if reply.status in (204, 404):
                return NOWHERE
            if reply.status != 200:
                raise TileAway
            body = bytearray()
            async for chunk in reply.content.iter_chunked(65_536):
                body += chunk
                if len(body) > LARGEST_BYTES:
                    raise TileAway
        if _kind_of(bytes(body)) is None:
            raise TileAway
        return bytes(body)

    async def _keep(self, name: str, picture: bytes) -> None:
        """A disk that is full takes no map away."""
        cache, loop = self._cache, asyncio.get_running_loop()
        if cache is None:
            return
        try:
            await loop.run_in_executor(self._threads, cache.put, name, picture)
        except OSError as wrong:
            log.warning("tile_not_kept", why=type(wrong).__name__)


def _kind_of(picture: bytes) -> str | None:
    """By its first bytes, whatever was said of it."""
    return next((kind for head, kind in KINDS.items() if picture.startswith(head)), None)
