"""What a file tells on paper: the case sheet, the referral with assessment and opinion, a loss."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import NotThere, zone_of
from tgd.papers.heading import Asked, day, head, instant, made, moment, part, reached
from tgd.papers.words import BY_HAND, DECLARED, SHEET, TO_KEEP, TOLD
from tgd.records import CaseFile
from tgd.rules.access import Act
from tgd.rules.allocation import reference
from tgd.rules.case_sheet import AGREED
from tgd.rules.handset import IncidentKind
from tgd.store import casework, equipment, files, papers

ReadGrid = Callable[[str, Mapping[str, str]], list[tuple[str, str]]]


def sheet(session: Session, asked: Asked, file_id: UUID) -> dict[str, Any]:
    """The *fiche navette* that counts now; the words agreed with her are said by nobody on paper.

    For those who write it with her. Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id, Act.CHANGE_CIRCUMSTANCES)
    one = equipment.sheet(session, seen.id)
    if one is None or not one.sheet:
        raise NotThere
    zone = zone_of(session, seen)
    made(session, asked, seen, "sheet")
    room = f"{one.control_room} ({asked.french(one.force or '')})" if one.control_room else None
    return head(session, asked, seen, asked.now) | {
        "notice": TO_KEEP, "title": "Fiche navette",
        "facts": [["Dossier", reference(seen.number)], ["Version", str(one.version)],
                  ["Relue avec elle le", moment(one.confirmed_at, zone)],
                  ["Association", seen.association or "aucune"],
                  ["Intervient à son domicile", room or "non déterminé"]],
        "parts": [part(title, _sheet_rows(one.sheet, names)) for title, names in SHEET.items()],
        "signatures": [],
    }  # fmt: skip


def _sheet_rows(sheet: Mapping[str, Any], names: Mapping[str, str]) -> list[list[str]]:
    rows = []
    for name, title in names.items():
        said = sheet.get(name)
        if name in AGREED:
            rows.append([title, "convenu" if said else "aucun"])
        else:
            rows.append([title, _said(name, said) or "non renseigné"])
    return rows


def _said(name: str, said: Any) -> str:
    if name == "places":
        return " ; ".join(f"{one.get('label', '')}, {one.get('city', '')}" for one in said or [])
    if name == "birth_date" and said:
        return day(date.fromisoformat(said))
    return " ; ".join(said) if isinstance(said, list) else str(said or "")


def referral(
    session: Session, asked: Asked, file_id: UUID, read_grid: ReadGrid
) -> dict[str, Any]:  # fmt: skip
    """All that was reported, each assessment by the grid that it answered, each opinion.

    For the court and for the association that accompanies her. Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id, Act.FOLLOW_UP)
    zone, person = zone_of(session, seen), files.person(session, seen.person)
    made(session, asked, seen, "referral")
    return head(session, asked, seen, asked.now) | {
        "notice": TO_KEEP, "title": "Signalement, évaluation et avis",
        "facts": [["Dossier", reference(seen.number)],
                  ["Personne signalée", person.name if person else ""],
                  ["Association", seen.association or "aucune"]],
        "parts": [*_referrals(session, seen, zone), *_assessments(session, asked, seen, read_grid),
                  *_opinions(session, asked, seen)],
        "signatures": [],
    }  # fmt: skip


def _referrals(session: Session, seen: CaseFile, zone: str) -> list[dict[str, Any]]:
    return [
        part(
            "Signalement urgent" if row.is_urgent else "Signalement",
            [["Reçu le", moment(row.received_at, zone)], ["Source", row.source],
             ["Enregistré par", row.by],
             *([["Pour la joindre", row.contact]] if row.contact else [])],
            row.words,
        )
        for row in casework.referrals(session, seen.id)
    ]  # fmt: skip


def _assessments(
    session: Session, asked: Asked, seen: CaseFile, read_grid: ReadGrid
) -> list[dict[str, Any]]:
    zone = zone_of(session, seen)
    return [
        part(
            "Évaluation du danger",
            [["Grille", row.grid], ["Par", row.by], ["Le", moment(row.made_at, zone)],
             *([asked.french(question), asked.french(answer)]
               for question, answer in read_grid(row.grid, row.answers))],
        )
        for row in reversed(casework.assessments(session, seen.id))
    ]  # fmt: skip


def _opinions(session: Session, asked: Asked, seen: CaseFile) -> list[dict[str, Any]]:
    zone = zone_of(session, seen)
    return [
        part(f"Avis {asked.french(row.kind)}",
              [["Par", row.by], ["Le", moment(row.given_at, zone)]], row.words)
        for row in reversed(casework.opinions(session, seen.id))
    ]  # fmt: skip


def timeline(
    session: Session, asked: Asked, file_id: UUID, words: Mapping[str, str]
) -> dict[str, Any]:
    """All that was done with the file, as a procedure reads it: each line of the journal with its
    place in the chain and its seal, by which `tgd journal verify` finds it unchanged.

    `words` are ids of the catalogue for what the journal writes. Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id)
    zone = zone_of(session, seen)
    rows = papers.lines(session, seen.id)
    made(session, asked, seen, "timeline")
    alerts = casework.alerts_of(session, seen.person)
    return head(session, asked, seen, asked.now) | {
        "notice": TO_KEEP, "title": "Chronologie du dossier",
        "facts": [["Dossier", reference(seen.number)], ["Établie le", moment(asked.now, zone)],
                  ["Par", asked.officer.name], ["Lignes", str(len(rows))]],
        "alerts": [[f"AL-{one.number:06d}", moment(one.opened_at, zone)] for one in alerts],
        "lines": [_line(asked, row, zone, words) for row in rows],
    }  # fmt: skip


def _line(asked: Asked, row: Any, zone: str, words: Mapping[str, str]) -> list[str]:
    kind = str(row.detail.get("kind") or row.detail.get("condition") or "")
    said = asked.french(words.get(row.act, row.act))
    said += f" – {asked.french(words.get(kind, kind))}" if kind else ""
    seal = f"{row.place} · {bytes(row.hash).hex()[:12]}" if row.hash else "à venir"
    return [instant(row.at, zone), said, row.who, seal]


def incident(
    session: Session, asked: Asked, file_id: UUID, incident_id: UUID
) -> dict[str, Any]:  # fmt: skip
    """The declaration of a loss, theft or breakage, for her and whoever took it down to sign.

    Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id, Act.REPORT_INCIDENT)
    every = papers.incidents(session, file_id=seen.id)
    one = next((row for row in every if row.id == incident_id), None)
    if one is None:
        raise NotThere
    zone = zone_of(session, seen)
    name = papers.name_then(session, seen.id, seen.person, one.reported_at)
    made(session, asked, seen, "incident")
    rows = [["Dossier", reference(seen.number)], ["Personne protégée", name]]
    signed = [f"La personne protégée : {name}", f"Déclaration reçue par : {one.by}"]
    said = declared(one, zone, rows) | {"signatures": signed}
    return head(session, asked, seen, one.reported_at) | said


def declared(one: Any, zone: str, rows: list[list[str]]) -> dict[str, Any]:
    """What happened to which handset, and who was told of it; with or without a person."""
    replaced = one.replaced_by or "aucun à ce moment"
    told = [TOLD.get(who.partition(":")[0], who) for who in one.told]
    return {
        "notice": BY_HAND, "title": DECLARED[IncidentKind(one.kind)],
        "facts": [*rows, ["Terminal", one.handset], ["Déclaré le", moment(one.reported_at, zone)],
                  ["Reçu par", one.by], ["Terminal de remplacement", replaced],
                  ["Sont avertis", ", ".join(told)]],
        "parts": [part("Circonstances", [], one.words or "effacées")],
    }  # fmt: skip
