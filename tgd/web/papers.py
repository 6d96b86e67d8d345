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
from tgd.papers.decision import decision
from tgd.papers.handing_over import hand_over, return_
from tgd.papers.heading import Asked
from tgd.papers.typesetting import pdf
from tgd.rules.access import Act
from tgd.web import door, file_labels
from tgd.web.console import Console
from tgd.web.doing import as_officer
from tgd.web.render import Pages

Fills = Callable[[Session, Asked], dict[str, Any]]


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/files/{id}/papers/{name}.pdf`, and the same under `/api/v1`."""

    @app.get("/files/{file_id}/papers/{name}")
    @app.get("/api/v1/files/{file_id}/papers/{name}")
    async def paper(request: Request, file_id: str, name: str) -> Response:
        found = door.uuid_of(file_id)
        seat = await door.allowed(console, request, Act.RECORD_CONDITION)
        if seat.locked:
            raise door.Locked
        template, fills = _paper(found, name)
        now = clock.now()

        def ask(session: Session, officer: Officer) -> dict[str, Any]:
            return fills(session, Asked(officer, now, french(console),
                                        console.settings.demonstration))  # fmt: skip

        said = await as_officer(console, seat, ask)
        made_of = await asyncio.get_running_loop().run_in_executor(None, pdf, template, said)
        shown = f'inline; filename="{said["reference"]}-{template}.pdf"'
        return Response(made_of, 200, {"content-disposition": shown}, "application/pdf")


def french(console: Console) -> Callable[[str], str]:
    """A choice, or any other id of the catalogue, as the pages say it in French."""
    return lambda one: console.words.say("fr", file_labels.choice(one))


def _paper(file_id: UUID, name: str) -> tuple[str, Fills]:
    """The template, and who fills it; raises door.NotThere for another name."""
    if name == "hand-over.pdf":
        return "hand_over", lambda s, asked: hand_over(s, asked, file_id)
    if name == "return.pdf":
        return "return", lambda s, asked: return_(s, asked, file_id)
    if name.startswith("decision-") and name.endswith(".pdf"):
        one = door.uuid_of(name.removeprefix("decision-").removesuffix(".pdf"))
        return "decision", lambda s, asked: decision(s, asked, file_id, one)
    raise door.NotThere
