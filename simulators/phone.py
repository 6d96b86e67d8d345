"""A volunteer's telephone with a free app, Traccar Client or OwnTracks, speaking HTTP."""

import asyncio
import base64
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from simulators.handset_words import Fix
from simulators.ledger import Ledger


class App(StrEnum):
    """Which app, in which of its wire forms."""

    TRACCAR = "traccar"  # 10.x: a form, OsmAnd keys
    TRACCAR_9 = "traccar-9"  # JSON of the older app
    OWNTRACKS = "owntracks"


@dataclass(frozen=True, slots=True)
class Post:
    """One message of an app, ready to be sent."""

    content_type: str
    body: bytes


class Phone:
    """A first-in first-out queue: what is refused is kept, and everything waits behind it.

    Both apps do this; a server that refuses an old fix delays the SOS that follows.
    """

    def __init__(
        self,
        app: App,
        url: str,
        device: str,
        *,
        secret: str = "",
        back_off_s: float = 5.0,
        back_off_cap_s: float = 300.0,
        ledger: Path | None = None,
        echo: bool = False,
    ) -> None:
        """`secret`: bearer token of Traccar Client, password of OwnTracks."""
        self.app = app
        self.url = url
        self.device = device
        self.fix: Fix | None = None
        self.battery_pct = 63.0
        self.queue: deque[Post] = deque()
        self.ledger_book = Ledger(ledger, echo=echo)
        self._secret = secret
        self._back_off_s = back_off_s
        self._back_off_cap_s = back_off_cap_s
        self._news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    @property
    def ledger(self) -> list[dict[str, Any]]:
        """Lines: queued, sent, refused."""
        return self.ledger_book.lines

    async def start(self) -> None:
        """Begin to empty the queue."""
        self._sender = asyncio.create_task(self._empty_queue())

    async def stop(self) -> None:
        """Switch off; what is queued is gone."""
        if self._sender:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        self.ledger_book.close()

    async def sent(self, timeout_s: float = 30) -> None:
        """Until the queue is empty; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self.queue:
                await asyncio.sleep(0.02)

    def report(self, at: datetime | None = None) -> None:
        """Where we are, as the app does every few minutes; without a fix, a heartbeat."""
        self._put(self._words(at or datetime.now(UTC), is_sos=False))

    def sos(self, at: datetime | None = None) -> None:
        """`Send SOS` of Traccar Client; a manual publish (`t` = `u`) of OwnTracks."""
        self._put(self._words(at or datetime.now(UTC), is_sos=True))

    def cross(self, region: str, event: str = "enter") -> None:
        """OwnTracks enters or leaves a region (one named SOS raises in rehearsals)."""
        said = {"_type": "transition", "event": event, "desc": region, "t": "c", "acc": 20}
        now = int(datetime.now(UTC).timestamp())
        self._put(_json(said | self._place() | {"tst": now, "wtst": now, "tid": "vo"}))

    def send_raw(self, content_type: str, body: bytes) -> None:
        """Whatever a broken app might send."""
        self._put(Post(content_type, body))

    # -- words

    def _put(self, post: Post) -> None:
        self.queue.append(post)
        self.ledger_book.write("queued", body=post.body.decode(errors="replace"))
        self._news.set()

    def _words(self, at: datetime, *, is_sos: bool) -> Post:
        match self.app:
            case App.TRACCAR:
                return self._traccar(at, is_sos)
            case App.TRACCAR_9:
                return self._traccar_9(at, is_sos)
            case App.OWNTRACKS:
                return self._owntracks(at, is_sos)

    def _place(self) -> dict[str, float]:
        return {"lat": self.fix.lat, "lon": self.fix.lon} if self.fix else {}

    def _traccar(self, at: datetime, is_sos: bool) -> Post:
        said: dict[str, Any] = {"id": self.device, "timestamp": int(at.timestamp())}
        said |= self._place()
        if self.fix:
            said |= {"accuracy": float(self.fix.radius_m), "speed": 0.0, "bearing": 0.0}
            said |= {"altitude": 35.0}
        said |= {"batt": self.battery_pct, "charge": "false"}
        if is_sos:
            said["alarm"] = "sos"
        return Post("application/x-www-form-urlencoded", urlencode(said).encode())

    def _traccar_9(self, at: datetime, is_sos: bool) -> Post:
        stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        location: dict[str, Any] = {"timestamp": stamp, "is_moving": False, "extras": {}}
        location |= {"event": "motionchange", "battery": {"level": self.battery_pct / 100}}
        if self.fix:
            where = {"latitude": self.fix.lat, "longitude": self.fix.lon, "speed": -1}
            location["coords"] = where | {"accuracy": self.fix.radius_m, "heading": -1}
        if is_sos:
            location["alarm"] = "sos"
        return _json({"device_id": self.device, "location": location})

    def _owntracks(self, at: datetime, is_sos: bool) -> Post:
        if self.fix is None:
            return Post("application/json", b"")  # the app posts nothing in a body to keep alive
        said = {"_type": "location", "tst": int(at.timestamp()), "tid": "vo", "conn": "m"}
        said |= {"acc": self.fix.radius_m, "batt": int(self.battery_pct), "bs": 1, "vel": 0}
        said |= {"t": "u" if is_sos else "t", "topic": f"owntracks/{self.device}/phone"}
        return _json(said | self._place())

    # -- sending

    async def _empty_queue(self) -> None:
        pause_s = self._back_off_s
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
            while True:
                await self._news.wait()
                if not self.queue:
                    self._news.clear()
                elif await self._send(http, self.queue[0]):
                    self.queue.popleft()
                    pause_s = self._back_off_s
                else:
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, self._back_off_cap_s)

    async def _send(self, http: aiohttp.ClientSession, post: Post) -> bool:
        headers = {"Content-Type": post.content_type} | self._credentials()
        try:
            async with http.post(self.url, data=post.body, headers=headers) as answer:
                status: int | None = answer.status
                words = await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            status, words = None, ""
        taken = status is not None and 200 <= status < 300
        if taken and self.app is App.OWNTRACKS and not _is_list(words):
            self.ledger_book.write("bad_answer", why="OwnTracks expects a JSON list", said=words)
        self.ledger_book.write("sent" if taken else "refused", status=status)
        return taken

    def _credentials(self) -> dict[str, str]:
        if self.app is App.OWNTRACKS:
            who = base64.b64encode(f"{self.device}:{self._secret}".encode()).decode()
            limits = {"X-Limit-U": self.device, "X-Limit-D": "phone"}
            return {"Authorization": f"Basic {who}"} | limits
        return {"Authorization": f"Bearer {self._secret}"} if self._secret else {}


def _json(said: dict[str, Any]) -> Post:
    return Post("application/json", json.dumps(said).encode())


def _is_list(words: str) -> bool:
    try:
        return isinstance(json.loads(words), list)
    except ValueError:
        return False
