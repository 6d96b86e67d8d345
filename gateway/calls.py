"""What a message calls for, said without the record: for messages that wait in the spool. White.

Less is proven here than the record could prove, so less is disclosed; what could be a call is one.
Only a proven handset's "test" is a test, and only a proven canary a canary, as in
tgd/rules/doubt.py: its id says so, because the record gives such an id to no other handset.
"""

from uuid import UUID

from gateway.formats import READERS
from gateway.heard import Form, Heard
from tgd.rules.alert import Lane
from tgd.rules.canary import is_canary_name
from tgd.rules.keys import is_authentic, sms_key
from tgd.rules.spooled import SpooledCall
from tgd.rules.trigger import Trigger, TriggerKind, Unreadable

GENERATIONS = 16
"""Keys of a handset that are tried: which one is in force is only in the record."""


def call_of(heard: Heard, master: bytes, alert: UUID) -> SpooledCall | None:
    """The call in this message; None for positions, states and what calls nobody.

    An OwnTracks position sent by hand is a press on test handsets only, which the record knows:
    it waits for the record.
    """
    meaning = READERS[heard.form](heard.raw)
    if heard.form in (Form.POSITION, Form.STATE):
        return None
    if not isinstance(meaning, Trigger | Unreadable):
        return None
    said = meaning if isinstance(meaning, Trigger) else Trigger()
    if "owntracks_manual" in said.warnings:
        return None
    handset = _proven(heard, said, master)
    return SpooledCall(
        alert, handset, said.id, said.kind.value, _lane(handset, said), heard.channel.value,
        heard.received_at,
    )  # fmt: skip


def _lane(proven: str | None, said: Trigger) -> Lane:
    if proven is None:
        return Lane.REAL
    if is_canary_name(proven):
        return Lane.CANARY
    return Lane.TEST if said.kind is TriggerKind.TEST else Lane.REAL


def _proven(heard: Heard, said: Trigger, master: bytes) -> str | None:
    """The handset that the transport or a signature proves. A signature of an older generation
    counts: it can only keep its own sender's test from ringing."""
    if heard.verified:
        return heard.source
    if said.handset is None or said.mac is None:
        return None
    keys = (sms_key(master, said.handset, n) for n in range(1, GENERATIONS + 1))
    return said.handset if any(is_authentic(said, key) for key in keys) else None
