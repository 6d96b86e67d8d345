"""The pages of the stock: the board, one handset with its acts, the list in and out."""

from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import accepting
from tgd.allocation.acting import NotThere, Officer
from tgd.casework import paper_list, stock_acts, stock_csv
from tgd.casework.csv_list import written
from tgd.casework.fields import read_all
from tgd.casework.imei import imei_in
from tgd.casework.stock_acts import BY_NAME, STOCK_ACTS, Keyed, StockAct
from tgd.rules.access import Act
from tgd.rules.allocation import reference
from tgd.rules.handset import HandsetState
from tgd.rules.keys import sms_key
from tgd.rules.phone import e164
from tgd.serving import TooLarge, TooSlow, read_body
from tgd.store import board, equipment, life, notices
from tgd.web import door, file_labels
from tgd.web.console import Console
from tgd.web.doing import Ended, as_officer, do, sent, version_of
from tgd.web.render import Pages, as_json, as_list

EXPORTED = (*stock_csv.COLUMNS, "id", "state", "is_recalled")
"""What is imported, and beside it what the record made of it."""


LONGEST_SOUGHT = 200
PAGE = 100
"""So many handsets of the board are shown at once; the counts are of all."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/stock`, `/stock.csv`, `/stock/import`, `/stock/{handset}`…"""
    _add_lists(app, console, made)
    _add_import(app, console, made)

    @app.post("/stock/{name}")
    async def in_stock(request: Request, name: str) -> Response:
        """An act on the stock itself: an order, a recall, a model that was tried."""
        if name not in stock_acts.IN_STOCK:
            raise door.NotThere
        seat, form = await sent(console, request, stock_acts.IN_STOCK[name][0])
        ended = await do_in_stock(console, request, seat, name, form)
        if ended.is_done:
            return RedirectResponse("/stock", 303)
        return await board_page(console, made, request, seat, ended, form, name)

    @app.get("/stock/{handset}")
    async def handset(request: Request, handset: str) -> Response:
        seat = await door.allowed(console, request, Act.SEE_STOCK)
        return await handset_page(console, made, request, seat, handset)

    @app.get("/stock/{handset}/{name}")
    async def back(handset: str, name: str) -> Response:
        if name not in BY_NAME:
            raise door.NotThere
        return RedirectResponse(f"/stock/{handset}", 303)

    @app.post("/stock/{handset}/{name}")
    async def act(request: Request, handset: str, name: str) -> Response:
        one = BY_NAME.get(name)
        if one is None:
            raise door.NotThere
        seat, form = await sent(console, request, one.act)
        ended = await do_act(console, request, seat, one, handset, form)
        if ended.is_done and isinstance(ended.result, Keyed):
            return made.page(request, "keyed.html", seat, keyed=keyed(console, ended.result))
        if ended.is_done:  # what was sent to another court is that one's from now on
            return RedirectResponse("/stock" if name == "transfer" else f"/stock/{handset}", 303)
        return await handset_page(console, made, request, seat, handset, ended, form, name)


def _add_lists(app: FastAPI, console: Console, made: Pages) -> None:
    @app.get("/stock")
    async def stock(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_STOCK)
        return await board_page(console, made, request, seat)

    @app.get("/stock/search")
    async def again() -> Response:
        return RedirectResponse("/stock", 303)

    @app.post("/stock/search")
    async def search(request: Request) -> Response:
        """A form that is sent, not an address: a number in an address is in logs."""
        seat, form = await sent(console, request, Act.SEE_STOCK)
        words = form.get("words", "").strip()[:LONGEST_SOUGHT]
        rows = await as_officer(console, seat, lambda s, o: _sought(s, o, words)) if words else []
        if door.wants_json(request):
            return as_json({"found": rows})
        if len(rows) == 1:
            return RedirectResponse(f"/stock/{rows[0]['id']}", 303)
        return await board_page(console, made, request, seat, found=(words, rows))

    @app.get("/stock.csv")
    async def exported(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_STOCK)
        rows = await as_officer(console, seat, lambda s, o: board.exported(s, o.reach.courts))
        found = [dict(row._mapping) for row in rows]
        return as_list(written(found, EXPORTED), "stock.csv")


def _add_import(app: FastAPI, console: Console, made: Pages) -> None:
    @app.get("/stock/import")
    async def page(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SET_ASIDE)
        return made.page(request, "stock_import.html", seat, report=None, sentence=None)

    @app.post("/stock/import")
    async def import_(request: Request) -> Response:
        seat, form, raw = await _sent_file(console, request)
        ended = await do_import(console, request, seat, form, raw)
        report = ended.result if ended.is_done else None
        status = ended.status if not ended.is_done or not report or not report.bad else 422
        return made.page(request, "stock_import.html", seat, status, report=report,
                         sentence=ended.sentence or None)  # fmt: skip


async def _sent_file(console: Console, request: Request) -> tuple[Seat, dict[str, str], bytes]:
    """A form with one file, read within its limit before anything looks at it."""
    door.must_be_ours(request)
    seat = await door.allowed(console, request, Act.SET_ASIDE)
    if seat.locked:
        raise door.Locked
    try:
        request._body = await read_body(request, stock_csv.LARGEST_BYTES)
    except TooLarge:
        raise door.Rejected(413, door.TOO_LARGE) from None
    except TooSlow:
        raise door.Rejected(408, door.UNREADABLE) from None
    async with request.form(max_files=1, max_fields=10) as sent_:
        texts = {name: one for name, one in sent_.items() if isinstance(one, str)}
        given = sent_.get("file")
        raw = await given.read() if given is not None and not isinstance(given, str) else b""
    door.must_have_token(request, seat, texts)
    return seat, texts, raw


async def do_import(
    console: Console, request: Request, seat: Seat, form: dict[str, str], raw: bytes
) -> Ended:
    """Judge or order what the file lists."""
    dry_run = form.get("dry_run", "yes") != "no"
    return await do(
        console, request, seat, form.get("once", ""),
        lambda s, o: stock_csv.import_stock(s, o, raw, clock.now(), dry_run=dry_run),
    )  # fmt: skip


async def do_in_stock(
    console: Console, request: Request, seat: Seat, name: str, form: dict[str, str]
) -> Ended:
    """An order, a recall, or a model that was tried."""
    _, fields, doing = stock_acts.IN_STOCK[name]

    def act(session: Session, officer: Officer) -> Any:
        return doing(session, officer, read_all(fields, form), clock.now())

    return await do(console, request, seat, form.get("once", ""), act)


async def do_act(
    console: Console, request: Request, seat: Seat, one: StockAct, handset: str,
    form: dict[str, str], version: int | None = None,
) -> Ended:  # fmt: skip
    """One act of the table on one handset."""
    seen = version if version is not None else version_of(form.get("version", ""))

    def act(session: Session, officer: Officer) -> Any:
        the_handset(session, officer, handset)
        said = read_all(one.fields, form)
        return stock_acts.do(session, officer, one, handset, said, clock.now(), version=seen)

    return await do(console, request, seat, form.get("once", ""), act)


def the_handset(session: Session, officer: Officer, handset: str) -> dict[str, Any]:
    """One row of the board with its life; raises NotThere for a handset of another court."""
    row = board.handset(session, officer.reach.courts, door.handset_of(handset))
    if row is None:
        raise NotThere
    silent = notices.undelivered(session, handset=handset)
    recall = equipment.recall_of(session, handset)
    return dict(row._mapping) | {
        "not_delivered_at": min(silent.values(), default=None),
        "papers": paper_list.of_handset(session, handset),
        "life": [dict(one._mapping) for one in life.life_of(session, handset)],
        "recall": recall and {"criterion": recall.criterion, "value": recall.value,
                              "reason": recall.reason, "by": recall.by, "since": recall.at},
    }  # fmt: skip


def keyed(console: Console, one: Keyed) -> dict[str, Any]:
    """What the device must be given; the SMS key only where the master key is."""
    key = sms_key(console.keys.master, one.handset, one.key_generation) if console.keys else None
    return {"handset": one.handset, "mqtt_secret": one.mqtt_secret,
            "sms_key": key.hex() if key else None}  # fmt: skip


async def the_board(console: Console, seat: Seat, page: int) -> dict[str, Any]:
    """Stocks, a page of the handsets, files that wait for one; never who carries which."""

    def ask(session: Session, officer: Officer) -> dict[str, Any]:
        courts = officer.reach.courts
        waiting = [dict(r._mapping) for r in board.waiting_files(session, courts)]
        free = {court: board.free_in_court(session, court) for court in
                sorted({w["court"] for w in waiting})}  # fmt: skip
        cells = [dict(r._mapping) for r in board.cells(session, courts)]
        rows = board.handsets(session, courts, skip=(page - 1) * PAGE, limit=PAGE)
        return {
            "pools": [dict(r._mapping) for r in board.pools(session, courts)],
            "cells": cells, "total": sum(cell["count"] for cell in cells),
            "page": page, "size": PAGE, "handsets": [dict(r._mapping) for r in rows],
            "waiting": [w | {"reference": reference(w["number"])} for w in waiting],
            "free": free,
            "all_pools": [dict(r._mapping) for r in board.all_pools(session)],
            "models": accepting.models_shown(session, officer),
            "sent": paper_list.sent_away(session, courts),
        }  # fmt: skip

    found: dict[str, Any] = await as_officer(console, seat, ask)
    return found


def _sought(session: Session, officer: Officer, words: str) -> list[dict[str, Any]]:
    """By its id, IMEI, IMSI or number, as a hand scanner or a person types them."""
    is_id = any(c.isalpha() for c in words)  # the digits of an id are no IMEI
    typed = "" if is_id else "".join(c for c in words if c.isdigit() and c.isascii())
    digits = imei_in(words) or typed
    rows = board.sought(session, officer.reach.courts, words, digits, e164(words))
    return [dict(row._mapping) for row in rows]


async def board_page(
    console: Console, made: Pages, request: Request, seat: Seat, ended: Ended | None = None,
    form: dict[str, str] | None = None, wrong: str = "",
    found: tuple[str, list[dict[str, Any]]] | None = None,
) -> Response:  # fmt: skip
    """The board; with what was refused, or with what was sought."""
    if seat.locked:
        raise door.Locked
    said = await the_board(console, seat, door.page_of(request))
    if found is not None:
        said |= {"handsets": found[1], "total": len(found[1])}
    if door.wants_json(request):
        refusal = {} if ended is None else {"error": ended.status, "sentence": ended.sentence}
        return as_json(said | refusal, ended.status if ended else 200)
    cells: dict[tuple[str, str], dict[str, int]] = {}
    for one in said["cells"]:
        cells.setdefault((one["pool"], one["model"]), {})[one["state"]] = one["count"]
    used = [state for state in HandsetState if any(state in row for row in cells.values())]
    return made.page(
        request, "stock.html", seat, ended.status if ended else 200, board=said, cells=cells,
        used=used, ended=ended, form=form or {}, wrong=wrong, files=file_labels,
        words=found[0] if found else "", order_fields=stock_acts.ORDER_FIELDS,
        recall_fields=stock_acts.RECALL_FIELDS, accept_fields=stock_acts.ACCEPT_FIELDS,
    )  # fmt: skip


async def handset_page(
    console: Console, made: Pages, request: Request, seat: Seat, handset: str,
    ended: Ended | None = None, form: dict[str, str] | None = None, wrong: str = "",
) -> Response:  # fmt: skip
    """One handset and the acts that its state allows."""
    if seat.locked:
        raise door.Locked
    one = await as_officer(console, seat, lambda s, o: the_handset(s, o, handset))
    pools = await console.ask(board.all_pools)
    status = ended.status if ended else 200
    if door.wants_json(request):
        refusal = {} if ended is None else {"error": status, "sentence": ended.sentence}
        return as_json({"handset": one} | refusal, status)
    offered = [act for act in STOCK_ACTS if _fits(act, seat, one)]
    return made.page(
        request, "handset.html", seat, status, one=one, offered=offered, ended=ended,
        form=form or {}, wrong=wrong, files=file_labels, pools=pools,
    )  # fmt: skip


def _fits(act: StockAct, seat: Seat, one: dict[str, Any]) -> bool:
    """Whether the page offers the act; the act itself decides again."""
    state = HandsetState(one["state"])
    if (act.name == "place" and one["pool"]) or (
        act.name == "lift-recall" and not one["is_recalled"]
    ):
        return False
    if act.name == "receive" and state is not HandsetState.ORDERED and not one["comes_from"]:
        return False
    return act.is_offered(seat.role, state)
