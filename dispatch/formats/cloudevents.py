"""A telling as a CloudEvents 1.0 JSON event for a platform: opaque ids, no name, no number.

The one exception is a profile, for the platform that the policy names as their keeper.
"""

import json
from datetime import UTC, datetime
from typing import Any

from dispatch.formats.fix import radius_m
from dispatch.telling import Noticed, Telling
from tgd.rules.trigger import Position

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SOURCE = "/tgd"
TYPE = "org.tgd.alert.{topic}.v1"
NOTICE_TYPE = "org.tgd.notice.{kind}.v1"


def compose(telling: Telling) -> bytes:
    """The event in structured JSON mode; `id` is the telling's key, the same on every attempt."""
    kind = TYPE.format(topic=telling.topic)
    return _event(telling.key, kind, telling.alert, telling.told_at, _data(telling))


def compose_notice(noticed: Noticed) -> bytes:
    """What is no alert, by another type: whoever opens an incident for each event looks at it."""
    data: dict[str, Any] = {
        "about": noticed.about,
        "to": noticed.to,
        "file": noticed.file,
        "handset": noticed.handset,
        "made_at": _utc(noticed.made_at),
    }
    if noticed.profile is not None:
        data["profile"] = dict(noticed.profile)
    kind = NOTICE_TYPE.format(kind=noticed.kind)
    return _event(noticed.key, kind, noticed.notice, noticed.told_at, data)


def _event(key: str, kind: str, subject: str, told_at: datetime, data: dict[str, Any]) -> bytes:
    """CloudEvents 1.0: source and id together identify the event; times are RFC 3339, in UTC."""
    event = {
        "specversion": "1.0",
        "id": key,
        "source": SOURCE,
        "type": kind,
        "subject": subject,
        "time": _utc(told_at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _data(telling: Telling) -> dict[str, Any]:
    return {
        "reference": telling.reference,
        "lane": telling.lane,
        "state": telling.state,
        "labels": list(telling.labels),
        "opened_at": _utc(telling.opened_at),
        "presses": telling.presses,
        "position": _position(telling.position),
        "handset": telling.handset,
        "person": telling.person,
        "outcome": telling.outcome,
        "merges": list(telling.merges),
    }


def _position(position: Position | None) -> dict[str, Any] | None:
    if position is None:
        return None
    return {
        "lat": position.lat,
        "lon": position.lon,
        "radius_m": radius_m(position),
        "method": position.method.value,
        "at": _utc(position.at) if position.at else None,
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
