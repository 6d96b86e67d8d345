"""The SMS provider's webhook: proves who calls, hands the bytes to the door, says 200 after.

May not decide what a text means. A false refusal here loses nothing: the reconciler reads the
provider's own list and hears what this channel has not kept.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway import counts
from gateway.heard import Channel, Form, Heard, Kept, Receipt
from tgd import clock
from tgd.database import transaction
from tgd.errors import NotKept, RecordAway
from tgd.rules.delivery import MessageStatus, message_status
from tgd.serving import TooLarge, TooSlow, read_body
from tgd.store import nudges
from tgd.store.telephony import keep_status
from tgd.telephone import signed_by_twilio

INBOUND, STATUS = "/sms/twilio", "/sms/twilio/status"
ONCE = (b"MessageSid", b"From", b"To", b"Body", b"AccountSid")
MOST_FIELDS = 200
"""Fields of one form; the provider sends about twenty, and may add some."""
LONGEST_SOURCE = 64
_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_ANY_SID = re.compile(r"(?:SM|MM|CA)[0-9a-fA-F]{32}")
_ERROR_CODE = re.compile(r"[0-9]{1,10}")
_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

Pairs = list[tuple[bytes, bytes]]
Hear = Callable[[Heard], Awaitable[Receipt]]


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """What is ours at the provider, and how it reaches us."""

    account_sid: str
    auth_token: str
    numbers: Sequence[str]
    public_url: str
    """What is signed begins with this; the Host header is whatever somebody writes into it."""


class _Refused(Exception):
    """This request is answered with a no, and nothing of it is kept."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def sms_router(hear: Hear, engine: Engine, account: SmsAccount) -> APIRouter:
    """`POST /sms/twilio` and `POST /sms/twilio/status` (INTEROP 6.1, 6.2).

    The second keeps the last word on each message of the account that has no callback of its own,
    for whoever looks for one by its sid. Our deliveries have theirs, which dispatch hears.
    """
    router = APIRouter()

    @router.post(INBOUND)
    async def inbound(request: Request) -> Response:
        try:
            heard = _heard(await _proven(request, INBOUND, account), account)
            receipt = await hear(heard)
        except _Refused as refused:
            return _refusal(refused)
        except NotKept:
            return JSONResponse({"error": "not_kept"}, status_code=503)
        if receipt.kept is Kept.NOWHERE:
            return JSONResponse({"error": "not_kept"}, status_code=503)
        return Response(_TWIML, media_type="text/xml")

    @router.post(STATUS)
    async def status(request: Request) -> Response:
        try:
            told = _told(await _proven(request, STATUS, account), account)
            if told is not None:
                await run_in_threadpool(_keep, engine, *told)
        except _Refused as refused:
            return _refusal(refused)
        except (RecordAway, SQLAlchemyError):
            return JSONResponse({"error": "not_kept"}, status_code=503)
        return Response(_TWIML, media_type="text/xml")

    return router


def _refusal(refused: _Refused) -> Response:
    counts.refused.labels("sms", refused.why).inc()
    return JSONResponse({"error": refused.why}, status_code=refused.status)


async def _proven(request: Request, path: str, account: SmsAccount) -> Pairs:
    """The form's pairs as bytes, once the signature of the whole form is good."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != "application/x-www-form-urlencoded":
        raise _Refused(415, "not_a_form")
    try:
        pairs = form_pairs(await read_body(request))
    except TooLarge:
        raise _Refused(413, "too_large") from None
    except TooSlow:
        raise _Refused(408, "too_slow") from None
    query = request.scope["query_string"].decode("latin-1")
    url = account.public_url + path + (f"?{query}" if query else "")
    if not is_signed(account.auth_token, url, pairs, request.headers.get("x-twilio-signature")):
        raise _Refused(403, "bad_signature")
    return pairs


def form_pairs(raw: bytes) -> Pairs:
    """Names and values of a form, percent-decoded to bytes: what is no UTF-8 stays as it came."""
    parts = [part for part in raw.split(b"&") if part]
    if len(parts) > MOST_FIELDS:
        raise _Refused(400, "too_many_fields")
    return [
        (_decoded(name), _decoded(value)) for name, _, value in (p.partition(b"=") for p in parts)
    ]


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def is_signed(token: str, url: str, pairs: Pairs, signature: str | None) -> bool:
    """Whether the provider signed this very form for this URL, repeated names included.

    Its signature is over UTF-8; a form that is none is checked over its bytes as well, and as it
    looks when what cannot be decoded is replaced: the bytes are kept, whatever was signed.
    """
    try:
        form = FormData([(n.decode(), v.decode()) for n, v in pairs])
    except UnicodeDecodeError:
        form = FormData([(n.decode("utf-8", "replace"), v.decode("utf-8", "replace"))
                         for n, v in pairs])  # fmt: skip
        if (
            token
            and signature
            and hmac.compare_digest(
                _signature_of_bytes(token, url, pairs), signature.encode("utf-8", "replace")
            )
        ):
            return True
    return signed_by_twilio(token, url, form, signature)


def _signature_of_bytes(token: str, url: str, pairs: Pairs) -> bytes:
    signed = url.encode() + b"".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(token.encode(), signed, hashlib.sha1))


def _once(pairs: Pairs, names: Sequence[bytes]) -> dict[bytes, bytes]:
    """Exactly one of each: with two `From` nobody could say which one was signed for."""
    found: dict[bytes, bytes] = {}
    for name in names:
        values = [v for n, v in pairs if n == name]
        if len(values) != 1:
            raise _Refused(400, "repeated_field" if values else "missing_field")
        found[name] = values[0]
    return found


def _is_ours(fields: dict[bytes, bytes], account: SmsAccount) -> None:
    if fields[b"AccountSid"] != account.account_sid.encode():
        raise _Refused(403, "other_account")


def _heard(pairs: Pairs, account: SmsAccount) -> Heard:
    fields = _once(pairs, ONCE)
    _is_ours(fields, account)
    if fields[b"To"] not in [number.encode() for number in account.numbers]:
        raise _Refused(403, "other_number")
    sid = fields[b"MessageSid"].decode("utf-8", "replace")
    if not _SID.fullmatch(sid):
        raise _Refused(400, "bad_sid")
    sender = fields[b"From"].decode("utf-8", "replace")
    return heard_sms(sid, sender, fields[b"Body"])


def heard_sms(sid: str, sender: str, body: bytes) -> Heard:
    """One SMS, the same by webhook and by list. The sid is what makes a replay harmless; a
    provider's signature proves nothing about who sent the text."""
    source = "".join(c for c in sender if c.isprintable())[:LONGEST_SOURCE]
    return Heard(Channel.SMS, Form.SMS, source, False, sid, body, clock.now())


def _told(pairs: Pairs, account: SmsAccount) -> tuple[str, MessageStatus, str | None] | None:
    """Sid, status and error code of a callback; None for a word that nobody here knows."""
    kind = b"Call" if any(name == b"CallSid" for name, _ in pairs) else b"Message"
    fields = _once(pairs, (kind + b"Sid", kind + b"Status", b"AccountSid"))
    _is_ours(fields, account)
    sid = fields[kind + b"Sid"].decode("utf-8", "replace")
    if not _ANY_SID.fullmatch(sid):
        raise _Refused(400, "bad_sid")
    status = message_status(fields[kind + b"Status"].decode("utf-8", "replace").lower())
    if status is None:
        counts.refused.labels("sms", "unknown_status").inc()
        return None
    codes = [v.decode("utf-8", "replace") for n, v in pairs if n == b"ErrorCode"]
    return sid, status, next((c for c in codes if _ERROR_CODE.fullmatch(c)), None)


def _keep(engine: Engine, sid: str, status: MessageStatus, error: str | None) -> None:
    with transaction(engine) as session:
        if keep_status(session, sid, status, error, clock.now()):
            nudges.nudge(session, nudges.DISPATCH)
