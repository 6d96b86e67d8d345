"""What a voice call and an SMS say: a reference and what to do, never a person or a place.

A call may be overheard and a text read on a locked screen: nothing here comes from the telling
but the reference that people say and the topic.
"""

import xml.etree.ElementTree as ET
from typing import Literal

from dispatch.telling import Noticed, Telling, Topic
from tgd.rules.notice import NoticeKind

Language = Literal["fr", "en"]
KEY_TO_PRESS = "1"
VOICES: dict[Language, str] = {"fr": "fr-FR", "en": "en-GB"}
LISTEN_S = 10
"""How long the call waits for the key after the words were said twice."""

_SAID: dict[Language, dict[Topic, str]] = {
    "fr": {
        Topic.OPENED: "Alerte Téléphone grave danger. Référence {}. Personne ne l'a encore prise.",
        Topic.UPDATED: "Alerte Téléphone grave danger. Référence {}. Il y a du nouveau.",
        Topic.REQUESTED: "Alerte Téléphone grave danger. Référence {}. "
        "Une intervention est demandée.",
        Topic.CLOSED: "Téléphone grave danger. L'alerte de référence {} est close.",
    },
    "en": {
        Topic.OPENED: "Emergency handset alert. Reference {}. Nobody has taken it yet.",
        Topic.UPDATED: "Emergency handset alert. Reference {}. There is news.",
        Topic.REQUESTED: "Emergency handset alert. Reference {}. An intervention is requested.",
        Topic.CLOSED: "Emergency handset. The alert with reference {} is closed.",
    },
}
_PRESS: dict[Language, str] = {
    "fr": "Appuyez sur 1 pour la prendre en charge.",
    "en": "Press 1 to take it.",
}
_NO_KEY: dict[Language, str] = {
    "fr": "Aucune touche n'a été reçue. L'alerte continue.",
    "en": "No key was received. The alert goes on.",
}
_HEARD: dict[Language, str] = {
    "fr": "Merci. C'est noté. Ouvrez la console.",
    "en": "Thank you. It is noted. Open the console.",
}
_TEXT: dict[Language, dict[Topic, str]] = {
    "fr": {
        Topic.OPENED: "Alerte TGD {} : personne ne l'a prise. Ouvrez la console.",
        Topic.UPDATED: "Alerte TGD {} : il y a du nouveau. Ouvrez la console.",
        Topic.REQUESTED: "Alerte TGD {} : intervention demandée. Ouvrez la console.",
        Topic.CLOSED: "Alerte TGD {} : close.",
    },
    "en": {
        Topic.OPENED: "TGD alert {}: nobody has taken it. Open the console.",
        Topic.UPDATED: "TGD alert {}: there is news. Open the console.",
        Topic.REQUESTED: "TGD alert {}: intervention requested. Open the console.",
        Topic.CLOSED: "TGD alert {}: closed.",
    },
}


_NOTICE: dict[Language, dict[NoticeKind, str]] = {
    "fr": {
        NoticeKind.REMINDER: "TGD : un dossier attend votre décision. Ouvrez la console.",
        NoticeKind.ESCALATION: "TGD : un dossier attend, personne n'a répondu. Ouvrez la console.",
        NoticeKind.HANDSET: "TGD : un terminal est perdu, en panne ou retrouvé. Ouvrez la console.",
        NoticeKind.STOCK: "TGD : un stock est sous sa réserve. Ouvrez la console.",
        NoticeKind.SHEET: "TGD : une fiche navette a une nouvelle version. Ouvrez la console.",
        NoticeKind.ERASURE: "TGD : une copie de fiche navette est à effacer. Ouvrez la console.",
        NoticeKind.PROFILE: "TGD : une fiche attend la plateforme. Ouvrez la console.",
        NoticeKind.UNDELIVERED: "TGD : un SMS de rappel n'est pas arrivé. Ouvrez la console.",
    },
    "en": {
        NoticeKind.REMINDER: "TGD: a file waits for your decision. Open the console.",
        NoticeKind.ESCALATION: "TGD: a file waits and nobody has answered. Open the console.",
        NoticeKind.HANDSET: "TGD: a handset is lost, broken or found again. Open the console.",
        NoticeKind.STOCK: "TGD: a stock is below its reserve. Open the console.",
        NoticeKind.SHEET: "TGD: a case sheet has a new version. Open the console.",
        NoticeKind.ERASURE: "TGD: a copy of a case sheet is to be erased. Open the console.",
        NoticeKind.PROFILE: "TGD: a profile waits for the platform. Open the console.",
        NoticeKind.UNDELIVERED: "TGD: a text of reminder did not arrive. Open the console.",
    },
}


def say(telling: Telling, language: Language) -> str:
    """What the call says, with the reference spelt letter by letter: `A L, 0 0 0 0 4 2`."""
    spelt = ", ".join(" ".join(part) for part in telling.reference.split("-"))
    words = _SAID[language][telling.topic].format(spelt)
    return words if telling.topic is Topic.CLOSED else f"{words} {_PRESS[language]}"


def text(telling: Telling, language: Language) -> str:
    """The SMS: one part of the GSM-7 alphabet, because a part may be lost (INTEROP 6.4)."""
    return _TEXT[language][telling.topic].format(telling.reference)


def notice_text(noticed: Noticed, language: Language) -> str:
    """The same for what is no alert: not even which file or handset."""
    return _NOTICE[language][NoticeKind(noticed.kind)]


def call_twiml(telling: Telling, language: Language, keypad_url: str) -> str:
    """The call as TwiML: said twice, one key gathered and sent to `keypad_url`."""
    response = ET.Element("Response")
    gather = {
        "numDigits": "1",
        "action": keypad_url,
        "method": "POST",
        "timeout": str(LISTEN_S),
    }
    listening = ET.SubElement(response, "Gather", gather)
    _say(listening, say(telling, language), language)
    ET.SubElement(listening, "Pause", {"length": "1"})
    _say(listening, say(telling, language), language)
    _say(response, _NO_KEY[language], language)
    return ET.tostring(response, encoding="unicode")


def heard_twiml(language: Language) -> str:
    """What the call says once the key was kept."""
    return _only(_HEARD[language], language)


def no_key_twiml(language: Language) -> str:
    """What the call says to any other key."""
    return _only(_NO_KEY[language], language)


def _only(words: str, language: Language) -> str:
    response = ET.Element("Response")
    _say(response, words, language)
    return ET.tostring(response, encoding="unicode")


def _say(parent: ET.Element, words: str, language: Language) -> None:
    ET.SubElement(parent, "Say", {"language": VOICES[language]}).text = words
