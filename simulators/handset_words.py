"""The words of a handset: the alert as JSON and as a signed SMS; no socket, no clock."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SMS_LENGTH = 160
"""Characters of one GSM-7 segment: parts of a longer SMS travel and get lost separately."""

KIND_LETTERS = {"press": "P", "test": "T", "fall": "F", "duress": "D", "cancel": "C"}
METHOD_LETTERS = {"gnss": "G", "wifi": "W", "cell": "C"}
"""AML v1 has no letter for a fused position: it travels as `U`, unknown."""


@dataclass(frozen=True, slots=True)
class Card:
    """What an enrolment prints once, and the number of the SIM card."""

    handset: str
    mqtt_secret: str
    sms_key: str
    """Hexadecimal."""
    number: str = "+33639980001"

    @classmethod
    def read(cls, text: str) -> "Card":
        """From the JSON of an enrolment; keys that we do not know are left alone."""
        said = json.loads(text)
        known = {k: said[k] for k in ("handset", "mqtt_secret", "sms_key", "number") if said.get(k)}
        return cls(**{"mqtt_secret": "", "sms_key": "", **known})


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the handset believes that it is."""

    lat: float
    lon: float
    radius_m: int
    method: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """The `position` object of the alert topic."""
        return {
            "lat": self.lat,
            "lon": self.lon,
            "radius_m": self.radius_m,
            "method": self.method,
            "at": rfc3339(self.at),
        }


@dataclass(frozen=True, slots=True)
class Press:
    """One call for help as the handset keeps it until somebody confirms it."""

    trigger: str
    counter: int
    kind: str
    at: datetime
    fix: Fix | None = None
    battery_pct: int = 63


def rfc3339(moment: datetime) -> str:
    """Seconds and `Z`, as in the wire contract."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def alert_json(press: Press, *, with_id: bool = True) -> bytes:
    """The payload of `tgd/v1/{handset}/alert`."""
    said: dict[str, Any] = {
        "trigger": press.trigger,
        "counter": press.counter,
        "kind": press.kind,
        "at": rfc3339(press.at),
        "position": press.fix.as_json() if press.fix else None,
        "battery_pct": press.battery_pct,
    }
    if not with_id:
        del said["trigger"]
    return json.dumps(said).encode()


def sms_text(press: Press, handset: str, key: bytes, *, with_id: bool = True) -> str:
    """The signed short form; optional keys are dropped before it would exceed one segment.

    Dropped first what helps least: battery, time of the fix, radius. Never the trigger id, the
    coordinates or the signature.
    """
    head = f"TGD1;{handset};{press.counter};{KIND_LETTERS[press.kind]};"
    last = f"id={press.trigger};" if with_id else ""
    keys = _position_keys(press)
    for dropped in ((), ("bt",), ("bt", "top"), ("bt", "top", "rd")):
        middle = "".join(f"{name}={value};" for name, value in keys if name not in dropped)
        text = head + middle + last
        if len(text) + 16 <= SMS_LENGTH:
            break
    return text + mac_of(text, key)


def mac_of(text: str, key: bytes) -> str:
    """Base32 of the first 80 bits of HMAC-SHA256 over everything before it: 16 characters."""
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode()


def _position_keys(press: Press) -> list[tuple[str, str]]:
    battery = ("bt", str(press.battery_pct))
    if press.fix is None:
        nowhere = [("lt", "+00.00000"), ("lg", "+000.00000"), ("rd", "N"), ("pm", "N")]
        return [*nowhere, battery]
    fix = press.fix
    return [
        ("lt", f"{fix.lat:+09.5f}"),
        ("lg", f"{fix.lon:+010.5f}"),
        ("rd", str(fix.radius_m)),
        ("top", fix.at.astimezone(UTC).strftime("%Y%m%d%H%M%S")),
        ("pm", METHOD_LETTERS.get(fix.method, "U")),
        battery,
    ]
