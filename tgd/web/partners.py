"""`POST /api/v1/referrals`: the software of a partner reports, by its token and nothing else.

The answer says that it is kept, never what the record knows. No session, no cookie: a browser that
is signed in sends no report here for anybody.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.allocation import partners
from tgd.casework.fields import read_all
from tgd.casework.openapi import REPORTED
from tgd.errors import NotAllowed, Refusal, WrongState
from tgd.log import log
from tgd.web import door
from tgd.web.caller import address_of
from tgd.web.console import Console
from tgd.web.doing import refused
from tgd.web.public import TOO_MANY
from tgd.web.rate import Rate
from tgd.web.render import Pages, as_json
from tgd.web.replays import LONGEST_KEY
from tgd.web.words import word

NO_TOKEN = word("This token is none of ours, or it was revoked: ask the court for another one.")
TOO_OFTEN = door.Rejected(429, TOO_MANY)
LONGEST_TOKEN = 100


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/api/v1/referrals`."""
    by_partner, by_stranger = Rate(), Rate()

    @app.post("/api/v1/referrals")
    async def report(request: Request) -> Response:
        token = _token_of(request)
        known = await console.ask(lambda s: partners.known_partner(s, token or ""))
        if token is None or known is None:
            log.warning("partner_refused")
            caller = address_of(request, console.settings.proxies)
            raise door.Rejected(401, NO_TOKEN) if by_stranger.admits(caller) else TOO_OFTEN
        if not by_partner.admits(str(known)):  # whatever strangers send, a partner has its own
            log.warning("partner_limited", partner=str(known))
            raise TOO_OFTEN
        return await _report(console, request, token)


async def _report(console: Console, request: Request, token: str) -> Response:
    form, now = await door.form_of(request), clock.now()
    key = request.headers.get("idempotency-key", "")[:LONGEST_KEY]

    def keep(session: Session) -> Any:
        return partners.report(session, token, read_all(REPORTED, form), now, key=key)

    try:
        kept = await console.ask(keep)
    except NotAllowed:  # revoked at this very moment
        raise door.Rejected(401, NO_TOKEN) from None
    except Refusal as error:
        return _refusal(console, request, error)
    return as_json({"received": True, "referral": str(kept)}, 201)


def _refusal(console: Console, request: Request, error: Refusal) -> Response:
    ended = refused(console, door.language_of(console, request), error)
    status = 422 if isinstance(error, WrongState) else ended.status
    said: Mapping[str, Any] = {"error": status, "sentence": ended.sentence, "missing": []}
    return as_json(said, status)


def _token_of(request: Request) -> str | None:
    """What `Authorization: Bearer …` carries; None for anything else."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    good = scheme.lower() == "bearer" and 0 < len(token) <= LONGEST_TOKEN and token.isascii()
    return token if good else None
