"""What of an alert may be shown to whom now: plain values for page, JSON and live channel alike.

Rows of the list hold nothing personal for anybody. The sheet holds what `access.discloses` allows
at this moment, and each look at it is written to the journal in the same transaction.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import looks
from tgd.accounts import Seat
from tgd.alerts.acts import needs_second, since_request
from tgd.allocation import sheets, whose
from tgd.allocation.acting import Officer
from tgd.allocation.acting import officer as acting_officer
from tgd.casework.sheet_form import form_of
from tgd.records import Alert
from tgd.rules import walk
from tgd.rules.access import Act, FieldGroup, Role, discloses, may
from tgd.rules.alert import AlertState, Lane, Outcome, reference
from tgd.rules.case_sheet import AGREED, HINDERS
from tgd.rules.coming import left, tones_of
from tgd.rules.delivery import DeliveryState
from tgd.rules.doubt import Label, Trust
from tgd.rules.place import Shown, choose
from tgd.rules.territory import Area
from tgd.seal import CannotUnseal, Keys
from tgd.store import acting, shifts
from tgd.store import console as store
from tgd.unseen import made_visible
from tgd.web import call_facts, kept_facts, place_facts, timeline

AS_RECEIVED = frozenset({Label.UNKNOWN_SOURCE, Label.UNDECODABLE, Label.FREE_TEXT})
"""Only where the message itself is all that we have is it shown as it came."""
LONGEST_MESSAGE = 10_000
REQUESTED, FAILS = "requested", 2
"""The topic of a request, and after how many attempts it is said that it does not get through."""
MOST_DELIVERIES = 10_000
"""In a log: more than any policy tells of one alert."""
MESSAGE = "message"
"""Name of the message as received among the groups of a look; it may hold anything."""


def row_of(r: Any, commune: place_facts.Commune | None = None) -> dict[str, Any]:
    """One alert for the list: nothing personal, the same for every role that sees alerts."""
    return {
        "id": str(r.id), "reference": reference(r.number), "lane": r.lane, "state": r.state,
        "labels": list(r.labels), "presses": r.presses, "opened_at": r.opened_at,
        "waiting_since": r.waiting_since, "closed_at": r.closed_at, "owner": r.owner,
        "offered_to": r.offered_to,
        "has_position": r.has_position, "commune": commune, "battery_pct": r.battery_pct,
        "proposed": r.proposed_by is not None,
        "mark": r.version + r.updates + r.presses + r.calls + r.plans, "next": next_of(r),
        "tones_s": list(tones_of(r)), "stamp": f"{zlib.crc32(repr(_shown(r)).encode()):08x}",
        "list": "closed" if r.state == AlertState.CLOSED else r.lane,
    }  # fmt: skip


def fingerprint(r: Any) -> tuple[Any, ...]:
    """Two readings of a row with the same one look the same."""
    return (*_shown(r), r.plans)


def _shown(r: Any) -> tuple[Any, ...]:
    """What an open sheet shows, but for what comes next: that stands in the row."""
    return (
        r.version, r.updates, r.presses, r.changed_at, r.has_position, r.state, r.owner, r.calls,
        r.tellings,
    )  # fmt: skip


def next_of(r: Any) -> dict[str, Any] | None:
    """What the policy does next for this alert and when, as dispatch left it; None for nothing."""
    found = left(r)
    if found is None:
        return None
    tells = [{"name": name, "kind": kind} for name, kind in found.tells]
    return {"at": found.at, "tells": tells, "tone": found.tone, "lapse": found.lapse}


@dataclass(frozen=True, slots=True)
class Look:
    """One person looking at one alert at one moment."""

    seat: Seat
    alert: Alert
    now: datetime

    @property
    def is_open(self) -> bool:
        """True until a human ended it."""
        return self.alert.state != AlertState.CLOSED

    @property
    def is_mine(self) -> bool:
        """True for the one who answers for it."""
        return self.alert.owner == self.seat.name

    def discloses(self, group: FieldGroup) -> bool:
        """The access rules, with what they need to know of this moment."""
        verified = self.alert.trust == Trust.VERIFIED or self.alert.verified_at is not None
        return not self.seat.locked and discloses(
            self.seat.role, group, alert_open=self.is_open, verified_source=verified
        )

    def shows_message(self) -> bool:
        """To the operator who answers for it, where nothing else is known of the caller."""
        return (
            bool(AS_RECEIVED & set(self.alert.labels))
            and self.is_open and self.is_mine
            and self.discloses(FieldGroup.ALERT_RECORD)
            and self.discloses(FieldGroup.GEOLOCATION)
        )  # fmt: skip


def sheet_of(
    session: Session, seat: Seat, alert_id: UUID, now: datetime, keys: Keys | None,
    areas: Sequence[Area] = (),
) -> dict[str, Any] | None:  # fmt: skip
    """All that this person may see of an alert now; None when there is none, or only a canary.

    Writes down which groups were shown.
    """
    officer = acting_officer(session, seat.name, seat.role, now, tuple(areas))
    alert = _there_for(session, officer, alert_id)
    if alert is None:
        return None
    look = Look(seat, alert, now)
    may_locate = look.discloses(FieldGroup.GEOLOCATION)
    fixes = place_facts.fixes_of(session, alert.id) if may_locate else []
    shown = choose(fixes)
    record, person = _record(session, look), _person(session, look, officer, shown)
    parts = {
        FieldGroup.PERSON.value: person,
        FieldGroup.GEOLOCATION.value: place_facts.position(shown, fixes, areas) if shown else None,
        FieldGroup.ALERT_RECORD.value: record,
        MESSAGE: _messages(session, look, keys),
    }
    looks.looked(session, seat.name, alert.id, [g for g, part in parts.items() if part], now)
    home = person["home"] if person else None
    return _head(alert) | {
        "stages": walk.stages(alert.opened_at, [
            alert.taken_at, alert.verified_at, alert.requested_at, alert.acknowledged_at,
            alert.on_scene_at,
        ], is_open=look.is_open),
        "rooms": place_facts.rooms_of(shown, home, areas),
        "zone_there": place_facts.zone_of(session, shown, home, areas) if look.is_open else None,
        "look_at": _ring_at(look), "ring_room": _must_ring(session, look),
        "person": person, "position": parts[FieldGroup.GEOLOCATION.value],
        "record": record, "messages": parts[MESSAGE], "mine": look.is_mine, "open": look.is_open,
        "message_after_taking": _message_after_taking(look),
        "may": may_do(look) | _may_also(session, look, record),
        "colleagues": _colleagues(session, look),
        "needs_second": needs_second(alert, _usual_end(alert)),
    }  # fmt: skip


def _must_ring(session: Session, look: Look) -> bool:
    """A room that was asked and has not said in time that it has the case, or that our request
    does not reach at all."""
    a = look.alert
    if not look.is_open or a.requested_at is None:
        return False
    if walk.must_ring(a.requested_at, a.acknowledged_at, a.on_scene_at, look.now):
        return True
    fails = any(
        d.topic == REQUESTED and d.made_at >= a.requested_at
        and (d.state == DeliveryState.REFUSED
             or (d.state == DeliveryState.PENDING and d.attempts >= FAILS))
        for d in store.deliveries_of(session, a.id)
    )  # fmt: skip
    return fails and _ring_at(look) is not None


def _colleagues(session: Session, look: Look) -> list[str]:
    """To whom the one who answers for it may hand it on."""
    if not (look.is_mine and look.is_open and look.alert.offered_to is None):
        return []
    return shifts.colleagues(session, look.seat.name)


def _there_for(session: Session, officer: Officer, alert_id: UUID) -> Alert | None:
    """The alert, if it exists for this person."""
    alert = acting.alert(session, alert_id)
    if alert is None or alert.lane == Lane.CANARY or not may(officer.role, Act.SEE_ALERTS):
        return None
    return alert if whose.reaches(session, officer.reach, alert_id, officer.areas) else None


def _ring_at(look: Look) -> datetime | None:
    """When the open page is to look again: the room may have said nothing until then."""
    asked, heard = look.alert.requested_at, look.alert.acknowledged_at
    if not look.is_open or asked is None or (heard is not None and heard >= asked):
        return None
    at = asked + walk.CALL_AFTER
    return at if at > look.now else None


def _head(a: Alert) -> dict[str, Any]:
    return {
        "id": str(a.id), "reference": reference(a.number), "lane": a.lane, "state": a.state,
        "trust": a.trust, "labels": list(a.labels), "presses": a.presses, "owner": a.owner,
        "opened_at": a.opened_at, "pressed_at": a.pressed_at, "waiting_since": a.waiting_since,
        "taken_at": a.taken_at, "requested_at": a.requested_at, "closed_at": a.closed_at,
        "acknowledged_at": a.acknowledged_at, "on_scene_at": a.on_scene_at,
        "verified": a.verified, "battery_pct": a.battery_pct, "version": a.version,
        "outcome": a.outcome, "closed_by": a.closed_by, "countersigned_by": a.countersigned_by,
        "reported_outcome": a.reported_outcome, "reported_by": a.reported_by,
        "reported_at": a.reported_at, "proposed_by": a.proposed_by,
        "proposed_outcome": a.proposed_outcome, "next": next_of(a),
        "offered_to": a.offered_to, "offered_at": a.offered_at,
        "on_the_way_at": since_request(a, a.on_the_way_at), "expected_at": a.expected_at,
    }  # fmt: skip


def _person(
    session: Session, look: Look, officer: Officer, shown: Shown | None
) -> dict[str, Any] | None:
    if not look.discloses(FieldGroup.PERSON):
        return None
    found = store.person_of(session, look.alert.person)
    if found is None:
        return None
    sheet = sheets.sheet_of_alert(session, officer, look.alert.id)
    known = sheet.sheet.get("places", []) if sheet else found.places
    said = form_of(sheet.sheet) if sheet else {}
    agreed = {name: said.pop(name, "") for name in AGREED}
    hinders = "" if sheet else sheets.hinders_a_test(session, officer, look.alert.id)
    return {
        "name": found.name, "places": place_facts.places(known, shown),
        "home": place_facts.home_insee(known),
        "note": None if sheet else found.note,
        "number": store.number_of(session, look.alert.handset),
        "sheet": said if sheet else {HINDERS: hinders} if hinders else None,
        "agreed": agreed if look.is_mine and look.is_open and sheet else None,
        "file": str(sheet.case_file) if sheet else None,
    }  # fmt: skip


def _record(session: Session, look: Look) -> dict[str, Any] | None:
    if not look.discloses(FieldGroup.ALERT_RECORD):
        return None
    alert = look.alert
    kept = kept_facts.kept_of(session, look.seat, alert)
    return {
        "kept": kept, "is_held": kept_facts.is_held(kept),
        "reason": alert.reason, "proposed_reason": alert.proposed_reason,
        "test": _test(session, alert) if alert.lane == Lane.TEST else None,
    } | timeline.shown(session, look.seat.role, alert.id) | {
        "deliveries": [dict(d._mapping) for d in store.deliveries_of(session, alert.id)],
        "calls": call_facts.calls_of(session, alert),
        "recordings": call_facts.recordings_of(session, look.seat, alert.id),
    }  # fmt: skip


def _test(session: Session, alert: Alert) -> dict[str, Any] | None:
    """What a test press has shown: nothing of where she is."""
    found = store.test_of(session, alert.id)
    if found is None:
        return None
    travelled = (found.heard_at - found.claimed_at).total_seconds() if found.claimed_at else None
    return {
        "heard_at": found.heard_at, "channels": list(found.channels),
        "travelled_s": travelled, "kept_after_s": max(found.kept_after.total_seconds(), 0.0),
    }  # fmt: skip


def _messages(session: Session, look: Look, keys: Keys | None) -> list[dict[str, Any]] | None:
    if not look.shows_message():
        return None
    return [
        {"channel": m.channel, "received_at": m.received_at, "source": m.source.partition(":")[2],
         "struck": m.struck} | _opened(m, keys)
        for m in store.messages_of(session, look.alert.id)
    ]  # fmt: skip


def _opened(m: Any, keys: Keys | None) -> dict[str, str | None]:
    """The text, or hexadecimal digits for what is no text, or neither without the key."""
    if keys is None:
        return {"text": None, "hex": None}
    try:
        raw = keys.unseal(m.raw_sealed, f"{m.channel}:{m.transport_id}")
    except CannotUnseal:
        return {"text": None, "hex": None}
    try:
        return {"text": made_visible(raw.decode(), also="Cf")[:LONGEST_MESSAGE], "hex": None}
    except UnicodeDecodeError:
        return {"text": None, "hex": raw.hex(" ")[:LONGEST_MESSAGE]}


def _message_after_taking(look: Look) -> bool:
    return (
        bool(AS_RECEIVED & set(look.alert.labels))
        and look.is_open and not look.is_mine and may(look.seat.role, Act.TAKE)
    )  # fmt: skip


HAVE_ANSWERED = (AlertState.ACKNOWLEDGED, AlertState.ON_SCENE)
"""A room that has answered may be asked again: he came back, the patrol has left."""


def may_do(look: Look) -> dict[str, bool]:
    """Which acts the page offers; the acts themselves decide again."""
    role, a, mine = look.seat.role, look.alert, look.is_mine and look.is_open
    takes_over = role is Role.SUPERVISOR and not look.is_mine and a.offered_to != look.seat.name
    can_give_back = a.state in (AlertState.TAKEN, AlertState.VERIFIED)
    return {
        "take": may(role, Act.TAKE) and look.is_open and (a.owner is None or takes_over),
        "release": may(role, Act.RELEASE) and mine and can_give_back,
        "offer": may(role, Act.RELEASE) and mine and a.offered_to is None,
        "take_back": may(role, Act.RELEASE) and mine and a.offered_to is not None,
        "accept": may(role, Act.TAKE) and look.is_open and a.offered_to == look.seat.name,
        "verify": may(role, Act.VERIFY) and mine,
        "request": may(role, Act.REQUEST_INTERVENTION) and mine and a.lane != Lane.TEST
        and (a.requested_at is None or a.state in HAVE_ANSWERED),
        "duress": may(role, Act.REQUEST_INTERVENTION) and mine and Label.DURESS not in a.labels,
        "real": may(role, Act.TAKE) and look.is_open and a.lane != Lane.REAL,
        "note": may(role, Act.NOTE) and a.forgotten_at is None,
        "close": may(role, Act.CLOSE) and mine and a.state != AlertState.OPEN,
        "countersign": may(role, Act.COUNTERSIGN) and look.is_open
        and a.proposed_by is not None and a.proposed_by != look.seat.name,
    }  # fmt: skip


def _may_also(session: Session, look: Look, record: dict[str, Any] | None) -> dict[str, bool]:
    kept = record["kept"] if record else []
    return kept_facts.may_keep(session, look.seat, look.alert, kept, look.now) | {
        "call": call_facts.may_call(session, look.seat, look.alert),
        "speak": call_facts.may_speak(session, look.seat, look.alert),
    }


def _usual_end(a: Alert) -> Outcome:
    """Every outcome that is not a test needs the same."""
    return Outcome.TEST if a.lane == Lane.TEST else Outcome.OTHER


def log_of(
    session: Session, seat: Seat, alert_id: UUID, now: datetime, areas: Sequence[Area], page: int
) -> dict[str, Any] | None:
    """A page of all that was done about an alert, as this person may see it; None when there is
    none, or no more. Writes down that it was shown."""
    officer = acting_officer(session, seat.name, seat.role, now, tuple(areas))
    alert = _there_for(session, officer, alert_id)
    if alert is None or not Look(seat, alert, now).discloses(FieldGroup.ALERT_RECORD):
        return None
    found = timeline.whole(session, seat.role, alert_id, page)
    if page > found["pages"]:
        return None
    looks.looked(session, seat.name, alert_id, [FieldGroup.ALERT_RECORD.value], now)
    deliveries = [dict(d._mapping) for d in store.deliveries_of(session, alert_id, MOST_DELIVERIES)]
    return _head(alert) | found | {"reason": alert.reason, "deliveries": deliveries}
