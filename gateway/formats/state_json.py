"""Reads our JSON of tgd/v1/{handset}/state: birth, life sign and Will; never takes a position."""

import hashlib

from gateway.formats.reading import Fields, open_object
from tgd.rules.trigger import Nothing, StateReport, Unreadable

MAX_SESSION = 2**53 - 1
"""Largest session number: the largest integer that every JSON library keeps exact."""


def read(raw: bytes) -> StateReport | Nothing | Unreadable:
    """What a handset says of itself; Unreadable when it says neither `online` nor `lost`.

    Guessing would be wrong both ways: `online` would hide a silence, `lost` would invent one.
    """
    if not raw.strip():
        return Nothing("empty")  # how MQTT clears a retained message
    fields = open_object(raw)
    if isinstance(fields, Unreadable):
        return fields
    state = fields.word("state")
    if state not in {"online", "lost"}:
        return Unreadable("unknown_state", fields.notes.all())
    return _report(state, fields)


def _report(state: str, fields: Fields) -> StateReport:
    if fields.first("position", "lat", "lon") is not None:
        fields.notes.add("position_ignored")
    return StateReport(
        state=state,
        session=fields.whole("session", MAX_SESSION),
        battery_pct=fields.number("battery_pct", 0, 100),
        radio=fields.line("radio"),
        rssi_dbm=fields.number("rssi_dbm", -200, 50),
        version=fields.line("version"),
        sim=_named_once(fields.line("sim")),
        warnings=fields.notes.all(),
    )


def _named_once(sim: str | None) -> str | None:
    """An ICCID or an IMSI becomes its hash before anybody keeps it: only a change matters."""
    return hashlib.sha256(sim.encode("utf-8", "replace")).hexdigest() if sim else None
