"""A telling as RC-EDA `createCase` in EDXL-DE JSON, the exchange format of the French forces.

After the public schemas of the "hub" of the health forces (ansforge/SAMU-Hub-Modeles, version
26.07.29). No name is ever written; an exercise says that it is one, a test is never sent.
"""

import json
import re
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.formats.delivery_id import to_distribution_id
from dispatch.formats.fix import radius_m
from dispatch.telling import Telling, Topic
from tgd.rules.trigger import Method, Position

CONTENT_TYPE = "application/json"
PARIS = ZoneInfo("Europe/Paris")
SENDER = "fr.justice.tgd"

NATURE_CODE = "C02.15.04"
NATURE_LABEL = "Violences intra familiales"
"""Nature of the facts. Some hub converters name C02.15.07 "Téléphone grave danger", but the
published list (HubSante.fait, version 26.07.29, read on 2026-11-24) stops at C02.15.06, and the
schema only checks the pattern: an unknown code could be dropped in silence by a peer. The policy
may set another one when the control room's own list has it."""

RISK = {"code": "R03", "label": "Présence d’individu(s) ou public menaçant"}
NOMENCLATURE_VERSION = "1.3"
EXPIRES_AFTER = timedelta(hours=24)
"""General time to live of a message at the hubs (DST 1.2)."""
FALSE_ALARMS = frozenset({"accidental", "test"})
"""Outcomes after which the control room may forget the case."""

EXACT_M = 50.0
STREET_M = 500.0

WORDS = {
    "unknown_source": "appareil inconnu",
    "many_sources": "plusieurs appareils inconnus réunis",
    "no_allocation": "appareil sans attribution en cours",
    "allocation_ended": "attribution échue",
    "stolen": "appareil déclaré volé",
    "lost": "appareil déclaré perdu",
    "retired": "appareil retiré du service",
    "sim_changed": "carte SIM changée",
    "unsigned": "message non signé",
    "bad_signature": "signature invalide",
    "replayed": "message possiblement rejoué",
    "late": "message arrivé en retard",
    "very_late": "message arrivé très en retard",
    "clock_implausible": "horloge de l’appareil invraisemblable",
    "no_position": "sans position",
    "position_withheld": "position non communiquée",
    "undecodable": "message illisible",
    "free_text": "message en texte libre",
    "cancel_asked": "annulation demandée depuis l’appareil, à ne pas croire seule",
    "duress": "déclenchement sous la contrainte",
    "fall": "chute détectée",
    "test_unverified": "se dit un essai, non vérifié",
    "told_from_spool": "transmis en mode de secours, sans le dossier",
}
"""Doubts in the words of the control room; a label that is not here is written as it is."""

FINDINGS = {
    "danger": "danger constaté",
    "silent": "silence au rappel, à traiter comme un danger",
    "safe_code_word": "mot convenu donné",
    "safe_voice": "voix entendue, dit que tout va bien",
}
LONGEST_NOTE = 1000


def compose(
    telling: Telling,
    *,
    recipient: str,
    sender: str = SENDER,
    nature_code: str | None = None,
    nature_label: str | None = None,
    zone: tzinfo = PARIS,
) -> bytes:
    """The whole envelope; Report, Update or Cancel by topic and outcome.

    `distributionID` comes from the key (delivery_id.py) and is the same on every attempt. Dates
    are `±hh:mm` without fraction or Z, as the schemas demand. Raises ValueError when the key is
    not one of ours.
    """
    nature = {"code": nature_code or NATURE_CODE, "label": nature_label or NATURE_LABEL}
    head = _Head(telling, recipient, sender, zone)
    message = {**head.message(), "createCase": _case(telling, sender, nature, zone)}
    text = json.dumps(head.envelope(message), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def kind_of(telling: Telling) -> str:
    """Report on opening and request, Cancel for a false alarm, else Update (INTEROP 4.4)."""
    if telling.topic in (Topic.OPENED, Topic.REQUESTED):
        return "Report"
    if telling.topic is Topic.CLOSED and telling.outcome in FALSE_ALARMS:
        return "Cancel"
    return "Update"


def stamp(moment: datetime, zone: tzinfo) -> str:
    """`2026-11-23T22:40:06+01:00`; UTC is written `-00:00`, as the schemas' text demands."""
    local = moment.astimezone(zone).replace(microsecond=0).isoformat()
    return local.replace("+00:00", "-00:00") if str(zone) == "UTC" else local


class _Head:
    """What the envelope and the message say twice, said once here."""

    def __init__(self, telling: Telling, recipient: str, sender: str, zone: tzinfo) -> None:
        self.id = to_distribution_id(telling.key, sender)
        self.sent = stamp(telling.told_at, zone)
        self.expires = stamp(telling.told_at + EXPIRES_AFTER, zone)
        self.status = "Actual" if telling.lane == "real" else "Exercise"
        self.kind = kind_of(telling)
        self.recipient, self.sender = recipient, sender

    def message(self) -> dict[str, Any]:
        return {
            "messageId": self.id,
            "sender": _party(self.sender),
            "sentAt": self.sent,
            "status": self.status,
            "kind": self.kind,
            "recipient": [_party(self.recipient)],
        }

    def envelope(self, message: dict[str, Any]) -> dict[str, Any]:
        address = {"explicitAddressScheme": "hubex", "explicitAddressValue": self.recipient}
        return {
            "distributionID": self.id,
            "senderID": self.sender,
            "dateTimeSent": self.sent,
            "dateTimeExpires": self.expires,
            "distributionStatus": self.status,
            "distributionKind": self.kind,
            "descriptor": {"language": "fr-FR", "explicitAddress": address},
            "content": [{"jsonContent": {"embeddedJsonContent": {"message": message}}}],
        }


def _party(name: str) -> dict[str, str]:
    return {"name": name.rpartition(".")[2], "URI": f"hubex:{name}"}


def _case(telling: Telling, sender: str, nature: dict[str, str], zone: tzinfo) -> dict[str, Any]:
    """One case per alert for its whole life: `caseId` is made of the reference that people say."""
    number = re.sub(r"[^A-Za-z0-9_-]", "-", telling.reference)
    where = _location(telling, zone)
    return {
        "caseId": f"{sender}.{number}",
        "senderCaseId": number,
        "creation": stamp(telling.opened_at, zone),
        "referenceVersion": NOMENCLATURE_VERSION,
        "qualification": {
            "whatsHappen": nature,
            "riskThreat": [RISK],
            "victims": {"count": "1", "mainVictim": "ADULTE"},
        },
        "location": where,
        "initialAlert": {
            "id": f"tgd-{number}",
            "reception": stamp(telling.opened_at, zone),
            "reporting": "ATTENTION",
            "notes": _notes(telling, zone),
            "caller": _caller(telling),
            "location": where,
            "qualification": {"whatsHappen": nature},
            "callTaker": {"organization": sender, "controlRoom": "teleassistance"},
        },
    }


def _caller(telling: Telling) -> dict[str, Any]:
    """No callback contact: a ringing handset beside the aggressor is a danger."""
    contact = {
        "channel": "APPLICATION",
        "type": "TEL",
        "detail": telling.handset_number or "inconnu",
    }
    return {
        "callerContact": contact,
        "type": "SUJET",
        "communication": "IMPOSS",
        "language": "fr",
        "freetext": "Bénéficiaire TGD, ne pas rappeler sans consigne",
    }


def _location(telling: Telling, zone: tzinfo) -> dict[str, Any]:
    """The fix when there is one; a known place is only ever a hint, and said to be one.

    The city is written only without a fix: the city of a home is not where she is.
    """
    where: dict[str, Any] = {"locID": telling.alert, "country": "FR"}
    hint = "; ".join(place.label for place in telling.places)
    if telling.position is not None:
        where["geometry"] = _geometry(telling.position, telling.opened_at, zone)
    else:
        where |= _city(telling)
        hint = f"Position inconnue. {hint and 'Lieux connus, non confirmés : ' + hint}".strip()
    if hint:
        where["freetext"] = hint if telling.position is None else f"Lieux connus : {hint}"
    return where


def _city(telling: Telling) -> dict[str, Any]:
    place = next((one for one in telling.places if one.city or one.insee), None)
    if place is None:
        return {}
    city = {"name": place.city} if place.city else {}
    if place.insee and re.fullmatch(r"[0-9]{5}", place.insee):
        city["inseeCode"] = place.insee
    elif place.insee:
        city["detail"] = f"INSEE {place.insee}"  # 2A and 2B: the schema knows digits only
    return {"city": city}


def _geometry(position: Position, opened_at: datetime, zone: tzinfo) -> dict[str, Any]:
    coord = {"lat": position.lat, "lon": position.lon, "precision": precision(position)}
    return {"datetime": stamp(position.at or opened_at, zone), "point": {"coord": coord}}


def precision(position: Position) -> str:
    """EXACTE, RUE, VILLE or INCONNUE by radius; a mobile cell is never better than a street.

    ADRESSE is never claimed: a fix knows coordinates, not a door.
    """
    radius = radius_m(position)
    if radius is None:
        return "INCONNUE"
    if radius <= EXACT_M and position.method is not Method.CELL:
        return "EXACTE"
    return "RUE" if radius <= STREET_M else "VILLE"


def _notes(telling: Telling, zone: tzinfo) -> list[dict[str, str]]:
    """Ours first, then what the operator has written: a patrol must know that he is armed."""
    words = [(telling.told_at, _note(telling, zone))]
    words += [(said.at, f"Téléassisteur : {said.words}"[:LONGEST_NOTE]) for said in telling.notes]
    return [{"creation": stamp(at, zone), "freetext": said} for at, said in words]


def _note(telling: Telling, zone: tzinfo) -> str:
    said = [f"Alerte TGD {telling.reference}, {telling.presses} appui(s)"]
    if telling.topic is Topic.REQUESTED:
        said.append("INTERVENTION DEMANDÉE par le téléassisteur")
    if telling.finding is not None:
        said.append("levée de doute : " + FINDINGS.get(telling.finding, telling.finding))
    if telling.topic is Topic.CLOSED:
        said.append(f"alerte close ({telling.outcome or 'issue non précisée'})")
    said.append(_note_of_position(telling.position, zone))
    if telling.labels:
        said.append("à savoir : " + ", ".join(WORDS.get(one, one) for one in telling.labels))
    return " ; ".join(said) + "."


def _note_of_position(position: Position | None, zone: tzinfo) -> str:
    if position is None:
        return "position inconnue"
    known = radius_m(position)
    radius = "inconnu" if known is None else f"{known:.0f} m"
    at = f"relevée à {stamp(position.at, zone)}" if position.at else "heure du relevé inconnue"
    return f"position : rayon {radius}, méthode {position.method.value}, {at}"
