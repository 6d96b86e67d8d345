"""What one console process is made of: the record, the words, the live channel, the limits."""

import asyncio
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from tgd.database import transaction
from tgd.errors import Misconfigured, RecordAway
from tgd.listening import Listener
from tgd.rules.territory import DEMO, Area, read_areas
from tgd.seal import Keys
from tgd.settings import Settings
from tgd.settings_values import split_listen
from tgd.telephone import TwilioTelephone
from tgd.web.basemap import choose as choose_basemap
from tgd.web.limiter import Limiter
from tgd.web.live import Hub
from tgd.web.once import Once
from tgd.web.pmtiles import Tiles
from tgd.web.tile_service import TileService
from tgd.web.words import Words, read_words

T = TypeVar("T")
CONNECTIONS = 8
PASSWORDS_AT_ONCE = 2
"""Hashes cost memory and time: they have threads of their own and never wait before an alert."""


class Console:
    """One console process; `open` and `close` it around serving its application."""

    def __init__(
        self, settings: Settings, engine: Engine, listener: Listener, keys: Keys | None
    ) -> None:
        self.settings = settings
        self.keys = keys
        self.words: Words = read_words()
        self.zone = ZoneInfo(settings.time_zone)
        self.insecure_http = _may_be_insecure(settings)
        self.areas: tuple[Area, ...] = _areas(settings)
        self.tiles = Tiles(settings.map_file) if settings.map_file else None
        self.tile_service = _tile_service(settings)
        self.basemap = choose_basemap(
            self.tiles, demonstration=settings.demonstration,
            service_zoom=settings.map_service_zoom if self.tile_service else 0,
            credit=settings.map_service_credit,
        )  # fmt: skip
        self.telephone = _telephone(settings)
        self.limiter = Limiter()
        self.once = Once()
        self._engine = engine
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="record")
        self._hashing = ThreadPoolExecutor(PASSWORDS_AT_ONCE, thread_name_prefix="passwords")
        self.hub = Hub(self.ask, listener, self.areas)

    async def open(self) -> None:
        """Start to follow the record."""
        await self.hub.open()
        if self.tile_service:
            await self.tile_service.open()

    async def close(self) -> None:
        """End the live channels, then the threads."""
        await self.hub.close()
        if self.telephone:
            await self.telephone.close()
        if self.tile_service:
            await self.tile_service.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._hashing.shutdown(wait=False, cancel_futures=True)
        if self.tiles:
            self.tiles.close()

    async def reading(self, z: int, x: int, y: int) -> bytes | None:
        """A tile of the map, read apart from the record's threads: an alert never waits for it."""
        return await asyncio.to_thread(self.tiles.tile, z, x, y) if self.tiles else None

    async def ask(self, act: Callable[[Session], T]) -> T:
        """Do this in one transaction, in a thread. Raises RecordAway and what the act raises."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_one, act)

    async def hashing(self, work: Callable[[], T]) -> T:
        """Do work on passwords in its own threads."""
        return await asyncio.get_running_loop().run_in_executor(self._hashing, work)

    def _in_one(self, act: Callable[[Session], T]) -> T:
        try:
            with transaction(self._engine) as session:
                return act(session)
        except PoolTimeout as error:
            raise RecordAway from error


def _telephone(settings: Settings) -> TwilioTelephone | None:
    """Only for hearing recordings: whoever is to be rung is rung by dispatch."""
    token = settings.twilio_auth_token.get_secret_value()
    if not (settings.twilio_account_sid and token):
        return None
    return TwilioTelephone(settings.twilio_account_sid, token, settings.twilio_api_base)


def _tile_service(settings: Settings) -> TileService | None:
    if not settings.map_service:
        return None
    folder = settings.data_dir / "map-tiles"
    return TileService(settings.map_service, folder, most_zoom=settings.map_service_zoom)


def _areas(settings: Settings) -> tuple[Area, ...]:
    """Raises Misconfigured for a list that cannot be read."""
    if settings.areas is None:
        return DEMO if settings.demonstration else ()
    try:
        return read_areas(settings.areas.read_bytes())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"TGD_AREAS: {settings.areas}: {error}") from error


def _may_be_insecure(settings: Settings) -> bool:
    """A cookie without `Secure` only where nobody else can listen."""
    if not settings.console_insecure_http:
        return False
    host, _ = split_listen(settings.console_listen)
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise Misconfigured(
            "TGD_CONSOLE_INSECURE_HTTP: only with TGD_CONSOLE_LISTEN on 127.0.0.1 or ::1."
        )
    return True
