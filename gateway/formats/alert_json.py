"""Reads our JSON of tgd/v1/{handset}/alert; doubtful parts never make it less than a call."""

from gateway.formats.place import place
from gateway.formats.reading import AMBIGUOUS, Fields, open_object
from tgd.rules.trigger import Method, Position, Trigger, TriggerKind, Unreadable

MAX_COUNTER = 2**32 - 1
"""A handset counts its presses in 32 bits."""


def read(raw: bytes) -> Trigger | Unreadable:
    """The trigger in one JSON object; Unreadable for anything that is no JSON object."""
    fields = open_object(raw)
    return fields if isinstance(fields, Unreadable) else _trigger(fields)


def _trigger(fields: Fields) -> Trigger:
    if fields.first("trigger") is None:
        fields.notes.add("missing_trigger")
    return Trigger(
        kind=kind_of(fields),
        id=fields.identity("trigger"),
        counter=fields.whole("counter", MAX_COUNTER),
        claimed_at=fields.moment("at"),
        position=position_of(fields),
        battery_pct=fields.number("battery_pct", 0, 100),
        warnings=fields.notes.all(),
    )


def kind_of(fields: Fields) -> TriggerKind:
    """The kind that the message says; a press when it says none, an unknown one, or two."""
    said = fields.first("kind")
    if said is None:
        fields.notes.add("missing_kind")
        return TriggerKind.PRESS
    word = fields.word("kind")
    if word not in set(TriggerKind):
        fields.notes.add("unknown_kind")
        return TriggerKind.PRESS
    return TriggerKind(word)


def position_of(fields: Fields) -> Position | None:
    """The object under `position`, as a position; None with a warning when doubtful."""
    said = fields.first("position")
    if said is None:
        return None
    inner = fields.inside("position")
    if inner is None:
        fields.notes.add("position_ambiguous" if said is AMBIGUOUS else "position_impossible")
        return None
    found = place(inner, "lat", "lon", "radius_m", method=_method(inner), at=inner.moment("at"))
    if found is None and inner.first("lat", "lon") is None:
        fields.notes.add("position_incomplete")
    return found


def _method(fields: Fields) -> Method:
    word = fields.word("method")
    if word in set(Method):
        return Method(word)
    if fields.first("method") is not None:
        fields.notes.add("unknown_method")
    return Method.UNKNOWN
