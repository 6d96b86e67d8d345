"""The papers of a file as PDF: the decision, the hand-over, the return; set in a thread apart."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.allocation.acting import Officer
from tgd.papers import values
from tgd.papers.typesetting import pdf
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import as_officer
from tgd.web.render import Pages

Asks = Callable[[Session, Officer], dict[str, Any]]


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/files/{id}/papers/{name}.pdf`, and the same under `/api/v1`."""

    @app.get("/files/{file_id}/papers/{name}")
    @app.get("/api/v1/files/{file_id}/papers/{name}")
    async def paper(request: Request, file_id: str, name: str) -> Response:
        found = door.uuid_of(file_id)
        seat = await door.allowed(console, request, Act.RECORD_CONDITION)
        if seat.locked:
            raise door.Locked
        template, asks = _asked(found, name, demonstration=console.settings.demonstration)
        said = await as_officer(console, seat, asks)
        made_of = await asyncio.get_running_loop().run_in_executor(None, pdf, template, said)
        shown = f'inline; filename="{said["reference"]}-{template}.pdf"'
        return Response(made_of, 200, {"content-disposition": shown}, "application/pdf")


def _asked(file_id: UUID, name: str, *, demonstration: bool) -> tuple[str, Asks]:
    """The template, and who fills it; raises door.NotThere for another name."""
    now = clock.now()
    if name == "hand-over.pdf":
        return "hand_over", lambda s, o: values.hand_over(
            s, o, file_id, now, demonstration=demonstration
        )
    if name == "return.pdf":
        return "return", lambda s, o: values.return_(
            s, o, file_id, now, demonstration=demonstration
        )
    if name.startswith("decision-") and name.endswith(".pdf"):
        one = door.uuid_of(name.removeprefix("decision-").removesuffix(".pdf"))
        return "decision", lambda s, o: values.decision(
            s, o, file_id, one, now, demonstration=demonstration
        )
    raise door.NotThere
