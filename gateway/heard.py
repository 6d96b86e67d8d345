"""What a channel hands to the door: raw bytes and where they came from, before they are read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Channel(StrEnum):
    """By which way a message came in."""

    MQTT = "mqtt"
    SMS = "sms"
    HTTP = "http"


class Form(StrEnum):
    """Which reader the bytes are meant for; decided by topic or address, never by content."""

    ALERT = "alert"  # tgd/v1/{handset}/alert, our JSON
    POSITION = "position"  # tgd/v1/{handset}/position, our JSON
    STATE = "state"  # tgd/v1/{handset}/state, our JSON
    SMS = "sms"  # signed form, AML v1 or v2, or any words
    OSMAND = "osmand"
    OWNTRACKS = "owntracks"


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as it arrived."""

    channel: Channel
    form: Form
    source: str
    """Who it says it is: a handset id (MQTT, HTTP) or an E.164 number (SMS)."""
    verified: bool
    """True when the transport proved the source (secret, certificate); a number proves nothing."""
    transport_id: str
    """Unique at its transport: a MessageSid, or our own random id for one MQTT delivery."""
    raw: bytes
    received_at: datetime
    alert: UUID | None = None
    """The alert that it opens, if it opens one: given by the door before anything is kept."""
    spooled: bool = False
    """It waited in the spool: somebody may have been told of that alert meanwhile."""


class Kept(StrEnum):
    """Where a message is durable. Only then may a receipt, a PUBACK or a 2xx be sent."""

    RECORD = "record"
    SPOOL = "spool"
    NOWHERE = "nowhere"
    """A position or a life sign that cannot be kept now: no success is said, no call is lost."""
    REFUSED = "refused"
    """A position that may not be kept: no alert of hers is open, or she has not agreed to it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What may be said to the sender: that it is durable, and which trigger that concerns."""

    kept: Kept
    trigger: str | None
    """The handset's own trigger id, to be echoed; None when the message carried none."""
    state: str = "received"
    """`received`, or the later state of an alert that is known already: `taken`, `closed`."""
    alert: UUID | None = None
    """The alert of this call while nobody has it: told again, should the record die this moment."""
