"""Who proves to be which handset: remembers all secrets' hashes, so that it answers at once.

Accepting and trusting are two decisions: nobody is refused here. A handset that cannot be looked
up (the record is away, and was away when this process started) is heard as a stranger.
"""

import asyncio
import hmac

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.ending import end
from gateway.mqtt_direct import Identity
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.log import log
from tgd.rules.keys import secret_hash
from tgd.store.identities import secret_hashes
from tgd.store.sources import secret_hash_of

RELOAD_S = 30.0
"""A secret that was changed or withdrawn is believed no longer than this; a new one at once."""
LOOK_UP_S = 2.0
LOOK_UPS_AT_ONCE = 4
"""Guesses of strangers wait for each other, never for all connections to the record."""


class Identities:
    """One per process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hashes: dict[str, str] = {}
        self._room = asyncio.Semaphore(LOOK_UPS_AT_ONCE)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Load what the record knows, if it answers, and go on loading."""
        await self._load()
        self._task = asyncio.create_task(self._reload(), name="identities")

    async def close(self) -> None:
        """Stop loading."""
        await end(self._task)

    async def identify(
        self, claimed: str, password: bytes | None, common_name: str | None
    ) -> Identity:
        """Who an MQTT client is. TLS has checked the certificate: its name needs no record."""
        if common_name is not None and common_name == claimed:
            return Identity(claimed, True)
        if password is None:
            return Identity(claimed, False)
        secret = password.decode("utf-8", "surrogateescape")
        return Identity(claimed, await self.proves(claimed, secret))

    async def proves(self, handset: str, secret: str) -> bool:
        """True when this is the secret of that handset; False also when nobody can say."""
        said = secret_hash(secret)
        if _same(self._hashes.get(handset), said):
            return True
        found = await self._look_up(handset)
        if not _same(found, said):
            return False
        self._hashes[handset] = said
        return True

    async def _look_up(self, handset: str) -> str | None:
        if "\x00" in handset or not handset.isprintable():
            return None
        try:
            async with asyncio.timeout(LOOK_UP_S), self._room:
                return await asyncio.to_thread(self._ask, handset)
        except (RecordAway, SQLAlchemyError, TimeoutError):
            return None

    def _ask(self, handset: str) -> str | None:
        with transaction(self._engine) as session:
            return secret_hash_of(session, handset)

    async def _reload(self) -> None:
        while True:
            await asyncio.sleep(RELOAD_S)
            try:
                await self._load()
            except Exception as error:  # noqa: BLE001 the loop outlives one bad turn
                log.error("identities_failed", exc_info=error)

    async def _load(self) -> None:
        """Without the record, what was known before is still believed."""
        try:
            self._hashes = await asyncio.to_thread(self._ask_all)
        except (RecordAway, SQLAlchemyError) as error:
            log.warning("identities_not_loaded", why=type(error).__name__)

    def _ask_all(self) -> dict[str, str]:
        with transaction(self._engine) as session:
            return secret_hashes(session)


def _same(known: str | None, said: str) -> bool:
    return known is not None and hmac.compare_digest(known, said)
