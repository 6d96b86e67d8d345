"""Reads what Traccar Client sends: OsmAnd's form, its older query string, and its two JSON shapes.

Of several entries in one JSON array it reads one: the newest with an alarm, else the newest.
"""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from gateway.formats.place import place
from gateway.formats.reading import AMBIGUOUS, MAX_BYTES, Fields, gathered, open_json
from gateway.formats.spelling import Notes, digest_of
from tgd.rules.trigger import Meaning, Nothing, PositionReport, Trigger, TriggerKind, Unreadable

MAX_FIELDS = 100
_NAMES = frozenset(
    ("id", "deviceid", "device_id", "imei", "lat", "lon", "timestamp", "accuracy", "batt", "alarm")
)
_NO_ALARM = frozenset({"none", "false", "0", "no"})
_FALLS = frozenset({"falldown", "fall"})
# Alarms of a tracker in a vehicle. Every other word, known or not, could be a person's call.
# fmt: off
_NO_CALL = frozenset((
    "lowbattery", "lowpower", "poweroff", "poweron", "powercut", "powerrestored", "fault",
    "geofence", "geofenceenter", "geofenceexit", "gpsantennacut", "jamming", "parking", "tow",
    "idle", "temperature",
    "movement", "vibration", "lowspeed", "overspeed", "highrpm", "hardacceleration", "hardbraking",
    "hardcornering", "lanechange", "fatiguedriving", "door", "lock", "unlock", "bonnet",
    "footbrake", "fuelleak",
))
# fmt: on
_BEGINNING = datetime.min.replace(tzinfo=UTC)
# Before this a clock is stuck, and each press would bear the id of the one before.
_FIRST_TRUE_YEAR = 2020


def read(raw: bytes) -> Meaning:
    """A press for `alarm=sos`, else a position, else Nothing (a heartbeat)."""
    if not raw.strip():
        return Nothing("empty")
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _read_json(raw)
    return _read_form(raw)


def _read_form(raw: bytes) -> Meaning:
    if len(raw) > MAX_BYTES:
        return Unreadable("too_large")
    text = raw.decode("utf-8", "surrogateescape").strip().lstrip("/?")
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        return Unreadable("too_many_fields")
    notes = Notes()
    fields = Fields(_with_location(gathered(pairs, notes)), notes, typed=False)
    if _NAMES.isdisjoint(fields.values):
        return Unreadable("not_osmand", notes.all())
    return _meaning(fields)


def _with_location(values: dict[str, object]) -> dict[str, object]:
    """Some clients write `location=lat,lon` instead of two keys."""
    said = values.get("location")
    if not isinstance(said, str) or "lat" in values or "lon" in values:
        return values
    lat, _, lon = said.partition(",")
    return values | {"lat": lat, "lon": lon}


def _read_json(raw: bytes) -> Meaning:
    notes = Notes()
    value = open_json(raw, notes)
    if isinstance(value, Unreadable):
        return value
    entries = [flat(entry, notes) for entry in _entries(value)]
    if not entries:
        return Nothing("empty") if value == [] else Unreadable("not_osmand", notes.all())
    if len(entries) > 1:
        notes.add("one_of_several")
    return _meaning(_most_urgent(entries))


def _entries(value: object) -> list[dict[str, object]]:
    """The entries of an array, of an object around an array, or the one object itself."""
    if isinstance(value, dict) and isinstance(value.get("location"), list):
        outer = {name: inner for name, inner in value.items() if name != "location"}
        return [outer | {"location": entry} for entry in value["location"]]
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def flat(entry: dict[str, object], notes: Notes) -> Fields:
    """Both JSON shapes under the names of the form; unknown (-1) and battery 0..1 are converted."""
    outer = Fields(entry, notes)
    location = outer.inside("location") or outer
    coords = location.inside("coords") or location
    extras = location.inside("extras") or Fields({}, notes)
    two_answers = AMBIGUOUS in (outer.values.get("location"), location.values.get("extras"))
    values = {
        "id": outer.first("device_id", "deviceId", "id", "deviceid"),
        "timestamp": location.first("timestamp") or outer.first("timestamp"),
        "lat": coords.first("latitude", "lat"),
        "lon": coords.first("longitude", "lon"),
        "accuracy": _known(coords.first("accuracy")),
        "batt": _percent(location),
        "alarm": location.first("alarm") or outer.first("alarm") or extras.first("alarm"),
    }
    if two_answers and values["alarm"] is None:
        values["alarm"] = AMBIGUOUS  # one of the two may have held the call
    return Fields(values, notes)


def _known(value: object) -> object:
    return None if value == -1 else value


def _percent(location: Fields) -> object:
    battery = location.inside("battery")
    if battery is None:
        return _known(location.first("batt"))
    level = battery.first("level")
    if _known(level) is None:
        return None
    number = battery.number("level", 0, 1)
    return None if number is None else number * 100


def _most_urgent(entries: list[Fields]) -> Fields:
    return max(entries, key=lambda one: (_alarm(one, Notes()) is not None, _newness(one)))


def _newness(entry: Fields) -> datetime:
    quiet = Fields(entry.values, Notes(), entry.typed)
    return quiet.moment("timestamp") or _BEGINNING


def _meaning(fields: Fields) -> Meaning:
    handset = fields.identity("id", "deviceid")
    battery = fields.number("batt", 0, 100)
    at = fields.moment("timestamp")
    position = place(fields, "lat", "lon", "accuracy", at=at)
    kind = _alarm(fields, fields.notes)
    if kind is not None:
        return Trigger(
            kind=kind,
            id=derived_id(handset, at, kind),
            claimed_at=at,
            position=position,
            battery_pct=battery,
            handset=handset,
            warnings=fields.notes.all(),
        )
    if position is None:
        return Nothing("no_position", handset, battery)
    return PositionReport(position, None, handset, battery, fields.notes.all())


def _alarm(fields: Fields, notes: Notes) -> TriggerKind | None:
    """The kind of call in `alarm`; None for none and for what only a vehicle says."""
    said = fields.first("alarm")
    if said is None or said == 0:  # false as well
        return None
    if said is AMBIGUOUS or not isinstance(said, str):
        notes.add("unknown_kind")
        return TriggerKind.PRESS
    words = {word.strip().lower() for word in said.split(",")} - {""}
    if "sos" in words:
        return TriggerKind.PRESS
    if words & _FALLS:
        return TriggerKind.FALL
    if words <= _NO_CALL | _NO_ALARM:
        return None
    notes.add("unknown_kind")
    return TriggerKind.PRESS


def derived_id(handset: str | None, at: datetime | None, kind: TriggerKind) -> str | None:
    """One id for one press, so that the app's retry is no second press; None when unsure.

    The app sends no id. Without a true clock every press would bear the same one, and all but the
    first would pass for repetitions: then there is none.
    """
    if handset is None or at is None or at.year < _FIRST_TRUE_YEAR:
        return None
    return "osmand:" + digest_of(handset, at.isoformat(), kind.value)
