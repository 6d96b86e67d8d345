"""The papers of a handset in her hands: the certificate of the hand-over, that of the return."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import NotThere, zone_of
from tgd.papers.heading import Asked, head, last_day, made, moment, reached
from tgd.papers.words import BY_HAND, EXPLAINED, SCOPES
from tgd.records import CaseFile
from tgd.rules.allocation import reference
from tgd.store import casework, equipment, files


def hand_over(session: Session, asked: Asked, file_id: UUID) -> dict[str, Any]:
    """The certificate of the hand-over that runs. Raises NotAllowed, NotThere."""
    seen = reached(session, asked, file_id)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is None:
        raise NotThere
    zone, person = zone_of(session, seen), files.person(session, seen.person)
    since = held.period.lower or asked.now
    name = person.name if person else ""
    made(session, asked, seen, "hand-over")
    return head(session, asked, seen, since) | {
        "notice": BY_HAND,
        "title": "Attestation de remise d’un téléphone grave danger",
        "facts": [["Dossier", reference(seen.number)], ["Personne protégée", name],
                  ["Terminal", held.handset], ["Remis le", moment(since, zone)],
                  ["Attribué jusqu’au", last_day(held.period.upper or asked.now, zone)]],
        "consents": _consents(session, seen, zone),
        "test": _test(session, seen, held.handset, since, zone), "explained": EXPLAINED,
        "signatures": [f"La personne protégée : {name}", "Pour le parquet :",
                       f"Pour l’association : {seen.association or ''}"],
    }  # fmt: skip


def _consents(session: Session, seen: CaseFile, zone: str) -> list[list[str]]:
    rows = []
    for scope, title in SCOPES.items():
        one = files.last_consent(session, seen.person, scope.value)
        said = "non recueilli"
        if one is not None:
            answer = "oui" if one.withdrawn_at is None else "non"
            said = f"{answer}, le {moment(one.given_at, zone)} (texte {one.wording or 'non noté'})"
        rows.append([title, said])
    return rows


def _test(
    session: Session, seen: CaseFile, handset: str, since: datetime, zone: str
) -> list[list[str]]:
    """The newest before the hand-over: an older one was pressed with keys that count no more."""
    tests = [
        row for row in casework.tests(session, seen.id)
        if row.handset == handset and row.heard_at <= since
    ]  # fmt: skip
    if not tests:
        return [["Essai", "aucun"]]
    return [["Reçu le", moment(tests[0].heard_at, zone)], ["Validé par", tests[0].validated_by]]


def return_(session: Session, asked: Asked, file_id: UUID) -> dict[str, Any]:
    """The *attestation de restitution*. Raises NotAllowed, NotThere."""
    seen = reached(session, asked, file_id)
    one = equipment.certificate(session, seen.id)
    if one is None:
        raise NotThere
    zone, person = zone_of(session, seen), files.person(session, seen.person)
    name = person.name if person else ""
    made(session, asked, seen, "return")
    return head(session, asked, seen, one.given_at) | {
        "notice": BY_HAND,
        "title": "Attestation de restitution d’un téléphone grave danger",
        "facts": [["Dossier", reference(seen.number)], ["Personne protégée", name],
                  ["Terminal", one.handset], ["Restitué le", moment(one.given_at, zone)],
                  ["Reçu par", one.received_by], ["En présence de", one.witness]],
        "clocks": [
            ["Plateforme de téléassistance", f"avant le {moment(one.platform_erases_by_at, zone)}"],
            ["Traces des accès", f"avant le {moment(one.traces_erased_by_at, zone)}"],
        ],
        "signatures": [f"La personne protégée : {name}", "Pour le parquet :",
                       f"Pour l’association : {one.witness}"],
    }  # fmt: skip
