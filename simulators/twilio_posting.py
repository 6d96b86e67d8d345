"""How the SMS provider calls its customer back: signed forms, retries, and its faults."""

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlsplit

import aiohttp
from twilio.request_validator import (  # type: ignore[import-untyped, unused-ignore]
    RequestValidator,
)

from simulators.ledger import Ledger
from simulators.misbehaving import Misbehaviour


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a webhook is tried; a `#rc=3&rp=all&rt=5000` fragment overrides it."""

    retries: int = 3
    retry_all: bool = False
    """Also after 4xx, as policy `all`; otherwise after 5xx and what never answered."""
    timeout_s: float = 15.0
    pause_s: float = 0.2

    def told_by(self, fragment: str) -> "Patience":
        """The same, changed by the connection overrides in the fragment of the URL."""
        asked = {name: values[-1] for name, values in parse_qs(fragment).items()}
        if not asked:
            return self
        policy = asked.get("rp", "")
        return Patience(
            retries=int(asked.get("rc", self.retries)),
            retry_all=self.retry_all or "all" in policy or "4xx" in policy,
            timeout_s=float(asked["rt"]) / 1000 if "rt" in asked else self.timeout_s,
            pause_s=self.pause_s,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What the customer answered to a webhook."""

    status: int
    content_type: str
    body: str


@dataclass(slots=True)
class Routes:
    """Which local address stands behind a public one, as a reverse proxy would know it.

    What is signed is the public URL; what is called is the local one.
    """

    public_to_local: dict[str, str] = field(default_factory=dict)

    def local(self, url: str) -> str:
        """Where to post what is addressed to this URL; the longest public prefix wins."""
        for public in sorted(self.public_to_local, key=len, reverse=True):
            if url.startswith(public):
                return self.public_to_local[public] + url[len(public) :]
        return url

    def public(self, url: str) -> str:
        """The URL as the customer published it: what is signed."""
        for public, local in self.public_to_local.items():
            if url.startswith(local):
                return public + url[len(local) :]
        return url


class Postman:
    """Posts forms with `X-Twilio-Signature`; one line in the ledger per attempt."""

    def __init__(
        self,
        token: str,
        misbehaviour: Misbehaviour,
        ledger: Callable[[], Ledger],
        routes: Routes,
        patience: Patience,
        seed: int,
    ) -> None:
        self._validator = RequestValidator(token)
        self._forger = RequestValidator("not-" + token)
        self._misbehaviour = misbehaviour
        self._ledger = ledger
        self.routes = routes
        self._patience = patience
        self._chance = random.Random(seed)
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Ready to post."""
        self._http = aiohttp.ClientSession()

    async def close(self) -> None:
        """Drop every connection."""
        if self._http:
            await self._http.close()

    async def post(self, what: str, url: str, form: dict[str, str]) -> Reply | None:
        """Until somebody answered 2xx or patience ends; None when nobody did, or it was dropped."""
        if self._misbehaviour.strike("drop_webhooks"):
            self._ledger().write("dropped", what=what, url=url)
            return None
        if late := self._misbehaviour.strike("delay_s"):
            await asyncio.sleep(late.seconds)
        reply = await self._try_all(what, url, form)
        if self._misbehaviour.strike("duplicate_webhooks"):
            await self._try_all(what, url, form)
        return reply

    async def _try_all(self, what: str, url: str, form: dict[str, str]) -> Reply | None:
        address, fragment = urldefrag(url)
        patience = self._patience.told_by(fragment)
        token = str(uuid.uuid4())  # constant over the retries of one webhook
        for attempt in range(1, patience.retries + 2):
            reply = await self._try_once(what, address, form, token, attempt, patience)
            if reply is not None and reply.status < 300:
                return reply
            if reply is not None and reply.status < 500 and not patience.retry_all:
                return None
            await asyncio.sleep(patience.pause_s * attempt * self._chance.uniform(0.8, 1.2))
        return None

    async def _try_once(
        self,
        what: str,
        address: str,
        form: dict[str, str],
        token: str,
        attempt: int,
        patience: Patience,
    ) -> Reply | None:
        assert self._http is not None, "open() first"
        headers = {
            "X-Twilio-Signature": self._signature(address, form),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
        }
        facts: dict[str, Any] = {"what": what, "url": address, "attempt": attempt, "form": form}
        timeout = aiohttp.ClientTimeout(total=patience.timeout_s)
        try:
            async with self._http.post(
                self.routes.local(address),
                data=form,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                reply = Reply(answer.status, answer.content_type, await answer.text())
        except (aiohttp.ClientError, TimeoutError) as failed:
            code = 11200 if isinstance(failed, TimeoutError) else 11205
            self._ledger().write("webhook", **facts, status=None, error_code=code)
            return None
        error = None if reply.status < 300 else 11200
        self._ledger().write("webhook", **facts, status=reply.status, error_code=error)
        return reply

    def _signature(self, address: str, form: dict[str, str]) -> str:
        """Over the public URL, without the fragment, and every field, empty ones too."""
        forged = self._misbehaviour.strike("bad_signature")
        signer = self._forger if forged else self._validator
        signature: str = signer.compute_signature(self.routes.public(address), form)
        return signature


def is_url(text: str) -> bool:
    """True for an absolute HTTP address."""
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
