"""What a control room reads and writes of EDXL-DE in its CISU flavour; no socket, no clock."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
"""RC-EDA dates: an offset, never `Z`, never a fraction."""

REQUIRED = (
    "distributionID",
    "senderID",
    "dateTimeSent",
    "dateTimeExpires",
    "distributionStatus",
    "distributionKind",
)
KINDS = {"Report", "Update", "Cancel", "Ack", "Error"}


class EnvelopeError(ValueError):
    """The envelope is not one that the hub would carry."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What counts in a received envelope."""

    distribution: str
    sender: str
    recipient: str
    status: str
    kind: str
    body_name: str
    body: dict[str, Any]

    @property
    def alert(self) -> str:
        """The sender's own name of the case."""
        case = str(self.body.get("caseId", ""))
        return str(self.body.get("senderCaseId") or case.rpartition(".")[2])


def read_envelope(said: Any) -> Envelope:
    """Raises EnvelopeError with a sentence that names what the hub would refuse."""
    if not isinstance(said, dict):
        raise EnvelopeError("300 INVALID_MESSAGE: not a JSON object")
    for name in REQUIRED:
        if not isinstance(said.get(name), str):
            raise EnvelopeError(f"300 INVALID_MESSAGE: {name} is missing")
    for name in ("dateTimeSent", "dateTimeExpires"):
        if not MOMENT.fullmatch(said[name]):
            raise EnvelopeError(f"300 INVALID_MESSAGE: {name} is not a date with an offset")
    if not said["distributionID"].startswith(f"{said['senderID']}_"):
        raise EnvelopeError("200 SENDER_INCONSISTENCY: distributionID")
    if said["distributionKind"] not in KINDS:
        raise EnvelopeError("300 INVALID_MESSAGE: distributionKind")
    try:
        address = said["descriptor"]["explicitAddress"]["explicitAddressValue"]
        message = said["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]
    except (KeyError, IndexError, TypeError) as missing:
        raise EnvelopeError(f"300 INVALID_MESSAGE: {missing} is missing") from missing
    return _read_message(said, str(address), message)


def _read_message(said: dict[str, Any], address: str, message: Any) -> Envelope:
    if not isinstance(message, dict) or message.get("messageId") != said["distributionID"]:
        raise EnvelopeError("300 INVALID_MESSAGE: messageId is not the distributionID")
    header = {"messageId", "sender", "sentAt", "status", "kind", "recipient"}
    if lacking := header - set(message):
        raise EnvelopeError(f"300 INVALID_MESSAGE: {sorted(lacking)[0]} is missing in the header")
    bodies = [name for name in message if name not in header]
    if len(bodies) != 1 or not isinstance(message[bodies[0]], dict):
        raise EnvelopeError("300 INVALID_MESSAGE: not exactly one body")
    return Envelope(
        distribution=said["distributionID"],
        sender=said["senderID"],
        recipient=address,
        status=said["distributionStatus"],
        kind=said["distributionKind"],
        body_name=bodies[0],
        body=message[bodies[0]],
    )


def acknowledgement(heard: Envelope, number: str, now: datetime, about: str | None = None) -> Any:
    """RC-REF in an envelope of kind Ack: what turns `sent` into `delivered`.

    `number` makes its distributionID; `about` replaces the one acknowledged, for a hub that errs.
    """
    sent = now.replace(microsecond=0).isoformat()
    distribution = f"{heard.recipient}_{number}"
    message = {
        "messageId": distribution,
        "sender": _party(heard.recipient),
        "sentAt": sent,
        "status": heard.status,
        "kind": "Ack",
        "recipient": [_party(heard.sender)],
        "reference": {"distributionID": about or heard.distribution},
    }
    return {
        "distributionID": distribution,
        "senderID": heard.recipient,
        "dateTimeSent": sent,
        "dateTimeExpires": (now.replace(microsecond=0) + timedelta(days=1)).isoformat(),
        "distributionStatus": heard.status,
        "distributionKind": "Ack",
        "descriptor": {
            "language": "fr-FR",
            "explicitAddress": {
                "explicitAddressScheme": "hubex",
                "explicitAddressValue": heard.sender,
            },
        },
        "content": [{"jsonContent": {"embeddedJsonContent": {"message": message}}}],
    }


def _party(id: str) -> dict[str, str]:
    return {"name": id.rpartition(".")[2], "URI": f"hubex:{id}"}
