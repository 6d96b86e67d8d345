"""JSON for scripts: the same values and the same access as the pages (docs/console.md)."""

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.rules.access import Act
from tgd.rules.territory import Area
from tgd.store import console as store
from tgd.web import door
from tgd.web.console import Console
from tgd.web.live import rows_for
from tgd.web.pages import the_sheet
from tgd.web.render import Pages, as_json

CLOSED_GIVEN = 50


def add_routes(app: FastAPI, console: Console, _: Pages) -> None:
    """`/api/session`, `/api/alerts`, `/api/alerts/{id}`."""

    @app.get("/api/session")
    async def session_of(request: Request) -> Response:
        seat = await door.seated(console, request)
        return as_json(
            {"name": seat.name, "role": seat.role, "form_token": seat.form_token,
             "locked": seat.locked, "ends_at": seat.ends_at}
        )  # fmt: skip

    @app.get("/api/alerts")
    async def alerts(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.SEE_ALERTS)
        return as_json(await console.ask(lambda session: _listed(session, seat, console.areas)))

    @app.get("/api/alerts/{alert_id}")
    async def alert(request: Request, alert_id: str) -> Response:
        found = door.uuid_of(alert_id)
        seat = await door.allowed(console, request, Act.SEE_ALERTS, alert=found)
        if seat.locked:
            raise door.Locked
        return as_json(await the_sheet(console, seat, found))


def _listed(session: Session, seat: Seat, areas: tuple[Area, ...]) -> dict[str, object]:
    rows = [r for r in store.live_rows(session, clock.now()) if r.closed_at is None]
    rows += store.closed_rows(session, CLOSED_GIVEN)
    return {"seq": store.head_seq(session), "alerts": rows_for(session, seat, rows, areas)}
