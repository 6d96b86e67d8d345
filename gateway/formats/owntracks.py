"""Reads OwnTracks JSON: positions, a manual publish or a region named SOS as a press, the Will.

Whether that handset is one for tests is the caller's to decide: a manual publish carries the
warning word `owntracks_manual`, a region `owntracks_region`. The handset is known by its topic or
its login, never by the two letters of `tid`.
"""

import re

from gateway.formats.place import place
from gateway.formats.reading import AMBIGUOUS, Fields, open_object
from gateway.formats.spelling import digest_of
from gateway.formats.state_json import MAX_SESSION
from tgd.rules.trigger import Meaning, Nothing, PositionReport, StateReport, Trigger, Unreadable

# fmt: off
TYPES = frozenset((
    "beacon", "card", "cmd", "configuration", "dump", "encrypted", "location", "lwt",
    "request", "status", "steps", "transition", "waypoint", "waypoints",
))
# fmt: on
SOS_REGION = "sos"
_OWN_ID = re.compile(r"owntracks:[0-9a-f]{40}")
_FIRST_TRUE_YEAR = 2020  # before it a clock is stuck, see osmand.derived_id


def read(raw: bytes) -> Meaning:
    """What one OwnTracks message means to us; Unreadable when it is no OwnTracks JSON."""
    if not raw.strip():
        return Nothing("empty")  # the apps send empty bodies; the booklet says to ignore them
    fields = open_object(raw)
    if isinstance(fields, Unreadable):
        return fields
    kind = fields.word("_type")
    if kind is None:
        return Unreadable("not_owntracks", fields.notes.all())
    if kind == "location":
        return _location(fields)
    if kind == "transition":
        return _transition(fields)
    if kind == "lwt":
        return _lost(fields)
    return Nothing(kind if kind in TYPES else "unknown_type")


def _location(fields: Fields) -> Meaning:
    """`t` is why the app speaks: `u` is its owner's finger; two different answers may hide one."""
    why = fields.first("t")
    if why is AMBIGUOUS or fields.word("t") == "u":
        return _press(fields, "owntracks_manual")
    battery = fields.number("batt", 0, 100)
    position = place(fields, "lat", "lon", "acc", at=fields.moment("tst"))
    if position is None:
        return Nothing("no_position", None, battery)
    return PositionReport(position, None, None, battery, fields.notes.all())


def _transition(fields: Fields) -> Meaning:
    """Entering a region named SOS is a press; leaving it is none, an unknown event is one."""
    region = fields.first("desc")
    if region is not AMBIGUOUS and fields.word("desc") != SOS_REGION:
        return Nothing("transition")
    if fields.word("event") == "leave":
        return Nothing("transition")
    return _press(fields, "owntracks_region")


def _press(fields: Fields, warning: str) -> Trigger:
    """`tst` is when the place was found; `created_at`, if there, when the finger moved."""
    fields.notes.add(warning)
    return Trigger(
        id=_derived_id(fields),
        claimed_at=fields.moment("created_at", "tst"),
        position=place(fields, "lat", "lon", "acc", at=fields.moment("tst")),
        battery_pct=fields.number("batt", 0, 100),
        warnings=fields.notes.all(),
    )


def _derived_id(fields: Fields) -> str | None:
    """One id for one press, from what a retry repeats; None when two presses could share it.

    A message that was struck carries the id derived before, and keeps it.
    """
    own = fields.first("_id")
    if isinstance(own, str) and _OWN_ID.fullmatch(own):
        return own
    at = fields.moment("created_at", "tst")
    if not isinstance(own, str | int) and (at is None or at.year < _FIRST_TRUE_YEAR):
        return None
    said = (fields.first(name) for name in ("tid", "tst", "created_at", "_id", "topic"))
    return "owntracks:" + digest_of(*(repr(value) for value in said))


def _lost(fields: Fields) -> StateReport:
    """The Will; `tst` is when that session first connected, so it tells the sessions apart."""
    session = fields.whole("tst", MAX_SESSION)
    return StateReport("lost", session=session, warnings=fields.notes.all())
