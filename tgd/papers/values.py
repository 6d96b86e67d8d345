"""What a paper says, as values for its template: read from the record, in French, no markup."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from tgd.allocation.acting import NotThere, Officer, found, write, zone_of
from tgd.records import CaseFile, Court, Decision
from tgd.rules.access import Act, may
from tgd.rules.allocation import DecisionKind, EndReason, reference
from tgd.rules.deadlines import USUAL_ZONE
from tgd.rules.handset import ConsentScope
from tgd.rules.law import Condition, Route
from tgd.rules.law_texts import TEXTS, LegalText
from tgd.store import casework, equipment, files, transfers

NOTICE = (
    "Approuvé dans l’application par la personne nommée ci-dessus, sous son compte personnel ;"
    " l’empreinte permet de vérifier que rien n’a changé depuis. Ce n’est pas une signature"
    " électronique qualifiée."
)
BY_HAND = (
    "Établie d’après le registre de l’application ; ce sont les signatures manuscrites ci-dessus"
    " qui engagent."
)
_D, _C = DecisionKind, Condition
TITLES = {
    _D.GRANT: "Décision d’attribution d’un téléphone grave danger",
    _D.REFUSE: "Décision de rejet d’une demande de téléphone grave danger",
    _D.ASK_FOR_MORE: "Demande de complément",
    _D.RENEW: "Décision de renouvellement d’un téléphone grave danger",
    _D.SHORTEN: "Décision d’abrègement d’un téléphone grave danger",
    _D.SUSPEND: "Décision de suspension d’un téléphone grave danger",
    _D.RESUME: "Décision de reprise d’un téléphone grave danger",
    _D.WITHDRAW: "Décision de retrait d’un téléphone grave danger",
    _D.TRANSFER: "Décision de reprise d’un dossier de téléphone grave danger",
}
DECIDED = {
    _D.REFUSE: "La demande est rejetée.",
    _D.ASK_FOR_MORE: "Un complément est demandé avant de décider.",
    _D.SUSPEND: "L’attribution est suspendue ; le terminal continue de fonctionner.",
    _D.RESUME: "L’attribution reprend son cours.",
    _D.TRANSFER: "Le parquet reprend le dossier. Les décisions déjà signées gardent leur effet.",
    _D.WITHDRAW: "L’attribution prend fin. Le terminal est à restituer et fonctionne jusque-là.",
}
CONDITIONS = {
    _C.GRAVE_DANGER: "Grave danger",
    _C.COVERED_RELATION: "Violences du conjoint ou partenaire, actuel ou ancien, ou viol",
    _C.NO_COHABITATION: "Absence de cohabitation",
    _C.CONSENT: "Consentement exprès",
    _C.BAN: "Interdiction judiciaire d’entrer en contact (1°)",
    _C.IMMINENT_DANGER: "Danger avéré et imminent (2°)",
    _C.GEOLOCATION: "Accord à la géolocalisation (distinct, non exigé)",
}
ROUTES = {Route.BAN: "1° (interdiction judiciaire)", Route.IMMINENT_DANGER: "2° (danger imminent)"}
MET = {True: "remplie", False: "non remplie", None: "non établie"}
SCOPES = {
    ConsentScope.DEVICE: "Remise du terminal",
    ConsentScope.GEOLOCATION: "Géolocalisation au moment de l’alerte",
}
GROUNDS = {
    EndReason.BENEFICIARY_REQUEST: "À sa demande",
    EndReason.RESTRAINED_PERSON_DETAINED: "Détention de la personne visée par l’interdiction",
    EndReason.DANGER_ENDED: "Fin du danger",
    EndReason.RULES_BREACH: "Non-respect des règles d’utilisation",
    EndReason.EXPIRY: "Fin de la durée",
    EndReason.OPPI_NOT_CONFIRMED: "Ordonnance provisoire immédiate non confirmée",
    EndReason.COHABITATION_RESUMED: "Reprise de la cohabitation",
    EndReason.MOVED_ABROAD: "Départ à l’étranger",
    EndReason.DEATH: "Décès de la personne protégée",
}
CHECKS = {
    "safety_checked": "Vérification de sa sécurité sans le terminal",
    "release_checked": "Vérification de la date de libération",
    "committee_heard": "Consultation du comité",
}
EXPLAINED = [
    "Appuyer trois fois vite sur le bouton du côté : il n’y a rien à dire.",
    "Une seule vibration dit que l’appui est reçu ; l’écran reste sombre.",
    "Dans le doute, appuyer. Un appui pour rien n’est jamais reproché.",
    "Garder le terminal chargé et sur soi ; faire un essai tous les quinze jours.",
    "Après la fin de l’attribution, il fonctionne encore jusqu’à sa restitution.",
]


def decision(
    session: Session, officer: Officer, file_id: UUID, decision_id: UUID, now: datetime, *,
    demonstration: bool,
) -> dict[str, Any]:  # fmt: skip
    """One signed decision. Raises NotAllowed, NotThere."""
    seen = _seen(session, officer, file_id)
    for one in files.decisions(session, seen.id):
        if one.id == decision_id:
            write(session, officer.name, "PaperMade", now, file=seen.id, paper="decision")
            return _head(session, seen, one.signed_at, demonstration) | _decision(
                session, seen, one
            )
    raise NotThere


def _seen(session: Session, officer: Officer, file_id: UUID) -> CaseFile:
    """Papers are for those of the court, and for who decides there on call: they name him, and
    say the reasons."""
    try:
        return found(session, officer, Act.RECORD_CONDITION, file_id)
    except NotThere:
        if not may(officer.role, Act.DECIDE):
            raise
        return found(session, officer, Act.DECIDE, file_id)


def _head(session: Session, seen: CaseFile, at: datetime, demonstration: bool) -> dict[str, Any]:
    court = _court_then(session, seen, at)
    local = at.astimezone(ZoneInfo(court.zone if court else USUAL_ZONE))
    return {
        "court": court.name if court else "", "office": "Parquet du procureur de la République",
        "reference": reference(seen.number), "demonstration": demonstration, "notice": NOTICE,
        "day": {"year": local.year, "month": local.month, "day": local.day},
    }  # fmt: skip


def _court_then(session: Session, seen: CaseFile, at: datetime) -> Court | None:
    """Whose the file was at that moment: a decision names the court that signed it."""
    return files.court(session, transfers.court_at(session, seen.id, at) or seen.court)


def _decision(session: Session, seen: CaseFile, one: Decision) -> dict[str, Any]:
    court = _court_then(session, seen, one.signed_at)
    kind, zone = DecisionKind(one.kind), court.zone if court else USUAL_ZONE
    text = next((text for text in TEXTS if text.version == one.text_version), None)
    person = files.person(session, seen.person)
    on_call = " (par délégation de permanence)" if one.on_call else ""
    return {
        "title": TITLES[kind],
        "facts": [["Dossier", reference(seen.number)],
                  ["Personne protégée", person.name if person else ""],
                  ["Date de la décision", moment(one.signed_at, zone)], *_looked_at(one)],
        "article": text.article if text else "art. 41-3-1 CPP", "law": _law(one, text),
        "conditions": _conditions(one, text), "against_advice": one.against_advice,
        "reasons": [line for line in one.reasons.splitlines() if line.strip()],
        "decided": _decided(kind, one, zone),
        "proof": [["Approuvé par", one.by + on_call], ["Le", moment(one.signed_at, zone)],
                  ["Décision", str(one.id)], ["Empreinte SHA-256", one.content_hash]],
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


def _law(one: Decision, text: LegalText | None) -> str:
    if text is None:
        return "Texte en vigueur non consigné."
    route = f" Voie : {ROUTES[Route(one.route)]}." if one.route else ""
    return f"Rédaction en vigueur au {day(text.from_day)} ({text.by_law}).{route}"


def _conditions(one: Decision, text: LegalText | None) -> list[dict[str, str]]:
    return [
        {"name": CONDITIONS[condition], "met": MET[one.advice.get(condition.value)],
         "reference": text.place_of(condition.value) if text else ""}
        for condition in Condition
    ]  # fmt: skip


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


def hand_over(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, demonstration: bool
) -> dict[str, Any]:
    """The certificate of the hand-over that runs. Raises NotAllowed, NotThere."""
    seen = _seen(session, officer, file_id)
    held = equipment.open_allocation(session, file_id=seen.id)
    if held is None:
        raise NotThere
    zone, person = zone_of(session, seen), files.person(session, seen.person)
    since = held.period.lower or now
    name = person.name if person else ""
    write(session, officer.name, "PaperMade", now, file=seen.id, paper="hand-over")
    return _head(session, seen, since, demonstration) | {
        "notice": BY_HAND,
        "title": "Attestation de remise d’un téléphone grave danger",
        "facts": [["Dossier", reference(seen.number)], ["Personne protégée", name],
                  ["Terminal", held.handset], ["Remis le", moment(since, zone)],
                  ["Attribué jusqu’au", last_day(held.period.upper or now, zone)]],
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


def return_(
    session: Session, officer: Officer, file_id: UUID, now: datetime, *, demonstration: bool
) -> dict[str, Any]:
    """The *attestation de restitution*. Raises NotAllowed, NotThere."""
    seen = _seen(session, officer, file_id)
    one = equipment.certificate(session, seen.id)
    if one is None:
        raise NotThere
    zone, person = zone_of(session, seen), files.person(session, seen.person)
    name = person.name if person else ""
    write(session, officer.name, "PaperMade", now, file=seen.id, paper="return")
    return _head(session, seen, one.given_at, demonstration) | {
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


def day(one: date) -> str:
    """`27/11/2026`."""
    return one.strftime("%d/%m/%Y")


def last_day(ends_at: datetime, zone: str) -> str:
    """The last whole day before this moment, at the court."""
    return day((ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date())


def moment(at: datetime, zone: str) -> str:
    """`27/11/2026 à 16 h 40`."""
    return at.astimezone(ZoneInfo(zone)).strftime("%d/%m/%Y à %H h %M")
