"""The pages that are looked at: the list with a sheet, technical items, the journal."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.rules.access import Act, may
from tgd.rules.alert import Outcome, Verified
from tgd.rules.territory import Area
from tgd.store import canaries, states
from tgd.store import console as store
from tgd.technical import HOURS
from tgd.web import door
from tgd.web.console import Console
from tgd.web.facts import log_of, sheet_of
from tgd.web.live import rows_for
from tgd.web.render import Pages

CLOSED_SHOWN = 20


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/`, `/alerts/{id}`, `/alerts/{id}/log`, `/keys`, `/technical`, `/journal`."""

    @app.get("/")
    async def home(request: Request) -> Response:
        seat = await door.seated(console, request)
        if not may(seat.role, Act.SEE_ALERTS):
            return made.page(request, "welcome.html", seat)
        left = alert_of(request.query_params.get("alert", ""))
        if left and not seat.locked:
            return RedirectResponse(f"/alerts/{left}", 303)
        return await list_page(console, made, request, seat, back=left)

    @app.get("/alerts/{alert_id}")
    async def alert(request: Request, alert_id: str) -> Response:
        found = door.uuid_of(alert_id)
        live = request.query_params.get("part") == "live"
        seat = await door.allowed(console, request, Act.SEE_ALERTS, alert=found, acting=not live)
        if seat.locked:
            raise door.Locked
        if not live:
            return await list_page(console, made, request, seat, found)
        sheet = await the_sheet(console, seat, found)
        return made.page(
            request, "sheet.html", seat, sheet=sheet, sentence=None, written={}, **choices()
        )

    _add_other_pages(app, console, made)


def _add_other_pages(app: FastAPI, console: Console, made: Pages) -> None:
    @app.get("/alerts/{alert_id}/log")
    async def log(request: Request, alert_id: str) -> Response:
        """All that was done about it, to be printed."""
        found, page = door.uuid_of(alert_id), door.page_of(request)
        seat = await door.allowed(console, request, Act.SEE_ALERTS, alert=found)
        if seat.locked:
            raise door.Locked
        now, areas = clock.now(), console.areas
        whole = await console.ask(lambda s: log_of(s, seat, found, now, areas, page))
        if whole is None:
            raise door.NotThere
        return made.page(request, "log.html", seat, log=whole, now=now)

    @app.get("/keys")
    async def keys(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_ALERTS)
        return made.page(request, "keys.html", seat)

    @app.get("/technical")
    async def technical(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_TECHNICAL)
        return await _technical_page(console, made, request, seat)

    @app.get("/journal")
    async def journal(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.READ_JOURNAL)
        asked = request.query_params.get("before", "")
        before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        lines = await console.ask(lambda session: store.journal_page(session, before))
        return made.page(request, "journal.html", seat, lines=lines)


async def _technical_page(console: Console, made: Pages, request: Request, seat: Seat) -> Response:
    """By kind, what was put aside apart; a canary that is not heard is a lost channel."""
    items = await console.ask(states.open_technical)
    known = await console.ask(canaries.listed)
    now = clock.now()
    aside = [i for i in items if i.shelved_until is not None and i.shelved_until > now]
    groups: dict[str, list[Any]] = {}
    for item in items:
        if item not in aside:
            groups.setdefault(item.kind, []).append(item)
    after = timedelta(seconds=console.settings.canary_lost_after_s)
    lost = {c.handset for c in known if c.pressed_at is None or now - c.pressed_at > after}
    return made.page(
        request, "technical.html", seat, groups=groups, aside=aside, canaries=known, lost=lost,
        hours=HOURS, now=now,
    )  # fmt: skip


def alert_of(said: str) -> UUID | None:
    """The alert to which a person comes back after the lock; None for anything else."""
    try:
        return door.uuid_of(said)
    except door.NotThere:
        return None


def choices() -> dict[str, Any]:
    """What the forms of the sheet offer."""
    return {"findings": list(Verified), "outcomes": [o for o in Outcome if o is not Outcome.TEST]}


async def the_sheet(console: Console, seat: Seat, alert: UUID) -> dict[str, Any]:
    """The sheet as this person may see it now; raises NotThere."""
    now = clock.now()
    sheet = await console.ask(
        lambda session: sheet_of(session, seat, alert, now, console.keys, console.areas)
    )
    if sheet is None:
        await door.refuse(console, seat, Act.SEE_ALERTS.value, alert)
        raise door.NotThere
    return sheet


async def list_page(
    console: Console, made: Pages, request: Request, seat: Seat, selected: UUID | None = None,
    *, status: int = 200, sentence: str | None = None, written: dict[str, str] | None = None,
    back: UUID | None = None,
) -> Response:  # fmt: skip
    """The list, and the sheet of the selected alert; or the lock, which leads `back` to one."""
    seq, rows = await console.ask(lambda session: _rows(session, seat, console.areas))
    sheet = await the_sheet(console, seat, selected) if selected else None
    lists: dict[str, list[dict[str, Any]]] = {
        "real": [], "exercise": [], "test": [], "closed": [],
    }  # fmt: skip
    for row in rows:
        lists[row["list"]].append(row)
    return made.page(
        request, "console.html", seat, status, lists=lists, seq=seq, sheet=sheet,
        sentence=sentence, written=written or {}, selected=str(selected) if selected else None,
        closed_shown=CLOSED_SHOWN, back=back, **choices(),
    )  # fmt: skip


def _rows(
    session: Session, seat: Seat, areas: tuple[Area, ...]
) -> tuple[int, list[dict[str, Any]]]:
    """The journal's head first: what comes meanwhile is then sent again."""
    seq = store.head_seq(session)
    rows = store.live_rows(session, clock.now())
    rows = [r for r in rows if r.closed_at is None] + store.closed_rows(session, CLOSED_SHOWN)
    return seq, rows_for(session, seat, rows, areas)
