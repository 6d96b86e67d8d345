"""Who asks, from where, with which form: decided once for every page, before anything is shown."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import accounts, clock, looks
from tgd.accounts import Seat
from tgd.allocation import whose
from tgd.allocation.acting import officer
from tgd.rules.access import Act, may
from tgd.serving import TooLarge, TooSlow, read_body
from tgd.web.console import Console
from tgd.web.words import choose_language, word

FORM_LIMIT_BYTES = 32 * 1024
MOST_FIELDS = 1000
"""A hand-over has a tick for each open alert and each item put aside."""
FOREIGN = word("This form came from another site: nothing was done.")
OLD_FORM = word("This form is too old: go back to the page and repeat.")
TOO_LARGE = word("This is too long to be sent.")
UNREADABLE = word("This form could not be read.")
NOT_YOURS = word("Your role does not allow this act.")


class GoSignIn(Exception):
    """Nobody is signed in here."""


class NotThere(Exception):
    """There is no such page for this person; what may not be seen does not exist."""


class Locked(Exception):
    """The screen is locked: the password first."""


@dataclass(eq=False)
class Rejected(Exception):
    """Refused before any act, with a sentence that has a translation."""

    status: int
    sentence: str


def cookie_name(console: Console) -> str:
    """`__Host-` binds the cookie to this very host; plain http cannot have it."""
    return "tgd" if console.insecure_http else "__Host-tgd"


def token_of(console: Console, request: Request) -> str | None:
    """The token of this browser."""
    token = request.cookies.get(cookie_name(console))
    return token if token and len(token) <= 100 and token.isascii() else None


def set_token(console: Console, response: Response, token: str) -> None:
    """Give the browser its token; script never sees it."""
    response.set_cookie(
        cookie_name(console), token, path="/", secure=not console.insecure_http, httponly=True,
        samesite="lax",
    )  # fmt: skip


def forget_token(console: Console, response: Response) -> None:
    """The browser has no token any more."""
    response.delete_cookie(
        cookie_name(console), path="/", secure=not console.insecure_http, httponly=True,
        samesite="lax",
    )  # fmt: skip


def language_of(console: Console, request: Request) -> str:
    """The language of this reply."""
    return choose_language(
        request.query_params.get("lang"), request.cookies.get("tgd-lang"),
        request.headers.get("accept-language"), console.settings.language,
    )  # fmt: skip


def wants_json(request: Request) -> bool:
    """True for scripts."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or (
        "application/json" in accept and "text/html" not in accept
    )


async def seat_of(console: Console, request: Request, *, acting: bool = True) -> Seat | None:
    """Who is signed in here, if anybody."""
    token = token_of(console, request)
    if token is None:
        return None
    return await console.ask(
        lambda session: accounts.session_of(session, token, clock.now(), acting=acting)
    )


async def seated(console: Console, request: Request, *, acting: bool = True) -> Seat:
    """Who is signed in here; raises GoSignIn."""
    seat = await seat_of(console, request, acting=acting)
    if seat is None:
        raise GoSignIn
    return seat


async def allowed(
    console: Console, request: Request, act: Act, *, alert: UUID | None = None, acting: bool = True
) -> Seat:
    """Who is signed in and may do this; raises GoSignIn, or NotThere with a line in the journal."""
    seat = await seated(console, request, acting=acting)
    if not may(seat.role, act):
        await refuse(console, seat, act.value, alert)
        raise NotThere
    if alert is not None:
        await must_reach(console, seat, act.value, alert)
    return seat


async def must_reach(console: Console, seat: Seat, wanted: str, alert: UUID) -> None:
    """What is outside somebody's court or area is not there; raises NotThere, with a line in the
    journal."""
    if seat.role not in whose.BOUND:
        return
    now = clock.now()

    def reached(session: Session) -> bool:
        who = officer(session, seat.name, seat.role, now, console.areas)
        return whose.reaches(session, who.reach, alert, who.areas)

    if not await console.ask(reached):
        await refuse(console, seat, wanted, alert)
        raise NotThere


async def refuse(console: Console, seat: Seat, wanted: str, alert: UUID | None) -> None:
    """Write down that somebody asked for what the role may not see or do."""
    now = clock.now()
    await console.ask(lambda session: looks.refused(session, seat.name, wanted, alert, now))


def page_of(request: Request) -> int:
    """Which page of a list the address asks for, from 1; raises NotThere for anything else."""
    asked = request.query_params.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and int(asked) > 0):
        raise NotThere
    return int(asked)


def uuid_of(text: str) -> UUID:
    """An id of an address; raises NotThere for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise NotThere from None


def handset_of(text: str) -> str:
    """The id of a handset in an address; raises NotThere for what no column takes."""
    if not text.isprintable():
        raise NotThere
    return text


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form or of a JSON object of texts; raises Rejected with a sentence."""
    try:
        body = await read_body(request, FORM_LIMIT_BYTES)
    except TooLarge:
        raise Rejected(413, TOO_LARGE) from None
    except TooSlow:
        raise Rejected(408, UNREADABLE) from None
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded", "application/json"):
        raise Rejected(415, UNREADABLE)
    try:
        pairs = _json_pairs(body) if kind == "application/json" else _form_pairs(body)
    except (ValueError, RecursionError):
        raise Rejected(400, UNREADABLE) from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise Rejected(400, UNREADABLE)  # nobody could say which of the two was meant
    return {name: _storable(value) for name, value in pairs}


def _storable(text: str) -> str:
    """Without what no column takes: NUL, and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _form_pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        body.decode(), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
    )


def _json_pairs(body: bytes) -> list[tuple[str, str]]:
    found = json.loads(body or b"{}", object_pairs_hook=_Pairs)
    if not isinstance(found, _Pairs) or len(found) > MOST_FIELDS:
        raise ValueError
    if not all(isinstance(value, str) for _, value in found):
        raise ValueError
    return found


class _Pairs(list[tuple[str, str]]):
    """A JSON object as it was written, a name that stands twice included."""


def must_be_ours(request: Request) -> None:
    """Refuse what another site makes a browser send; raises Rejected."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Rejected(403, FOREIGN)
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Rejected(403, FOREIGN)


def must_have_token(request: Request, seat: Seat, form: Mapping[str, str]) -> None:
    """The form must be one that we gave to this very session; raises Rejected."""
    given = request.headers.get("x-form-token") or form.get("form_token", "")
    if not secrets.compare_digest(given.encode(), seat.form_token.encode()):
        raise Rejected(403, OLD_FORM)
