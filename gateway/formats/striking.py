"""Writes a readable message again without its position, for a person who gave no agreement to it.

It composes from what was understood, never by cutting in what was sent: what is not on the short
list of harmless facts cannot survive, however it was spelled or nested.
"""

import json
import re
from collections.abc import Callable
from urllib.parse import urlencode

from gateway.formats import READERS, owntracks, sms_aml, sms_tgd1
from gateway.heard import Form
from tgd.rules.trigger import (
    Meaning,
    Nothing,
    PositionReport,
    StateReport,
    Trigger,
    TriggerKind,
    Unreadable,
)

STRUCK = "\u25ae"
"""What stands in free words where coordinates or a map's address stood."""

NO_MAC = "A" * 16
"""Shaped like a signature and never right: the true one would let the key's keeper test places."""

_LETTER_OF = {kind: letter for letter, kind in sms_tgd1.LETTERS.items()}

# In free words only a machine's coordinates are struck: numbers with two decimals or more, numbers
# behind a name such as `lat`, degrees and minutes, addresses of maps. "12, rue des Lilas, code
# 4271" was written by a person who wants to be found there.
_COORDINATES = re.compile(
    r"\w+://\S+|\bgeo:\S+|\bwww\.\S+|\S*\bmaps?\.\S+|///\S+"
    r"|\b[2-9CFGHJMPQRVWX]{4,8}\+[2-9CFGHJMPQRVWX]{2,3}\b"
    r"|\b(?:latitude|longitude|lat|lon|lng|long|lt|lg|lo)\b\W{0,3}[NSEWO]?\W?\d+(?:[.,]\d+)?"
    r"|\d+ ?[°º](?: ?\d+(?:[.,]\d+)? ?['’′])?(?: ?\d+(?:[.,]\d+)? ?[\"”″])?"
    r"|\d+[.,]\d{2,}",
    re.IGNORECASE,
)


def strike(form: Form, raw: bytes) -> bytes:
    """The same message, for the same reader, without any position.

    Kind, ids, counter, times and battery stay; a signature does not. What no reader understands is
    given back unchanged: that is kept whole and sealed, and forgotten when positions are.
    """
    meaning = READERS[form](raw)
    if isinstance(meaning, Unreadable):
        return raw
    return _WRITERS[form](meaning, raw).encode("utf-8", "replace")


def without_coordinates(text: str) -> str:
    """Free words with every machine-made coordinate and map address replaced by a mark."""
    return _COORDINATES.sub(STRUCK, text)


def _our_json(meaning: Meaning, _raw: bytes) -> str:
    match meaning:
        case Trigger():
            return _json(
                trigger=meaning.id,
                counter=meaning.counter,
                kind=meaning.kind.value,
                at=meaning.claimed_at and meaning.claimed_at.isoformat(),
                position=None,
                battery_pct=_percent(meaning),
            )
        case PositionReport():
            return _json(trigger=meaning.trigger, position=None, battery_pct=_percent(meaning))
        case StateReport():
            return _state(meaning)
        case _:
            return ""


def _state(meaning: StateReport) -> str:
    return _json(
        state=meaning.state,
        session=meaning.session,
        battery_pct=_percent(meaning),
        radio=meaning.radio and without_coordinates(meaning.radio),
        rssi_dbm=meaning.rssi_dbm and round(meaning.rssi_dbm),
        version=meaning.version and without_coordinates(meaning.version),
    )


def _sms(meaning: Meaning, raw: bytes) -> str:
    if not isinstance(meaning, Trigger):
        return ""
    if meaning.text is not None:
        return without_coordinates(meaning.text)
    text = raw.decode("utf-8", "replace").strip().removeprefix("\ufeff").strip()
    if sms_tgd1.is_tgd1(text):
        return _tgd1(meaning)
    return _aml(meaning, text) if text else ""


def _tgd1(meaning: Trigger) -> str:
    counter = "" if meaning.counter is None else str(meaning.counter)
    kind = _LETTER_OF[meaning.kind]
    said = kind if meaning.claimed_at is None else f"{meaning.claimed_at:%Y%m%d%H%M%S}"
    parts = ["TGD1", meaning.handset or "", counter, said, "rd=N", "pm=N"]
    parts += [] if said == kind else [f"k={kind}"]
    parts += [] if meaning.battery_pct is None else [f"bt={_percent(meaning)}"]
    parts += [] if meaning.id is None else [f"id={meaning.id}"]
    return ";".join([*parts, "" if meaning.mac is None else NO_MAC])


def _aml(meaning: Trigger, text: str) -> str:
    matched = sms_aml.HEADER.match(text)
    version = matched["version"] if matched else ""
    if version == "2":
        started_at = meaning.claimed_at
        et = [] if started_at is None else [f"et={started_at.timestamp():.0f}"]
        return ";".join(['A"ML=2', *et, "ls=N", ""])
    return f'A"ML={version};lt=+00.00000;lg=+000.00000;rd=N;lc=0;pm=N'


def _osmand(meaning: Meaning, _raw: bytes) -> str:
    """As a form, whichever of its shapes came; the derived id comes out the same."""
    if not isinstance(meaning, Trigger | PositionReport | Nothing):
        return ""
    fields: dict[str, object] = {"id": meaning.handset}
    if isinstance(meaning, Trigger):
        fields["timestamp"] = meaning.claimed_at and meaning.claimed_at.isoformat()
        fields["alarm"] = "fall" if meaning.kind is TriggerKind.FALL else "sos"
    fields["batt"] = _percent(meaning)
    return urlencode({name: value for name, value in fields.items() if value is not None})


def _owntracks(meaning: Meaning, _raw: bytes) -> str:
    match meaning:
        case Trigger():
            return _owntracks_press(meaning)
        case PositionReport() | Nothing(why="no_position"):
            return _json(_type="location", batt=_percent(meaning))
        case StateReport():
            return _json(_type="lwt", tst=meaning.session)
        case Nothing(why=why) if why in owntracks.TYPES:
            return _json(_type=why)
        case Nothing(why="unknown_type"):
            return _json(_type="struck")
        case _:
            return ""


def _owntracks_press(meaning: Trigger) -> str:
    by_region = "owntracks_region" in meaning.warnings
    why = (
        {"_type": "transition", "event": "enter", "desc": "SOS"}
        if by_region
        else {"_type": "location", "t": "u"}
    )
    at = meaning.claimed_at
    return _json(**why, tst=at and at.timestamp(), _id=meaning.id, batt=_percent(meaning))


def _percent(meaning: Trigger | PositionReport | StateReport | Nothing) -> int | None:
    """Whole percents: no digits behind the point in which a coordinate could hide."""
    return None if meaning.battery_pct is None else round(meaning.battery_pct)


def _json(**facts: object) -> str:
    kept = {name: fact for name, fact in facts.items() if fact is not None or name == "position"}
    return json.dumps(kept)


_WRITERS: dict[Form, Callable[[Meaning, bytes], str]] = {
    Form.ALERT: _our_json,
    Form.POSITION: _our_json,
    Form.STATE: _our_json,
    Form.SMS: _sms,
    Form.OSMAND: _osmand,
    Form.OWNTRACKS: _owntracks,
}
