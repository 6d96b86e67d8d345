"""Reads our JSON of tgd/v1/{handset}/position: where the handset is while its alert is open."""

from gateway.formats.alert_json import position_of
from gateway.formats.reading import open_object
from tgd.rules.trigger import PositionReport, Unreadable


def read(raw: bytes) -> PositionReport | Unreadable:
    """The position in one JSON object (None inside when it is doubtful), or Unreadable."""
    fields = open_object(raw)
    if isinstance(fields, Unreadable):
        return fields
    return PositionReport(
        position=position_of(fields),
        trigger=fields.identity("trigger"),
        battery_pct=fields.number("battery_pct", 0, 100),
        warnings=fields.notes.all(),
    )
