"""How a stranger answers back to the service: one JSON answer, posted until it is taken."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from simulators.ledger import Ledger, utc_now

Sign = Callable[[str, str], dict[str, str]]
"""From the id of an answer and its body to the headers that prove who sends it."""


@dataclass(frozen=True, slots=True)
class Back:
    """Where answers go; `tries` posts with `pause_s` between them, growing."""

    url: str
    """Base of the service; answers go to `{url}/answers/v1/{destination}`."""
    destination: str
    tries: int = 8
    pause_s: float = 0.5

    @property
    def address(self) -> str:
        """The full address."""
        return f"{self.url.rstrip('/')}/answers/v1/{self.destination}"


def answer_words(
    id: str,
    key: str,
    alert: str,
    state: str,
    by: str = "agent-7",
    outcome: str = "",
    reason: str = "",
) -> dict[str, Any]:
    """The body of an answer: what happened, to which message, by whom."""
    said = {"id": id, "key": key, "alert": alert, "state": state, "by": by, "at": utc_now()}
    return said | {"outcome": outcome or None, "reason": reason or None}


class Voice:
    """Posts answers and writes each attempt down."""

    def __init__(self, back: Back | None, ledger: Callable[[], Ledger], sign: Sign) -> None:
        self.back = back
        self._ledger = ledger
        self._sign = sign
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Ready to speak."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))

    async def close(self) -> None:
        """Silent from now on."""
        if self._http:
            await self._http.close()

    async def say(
        self, id: str, said: dict[str, Any], headers: dict[str, str] | None = None, to: str = ""
    ) -> int | None:
        """Post until 2xx, the same id each time; returns the last status, None if never reached.

        A 4xx other than 408 and 429 is final: saying it again would not help.
        """
        if self.back is None:
            return None
        status: int | None = None
        for attempt in range(1, self.back.tries + 1):
            status = await self._say_once(id, said, headers or {}, attempt, to)
            if status is not None and (status < 300 or _is_final(status)):
                break
            await asyncio.sleep(self.back.pause_s * attempt)
        return status

    async def _say_once(
        self, id: str, said: dict[str, Any], more: dict[str, str], attempt: int, to: str
    ) -> int | None:
        assert self._http is not None, "open() first"
        assert self.back is not None, "nowhere to answer"
        body = json.dumps(said)
        headers = {"Content-Type": "application/json"} | self._sign(id, body) | more
        try:
            async with self._http.post(
                self.back.address + to, data=body, headers=headers, allow_redirects=False
            ) as reply:
                status: int | None = reply.status
        except (aiohttp.ClientError, TimeoutError):
            status = None
        self._ledger().write("answered", id=id, said=said, attempt=attempt, status=status)
        return status


def _is_final(status: int) -> bool:
    return 400 <= status < 500 and status not in (408, 429)
