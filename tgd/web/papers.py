"""The papers of a file and of a handset as PDF; each is set in a thread apart."""

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
from tgd.casework import grid
from tgd.casework.file_acts import CONSENT_WORDING
from tgd.papers import decision, dossier, handing_over, stock
from tgd.papers.heading import Asked
from tgd.papers.typesetting import pdf
from tgd.rules.access import Act
from tgd.web import door, file_labels
from tgd.web.console import Console
from tgd.web.doing import as_officer
from tgd.web.render import Pages

Fills = Callable[[Session, Asked], dict[str, Any]]
SAID = {
    **file_labels.ACTS,
    **{one.value: said for one, said in (*file_labels.CONDITIONS.items(),
                                         *file_labels.DEADLINES.items())},
}  # fmt: skip
"""What the journal of a file writes, as ids of the catalogue."""
Paper = tuple[str, Act, Fills]
"""Its template, what only those may do who may have it, and who fills it."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/files/{id}/papers/{name}.pdf`, `/stock/{id}/papers/{name}.pdf`; the same in `/api/v1`."""

    @app.get("/files/{file_id}/papers/{name}")
    @app.get("/api/v1/files/{file_id}/papers/{name}")
    async def of_file(request: Request, file_id: str, name: str) -> Response:
        return await _answer(console, request, _paper(door.uuid_of(file_id), name), name)

    @app.get("/stock/{handset}/papers/{name}")
    @app.get("/api/v1/stock/{handset}/papers/{name}")
    async def of_handset(request: Request, handset: str, name: str) -> Response:
        return await _answer(console, request, _of_stock(handset, name), name)


async def _answer(console: Console, request: Request, paper: Paper, name: str) -> Response:
    template, act, fills = paper
    seat = await door.allowed(console, request, act)
    if seat.locked:
        raise door.Locked
    now = clock.now()

    def ask(session: Session, officer: Officer) -> dict[str, Any]:
        return fills(session, Asked(officer, now, french(console), console.settings.demonstration))

    said = await as_officer(console, seat, ask)
    made_of = await asyncio.get_running_loop().run_in_executor(None, pdf, template, said)
    kind, _ = _named(name)
    shown = f'inline; filename="{said["reference"]}-{kind}.pdf"'
    return Response(made_of, 200, {"content-disposition": shown}, "application/pdf")


def french(console: Console) -> Callable[[str], str]:
    """A choice, or any other id of the catalogue, as the pages say it in French."""
    return lambda one: console.words.say("fr", file_labels.choice(one))


def _named(name: str) -> tuple[str, UUID | None]:
    """`incident-018f….pdf` as kind and id. Raises door.NotThere."""
    if not name.endswith(".pdf"):
        raise door.NotThere
    bare = name.removesuffix(".pdf")
    kinds = ("hand-over", "decision", "incident", "receipt", "erasure")
    for kind in kinds:
        if bare.startswith(f"{kind}-"):
            return kind, door.uuid_of(bare.removeprefix(f"{kind}-"))
    return bare, None


def _paper(file_id: UUID, name: str) -> Paper:
    """A paper of a file; raises door.NotThere for another name."""
    kind, known = _named(name)
    if known is not None:
        return _one_of_many(file_id, kind, known)
    plain: dict[str, Paper] = {
        "consent": ("consent", Act.RECORD_CONSENT, lambda s, asked: handing_over.consent(
            s, asked, file_id, CONSENT_WORDING, file_labels.CONSENTS)),
        "hand-over": ("hand_over", Act.RECORD_CONDITION, lambda s, asked: handing_over.hand_over(
            s, asked, file_id, file_labels.EXPLAINED)),
        "explanation": ("explanation", Act.RECORD_CONSENT, lambda s, asked:
                        handing_over.explanation(s, asked, file_id, file_labels.EXPLAINED)),
        "return": ("return", Act.RECORD_CONDITION,
                   lambda s, asked: handing_over.return_(s, asked, file_id)),
        "sheet": ("sections", Act.CHANGE_CIRCUMSTANCES,
                  lambda s, asked: dossier.sheet(s, asked, file_id)),
        "timeline": ("timeline", Act.RECORD_CONDITION,
                     lambda s, asked: dossier.timeline(s, asked, file_id, SAID)),
        "referral": ("sections", Act.FOLLOW_UP,
                     lambda s, asked: dossier.referral(s, asked, file_id, grid.read)),
    }  # fmt: skip
    if kind not in plain:
        raise door.NotThere
    return plain[kind]


def _one_of_many(file_id: UUID, kind: str, known: UUID) -> Paper:
    """One decision, hand-over or incident of the file."""
    if kind == "decision":
        return (
            "decision",
            Act.RECORD_CONDITION,
            lambda s, asked: decision.decision(s, asked, file_id, known),
        )
    if kind == "hand-over":
        return (
            "hand_over",
            Act.RECORD_CONDITION,
            lambda s, asked: handing_over.hand_over(
                s, asked, file_id, file_labels.EXPLAINED, known
            ),
        )
    if kind == "incident":
        return (
            "sections",
            Act.REPORT_INCIDENT,
            lambda s, asked: dossier.incident(s, asked, file_id, known),
        )
    raise door.NotThere


def _of_stock(handset: str, name: str) -> Paper:
    """A paper of a handset; raises door.NotThere for another name."""
    kind, known = _named(name)
    made = {"receipt": stock.receipt, "erasure": stock.erasure, "incident": stock.loss}
    if known is None or kind not in made:
        raise door.NotThere
    one = door.handset_of(handset)
    return "sections", Act.SEE_STOCK, lambda s, asked: made[kind](s, asked, one, known)
