"""The papers of a handset in her hands: what she signs before, the hand-over, the return."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import NotThere, one_of_states, zone_of
from tgd.papers.heading import Asked, head, last_day, made, moment, reached
from tgd.papers.words import BY_HAND, SCOPES, TO_SIGN
from tgd.records import CaseFile
from tgd.rules.access import Act
from tgd.rules.allocation import AllocationState, reference
from tgd.store import casework, equipment, files, papers

CONSENTED = (AllocationState.GRANTED, AllocationState.ACTIVE, AllocationState.SUSPENDED)
"""Once it is granted she reads and signs; again for another handset, or when she changes her
mind."""


def consent(
    session: Session, asked: Asked, file_id: UUID, version: str, words: Mapping[str, str]
) -> dict[str, Any]:
    """What she reads and signs before anything is handed over: the words, and boxes for her answer.

    `words` are ids of the catalogue, by scope. Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id, Act.RECORD_CONSENT)
    if not one_of_states(seen, CONSENTED):
        raise NotThere
    person, kept = files.person(session, seen.person), equipment.preparation(
        session, file_id=seen.id
    )  # fmt: skip
    name = person.name if person else ""
    made(session, asked, seen, "consent")
    rows = [["Dossier", reference(seen.number)], ["Personne protégée", name],
            *([["Terminal préparé", kept.handset]] if kept else []),
            ["Texte présenté", version]]  # fmt: skip
    return head(session, asked, seen, asked.now) | {
        "notice": TO_SIGN, "title": "Accords de la personne protégée", "facts": rows,
        "scopes": [{"title": title, "words": asked.french(words[scope.value])}
                   for scope, title in SCOPES.items()],
        "signatures": [f"La personne protégée : {name}", "Recueilli par :",
                       f"Pour l’association : {seen.association or ''}"],
    }  # fmt: skip


def explanation(
    session: Session, asked: Asked, file_id: UUID, explained: Sequence[str]
) -> dict[str, Any]:
    """What she takes home: on it stands neither a name, nor a court, nor a number.

    `explained` are ids of the catalogue. Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id, Act.RECORD_CONSENT)
    if not one_of_states(seen, CONSENTED):
        raise NotThere
    made(session, asked, seen, "explanation")
    said = head(session, asked, seen, asked.now)
    return {key: said[key] for key in ("day", "demonstration", "reference")} | {
        "title": "Mode d’emploi", "explained": [asked.french(one) for one in explained],
    }  # fmt: skip


def hand_over(
    session: Session,
    asked: Asked,
    file_id: UUID,
    explained: Sequence[str],
    allocation: UUID | None = None,
) -> dict[str, Any]:
    """The certificate of one hand-over, of the newest without an id; also when the handset has
    come back, was replaced or never will, until the file is forgotten. Raises NotAllowed, NotThere.
    """
    seen = reached(session, asked, file_id)
    every = papers.allocations(session, seen.id)
    held = next((one for one in every if allocation in (None, one.id)), None)
    if held is None:
        raise NotThere
    zone, since = zone_of(session, seen), held.since
    name = papers.name_then(session, seen.id, seen.person, since)
    made(session, asked, seen, "hand-over")
    back = [["Rendu ou repris le", moment(held.ended_at, zone)]] if held.ended_at else []
    return head(session, asked, seen, since) | {
        "notice": BY_HAND,
        "title": "Attestation de remise d’un téléphone grave danger",
        "facts": [["Dossier", reference(seen.number)], ["Personne protégée", name],
                  ["Terminal", held.handset], ["Remis le", moment(since, zone)],
                  ["Attribué jusqu’au", last_day(held.until or asked.now, zone)], *back],
        "consents": _consents(session, seen, since, zone),
        "test": _test(session, seen, held.handset, since, zone),
        "explained": [asked.french(one) for one in explained],
        "signatures": [f"La personne protégée : {name}", "Pour le parquet :",
                       f"Pour l’association : {seen.association or ''}"],
    }  # fmt: skip


def _consents(session: Session, seen: CaseFile, since: datetime, zone: str) -> list[list[str]]:
    """As they stood at the hand-over: what she said afterwards does not change what was signed."""
    return [
        [title, _answer(papers.consent_then(session, seen.person, scope.value, since), zone)]
        for scope, title in SCOPES.items()
    ]


def _answer(one: Any, zone: str) -> str:
    if one is None:
        return "non recueilli"
    answer = "oui" if one.agreed else "non"
    return f"{answer}, le {moment(one.given_at, zone)} (texte {one.wording or 'non noté'})"


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
    zone = zone_of(session, seen)
    name = papers.name_then(session, seen.id, seen.person, one.given_at)
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
