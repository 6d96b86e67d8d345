"""The SMS and voice provider behind an adapter; decides nothing, never tries twice by itself."""

import asyncio
import base64
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.base import values  # type: ignore[import-untyped]
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from tgd import clock
from tgd.errors import TgdError
from tgd.log import log
from tgd.rules.retry_after import retry_after_s
from tgd.rules.sms_list import InboundSms, Page, read_page

LONGEST_REPLY = 4 * 1024 * 1024
"""Bytes read of one reply; a page of 100 messages is far below."""
LONGEST_SOUND = 64 * 1024 * 1024
"""Bytes of one recording: four hours at 32 kbit/s."""
SOUND_S = 30.0
RINGING_S = 30
PAGE_SIZE = 100
MOST_PAGES = 500
"""Of one list: more is no list of a week. Newest messages come first."""
LATER_CODES = frozenset({20429, 21611, 30001, 30003, 30008, 30017, 30410, 30500})
"""Provider's error codes that pass by themselves: queue full, congestion, too many requests."""

_UNSET = values.unset

_SILENT = logging.Logger("telephone", level=logging.CRITICAL + 1)
"""The library logs numbers and query strings at INFO; it is given a logger that keeps nothing."""


class TelephoneLater(TgdError):
    """The telephone provider cannot do it now."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"The telephone provider cannot do it now ({why}).")
        self.why = why
        self.retry_after_s = retry_after_s


class TelephoneRefused(TgdError):
    """The telephone provider refuses."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The telephone provider refuses ({why}).")
        self.why = why


class Telephone(Protocol):
    """What the service needs of a provider. Raises TelephoneLater or TelephoneRefused only."""

    async def send_sms(self, to: str, body: str, *, status_url: str | None) -> str: ...

    async def text_status(self, sid: str) -> tuple[str, str]: ...

    async def call(
        self, to: str, twiml: str, *, status_url: str | None, status_events: Sequence[str] = ()
    ) -> str: ...

    async def call_status(self, sid: str) -> str: ...

    async def hang_up(self, sid: str) -> None: ...

    async def unmute(self, room: str, sid: str) -> None: ...

    async def recording(self, reference: str) -> bytes: ...

    async def erase_recording(self, reference: str) -> None: ...

    async def inbound_since(self, numbers: Sequence[str], since: datetime) -> list[InboundSms]: ...

    async def close(self) -> None: ...


class _Http(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The library's client towards `api_base`, with a time limit and a limit of bytes.

    The library's own `request` ignores the client's timeout, logs numbers and reads without end.
    """

    def __init__(self, api_base: str, timeout_s: float) -> None:
        super().__init__(pool_connections=False, timeout=timeout_s, logger=_SILENT)
        self._base = urlsplit(api_base)
        self._limit_s = timeout_s
        self._open: aiohttp.ClientSession | None = None
        self.credentials = ("", "")

    async def request(
        self, method: str, url: str, params: Any = None, data: Any = None,
        headers: Any = None, auth: Any = None, timeout: Any = None,  # noqa: ASYNC109
        allow_redirects: bool = False,
    ) -> Response:  # fmt: skip
        """One request; never a redirect, never a second try."""
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = _basic(auth)
        async with asyncio.timeout(self._limit_s):
            async with self._session().request(
                method, self._moved(url), params=params, data=data, headers=sent,
                allow_redirects=False,
            ) as reply:  # fmt: skip
                if reply.status in (408, 425, 429) or reply.status >= 500:
                    wait_s = retry_after_s(reply.headers.get("Retry-After"), clock.now())
                    raise TelephoneLater(f"status_{reply.status}", wait_s)
                return Response(reply.status, await _text_of(reply), reply.headers)

    async def sound(self, url: str) -> bytes:
        """A file of the account. Raises TelephoneLater; TelephoneRefused where there is none."""
        sent = {"Authorization": _basic(self.credentials)}
        async with asyncio.timeout(SOUND_S):
            async with self._session().get(
                self._moved(url), headers=sent, allow_redirects=False
            ) as reply:
                if reply.status in (401, 403, 404):
                    raise TelephoneRefused(f"status_{reply.status}")
                if reply.status != 200:
                    raise TelephoneLater(f"status_{reply.status}")
                return await _bytes_of(reply, LONGEST_SOUND)

    def _session(self) -> aiohttp.ClientSession:
        """Made at the first request: a session needs a running loop."""
        if self._open is None or self._open.closed:
            connector = aiohttp.TCPConnector(keepalive_timeout=2)
            jar = aiohttp.DummyCookieJar()
            self._open = aiohttp.ClientSession(connector=connector, cookie_jar=jar)
        return self._open

    async def close(self) -> None:
        """Close the connections."""
        if self._open is not None:
            await self._open.close()

    def _moved(self, url: str) -> str:
        """The same path and query at `api_base`: a simulator, or the provider's own host."""
        asked = urlsplit(url)
        path = self._base.path.rstrip("/") + asked.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, asked.query, ""))


def _basic(credentials: tuple[str, str]) -> str:
    return f"Basic {base64.b64encode(':'.join(credentials).encode()).decode()}"


async def _text_of(reply: aiohttp.ClientResponse) -> str:
    return (await _bytes_of(reply, LONGEST_REPLY)).decode("utf-8", "replace")


async def _bytes_of(reply: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for chunk in reply.content.iter_chunked(65_536):
        body += chunk
        if len(body) > most:
            raise TelephoneLater("reply_too_long")
    return bytes(body)


class TwilioTelephone:
    """Twilio's Messages and Calls, or a simulator that speaks the same."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        api_base: str = "https://api.twilio.com",
        sender_number: str = "",
        timeout_s: float = 5.0,
        voice_number: str = "",
    ) -> None:
        self._http = _Http(api_base, timeout_s)
        self._client = Client(account_sid, auth_token, http_client=self._http)
        self._http.credentials = (account_sid, auth_token)
        self._account_url = f"https://api.twilio.com/2010-04-01/Accounts/{account_sid}"
        self._from = sender_number
        self._voice = voice_number or sender_number

    async def send_sms(self, to: str, body: str, *, status_url: str | None = None) -> str:
        """Send one SMS and give its sid; the provider is asked to keep neither text nor number.

        Raises TelephoneLater when it may pass, TelephoneRefused when it will not.
        """
        with _told_plainly():
            made = await self._client.messages.create_async(
                to=to, from_=self._from, body=body, status_callback=status_url or _UNSET,
                content_retention="discard", address_retention="obfuscate",
            )  # fmt: skip
            return _sid_of(made)

    async def text_status(self, sid: str) -> tuple[str, str]:
        """The provider's word for what became of a text of ours, and its code of error or an empty
        text. Raises like `send_sms`; TelephoneRefused when it knows no such text."""
        with _told_plainly():
            found = await self._client.messages(sid).fetch_async()
            code = found.error_code
            return str(found.status), "" if code is None else str(code)

    async def call(
        self, to: str, twiml: str, *, status_url: str | None = None,
        status_events: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Ring a number and say the TwiML; gives the call's sid. Raises like `send_sms`.

        Without `status_events` the provider says only when the call has ended.
        """
        with _told_plainly():
            made = await self._client.calls.create_async(
                to=to, from_=self._voice, twiml=twiml, timeout=RINGING_S,
                status_callback=status_url or _UNSET,
                status_callback_event=list(status_events) or _UNSET,
            )  # fmt: skip
            return _sid_of(made)

    async def call_status(self, sid: str) -> str:
        """The provider's word for what became of a call. Raises like `send_sms`."""
        with _told_plainly():
            found = await self._client.calls(sid).fetch_async()
            return str(found.status)

    async def hang_up(self, sid: str) -> None:
        """End a call that rings or is under way. Raises like `send_sms`."""
        with _told_plainly():
            await self._client.calls(sid).update_async(status="completed")

    async def unmute(self, room: str, sid: str) -> None:
        """Whoever is in this conference by this call is heard from now on. Raises like `send_sms`;
        TelephoneLater while there is no such conference."""
        with _told_plainly():
            found = await self._client.conferences.list_async(friendly_name=room, limit=5)
            going_on = [one for one in found if str(one.status) != "completed"]
            if not going_on:
                raise TelephoneLater("no_conference")
            inside = self._client.conferences(going_on[0].sid).participants(sid)
            done = await inside.update_async(muted=False)
            if done.muted is not False:
                raise TelephoneLater("still_muted")

    async def recording(self, reference: str) -> bytes:
        """The sound of a recording as MP3, with the account's own credentials. Raises like
        `send_sms`."""
        with _told_plainly():
            return await self._http.sound(f"{self._account_url}/Recordings/{reference}.mp3")

    async def erase_recording(self, reference: str) -> None:
        """The provider is to keep this sound no longer. Raises like `send_sms`."""
        with _told_plainly():
            await self._client.recordings(reference).delete_async()

    async def inbound_since(self, numbers: Sequence[str], since: datetime) -> list[InboundSms]:
        """Every SMS received on `numbers` since the moment, through all pages, oldest first.

        The list is the truth, not the webhook. Raises like `send_sms`.
        """
        floor = since.astimezone(UTC).replace(microsecond=0)  # the list knows whole seconds
        found: list[InboundSms] = []
        with _told_plainly():
            for number in numbers:
                found += await self._inbound(number, floor)
        return sorted(found, key=lambda one: one.sent_at or floor)

    async def _inbound(self, number: str, since: datetime) -> list[InboundSms]:
        """Page by page; a list that goes in a circle, or on and on, ends all the same."""
        before = since - timedelta(seconds=1)
        asked: dict[str, Any] | None = {
            "To": number, "DateSent>": f"{before:%Y-%m-%dT%H:%M:%SZ}", "PageSize": PAGE_SIZE,
        }  # fmt: skip
        url, places, unread = f"{self._account_url}/Messages.json", set[str](), 0
        found: dict[str, InboundSms] = {}
        for _ in range(MOST_PAGES):
            page = await self._page(url, asked)
            found |= {one.sid: one for one in page.messages}
            unread += page.unread
            if page.next_place is None or page.next_place in places:
                break
            places.add(page.next_place)
            url, asked = f"https://api.twilio.com{page.next_place}", None
        else:
            log.error("sms_list_too_long", pages=MOST_PAGES)
        if unread:
            log.error("sms_list_entries_unread", count=unread)
        return [one for one in found.values() if one.sent_at is None or one.sent_at >= since]

    async def _page(self, url: str, asked: dict[str, Any] | None) -> Page:
        reply = await self._http.request("GET", url, params=asked, auth=self._http.credentials)
        if reply.status_code != 200:
            raise TwilioException("A page of the list could not be had.", reply)
        page = read_page(reply.text.encode("utf-8", "surrogatepass"))
        if page is None:
            raise TelephoneLater("bad_reply")
        return page

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _sid_of(made: Any) -> str:
    if not isinstance(made.sid, str) or not made.sid:
        raise ValueError("a reply without a sid")
    return made.sid


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Whatever the library raises becomes one of our two exceptions, without its text."""
    try:
        yield
    except TwilioException as wrong:
        raise _meaning(wrong) from None
    except TimeoutError:
        raise TelephoneLater("timeout") from None
    except aiohttp.ClientSSLError:
        raise TelephoneLater("tls") from None
    except (aiohttp.ClientError, OSError):
        raise TelephoneLater("connect") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TelephoneLater("bad_reply") from None


def _meaning(wrong: TwilioException) -> TelephoneLater | TelephoneRefused:
    """The provider's code decides before the HTTP status (INTEROP 6.2)."""
    code = getattr(wrong, "code", None)
    status = getattr(wrong, "status", None)
    if status is None and len(wrong.args) > 1:  # a page of the list that could not be had
        status = getattr(wrong.args[1], "status_code", None)
    if code in LATER_CODES or not isinstance(status, int) or status < 300:
        return TelephoneLater(f"code_{code}" if code else "bad_reply")
    return TelephoneRefused(f"code_{code}" if code else f"status_{status}")


def signed_by_twilio(auth_token: str, url: str, params: Any, signature: str | None) -> bool:
    """Whether the provider signed this form for this public URL; white.

    `params` is the multi-valued form itself (Starlette's FormData), never `dict(form)`: with a
    dict an added second `From` goes unnoticed. The signature has no time and no separators: the
    caller still demands exactly one of each field it reads, and keeps each sid once.
    """
    if not signature or not auth_token:
        return False
    return bool(RequestValidator(auth_token).validate(url, params, signature))
