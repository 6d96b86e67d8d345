"""A signed decision as a paper: made of what was signed alone, so that years later it is the same.

The file goes on (a new sheet, another ban, a court that is named otherwise); the decision does not.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import NotThere
from tgd.allocation.signing import is_whole
from tgd.papers.heading import Asked, court_then, day, headed, last_day, made, moment, reached
from tgd.papers.words import (
    CHECKS,
    CONDITIONS,
    DECIDED,
    FINGERPRINT,
    GROUNDS,
    MET,
    ROUTES,
    TITLES,
    UNNAMED,
)
from tgd.records import CaseFile, Decision
from tgd.rules.allocation import DecisionKind, EndReason, reference
from tgd.rules.deadlines import USUAL_ZONE
from tgd.rules.law import Condition, Route
from tgd.store import files
from tgd.store import law as texts

_D = DecisionKind


def decision(
    session: Session, asked: Asked, file_id: UUID, decision_id: UUID
) -> dict[str, Any]:  # fmt: skip
    """One signed decision. Raises NotAllowed, NotThere."""
    seen = reached(session, asked, file_id)
    one = next((d for d in files.decisions(session, seen.id) if d.id == decision_id), None)
    if one is None:
        raise NotThere
    made(session, asked, seen, "decision")
    facts = one.facts or _before_facts(session, seen, one)
    court = facts["court"]
    head = headed(court["name"], court["zone"], facts["file"], one.signed_at)
    return head | {"demonstration": asked.demonstration} | _values(asked, one, facts)


def _before_facts(session: Session, seen: CaseFile, one: Decision) -> dict[str, Any]:
    """Of a decision that was signed before facts were kept: what the record can still say."""
    court, person = court_then(session, seen, one.signed_at), files.person(session, seen.person)
    text = next((text for text in texts.texts(session) if text.version == one.text_version), None)
    return {
        "signatory": {}, "file": reference(seen.number),
        "court": {"name": court.name if court else "", "zone": court.zone if court else USUAL_ZONE},
        "person": person.name if person else "",
        "law": text and {"article": text.article, "from_day": text.from_day.isoformat(),
                         "by_law": text.by_law},
        "conditions": {c.value: {"reference": text.place_of(c) if text else ""} for c in Condition},
    }  # fmt: skip


def _values(asked: Asked, one: Decision, facts: dict[str, Any]) -> dict[str, Any]:
    kind, zone, law = DecisionKind(one.kind), facts["court"]["zone"], facts["law"]
    him = facts.get("restrained_person")
    return {
        "title": TITLES[kind],
        "facts": [["Dossier", facts["file"]], ["Personne protégée", facts["person"]],
                  *([["Personne visée par l’interdiction", him]] if him else []),
                  ["Date de la décision", moment(one.signed_at, zone)], *_looked_at(one)],
        "article": law["article"] if law else "art. 41-3-1 CPP", "law": _law(one, law),
        "wording": law.get("paragraphs", []) if law else [],
        "conditions": _conditions(one, facts), "found": _found(asked, facts),
        "against_advice": one.against_advice,
        "reasons": [line for line in one.reasons.splitlines() if line.strip()],
        "decided": _decided(kind, one, zone), "proof": _proof(one, facts, zone),
    }  # fmt: skip


def _looked_at(one: Decision) -> list[list[str]]:
    """The ground of a withdrawal, what was looked at before it, and the day of his release."""
    said = one.details
    rows = [["Motif", GROUNDS[EndReason(said["ground"])]]] if "ground" in said else []
    rows += [[name, "faite" if said[key] else "non faite"]
             for key, name in CHECKS.items() if key in said]  # fmt: skip
    if said.get("release_on"):
        rows.append(["Libération attendue", day(date.fromisoformat(said["release_on"]))])
    return rows


def _law(one: Decision, law: dict[str, Any] | None) -> str:
    if law is None:
        return "Texte en vigueur non consigné."
    route = f" Voie : {ROUTES[Route(one.route)]}." if one.route else ""
    since = day(date.fromisoformat(law["from_day"]))
    return f"Rédaction en vigueur au {since} ({law['by_law']}).{route}"


def _conditions(one: Decision, facts: dict[str, Any]) -> list[dict[str, str]]:
    rows = facts["conditions"]
    return [
        {"name": CONDITIONS[condition], "met": MET[one.advice.get(condition.value)],
         "evidence": rows.get(condition.value, {}).get("evidence") or "",
         "reference": rows.get(condition.value, {}).get("reference") or ""}
        for condition in Condition
    ]  # fmt: skip


def _found(asked: Asked, facts: dict[str, Any]) -> list[list[str]]:
    """What the conditions rest on: what he is to her, each ban with its days, the ground of 2°."""
    rows = {name: row.get("found") or {} for name, row in facts["conditions"].items()}
    relation, danger = rows.get("covered_relation", {}), rows.get("imminent_danger", {})
    said = [["Lien", asked.french(relation["relation"])]] if relation.get("relation") else []
    said += [["Viol", "oui"]] if relation.get("rape") else []
    said += [["Interdiction", _ban(asked, ban)] for ban in rows.get("ban", {}).get("bans", [])]
    if danger.get("ground"):
        said.append(["Motif du danger imminent", asked.french(danger["ground"])])
    return said


def _ban(asked: Asked, ban: dict[str, Any]) -> str:
    until = ban.get("until")
    ends = f"au {day(date.fromisoformat(until))}" if until else "sans terme connu"
    where = f" ({ban['country']})" if ban.get("country", "FR") != "FR" else ""
    since = day(date.fromisoformat(ban["since"]))
    return f"{asked.french(ban['framework'])}, du {since} {ends}{where}"


def _decided(kind: DecisionKind, one: Decision, zone: str) -> str:
    if one.begins_on is None or one.ends_at is None:
        return DECIDED[kind]
    last = last_day(one.ends_at, zone)
    if kind is _D.SHORTEN:
        return f"La durée de l’attribution est abrégée : elle prend fin le {last} à minuit."
    verb = "est renouvelée" if kind is _D.RENEW else "est accordée"
    return (
        f"L’attribution {verb} du {day(one.begins_on)} au {last} inclus. Le terminal continue de"
        " fonctionner après cette date, jusqu’à sa restitution."
    )


def _proof(one: Decision, facts: dict[str, Any], zone: str) -> list[list[str]]:
    """Who signed, as papers name the person, under which account, and whether all is as it was."""
    who = facts["signatory"]
    name = who.get("name") or one.by
    on_call = " (par délégation de permanence)" if one.on_call else ""
    said = ", ".join(part for part in (name, who.get("capacity")) if part) + on_call
    rows = [["Approuvé par", said], ["Compte", one.by if who.get("name") else one.by + UNNAMED],
            ["Le", moment(one.signed_at, zone)], ["Décision", str(one.id)],
            ["Empreinte SHA-256", one.content_hash]]  # fmt: skip
    whole = is_whole(one)
    return rows if whole is None else [*rows, ["Contrôle de l’empreinte", FINGERPRINT[whole]]]
