"""The words that papers have of their own, in French: titles, sentences, names of conditions."""

from tgd.rules.allocation import DecisionKind, EndReason
from tgd.rules.handset import ConsentScope, IncidentKind
from tgd.rules.law import Condition, Route

NOTICE = (
    "Approuvé dans l’application par la personne nommée ci-dessus, sous son compte personnel ;"
    " l’empreinte permet de vérifier que rien n’a changé depuis. Ce n’est pas une signature"
    " électronique qualifiée."
)
BY_HAND = (
    "Établie d’après le registre de l’application ; ce sont les signatures manuscrites ci-dessus"
    " qui engagent."
)
TO_SIGN = (
    "À lire et à signer avant la remise. Chaque réponse est libre et peut être retirée à tout"
    " moment ; refuser la géolocalisation n’empêche pas d’avoir le terminal."
)
TO_KEEP = "Établi d’après le registre de l’application, à la date indiquée en tête."
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
UNNAMED = " (nom et qualité non renseignés)"
FINGERPRINT = {
    True: "le contenu est celui qui a été approuvé",
    False: "LE CONTENU N’EST PLUS CELUI QUI A ÉTÉ APPROUVÉ",
}
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
DECLARED = {
    IncidentKind.LOST: "Déclaration de perte d’un terminal",
    IncidentKind.STOLEN: "Déclaration de vol d’un terminal",
    IncidentKind.BROKEN: "Déclaration de panne ou de casse d’un terminal",
}
TOLD = {"platform": "la plateforme", "association": "l’association", "court": "le parquet"}
SHEET = {
    "Elle": {
        "name": "Nom", "birth_date": "Date de naissance", "speech_or_disability": "Parle et entend",
        "telephones": "Autres téléphones", "family": "Situation de famille",
        "contacts": "À prévenir",
    },
    "Où la trouver": {
        "places": "Lieux, le domicile d’abord", "work": "Travail",
        "children": "Enfants et écoles", "pets": "Animaux au domicile",
    },
    "Mots convenus avec elle, jamais imprimés": {
        "code_word": "Tout va bien", "duress_word": "Elle est contrainte",
    },
}  # fmt: skip
"""The parts of a case sheet, with its fields of rules/case_sheet.py."""
