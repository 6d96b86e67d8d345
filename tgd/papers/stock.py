"""The papers of a handset itself, with nobody's name: its journeys, its erasures, its losses."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import NotThere, found_handset, must, write
from tgd.papers.dossier import declared
from tgd.papers.heading import Asked, headed, moment, part
from tgd.papers.words import BY_HAND
from tgd.rules.access import Act
from tgd.rules.deadlines import USUAL_ZONE
from tgd.store import papers

Head = Callable[[datetime], dict[str, Any]]


def receipt(session: Session, asked: Asked, handset: str, journey: UUID) -> dict[str, Any]:
    """What goes along from one stock to another, signed where it arrives; for both of them, though
    it is the other one's since it was sent. Raises NotAllowed, NotThere."""
    must(asked.officer, Act.SEE_STOCK)
    one = _one(papers.journeys(session, handset), journey)
    if not asked.officer.reach.courts & {one.from_court, one.to_court}:
        found_handset(session, asked.officer, Act.SEE_STOCK, handset)
    head, zone, parts = _described(session, asked, handset)
    received = moment(one.received_at, zone) if one.received_at else "en cours d’acheminement"
    _made(session, asked, handset, "receipt")
    return head(one.sent_at) | {
        "notice": BY_HAND, "title": "Bordereau de transfert d’un terminal", "facts": parts,
        "parts": [
            part("Envoi", [["De", _pool(one.from_name, one.from_pool)],
                            ["Vers", _pool(one.to_name, one.to_pool)],
                            ["Envoyé le", moment(one.sent_at, zone)], ["Par", one.sent_by]]),
            part("Réception", [["Reçu le", received], ["Par", one.received_by or ""]]),
        ],
        "signatures": [f"Expéditeur : {one.sent_by}", f"Destinataire : {one.received_by or ''}"],
    }  # fmt: skip


def erasure(session: Session, asked: Asked, handset: str, wipe: UUID) -> dict[str, Any]:
    """How it is known that it remembers nothing. Raises NotAllowed, NotThere."""
    head, zone, parts = _of(session, asked, handset)
    one = _one(papers.erasures(session, handset), wipe)
    _made(session, asked, handset, "erasure")
    return head(one.wiped_at) | {
        "notice": BY_HAND, "title": "Attestation d’effacement d’un terminal", "facts": parts,
        "parts": [
            part("Effacement", [["Commencé le", moment(one.begun_at, zone)], ["Par", one.begun_by],
                                 ["Achevé le", moment(one.wiped_at, zone)],
                                 ["Attesté par", one.wiped_by or ""],
                                 ["Ses clés, nulles depuis", moment(one.begun_at, zone)]]),
            part("Preuve", [], one.proof or ""),
        ],
        "signatures": [f"Pour le stock : {one.wiped_by or ''}"],
    }  # fmt: skip


def loss(session: Session, asked: Asked, handset: str, incident: UUID) -> dict[str, Any]:
    """What befell it; what was said of it while somebody carried it stays with her file. Raises
    NotAllowed, NotThere."""
    head, zone, parts = _of(session, asked, handset)
    one = _one(papers.incidents(session, handset=handset), incident)
    if one.case_file is not None:
        raise NotThere
    _made(session, asked, handset, "incident")
    said = declared(one, zone, parts[1:])
    return head(one.reported_at) | said | {"signatures": [f"Déclaration reçue par : {one.by}"]}


def _of(session: Session, asked: Asked, handset: str) -> tuple[Head, str, list[list[str]]]:
    """How its papers begin, the zone of its court, and what it is."""
    found_handset(session, asked.officer, Act.SEE_STOCK, handset)
    return _described(session, asked, handset)


def _described(session: Session, asked: Asked, handset: str) -> tuple[Head, str, list[list[str]]]:
    one = papers.handset(session, handset)
    zone = one.zone or USUAL_ZONE
    parts = [["Terminal", one.id], ["Modèle", one.model or "non renseigné"],
             ["IMEI", one.imei or "non renseigné"]]  # fmt: skip

    def head(at: datetime) -> dict[str, Any]:
        begun = headed(one.court or "Stock sans tribunal", zone, one.id, at)
        return begun | {"demonstration": asked.demonstration, "office": one.pool_name or ""}

    return head, zone, parts


def _one(rows: list[Any], known: UUID) -> Any:
    found = next((row for row in rows if row.id == known), None)
    if found is None:
        raise NotThere
    return found


def _made(session: Session, asked: Asked, handset: str, paper: str) -> None:
    write(session, asked.officer.name, "PaperMade", asked.now, handset=handset, paper=paper)


def _pool(name: str | None, code: str | None) -> str:
    return f"{name} ({code})" if name else "aucun stock"
