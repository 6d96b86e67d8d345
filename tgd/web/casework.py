"""The pages of case files: the lists, one file with its acts, the hand-over, a referral."""

from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation.acting import Officer
from tgd.casework import facts, file_acts, findings, sheet_form
from tgd.casework.fields import read_all
from tgd.casework.file_acts import BY_NAME, FileAct
from tgd.casework.openapi import REFERRAL
from tgd.records import CaseFile
from tgd.rules.access import Act, Role
from tgd.rules.law import Condition
from tgd.rules.scope import BY_ALERT
from tgd.store import board, casework
from tgd.web import door, file_labels
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, sent, version_of
from tgd.web.render import Pages, as_json

PART = {"hand-over": "hand_over.html", "sheet": "case_sheet.html", "assess": "assess.html"}


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/files`, `/files/new`, `/files/{id}`, `/files/{id}/{part or act}`."""
    _add_lists(app, console, made)

    @app.get("/files/{file_id}")
    async def file(request: Request, file_id: str) -> Response:
        seat = await door.allowed(console, request, Act.SEE_FILES)
        return await file_page(console, made, request, seat, door.uuid_of(file_id))

    @app.get("/files/{file_id}/{part}")
    async def part_of(request: Request, file_id: str, part: str) -> Response:
        """A page of its own; the address of an act leads back to the file."""
        found = door.uuid_of(file_id)
        seat = await door.allowed(console, request, Act.SEE_FILES)
        if part in PART:
            if seat.role in BY_ALERT:  # an alert lets them read the file, not work on it
                await door.refuse(console, seat, part, None)
                raise door.NotThere
            return await file_page(console, made, request, seat, found, template=PART[part])
        if part not in BY_NAME:
            raise door.NotThere
        return RedirectResponse(f"/files/{found}", 303)

    @app.post("/files/{file_id}/{name}")
    async def act(request: Request, file_id: str, name: str) -> Response:
        found, one = door.uuid_of(file_id), BY_NAME.get(name)
        if one is None:
            raise door.NotThere
        seat, form = await sent(console, request, one.act)
        ended = await do_act(console, request, seat, one, found, form)
        return await _answer(console, made, request, seat, found, one, form, ended)


def _add_lists(app: FastAPI, console: Console, made: Pages) -> None:
    @app.get("/files")
    async def files(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_FILES)
        return await _lists(console, made, request, seat)

    @app.post("/files/search")
    async def search(request: Request) -> Response:
        """A form that is sent, not an address: a name in an address is in logs and histories."""
        seat, form = await sent(console, request, Act.SEE_FILES)
        words = form.get("words", "")
        rows = await as_officer(
            console, seat, lambda s, officer: facts.sought(s, officer, words, clock.now())
        )
        if door.wants_json(request):
            return as_json({"found": rows})
        return made.page(request, "files.html", seat, lists={"found": rows}, pools=[], words=words,
                         totals={"found": len(rows)}, page=1, size=facts.PAGE,
                         files=file_labels)  # fmt: skip

    @app.get("/files/new")
    async def new(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.REFER)
        if seat.locked:
            raise door.Locked
        courts = await console.ask(lambda session: casework.courts(session))
        return made.page(request, "refer.html", seat, courts=courts, sentence=None, form={},
                         fields=REFERRAL, wrong="refer", files=file_labels)  # fmt: skip

    @app.post("/files/new")
    async def refer(request: Request) -> Response:
        seat, form = await sent(console, request, Act.REFER)
        ended = await do_refer(console, request, seat, form)
        if ended.is_done:
            where = f"/files/{ended.result}" if ended.result and _sees(seat) else "/files"
            return RedirectResponse(where if _sees(seat) else "/", 303)
        courts = await console.ask(lambda session: casework.courts(session))
        return made.page(request, "refer.html", seat, ended.status, courts=courts, form=form,
                         sentence=ended.sentence, fields=REFERRAL, wrong="refer",
                         files=file_labels)  # fmt: skip


def _sees(seat: Seat) -> bool:
    return seat.role in (Role.PROSECUTOR, Role.REGISTRY, Role.ASSOCIATION)


async def do_refer(console: Console, request: Request, seat: Seat, form: dict[str, str]) -> Ended:
    """A referral by somebody who has signed in; the result is the file's id."""

    def refer(session: Session, officer: Officer) -> UUID:
        return file_acts.refer(session, officer, read_all(REFERRAL, form), clock.now())

    return await do(console, request, seat, form.get("once", ""), refer)


async def do_act(
    console: Console, request: Request, seat: Seat, one: FileAct, file_id: UUID,
    form: dict[str, str], version: int | None = None,
) -> Ended:  # fmt: skip
    """One act of the table on one file."""
    seen = version if version is not None else version_of(form.get("version", ""))

    def act(session: Session, officer: Officer) -> Any:
        facts.must_reach(session, officer, one.act, file_id)
        return one.doing(session, officer, file_id, read_all(one.fields, form), clock.now(), seen)

    return await do(console, request, seat, form.get("once", ""), act)


async def the_file(console: Console, seat: Seat, file_id: UUID) -> dict[str, Any]:
    """The file as this person may see it now; raises door.NotThere."""
    now = clock.now()
    found: dict[str, Any] = await as_officer(
        console, seat, lambda session, officer: facts.file_of(session, officer, file_id, now)
    )
    return found


async def file_page(
    console: Console, made: Pages, request: Request, seat: Seat, file_id: UUID, *,
    status: int = 200, ended: Ended | None = None, form: dict[str, str] | None = None,
    wrong: str = "", template: str = "file.html",
) -> Response:  # fmt: skip
    """A file, or a part of it; with the sentence of a refusal and what was written before it."""
    if seat.locked:
        raise door.Locked
    said = await the_file(console, seat, file_id)
    if door.wants_json(request):
        return as_json(said, status)
    return made.page(
        request, template, seat, status, file=said, acts=BY_NAME, ended=ended, form=form or {},
        wrong=wrong, files=file_labels, sheet_fields=sheet_form.FIELDS,
        fields_for=lambda one: findings.fields_of(Condition(one)),
    )  # fmt: skip


async def _answer(
    console: Console, made: Pages, request: Request, seat: Seat, file_id: UUID, one: FileAct,
    form: dict[str, str], ended: Ended,
) -> Response:  # fmt: skip
    if door.wants_json(request):
        return await as_answer(console, seat, file_id, ended)
    page = form.get("page", "")
    if seat.role is Role.STOCK_MANAGER:  # keeps a handset for a file and does not see it
        if not ended.is_done:
            raise door.Rejected(ended.status, ended.sentence)
        return RedirectResponse("/stock", 303)
    if ended.is_done:
        still = page if page == "hand-over" and one.name != "hand-over" else ""
        there = ended.result.id if isinstance(ended.result, CaseFile) else file_id
        return RedirectResponse(f"/files/{there}{'/' + still if still else ''}", 303)
    return await file_page(
        console, made, request, seat, file_id, status=ended.status, ended=ended, form=form,
        wrong=one.name, template=PART.get(page, "file.html"),
    )  # fmt: skip


async def as_answer(console: Console, seat: Seat, file_id: UUID, ended: Ended) -> Response:
    """How an act ended, for scripts: with the file as it is now, and its version as ETag."""
    status = ended.status
    try:
        said: dict[str, Any] | None = await the_file(console, seat, file_id)
    except door.NotThere:  # the stock manager keeps a handset for a file and does not see it
        said = None
    body: dict[str, Any] = {"file": said}
    if not ended.is_done:
        body |= {"error": status, "sentence": ended.sentence, "missing": ended.missing}
    answer = as_json(body, status)
    if said is not None:
        answer.headers["etag"] = f'"{said["version"]}"'
    return answer


async def the_lists(console: Console, seat: Seat, request: Request) -> dict[str, Any]:
    """The files of this person list by list, and how much is left in the stocks; `list` and `page`
    of the address choose a page of one list."""
    now, page = clock.now(), door.page_of(request)
    only = request.query_params.get("list")
    if only is not None and only not in facts.LISTS:
        raise door.NotThere

    def ask(session: Session, officer: Officer) -> dict[str, Any]:
        courts = officer.reach.courts if seat.role is not Role.ASSOCIATION else frozenset()
        pools = [dict(row._mapping) for row in board.pools(session, courts)]
        found = facts.listed(session, officer, now, only=only, page=page)
        return {"lists": found.lists, "totals": found.totals, "page": page, "size": facts.PAGE,
                "stock": pools}  # fmt: skip

    found: dict[str, Any] = await as_officer(console, seat, ask)
    return found


async def _lists(console: Console, made: Pages, request: Request, seat: Seat) -> Response:
    said = await the_lists(console, seat, request)
    if seat.locked:
        raise door.Locked
    if door.wants_json(request):
        return as_json(said)
    return made.page(request, "files.html", seat, lists=said["lists"], pools=said["stock"],
                     totals=said["totals"], page=said["page"], size=facts.PAGE, words="",
                     files=file_labels)  # fmt: skip
