"""Tells handsets that their alert is taken or closed, discreetly, by whatever way they are there.

Hints by NOTIFY, and a slow look each two seconds. What was told is remembered in memory only:
after a restart it is said once more, which changes nothing on a handset.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.ending import end
from tgd import clock
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.listening import Listener
from tgd.log import log
from tgd.store.noticing import News, news_of, news_since
from tgd.store.nudges import HANDSETS

LOOK_EVERY_S = 2.0
LOOK_PAUSE_S = 0.05
"""Between two looks, however many nudges there are."""
OVERLAP = timedelta(seconds=60)
"""A change is dated before it is committed: what was changed so long ago is looked at again."""
STANDING = timedelta(hours=24)
"""A handset that comes back is told of an alert that changed within this time."""

Tell = Callable[[str, bytes], Awaitable[bool]]
"""Publishes to a handset; False when it is not to be reached that way now."""


class Notices:
    """One per gateway; two gateways may both tell the same, which says it twice."""

    def __init__(
        self,
        engine: Engine,
        url: str,
        tells: Sequence[Tell],
        connected: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """`connected` gives the handsets whose own connection to this process is open now."""
        self._engine, self._tells, self._connected = engine, tells, connected
        self._listener = Listener(url, (HANDSETS,))
        self._told: dict[tuple[UUID, str], datetime] = {}
        self._came: set[str] = set()
        self._here: set[str] = set()
        self._looked_at = clock.now() - OVERLAP
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start telling."""
        await self._listener.open()
        self._task = asyncio.create_task(self._forever(), name="notices")

    async def close(self) -> None:
        """Stop."""
        await end(self._task)
        await self._listener.close()

    def came(self, handset: str) -> None:
        """This handset is there (again): at the next look it is told how its alert stands."""
        self._came.add(handset)

    async def tell_again(self, *handsets: str) -> set[str]:
        """Tell these handsets how their last alert stands; gives those that could not be told."""
        since = clock.now() - STANDING
        newest: dict[str, News] = {}
        for news in await asyncio.to_thread(self._ask_of, handsets, since):
            newest[news.handset] = news
        return {name for name, news in newest.items() if not await self._tell(news)}

    async def look(self) -> None:
        """Tell what has changed and was not told; raises RecordAway."""
        began_at = clock.now()
        for news in await asyncio.to_thread(self._ask, self._looked_at - OVERLAP):
            if (news.alert, news.said) not in self._told:
                await self._tell(news)
        self._looked_at = began_at
        self._forget(began_at - 3 * OVERLAP)
        await self._greet()

    async def _greet(self) -> None:
        """Those that were not here at the last look, and those that have said that they came."""
        here = set(self._connected())
        newcomers = (here - self._here) | self._came
        self._came, self._here = set(), here
        if newcomers:
            # connected, but not yet subscribed: once more at the next look
            self._came |= await self.tell_again(*newcomers) & here

    async def _tell(self, news: News) -> bool:
        words = _words(news)
        told = any([await tell(news.handset, words) for tell in self._tells])
        if told:
            self._told[(news.alert, news.said)] = news.changed_at
        return told

    def _forget(self, before: datetime) -> None:
        self._told = {key: at for key, at in self._told.items() if at >= before}

    def _ask(self, since: datetime) -> list[News]:
        with transaction(self._engine) as session:
            return news_since(session, since)

    def _ask_of(self, handsets: Collection[str], since: datetime) -> list[News]:
        with transaction(self._engine) as session:
            return news_of(session, handsets, since)

    async def _forever(self) -> None:
        while True:
            try:
                await self.look()
            except (RecordAway, SQLAlchemyError) as error:
                log.warning("notices_wait", why=type(error).__name__)
            except Exception as error:  # noqa: BLE001 the loop outlives one bad turn
                log.error("notices_failed", exc_info=error)
            await asyncio.sleep(LOOK_PAUSE_S)
            await self._listener.wait(HANDSETS, LOOK_EVERY_S)


def _words(news: News) -> bytes:
    at = news.changed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"trigger": news.trigger, "state": news.said, "at": at}).encode()
