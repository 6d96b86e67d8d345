"""A telling as CAP 1.2 XML, the second format of a control room: Private, addressed, nameless.

CAP is a public-warning format; here it only ever travels point to point (INTEROP 4.2).
"""

import xml.etree.ElementTree as ET
from datetime import datetime, tzinfo

from dispatch.formats.cisu import (
    EXPIRES_AFTER,
    NATURE_CODE,
    PARIS,
    SENDER,
    WORDS,
    kind_of,
    stamp,
)
from dispatch.formats.delivery_id import to_distribution_id
from dispatch.formats.fix import radius_m
from dispatch.telling import Telling, Topic
from tgd.rules.trigger import Position

CONTENT_TYPE = "application/cap+xml"
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_MESSAGE_TYPE = {"Report": "Alert", "Update": "Update", "Cancel": "Cancel"}


def compose(
    telling: Telling,
    *,
    recipient: str,
    sender: str = SENDER,
    nature_code: str | None = None,
    zone: tzinfo = PARIS,
) -> bytes:
    """The CAP message; children in the order of the schema's sequence.

    Every telling has its own identifier, or a second round of ringing would be dropped as a
    duplicate. `references` of an Update or Cancel name the first opening's message, whose `sent`
    is the moment of opening for that reason; `incidents` carries the reference that joins all of
    them, also when this room was first told later. Raises ValueError for a key not of ours.
    """
    alert = ET.Element("alert", {"xmlns": NAMESPACE})
    for tag, text in _head(telling, recipient, sender, zone):
        ET.SubElement(alert, tag).text = _clean(text)
    _add_info(alert, telling, nature_code or NATURE_CODE, zone)
    body: bytes = ET.tostring(alert, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def _head(telling: Telling, recipient: str, sender: str, zone: tzinfo) -> list[tuple[str, str]]:
    head = [
        ("identifier", to_distribution_id(telling.key, sender)),
        ("sender", sender),
        ("sent", stamp(_sent_at(telling), zone)),
        ("status", "Actual" if telling.lane == "real" else "Exercise"),
        ("msgType", _MESSAGE_TYPE[kind_of(telling)]),
        ("scope", "Private"),
        ("addresses", recipient),
        ("code", "tgd-profile-1.0"),
    ]
    if kind_of(telling) != "Report":
        opening = to_distribution_id(_first_key(telling), sender)
        head.append(("references", f"{sender},{opening},{stamp(telling.opened_at, zone)}"))
    return [*head, ("incidents", telling.reference)]


def _first_key(telling: Telling) -> str:
    """The key of the first telling of the opening to this destination (round 0)."""
    alert, _, _, name = telling.key.split(":")
    return f"{alert}:{Topic.OPENED}:0:{name}"


def _sent_at(telling: Telling) -> datetime:
    return telling.opened_at if telling.key == _first_key(telling) else telling.told_at


def _add_info(alert: ET.Element, telling: Telling, nature: str, zone: tzinfo) -> None:
    info = ET.SubElement(alert, "info")
    over = telling.topic is Topic.CLOSED
    for tag, text in (
        ("language", "fr-FR"),
        ("category", "Security"),
        ("event", "Alerte TGD"),
        ("responseType", "AllClear" if over else "Execute"),
        ("urgency", "Past" if over else "Immediate"),
        ("severity", "Minor" if over else "Extreme"),
        ("certainty", "Likely"),
    ):
        ET.SubElement(info, tag).text = text
    _add_pair(info, "eventCode", "cisu:fait", nature)
    ET.SubElement(info, "onset").text = stamp(telling.opened_at, zone)
    ET.SubElement(info, "expires").text = stamp(telling.told_at + EXPIRES_AFTER, zone)
    ET.SubElement(info, "senderName").text = "Dispositif TGD"
    ET.SubElement(info, "headline").text = _clean(_headline(telling))
    for name, value in _parameters(telling, zone):
        _add_pair(info, "parameter", name, value)
    _add_area(info, telling)


def _headline(telling: Telling) -> str:
    words = {
        Topic.OPENED: "Alerte TGD {}",
        Topic.UPDATED: "Alerte TGD {} : mise à jour",
        Topic.REQUESTED: "Alerte TGD {} : INTERVENTION DEMANDÉE",
        Topic.CLOSED: "Alerte TGD {} : close",
    }
    return words[telling.topic].format(telling.reference)


def _parameters(telling: Telling, zone: tzinfo) -> list[tuple[str, str]]:
    found = [("tgd:presses", str(telling.presses))]
    if telling.handset_number:
        found.append(("tgd:handset-number", telling.handset_number))
    if telling.outcome:
        found.append(("tgd:outcome", telling.outcome))
    found += [("tgd:label", WORDS.get(label, label)) for label in telling.labels]
    return found + (_of_position(telling.position, zone) if telling.position else [])


def _of_position(position: Position, zone: tzinfo) -> list[tuple[str, str]]:
    found = [("tgd:position-method", position.method.value)]
    radius = radius_m(position)
    if radius is not None:
        found.append(("tgd:position-accuracy-m", f"{radius:.0f}"))
    if position.at is not None:
        found.append(("tgd:position-time", stamp(position.at, zone)))
    return found


def _add_area(info: ET.Element, telling: Telling) -> None:
    """A circle `lat,lon radius_km` around the fix; without one, the places that are known."""
    area = ET.SubElement(info, "area")
    known = "; ".join(place.label for place in telling.places)
    position = telling.position
    described = "Position du téléphone" if position else "Position inconnue"
    if known:
        described += f" ; lieux connus, non confirmés : {known}"
    ET.SubElement(area, "areaDesc").text = _clean(described)
    if position is not None:
        radius_km = (radius_m(position) or 0) / 1000
        ET.SubElement(area, "circle").text = f"{position.lat:.6f},{position.lon:.6f} {radius_km:g}"
        return
    for code in sorted({place.insee for place in telling.places if place.insee}):
        _add_pair(area, "geocode", "INSEE", code)


def _add_pair(parent: ET.Element, tag: str, name: str, value: str) -> None:
    pair = ET.SubElement(parent, tag)
    ET.SubElement(pair, "valueName").text = name
    ET.SubElement(pair, "value").text = _clean(value)


def _clean(text: str) -> str:
    """XML 1.0 has no control characters and no lone surrogates: written as a blank."""
    return (
        "".join(
            one if one in "\t\n\r" or (one >= " " and not "\ud800" <= one <= "\udfff") else " "
            for one in text
        )
        .replace("\ufffe", " ")
        .replace("\uffff", " ")
    )
