"""Connections that have not said CONNECT yet: bounded in total and per source, a crowd yields.

After a restart thousands of handsets come at once and each needs its second; on a slow radio a
TLS handshake alone needs two. So who stands here alone is sent away for nobody while somebody else
stands here many times, and of equals only who has been silent for longer than the grace.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from operator import itemgetter

from gateway.mqtt_direct.limits import Limits


def source_of(address: str) -> str:
    """Who is counted as one: an IPv4 address, or the 64 bits that one IPv6 line has for itself."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((ip, 64), strict=False))


class Threshold:
    """Who stands in the door."""

    def __init__(self, limits: Limits, observe: Callable[[str], None]) -> None:
        self._limits = limits
        self._observe = observe
        self._by_source: dict[str, dict[asyncio.Task[None], float]] = {}
        """Since when each stands here, the oldest of a source first."""
        self._source: dict[asyncio.Task[None], str] = {}

    def __len__(self) -> int:
        """How many stand here."""
        return len(self._source)

    def has_room(self, source: str) -> bool:
        """Whether one more may stand here; may send one away for it."""
        own = self._by_source.get(source, {})
        if len(own) >= self._limits.half_open_per_source:
            self._observe("half_open_full")
            return self._send_away_silent([own])
        if len(self) < self._limits.half_open:
            return True
        self._observe("half_open_full")
        crowd = max(self._by_source.values(), key=len)
        if len(crowd) > len(own) + 1:
            return self._send_away(next(iter(crowd)))
        equals = [those for those in self._by_source.values() if len(those) >= len(own)]
        return self._send_away_silent(equals)

    def enter(self, task: asyncio.Task[None], source: str) -> None:
        """Count this connection until it passes."""
        self._source[task] = source
        self._by_source.setdefault(source, {})[task] = asyncio.get_running_loop().time()

    def leave(self, task: asyncio.Task[None]) -> None:
        """It has said CONNECT, or is gone."""
        source = self._source.pop(task, None)
        if source is None:
            return
        del self._by_source[source][task]
        if not self._by_source[source]:
            del self._by_source[source]

    def _send_away_silent(self, sources: Sequence[dict[asyncio.Task[None], float]]) -> bool:
        """The oldest of these gives its place, if it has been silent for longer than the grace."""
        before = asyncio.get_running_loop().time() - self._limits.half_open_grace_s
        oldest, since = min((next(iter(those.items())) for those in sources), key=itemgetter(1))
        return since <= before and self._send_away(oldest)

    def _send_away(self, task: asyncio.Task[None]) -> bool:
        self._observe("half_open_sent_away")
        self.leave(task)
        task.cancel()
        return True
