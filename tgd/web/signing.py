"""Signing in, signing out, unlocking."""

from dataclasses import replace
from uuid import UUID

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import accounts, clock, passwords
from tgd.accounts import Seat
from tgd.errors import NotAllowed
from tgd.log import log
from tgd.rules.access import Act, may
from tgd.web import door
from tgd.web.acting import take_next_once
from tgd.web.caller import address_of
from tgd.web.console import Console
from tgd.web.pages import alert_of, list_page
from tgd.web.render import Pages, as_json
from tgd.web.words import word

WRONG = word("This name or this password is not right.")
TOO_OFTEN = word("Too many attempts: wait five minutes, or ask your administrator.")
GIVE_BOTH = word("Give a name and a password.")


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/login`, `/logout`, `/unlock`."""

    @app.get("/login")
    async def login_page(request: Request) -> Response:
        if await door.seat_of(console, request) is not None:
            return RedirectResponse("/", 303)
        return made.page(request, "login.html", sentence=None, name="")

    @app.post("/login")
    async def login(request: Request) -> Response:
        door.must_be_ours(request)
        form = await door.form_of(request)
        name = form.get("name", "").strip()[: accounts.LONGEST_NAME]
        at = address_of(request, console.settings.proxies)
        status, sentence = await _check(console, name, form.get("password", ""), (name, at))
        if sentence is None:
            return await _seat(console, request, name)
        return _refused(console, made, request, name, status, sentence)

    @app.post("/unlock")
    async def unlock(request: Request) -> Response:
        return await _unlock(console, made, request)

    @app.post("/logout")
    async def logout(request: Request) -> Response:
        return await _sign_out(console, request)


async def _unlock(console: Console, made: Pages, request: Request) -> Response:
    """The password again, in the browser of its person: it goes on where it was."""
    door.must_be_ours(request)
    seat = await door.seated(console, request, acting=False)
    form = await door.form_of(request)
    door.must_have_token(request, seat, form)
    here = f"unlock {seat.name}"  # strangers who guess at the door count nothing in here
    status, sentence = await _check(console, seat.name, form.get("password", ""), (here, here))
    if sentence is None:
        return await _go_on(console, request, seat, form)
    said = console.words.say(door.language_of(console, request), sentence)
    if door.wants_json(request):
        return as_json({"error": status, "sentence": said}, status)
    return await list_page(
        console, made, request, replace(seat, locked=True), status=status, sentence=said,
        back=alert_of(form.get("alert", "")),
    )  # fmt: skip


async def _go_on(console: Console, request: Request, seat: Seat, form: dict[str, str]) -> Response:
    """Where she was; or, where F2 was pressed behind the lock, with the most urgent alert."""
    back = alert_of(form.get("alert", ""))
    if form.get("then") == "take" and may(seat.role, Act.TAKE):
        back = await take_next_once(console, seat, form.get("once", "")[:64]) or back
    return await _renew(console, request, seat, back)


async def _sign_out(console: Console, request: Request) -> Response:
    door.must_be_ours(request)
    seat = await door.seated(console, request, acting=False)
    door.must_have_token(request, seat, await door.form_of(request))
    token = door.token_of(console, request) or ""
    await console.ask(lambda session: accounts.sign_out(session, token, clock.now()))
    json = door.wants_json(request)
    response = as_json({"signed_in": False}) if json else RedirectResponse("/login", 303)
    door.forget_token(console, response)
    return response


async def _check(
    console: Console, name: str, password: str, counted: tuple[str, str]
) -> tuple[int, str | None]:
    """(200, None) for the right password; the same work is done for names that nobody has.

    `counted` is the name and the address under which failures are counted.
    """
    if not name or not password:
        return 422, GIVE_BOTH
    if not console.limiter.allows(*counted):
        log.warning("sign_in_limited")
        return 429, TOO_OFTEN
    kept = await console.ask(lambda session: accounts.password_hash_of(session, name))
    if await console.hashing(lambda: passwords.is_right(kept, password)):
        return 200, None
    console.limiter.failed(*counted)
    log.warning("sign_in_refused")
    await console.ask(lambda session: accounts.refuse_sign_in(session, name, clock.now()))
    return 403, WRONG


async def _seat(console: Console, request: Request, name: str) -> Response:
    before = door.token_of(console, request)
    try:
        token = await console.ask(
            lambda session: accounts.sign_in(session, name, clock.now(), before=before)
        )
    except NotAllowed:
        raise door.Rejected(403, WRONG) from None
    json = door.wants_json(request)
    response = as_json({"signed_in": True}) if json else RedirectResponse("/", 303)
    door.set_token(console, response, token)
    return response


async def _renew(console: Console, request: Request, seat: Seat, alert: UUID | None) -> Response:
    """The same browser goes on where it was, for twelve hours more."""
    now, before = clock.now(), door.token_of(console, request) or ""
    try:
        token = await console.ask(
            lambda session: accounts.renew(session, seat.name, now, before=before)
        )
    except NotAllowed:
        raise door.Rejected(403, WRONG) from None
    said = {"signed_in": True, "ends_at": now + accounts.LONGEST}
    back = f"/alerts/{alert}" if alert else "/"
    response = as_json(said) if door.wants_json(request) else RedirectResponse(back, 303)
    door.set_token(console, response, token)
    return response


def _refused(
    console: Console, made: Pages, request: Request, name: str, status: int, sentence: str
) -> Response:
    said = console.words.say(door.language_of(console, request), sentence)
    if door.wants_json(request):
        return as_json({"error": status, "sentence": said}, status)
    return made.page(request, "login.html", status=status, sentence=said, name=name)
