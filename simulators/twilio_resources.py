"""Messages, calls, pages and errors in the shape of the 2010-04-01 API; no socket."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

VERSION = "2010-04-01"
E164 = re.compile(r"\+[1-9]\d{6,14}")
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_TWICE = set("\f^{}\\[~]|€")

STATUS_OF = {20003: 401, 20404: 404, 20429: 429, 20500: 500}
"""HTTP status of each error code; 400 for the others."""

WORDS_OF = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20001: "Invalid parameter",
    21201: "No 'To' number is specified",
    21205: "Url parameter is required",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21213: "No 'From' number is specified",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21606: "The 'From' phone number provided is not a valid, message-capable phone number",
    21220: "Call is not in-progress. Cannot redirect.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit",
}


@dataclass(slots=True)
class Message:
    """One SMS, either way."""

    sid: str
    account: str
    sender: str
    to: str
    body: str
    direction: str
    status: str
    created_at: datetime
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None
    discard_body: bool = False
    obfuscate: bool = False
    callback: str | None = None

    def resource(self) -> dict[str, Any]:
        """As the API answers it."""
        uri = f"/{VERSION}/Accounts/{self.account}/Messages/{self.sid}"
        return {
            "account_sid": self.account,
            "api_version": VERSION,
            "body": "" if self.discard_body else self.body,
            "date_created": rfc2822(self.created_at),
            "date_sent": rfc2822(self.sent_at),
            "date_updated": rfc2822(self.updated_at or self.created_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None if self.error_code is None else "Delivery failed",
            "from": self.sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
            "to": self.to[:-4] + "XXXX" if self.obfuscate else self.to,
            "uri": f"{uri}.json",
        }


@dataclass(slots=True)
class Call:
    """One telephone call from us to a human."""

    sid: str
    account: str
    sender: str
    to: str
    created_at: datetime
    url: str | None = None
    twiml: str | None = None
    method: str = "POST"
    timeout_s: float = 60.0
    callback: str | None = None
    callback_events: tuple[str, ...] = ("completed",)
    status: str = "queued"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    sequence: int = 0
    heard: list[str] = field(default_factory=list)
    """What was said into the ear of the person."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the customer ends it by the API."""

    def resource(self) -> dict[str, Any]:
        """As the API answers it."""
        uri = f"/{VERSION}/Accounts/{self.account}/Calls/{self.sid}"
        lists = ("notifications", "recordings", "payments", "events", "siprec", "streams")
        return {
            "account_sid": self.account,
            "annotation": None,
            "answered_by": None,
            "api_version": VERSION,
            "caller_name": None,
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.ended_at or self.started_at or self.created_at),
            "direction": "outbound-api",
            "duration": None if self.ended_at is None else str(self.duration_s),
            "end_time": rfc2822(self.ended_at),
            "forwarded_from": None,
            "from": self.sender,
            "from_formatted": self.sender,
            "group_sid": None,
            "parent_call_sid": None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": rfc2822(self.started_at),
            "status": self.status,
            "subresource_uris": {name: f"{uri}/{name.title()}.json" for name in lists},
            "to": self.to,
            "to_formatted": self.to,
            "trunk_sid": None,
            "uri": f"{uri}.json",
        }

    @property
    def duration_s(self) -> int:
        """Whole seconds of conversation."""
        if self.started_at is None or self.ended_at is None:
            return 0
        return round((self.ended_at - self.started_at).total_seconds())


class ApiError(Exception):
    """The API refuses; carries Twilio's own code."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(WORDS_OF.get(code, "Error") + (f": {detail}" if detail else ""))
        self.code = code
        self.status = STATUS_OF.get(code, 400)

    def resource(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def new_sid(prefix: str) -> str:
    """`SM`, `CA`… and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def rfc2822(moment: datetime | None) -> str | None:
    """`Tue, 24 Nov 2026 03:22:50 +0000`, always in UTC."""
    return None if moment is None else format_datetime(moment.astimezone(UTC))


def segments(body: str) -> int:
    """How many SMS the words need: GSM-7 160 or 153 each, UCS-2 70 or 67 each (UTF-16 units).

    A character of two units is never split between two parts.
    """
    if set(body) <= GSM_7 | GSM_7_TWICE:
        sizes, alone, joined = [2 if c in GSM_7_TWICE else 1 for c in body], 160, 153
    else:
        sizes, alone, joined = [len(c.encode("utf-16-le")) // 2 for c in body], 70, 67
    if sum(sizes) <= alone:
        return 1
    parts, left = 1, joined
    for size in sizes:
        if size > left:
            parts, left = parts + 1, joined
        left -= size
    return parts


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list request asks for; raises ApiError 20001 for what it cannot read."""

    to: str | None
    sender: str | None
    on: date | None
    since: datetime | None
    until: datetime | None
    page_size: int
    page: int
    token: str | None

    @classmethod
    def read(cls, query: dict[str, str]) -> "Wanted":
        """From the query; `DateSent>=2026-11-24` arrives as key `DateSent>`."""
        on = _moment(query.get("DateSent"))
        return cls(
            to=query.get("To"),
            sender=query.get("From"),
            on=on.date() if on else None,
            since=_moment(query.get("DateSent>")),
            until=_moment(query.get("DateSent<"), end_of_day=True),
            page_size=max(1, min(_number(query.get("PageSize"), 50), 1000)),
            page=_number(query.get("Page"), 0),
            token=query.get("PageToken"),
        )

    def fits(self, message: Message) -> bool:
        """True when the message belongs into the list."""
        sent = message.sent_at
        if sent is None and (self.on or self.since or self.until):
            return False
        return (
            self.to in (None, message.to)
            and self.sender in (None, message.sender)
            and (self.on is None or (sent is not None and sent.date() == self.on))
            and (self.since is None or (sent is not None and sent >= self.since))
            and (self.until is None or (sent is not None and sent <= self.until))
        )


def page_of(messages: list[Message], wanted: Wanted, account: str, query: dict[str, str]) -> Any:
    """One page, newest first; the token names the last message seen, so new ones move nothing."""
    fitting = [m for m in reversed(messages) if wanted.fits(m)]
    start = 0
    if wanted.token:
        sids = [m.sid for m in fitting]
        if wanted.token[2:] not in sids:
            raise ApiError(20001, "PageToken")
        start = sids.index(wanted.token[2:]) + 1
    shown = fitting[start : start + wanted.page_size]
    following = None
    if start + len(shown) < len(fitting):
        following = _page_uri(account, query, wanted, wanted.page + 1, f"PA{shown[-1].sid}")
    return {
        "end": start + max(len(shown) - 1, 0),
        "first_page_uri": _page_uri(account, query, wanted, 0, None),
        "messages": [message.resource() for message in shown],
        "next_page_uri": following,
        "page": wanted.page,
        "page_size": wanted.page_size,
        "previous_page_uri": None,
        "start": start,
        "uri": _page_uri(account, query, wanted, wanted.page, wanted.token),
    }


def _page_uri(
    account: str, query: dict[str, str], wanted: Wanted, page: int, token: str | None
) -> str:
    kept = {k: v for k, v in query.items() if k not in {"PageSize", "Page", "PageToken"}}
    asked: dict[str, str | int] = {**kept, "PageSize": wanted.page_size, "Page": page}
    if token:
        asked["PageToken"] = token
    return f"/{VERSION}/Accounts/{account}/Messages.json?{urlencode(asked)}"


def _moment(text: str | None, *, end_of_day: bool = False) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as unreadable:
        raise ApiError(20001, f"DateSent {text}") from unreadable
    if len(text) == len("2026-11-24") and end_of_day:
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _number(text: str | None, default: int) -> int:
    if text is None or text == "":
        return default
    if not text.isdigit():
        raise ApiError(20001, "PageSize and Page are numbers")
    return int(text)


def inbound_form(message: Message) -> dict[str, str]:
    """The fields that Twilio posts, with the empty ones that a careless receiver drops."""
    return {
        "AccountSid": message.account,
        "ApiVersion": VERSION,
        "Body": message.body,
        "From": message.sender,
        "FromCity": "",
        "FromCountry": "FR",
        "FromState": "",
        "FromZip": "",
        "MessageSid": message.sid,
        "NumMedia": "0",
        "NumSegments": str(segments(message.body)),
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "To": message.to,
        "ToCity": "",
        "ToCountry": "FR",
        "ToState": "",
        "ToZip": "",
    }


def status_form(message: Message, status: str, code: int | None) -> dict[str, str]:
    """The fields of a status callback of a message."""
    form = {
        "AccountSid": message.account,
        "ApiVersion": VERSION,
        "From": message.sender,
        "MessageSid": message.sid,
        "MessageStatus": status,
        "SmsSid": message.sid,
        "SmsStatus": status,
        "To": message.to,
    }
    return form if code is None else form | {"ErrorCode": str(code)}
