"""`/api/v1`: the acts of allocation for scripts, of the same tables and doors as the pages.

Described by `/api/v1/openapi.json` (docs/openapi.json is the same). Sign in at `/login`; a change
carries the session's form token in `X-Form-Token`, an `Idempotency-Key`, and the version that its
sender saw in `If-Match`.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tgd.accounts import Seat
from tgd.casework import transfer_form
from tgd.casework.file_acts import BY_NAME as FILE_ACTS
from tgd.casework.openapi import document
from tgd.casework.stock_acts import BY_NAME as STOCK_ACTS
from tgd.casework.stock_acts import IN_STOCK, Keyed
from tgd.rules.access import Act
from tgd.serving import TooLarge, TooSlow, read_body
from tgd.web import casework, census, clearances, deadlines, delegations, door, stock, transfers
from tgd.web.casework import as_answer
from tgd.web.console import Console
from tgd.web.doing import (
    DONE_BEFORE,
    OTHER_REQUEST,
    Ended,
    as_officer,
    sent,
    version_of,
    was_faster,
)
from tgd.web.render import Pages, as_json
from tgd.web.replays import LONGEST_KEY, Replays, fingerprint, word_of
from tgd.web.words import word

BEING_DONE = word("This very request is being done: ask again in a moment.")
Made = Callable[[], Awaitable[Response]]
Doing = Callable[[Seat, dict[str, str]], Awaitable[Ended]]
Answer = Callable[[Seat, Ended], Awaitable[Response]]


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """Everything under `/api/v1` but the papers."""
    replays = Replays()
    _add_reading(app, console)
    _add_files(app, console, replays)
    _add_stock(app, console, replays)
    _add_delegations(app, console, replays)
    _add_census(app, console, replays)
    _add_deadlines(app, console, replays)
    _add_transfers(app, console, replays)
    for kind in clearances.MADE:
        _add_terms(app, console, replays, kind)


def _add_reading(app: FastAPI, console: Console) -> None:
    @app.get("/api/v1/openapi.json")
    async def openapi() -> Response:
        return as_json(document())

    @app.get("/api/v1/files")
    async def files(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.SEE_FILES)
        return as_json(await casework.the_lists(console, seat, request))

    @app.get("/api/v1/files/{file_id}")
    async def file(request: Request, file_id: str) -> Response:
        seat = await _unlocked(console, request, Act.SEE_FILES)
        said = await casework.the_file(console, seat, door.uuid_of(file_id))
        answer = as_json(said)
        answer.headers["etag"] = f'"{said["version"]}"'
        return answer

    @app.get("/api/v1/stock")
    async def the_stock(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.SEE_STOCK)
        return as_json(await stock.the_board(console, seat, door.page_of(request)))

    @app.get("/api/v1/stock/{handset}")
    async def handset(request: Request, handset: str) -> Response:
        seat = await _unlocked(console, request, Act.SEE_STOCK)
        return await _handset(console, seat, handset, Ended(200))


def _add_files(app: FastAPI, console: Console, replays: Replays) -> None:
    @app.post("/api/v1/files")
    async def refer(request: Request) -> Response:
        async def answer(_: Seat, ended: Ended) -> Response:
            return as_json({"file": ended.result}, 201)

        do = partial(casework.do_refer, console, request)
        return await _act(console, request, replays, Act.REFER, do, answer)

    @app.post("/api/v1/files/{file_id}/{name}")
    async def act(request: Request, file_id: str, name: str) -> Response:
        found, one = door.uuid_of(file_id), FILE_ACTS.get(name)
        if one is None:
            raise door.NotThere
        body = await _body(request)
        seat, form = await sent(console, request, one.act)
        version = version_of(request.headers.get("if-match", ""))

        async def done() -> Response:
            ended = await casework.do_act(console, request, seat, one, found, form, version)
            return await as_answer(console, seat, found, _matched(ended, version))

        return await _once(console, request, replays, seat, body, done)


def _add_stock(app: FastAPI, console: Console, replays: Replays) -> None:
    @app.post("/api/v1/stock/{name}")
    async def in_stock(request: Request, name: str) -> Response:
        if name not in IN_STOCK:
            raise door.NotThere

        async def do(seat: Seat, form: dict[str, str]) -> Ended:
            return await stock.do_in_stock(console, request, seat, name, form)

        async def answer(_: Seat, ended: Ended) -> Response:
            if name == "order":
                return as_json({"handset": ended.result}, 201)
            one = ended.result
            if name == "refill":
                return as_json({"handsets": one}, 201)
            if name == "accept-model":
                return as_json({"model": one and one.model}, 201)
            return as_json({"recall": one.recall, "set_aside": one.set_aside,
                            "carried": one.carried})  # fmt: skip

        return await _act(console, request, replays, IN_STOCK[name][0], do, answer)

    @app.post("/api/v1/stock/{handset}/{name}")
    async def act(request: Request, handset: str, name: str) -> Response:
        one = STOCK_ACTS.get(name)
        if one is None:
            raise door.NotThere
        body = await _body(request)
        seat, form = await sent(console, request, one.act)
        version = version_of(request.headers.get("if-match", ""))

        async def done() -> Response:
            ended = await stock.do_act(console, request, seat, one, handset, form, version)
            return await _handset(console, seat, handset, _matched(ended, version))

        return await _once(console, request, replays, seat, body, done)


def _add_census(app: FastAPI, console: Console, replays: Replays) -> None:
    @app.get("/api/v1/census")
    async def lies(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.COUNT_STOCK)
        return as_json(await census.the_census(console, seat))

    @app.post("/api/v1/census")
    async def count(request: Request) -> Response:
        async def answer(seat: Seat, _: Ended) -> Response:
            return as_json(await census.the_census(console, seat), 201)

        do = partial(census.do_count, console, request)
        return await _act(console, request, replays, Act.COUNT_STOCK, do, answer)


def _add_delegations(app: FastAPI, console: Console, replays: Replays) -> None:
    @app.get("/api/v1/delegations")
    async def listed(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.DELEGATE)
        return as_json(await delegations.the_delegations(console, seat))

    @app.post("/api/v1/delegations")
    async def delegate(request: Request) -> Response:
        async def answer(_: Seat, ended: Ended) -> Response:
            return as_json({"delegation": ended.result and str(ended.result.id)}, 201)

        do = partial(delegations.do_delegate, console, request)
        return await _act(console, request, replays, Act.DELEGATE, do, answer)

    @app.post("/api/v1/delegations/{delegation}/end")
    async def end(request: Request, delegation: str) -> Response:
        async def answer(seat: Seat, _: Ended) -> Response:
            return as_json(await delegations.the_delegations(console, seat))

        do = partial(delegations.do_end, console, request, delegation)
        return await _act(console, request, replays, Act.DELEGATE, do, answer)


def _add_deadlines(app: FastAPI, console: Console, replays: Replays) -> None:
    @app.get("/api/v1/deadlines")
    async def listed(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.ACKNOWLEDGE_DEADLINE)
        return as_json(await deadlines.the_deadlines(console, seat, request))

    @app.post("/api/v1/deadlines/{deadline}/acknowledge")
    async def acknowledge(request: Request, deadline: str) -> Response:
        async def answer(_: Seat, ended: Ended) -> Response:
            return as_json({"deadline": deadline})

        do = partial(deadlines.do_acknowledge, console, request, deadline)
        return await _act(console, request, replays, Act.ACKNOWLEDGE_DEADLINE, do, answer)


def _add_transfers(app: FastAPI, console: Console, replays: Replays) -> None:
    @app.get("/api/v1/transfers")
    async def listed(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.OPEN_FILE)
        return as_json(await transfers.the_transfers(console, seat))

    for how in transfer_form.FIELDS:
        _add_answer(app, console, replays, how)


def _add_answer(app: FastAPI, console: Console, replays: Replays, how: str) -> None:
    @app.post(f"/api/v1/transfers/{{transfer}}/{how}")
    async def answer_it(request: Request, transfer: str) -> Response:
        async def answer(_: Seat, ended: Ended) -> Response:
            return as_json({"transfer": transfer, "answered": how})

        do = partial(transfers.do_answer, console, request, transfer, how)
        return await _act(console, request, replays, Act.DECIDE, do, answer)


def _add_terms(app: FastAPI, console: Console, replays: Replays, kind: str) -> None:
    """Clearances, or agreements."""

    @app.get(f"/api/v1/{kind}")
    async def listed(request: Request) -> Response:
        seat = await _unlocked(console, request, Act.SEE_CLEARANCES)
        return as_json({kind: (await clearances.the_terms(console, seat))[kind]})

    @app.post(f"/api/v1/{kind}")
    async def make(request: Request) -> Response:
        async def answer(_: Seat, ended: Ended) -> Response:
            return as_json({kind[:-1]: ended.result and str(ended.result.id)}, 201)

        do = partial(clearances.do_make, console, request, kind)
        return await _act(console, request, replays, Act.CLEAR, do, answer)

    @app.post(f"/api/v1/{kind}/{{term}}/revoke")
    async def revoke(request: Request, term: str) -> Response:
        async def answer(seat: Seat, _: Ended) -> Response:
            return as_json({kind: (await clearances.the_terms(console, seat))[kind]})

        do = partial(clearances.do_revoke, console, request, kind, term)
        return await _act(console, request, replays, Act.CLEAR, do, answer)


async def _unlocked(console: Console, request: Request, act: Act) -> Seat:
    seat = await door.allowed(console, request, act)
    if seat.locked:
        raise door.Locked
    return seat


async def _body(request: Request) -> bytes:
    """The bytes, read once within the limit; the form is read from them afterwards."""
    try:
        request._body = await read_body(request, door.FORM_LIMIT_BYTES)
    except TooLarge:
        raise door.Rejected(413, door.TOO_LARGE) from None
    except TooSlow:
        raise door.Rejected(408, door.UNREADABLE) from None
    return request._body


async def _act(
    console: Console, request: Request, replays: Replays, needed: Act, do: Doing, answer: Answer
) -> Response:
    """The form, the act, once, and its answer; a refusal is the same for all."""
    body = await _body(request)
    seat, form = await sent(console, request, needed)

    async def done() -> Response:
        ended = await do(seat, form)
        if ended.result is DONE_BEFORE:
            return as_json({"done": True})
        return await answer(seat, ended) if ended.is_done else _refusal(ended)

    return await _once(console, request, replays, seat, body, done)


async def _once(
    console: Console, request: Request, replays: Replays, seat: Seat, body: bytes, done: Made
) -> Response:
    """The answer; under a key that was used before, the answer that was given then."""
    key = request.headers.get("idempotency-key", "")[:LONGEST_KEY]
    if not key:
        return await done()
    path = request.url.path
    request.state.kept_word = word_of(key, path, body)
    known = replays.begin(seat.name, key, path, body)
    if known is not None:
        if known.fingerprint != fingerprint(path, body):
            raise door.Rejected(422, OTHER_REQUEST)
        if known.answer is None:
            raise door.Rejected(409, BEING_DONE)
        status, said, headers = known.answer
        return Response(said, status, headers | {"idempotent-replay": "true"})
    try:
        answer = await done()
    except BaseException:
        replays.forget(seat.name, key)
        raise
    replays.keep(seat.name, key, answer)
    return answer


def _matched(ended: Ended, version: int | None) -> Ended:
    """Whoever said which version was seen is told that it is not the present one: 412."""
    if version is not None and was_faster(ended):
        return Ended(412, ended.sentence, ended.missing, ended.result)
    return ended


def _refusal(ended: Ended, **more: Any) -> Response:
    said = {"error": ended.status, "sentence": ended.sentence, "missing": ended.missing}
    return as_json(said | more, ended.status)


async def _handset(console: Console, seat: Seat, handset: str, ended: Ended) -> Response:
    """The handset as it is now, with its version as ETag; new keys are shown this once."""
    said = await as_officer(console, seat, lambda s, o: stock.the_handset(s, o, handset))
    body: dict[str, Any] = {"handset": said}
    if isinstance(ended.result, Keyed):
        body["keys"] = stock.keyed(console, ended.result)
    if not ended.is_done:
        body |= {"error": ended.status, "sentence": ended.sentence, "missing": ended.missing}
    answer = as_json(body, ended.status)
    answer.headers["etag"] = f'"{said["version"]}"'
    return answer
