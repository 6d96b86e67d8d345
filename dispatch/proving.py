"""How a form of the telephone provider proves itself: its signature over our public address."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import JSONResponse, Response

from tgd.serving import TooLarge, TooSlow, read_body
from tgd.telephone import signed_by_twilio

BODY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Telephony:
    """What proves a call of the telephone provider."""

    account_sid: str
    auth_token: str
    public_url: str


def is_signed(telephony: Telephony, request: Request, raw: bytes) -> bool:
    """Against the configured public address, on the whole multi-valued form."""
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    accounts = [value for name, value in pairs if name == "AccountSid"]
    asked = request.scope["raw_path"].decode("ascii")
    query = request.scope["query_string"].decode("latin-1")
    url = f"{telephony.public_url}{asked}" + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature")
    form = ImmutableMultiDict(pairs)
    signed = signed_by_twilio(telephony.auth_token, url, form, signature)
    return signed and accounts == [telephony.account_sid]


async def body_of(request: Request) -> bytes | Response:
    """What came, or the reply to a body that is too long or too slow."""
    try:
        return await read_body(request, BODY_LIMIT)
    except TooLarge:
        return said(413, f"More than {BODY_LIMIT} bytes are not read.")
    except TooSlow:
        return said(408, "The body did not come in time.")


def said(status: int, why: str) -> Response:
    """A refusal in words."""
    return JSONResponse({"error": why}, status_code=status)
