"""One batch of what was heard becomes rows, in one transaction; no cry for help is refused here."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.formats import READERS
from gateway.formats.striking import strike
from gateway.heard import Channel, Form, Heard, Kept, Receipt
from gateway.strangers import gather
from gateway.telemetry import Whereabouts, keep_positions
from tgd import ids
from tgd.alerts.canaries import raise_or_keep
from tgd.alerts.raising import Raised
from tgd.alerts.repeating import Press
from tgd.rules.alert import AlertState
from tgd.rules.doubt import Known, Trust, Verdict, judge
from tgd.rules.keys import is_authentic, sms_key
from tgd.rules.phone import e164
from tgd.rules.trigger import Meaning, PositionReport, Trigger, TriggerKind, Unreadable
from tgd.seal import Keys
from tgd.store import alerts as store
from tgd.store import nudges
from tgd.store.merges import insert_merges
from tgd.store.sources import Source, Sources, remember_counters, sources

NOBODY = Known()


@dataclass(frozen=True, slots=True)
class _Read:
    """One message, read and attributed, before it is judged."""

    heard: Heard
    meaning: Meaning
    source: Source | None
    signature: bool | None


def take_in(
    session: Session,
    batch: Sequence[Heard],
    now: datetime,
    keys: Keys,
    *,
    unread: bool = False,
) -> list[Receipt]:
    """Keep this batch and raise what is to be raised; answers in its order.

    `unread` keeps the bytes without reading them, for a message on which reading has failed: it
    becomes an alert labelled undecodable. Raises whatever the record raises; then nothing is kept.
    """
    meanings = [Unreadable("poison") if unread else READERS[h.form](h.raw) for h in batch]
    found = _sources(session, batch, meanings, now)
    seen = store.seen_messages(session, [(h.channel.value, h.transport_id) for h in batch])
    reads = [_read(h, m, found, keys) for h, m in zip(batch, meanings, strict=True)]
    fresh = [r for r in reads if (r.heard.channel.value, r.heard.transport_id) not in seen]
    # every source at once and in one order, also of positions: two gateways never wait in a ring
    store.lock_sources(
        session, (source_name(r.heard, r.source.handset if r.source else None) for r in fresh)
    )
    raised = _raise(session, [r for r in fresh if _is_call(r)], found, now, keys)
    _merge_known(session, reads, seen, now)
    refused = _locate(session, [r for r in fresh if isinstance(r.meaning, PositionReport)], now)
    return [
        Receipt(Kept.REFUSED, None) if r in refused
        else _receipt(r, raised.get((r.heard.channel.value, r.heard.transport_id)))
        for r in reads
    ]  # fmt: skip


def _sources(
    session: Session, batch: Sequence[Heard], meanings: Sequence[Meaning], now: datetime
) -> Sources:
    named = {h.source for h in batch if h.channel is not Channel.SMS}
    named |= {m.handset for m in meanings if getattr(m, "handset", None)}  # type: ignore[union-attr,misc]
    numbers = {e164(h.source) or h.source for h in batch if h.channel is Channel.SMS}
    return sources(session, named, numbers, now)


def _read(heard: Heard, meaning: Meaning, found: Sources, keys: Keys) -> _Read:
    if heard.channel is Channel.SMS:
        return _read_sms(heard, meaning, found, keys)
    source = found.by_id.get(heard.source)
    if _is_manual_position(meaning) and not (source and source.is_test_device):
        assert isinstance(meaning, Trigger)
        meaning = PositionReport(meaning.position)
    wrong_secret = heard.channel is Channel.MQTT and not heard.verified
    return _Read(heard, meaning, source, False if wrong_secret else None)


def _read_sms(heard: Heard, meaning: Meaning, found: Sources, keys: Keys) -> _Read:
    """A number proves nothing: only a good signature names a handset other than the number's."""
    by_number = found.by_number.get(e164(heard.source) or heard.source)
    if not isinstance(meaning, Trigger) or meaning.handset is None:
        return _Read(heard, meaning, by_number, None)
    claimed = found.by_id.get(meaning.handset)
    if claimed is not None:
        key = sms_key(keys.master, claimed.handset, claimed.key_generation)
        if is_authentic(meaning, key):
            return _Read(heard, meaning, claimed, True)
    return _Read(heard, meaning, by_number, False)


def _is_manual_position(meaning: Meaning) -> bool:
    """OwnTracks' manual publish is a press on a test handset only (INTEROP 2.3)."""
    return isinstance(meaning, Trigger) and "owntracks_manual" in meaning.warnings


def _is_call(read: _Read) -> bool:
    return isinstance(read.meaning, Trigger | Unreadable) and read.heard.form not in (
        Form.POSITION,
        Form.STATE,
    )


def _raise(
    session: Session, reads: Sequence[_Read], found: Sources, now: datetime, keys: Keys
) -> dict[tuple[str, str], Raised]:
    """What became of each, by its name at the transport."""
    if not reads:
        return {}
    judged = [(read, _judge(read, found)) for read in reads]
    presses = gather(session, [_press(read, verdict) for read, verdict in judged])
    raised = raise_or_keep(session, presses, now)
    store.insert_sightings(
        session, [_sighting(j, r, now, keys) for j, r in zip(judged, raised, strict=True)]
    )
    remember_counters(session, _counters(judged))
    nudges.nudge_all(session)
    return {
        (read.heard.channel.value, read.heard.transport_id): one
        for read, one in zip(reads, raised, strict=True)
    }


def _merge_known(
    session: Session, reads: Sequence[_Read], seen: dict[tuple[str, str], Any], now: datetime
) -> None:
    """A commit that was cut off had happened: what was told of the spooled copy is that alert's."""
    merged = []
    for heard in (r.heard for r in reads if r.heard.spooled and r.heard.alert):
        known = seen.get((heard.channel.value, heard.transport_id))
        if known is not None and known.alert is not None and known.alert != heard.alert:
            merged.append({"told": heard.alert, "alert": known.alert, "at": now})
    insert_merges(session, merged)


def _judge(read: _Read, found: Sources) -> Verdict:
    """Each press is judged against the counters of those before it in the batch."""
    source = found.by_id.get(read.source.handset) if read.source else None
    known = source.known if source else NOBODY
    counter = read.meaning.counter if isinstance(read.meaning, Trigger) else None
    verdict = judge(
        read.meaning, known, proven_by_transport=read.heard.verified,
        signature=read.signature, received_at=read.heard.received_at,
    )  # fmt: skip
    if source and counter is not None and verdict.trust is Trust.VERIFIED:
        found.counted(source.handset, counter)
    return verdict


def _press(read: _Read, verdict: Verdict) -> Press:
    meaning, source = read.meaning, read.source
    trigger = meaning if isinstance(meaning, Trigger) else Trigger()
    return Press(
        source=source_name(read.heard, source.handset if source else None),
        handset=source.handset if source else None,
        person=source.person if source else None,
        trigger=_trigger_id(read, trigger),
        kind=trigger.kind if isinstance(meaning, Trigger) else TriggerKind.PRESS,
        counter=trigger.counter,
        claimed_at=trigger.claimed_at,
        received_at=read.heard.received_at,
        battery_pct=trigger.battery_pct,
        verdict=verdict,
        position=trigger.position if verdict.keep_position else None,
        channel=read.heard.channel.value,
        alert=read.heard.alert,
        spooled=read.heard.spooled,
    )


def source_name(heard: Heard, handset: str | None) -> str:
    """What one open alert is counted by: our handset, or else what the stranger says it is."""
    return f"handset:{handset}" if handset else f"{heard.channel.value}:{heard.source}"[:140]


def _trigger_id(read: _Read, trigger: Trigger) -> str:
    """The handset's own id, else one that a repetition of the same message gives again.

    A stranger's ids are kept apart, so that nobody can use up a handset's id before its press.
    """
    heard = read.heard
    mark = "" if heard.verified or read.signature else "?"
    if trigger.id:
        return f"{mark}{trigger.id}"
    if trigger.counter is not None:
        return f"{mark}counter:{trigger.counter}"
    if heard.channel is Channel.SMS:
        return f"sms:{heard.transport_id}"[:80]
    return "content:" + hashlib.sha256(heard.raw).hexdigest()[:32]


def _sighting(
    judged: tuple[_Read, Verdict], raised: Raised, now: datetime, keys: Keys
) -> dict[str, Any]:
    read, verdict = judged
    raw, struck = kept_bytes(read.heard, read.meaning, verdict)
    name = f"{read.heard.channel.value}:{read.heard.transport_id}"
    return {
        "id": ids.new(now), "channel": read.heard.channel.value, "form": read.heard.form.value,
        "transport_id": read.heard.transport_id,
        "source": source_name(read.heard, read.source.handset if read.source else None),
        "raw_sealed": keys.seal(raw, name), "struck": struck,
        "received_at": read.heard.received_at, "kept_at": now, "alert": raised.alert,
        "trigger": raised.trigger,
        "warnings": [w[:60] for w in getattr(read.meaning, "warnings", ())],
    }  # fmt: skip


def kept_bytes(heard: Heard, meaning: Meaning, verdict: Verdict) -> tuple[bytes, bool]:
    """The raw bytes as they may be kept, and whether a position was struck out of them.

    Readable ones of a handset without an agreement to geolocation lose their position;
    unreadable ones and those of unknown sources are kept whole (they are sealed either way).
    """
    readable = isinstance(meaning, Trigger)
    if readable and not verdict.keep_position and verdict.trust is not Trust.UNKNOWN:
        return strike(heard.form, heard.raw), True
    return heard.raw, False


def _counters(judged: Sequence[tuple[_Read, Verdict]]) -> dict[str, int]:
    highest: dict[str, int] = {}
    for read, verdict in judged:
        if not isinstance(read.meaning, Trigger) or read.meaning.counter is None:
            continue
        if read.source and verdict.trust is Trust.VERIFIED:
            before = highest.get(read.source.handset, 0)
            highest[read.source.handset] = max(before, read.meaning.counter)
    return highest


def _locate(session: Session, reads: Sequence[_Read], now: datetime) -> list[_Read]:
    """Positions during an alert; gives those refused, which are stored nowhere."""
    told = [
        Whereabouts(r.source, r.meaning.position, r.heard.verified, r.heard.received_at)
        for r in reads
        if isinstance(r.meaning, PositionReport)
    ]
    kept = keep_positions(session, told, now)
    return [read for read, was_kept in zip(reads, kept, strict=True) if not was_kept]


def _receipt(read: _Read, raised: Raised | None) -> Receipt:
    meaning = read.meaning
    own = meaning.id if isinstance(meaning, Trigger) else None
    waits = raised is not None and raised.state is AlertState.OPEN
    return Receipt(Kept.RECORD, own, alert=raised.alert if raised and waits else None)
