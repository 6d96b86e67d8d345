"""The sheet for the hours without screens: every open alert on paper, with the time it was made.

It is fresh as long as its page stays open in a browser that prints: static/paper.js renews it.
"""

from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.rules.access import Act
from tgd.store import console as store
from tgd.web import door
from tgd.web.console import Console
from tgd.web.facts import sheet_of
from tgd.web.render import Pages

MOST = 100
FRESH_FOR_S = 120
"""After so long the page asks for itself again, and on paper it is to be doubted."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/on-paper`."""

    @app.get("/on-paper")
    async def on_paper(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.TAKE, acting=False)
        if seat.locked:
            raise door.Locked
        sheets, all_open = await console.ask(lambda session: _sheets(console, session, seat))
        return made.page(
            request, "on_paper.html", seat, sheets=sheets, left_out=all_open - len(sheets),
            rooms=rooms(console), fresh_for_s=FRESH_FOR_S,
        )  # fmt: skip


def _sheets(console: Console, session: Session, seat: Seat) -> tuple[list[dict[str, Any]], int]:
    """Open alerts as this very person may see them now; each look is written down."""
    now = clock.now()
    rows = [row for row in store.live_rows(session, now) if row.closed_at is None]
    shown = [
        sheet_of(session, seat, row.id, now, console.keys, console.areas) for row in rows[:MOST]
    ]
    return [sheet for sheet in shown if sheet is not None], len(rows)


def rooms(console: Console) -> list[tuple[str, str]]:
    """The control rooms that we know, and their other lines."""
    return sorted({(area.control_room, area.line) for area in console.areas if area.line})
