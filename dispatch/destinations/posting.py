"""One POST over HTTP with every limit that it needs: time, bytes, no redirect, no cookie.

What the peer or the network does is an answer here, never an exception.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from dispatch.telling import Later, Refused
from tgd import clock
from tgd.errors import Misconfigured
from tgd.rules.retry_after import retry_after_s

LONGEST_REPLY = 64 * 1024
"""Bytes read of an answer; the rest is left unread and the answer is not understood."""
KEEP_ALIVE_S = 2.0
"""A burst shares connections; an old one may be dead without saying so, and cost a time limit."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx answer; `body` is None when it was longer than LONGEST_REPLY."""

    status: int
    body: bytes | None

    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None when it is anything else."""
        try:
            said = json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) else None


class Poster:
    """The connections to one peer."""

    def __init__(self, url: str, timeout_s: float, tls: ssl.SSLContext | bool = True) -> None:
        self._url, self._timeout_s, self._tls = url, timeout_s, tls
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Reply | Later | Refused:
        """Send and read one answer within the time limit."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(body, headers)
        except TimeoutError:
            return Later("timeout")
        except aiohttp.ClientSSLError:
            return Later("tls")
        except aiohttp.ClientConnectionError:
            return Later("connect")
        except (aiohttp.ClientError, ValueError):
            return Later("bad_reply")
        except OSError:
            return Later("connect")

    async def _exchange(self, body: bytes, headers: Mapping[str, str]) -> Reply | Later | Refused:
        sent = {"Accept-Encoding": "identity", **headers}
        async with self._opened().post(
            self._url, data=body, headers=sent, ssl=self._tls, allow_redirects=False
        ) as reply:
            failure = _failure(reply)
            return failure or Reply(reply.status, await _body_of(reply))

    def _opened(self) -> aiohttp.ClientSession:
        """Made at the first use: a session needs a running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S, limit=256),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _failure(reply: aiohttp.ClientResponse) -> Later | Refused | None:
    """None for 2xx; 408, 425, 429 and 5xx may pass; everything else will not by itself."""
    if 200 <= reply.status < 300:
        return None
    word = f"status_{reply.status}"
    if reply.status in (408, 425, 429) or reply.status >= 500:
        return Later(word, retry_after_s(reply.headers.get("Retry-After"), clock.now()))
    return Refused("redirect" if 300 <= reply.status < 400 else word)


async def _body_of(reply: aiohttp.ClientResponse) -> bytes | None:
    body = bytearray()
    async for chunk in reply.content.iter_chunked(8192):
        body += chunk
        if len(body) > LONGEST_REPLY:
            reply.close()
            return None
    return bytes(body)


def tls_context(
    name: str, ca_file: Path | None, client_cert: Path | None, client_key: Path | None
) -> ssl.SSLContext | bool:
    """TLS with a pinned authority and, for mutual TLS, our certificate; True: the system's own.

    Raises Misconfigured, naming the destination, when a file cannot be used.
    """
    if ca_file is None and client_cert is None:
        return True
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if client_cert is not None:
            context.load_cert_chain(client_cert, client_key)
    except (OSError, ValueError):
        raise Misconfigured(
            f'Policy: destination "{name}": its certificate files cannot be used: check "ca_file", '
            '"client_cert" and "client_key".'
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
