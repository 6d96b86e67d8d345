"""Connections that have not said CONNECT yet: bounded in total and per source, the oldest yields.

After a restart thousands of handsets come at once and each needs its second: so a newcomer only
takes the place of one that has been silent for longer than the grace, or of one of a larger crowd.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Callable

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
        self._standing: dict[asyncio.Task[None], tuple[str, float]] = {}
        self._per_source: Counter[str] = Counter()

    def has_room(self, source: str) -> bool:
        """Whether one more may stand here; may send a silent one away for it."""
        if self._per_source[source] >= self._limits.half_open_per_source:
            return self._send_away(source)
        if len(self._standing) >= self._limits.half_open:
            return self._send_away(None) or self._part_crowd(source)
        return True

    def enter(self, task: asyncio.Task[None], source: str) -> None:
        """Count this connection until it passes."""
        self._standing[task] = (source, asyncio.get_running_loop().time())
        self._per_source[source] += 1

    def leave(self, task: asyncio.Task[None]) -> None:
        """It has said CONNECT, or is gone."""
        source, _ = self._standing.pop(task, (None, 0.0))
        if source is None:
            return
        self._per_source[source] -= 1
        if not self._per_source[source]:
            del self._per_source[source]

    def _send_away(self, source: str | None) -> bool:
        before = asyncio.get_running_loop().time() - self._limits.half_open_grace_s
        self._observe("half_open_full")
        for task, (origin, since) in self._standing.items():
            if since > before:
                break
            if source in (None, origin):
                self.leave(task)
                task.cancel()
                return True
        return False

    def _part_crowd(self, newcomer: str) -> bool:
        """The oldest of the source that stands here most makes room for one that stands less."""
        crowd, count = self._per_source.most_common(1)[0]
        if count <= self._per_source[newcomer] + 1:
            return False
        for task, (origin, _) in self._standing.items():
            if origin == crowd:
                self.leave(task)
                task.cancel()
                return True
        return False
