"""Reads our signed SMS: `TGD1;handset;counter;t;lt=..;lg=..;rd=..;top=..;pm=..;bt=..;id=..;mac`.

May not judge the signature: it has no key (`tgd.rules.keys.is_authentic` does that).
"""

import re
from datetime import datetime

from gateway.formats.alert_json import MAX_COUNTER
from gateway.formats.reading import AMBIGUOUS, Fields
from gateway.formats.sms_aml import position_v1
from gateway.formats.sms_pairs import pairs_of
from gateway.formats.spelling import MAX_LINE, Notes, cleaned, identity, moment
from tgd.rules.trigger import Trigger, TriggerKind

LETTERS = {
    "P": TriggerKind.PRESS,
    "T": TriggerKind.TEST,
    "F": TriggerKind.FALL,
    "D": TriggerKind.DURESS,
    "C": TriggerKind.CANCEL,
}
"""Canonical `<t>`; the full words are read as well, in any case."""

_HEADER = re.compile(r"TGD1(?=;|\Z)", re.IGNORECASE)
_SIGNED = re.compile(r"(?P<signed>.*;)(?:mac=)?(?P<mac>[^;=]+);*", re.DOTALL | re.IGNORECASE)
_MAC = re.compile(r"[A-Z2-7]{16}", re.ASCII | re.IGNORECASE)
_TIME = re.compile(r"\d{14}|\d{13}|\d{9,11}", re.ASCII)
_WORDS = {kind.value.upper(): kind for kind in TriggerKind} | LETTERS
_READ = frozenset({"lt", "lg", "rd", "top", "pm", "bt", "id", "k"})
_POSITIONAL = 4  # header, handset, counter, t


def is_tgd1(text: str) -> bool:
    """True when the text begins with the header of the signed form."""
    return _HEADER.match(text) is not None


def read_text(text: str) -> Trigger:
    """The trigger in a text that `is_tgd1`, cut or not; `mac` is None when it carries none."""
    notes = Notes()
    signed, mac = _signature(text, notes)
    body = text if signed is None else signed
    parts = body.split(";")
    closed = parts[-1] == ""
    positional = _positional(parts, notes, closed=closed)
    fields = pairs_of(parts[1:], notes, _READ, closed=closed)
    return _trigger(positional, fields, signed, mac)


def _signature(text: str, notes: Notes) -> tuple[str | None, str | None]:
    """What was signed, with its last `;`, and the signature; both None when there is none.

    Only a part behind the four positional ones can be a signature.
    """
    matched = _SIGNED.fullmatch(text)
    if not matched or matched["signed"].count(";") < _POSITIONAL:
        notes.add("mac_missing")
        return None, None
    mac = cleaned(matched["mac"].strip(), MAX_LINE, notes)
    if not _MAC.fullmatch(mac):
        notes.add("mac_malformed")
    return matched["signed"], mac


def _positional(parts: list[str], notes: Notes, *, closed: bool) -> dict[str, str]:
    """Handset, counter and t by their place; the last part of a cut text is not read."""
    whole = parts if closed else parts[:-1]
    names = ("handset", "counter", "t")
    found = {
        name: part.strip()
        for name, part in zip(names, whole[1:_POSITIONAL], strict=False)
        if part.strip() and "=" not in part
    }
    for name in names:
        if name not in found:
            notes.add(f"missing_{name}")
    return found


def _trigger(
    positional: dict[str, str], fields: Fields, signed: str | None, mac: str | None
) -> Trigger:
    notes = fields.notes
    said = positional.get("t", "")
    head = Fields(positional, notes, typed=False)
    return Trigger(
        kind=_kind(said, fields, is_signed=_MAC.fullmatch(mac or "") is not None),
        id=fields.identity("id") or _id_in(said, notes),
        counter=head.whole("counter", MAX_COUNTER),
        claimed_at=_time_in(said, notes),
        position=position_v1(fields),
        battery_pct=fields.number("bt", 0, 100),
        handset=head.identity("handset"),
        signed_text=None if signed is None else signed.encode(),
        mac=mac,
        warnings=notes.all(),
    )


def _kind(said: str, fields: Fields, *, is_signed: bool) -> TriggerKind:
    """The kind in `t` or in `k`; a test or a cancel without any signature counts as a press.

    Those two ask for less help: whoever asks for less must at least sign (a cut message does not).
    """
    kind = _kind_said(said, fields)
    if is_signed or kind not in {TriggerKind.TEST, TriggerKind.CANCEL}:
        return kind
    fields.notes.add("kind_unsigned")
    return TriggerKind.PRESS


def _kind_said(said: str, fields: Fields) -> TriggerKind:
    in_t = _WORDS.get(said.upper())
    key = fields.first("k")
    in_k = _WORDS.get(key.upper()) if isinstance(key, str) else None
    if key is AMBIGUOUS or (in_t and in_k and in_t != in_k):
        fields.notes.add("kind_ambiguous")
        return TriggerKind.PRESS
    if key is not None and in_k is None:
        fields.notes.add("unknown_kind")
    return in_t or in_k or TriggerKind.PRESS


def _time_in(said: str, notes: Notes) -> datetime | None:
    return moment(said, notes) if _TIME.fullmatch(said) else None


def _id_in(said: str, notes: Notes) -> str | None:
    """A `t` that is neither a kind nor a time is the trigger id of makers who read `t` so."""
    if not said or said.upper() in _WORDS or _TIME.fullmatch(said):
        return None
    return identity(said, notes)
