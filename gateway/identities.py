"""Who proves to be which handset: remembers what the record knows, so that it answers at once.

Accepting and trusting are two decisions: nobody is refused here. A handset that cannot be looked
up (the record is away, and was away when this process started) is heard as a stranger.
"""

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from gateway.ending import end
from gateway.mqtt_direct import Certificate, Identity
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.log import log
from tgd.rules.keys import CERTIFIED_EARLIER, secret_hash
from tgd.store.identities import Proofs, proofs, proofs_of

RELOAD_S = 30.0
"""A secret that was changed or withdrawn is believed no longer than this; a new one at once."""
LOOK_UP_S = 2.0
LOOK_UPS_AT_ONCE = 4
"""Guesses of strangers wait for each other, never for all connections or threads there are."""
T = TypeVar("T")


class Identities:
    """One per process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: Proofs | None = None
        self._threads = ThreadPoolExecutor(LOOK_UPS_AT_ONCE + 1, thread_name_prefix="identities")
        self._room = asyncio.Semaphore(LOOK_UPS_AT_ONCE)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Load what the record knows, if it answers, and go on loading."""
        await self._load()
        self._task = asyncio.create_task(self._reload(), name="identities")

    async def close(self) -> None:
        """Stop loading."""
        await end(self._task)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def identify(
        self, claimed: str, password: bytes | None, certificate: Certificate | None
    ) -> Identity:
        """Who an MQTT client is. TLS has checked the certificate, the record its handset."""
        is_named = certificate is not None and certificate.name == claimed
        if certificate is not None and is_named and await self._counts(certificate):
            return Identity(claimed, True)
        if password is None:
            return Identity(claimed, False)
        secret = password.decode("utf-8", "surrogateescape")
        return Identity(claimed, await self.proves(claimed, secret))

    async def proves(self, handset: str, secret: str) -> bool:
        """True when this is the secret of that handset; False also when nobody can say."""
        said = secret_hash(secret)
        if self._known and _same(self._known.secrets.get(handset), said):
            return True
        found = await self._look_up(handset)
        if found is None or not _same(found.secrets.get(handset), said):
            return False
        if self._known:
            self._known.secrets[handset] = said
        return True

    async def _counts(self, certificate: Certificate) -> bool:
        """Whether a certificate of this handset counts.

        It lives for years and nobody can call it back: for a handset that was stolen or retired,
        or is none of ours, it proves nothing, nor does one from before its last erasure. While the
        record was never read, the authority that issued it is believed: the record decides later
        what is disclosed.
        """
        if self._known is None:
            return True
        if _is_certified(self._known, certificate):
            return True
        found = await self._look_up(certificate.name)
        return found is not None and _is_certified(found, certificate)

    async def _look_up(self, handset: str) -> Proofs | None:
        """What the record knows of one handset now; None when it does not answer."""
        if not handset.isprintable():
            return None
        try:
            async with asyncio.timeout(LOOK_UP_S), self._room:
                return await self._ask(lambda session: proofs_of(session, handset))
        except (RecordAway, SQLAlchemyError, TimeoutError):
            return None

    async def _ask(self, question: Callable[[Session], T]) -> T:
        def answer() -> T:
            with transaction(self._engine) as session:
                return question(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, answer)

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
            self._known = await self._ask(proofs)
        except (RecordAway, SQLAlchemyError) as error:
            log.warning("identities_not_loaded", why=type(error).__name__)


def _is_certified(known: Proofs, certificate: Certificate) -> bool:
    if certificate.name not in known.certified:
        return False
    since = known.certified[certificate.name]
    return since is None or certificate.begins_at + CERTIFIED_EARLIER >= since


def _same(known: str | None, said: str) -> bool:
    return known is not None and hmac.compare_digest(known, said)
