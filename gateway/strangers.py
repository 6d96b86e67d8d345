"""Keeps a flood of invented sources from burying the alerts that count; drops none of it.

Grey: asks the record which strangers have an open alert, and gives presses another place.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from tgd.alerts.repeating import Press
from tgd.rules.doubt import Label
from tgd.store import alerts as store

MOST_OPEN = 30
"""Open alerts of unknown sources per channel, each of its own; more share one (decision 0006)."""
GATHERED = "/many"
"""What the shared alert is counted by; no MQTT client can call itself so."""


def gather(session: Session, presses: Sequence[Press]) -> list[Press]:
    """The same presses in the same order; new strangers beyond the bound share one alert.

    Several gateways may pass the bound by a few together: it protects attention, not the record.
    """
    if all(press.handset is not None for press in presses):
        return list(presses)
    open_now = store.open_strangers(session)
    counted = Counter(source.partition(":")[0] for source in open_now)
    placed = []
    for press in presses:
        if press.handset is None and press.source not in open_now:
            if counted[press.channel] >= MOST_OPEN:
                press = _gathered(press)
            else:
                open_now.add(press.source)
                counted[press.channel] += 1
        placed.append(press)
    return placed


def _gathered(press: Press) -> Press:
    """Its trigger stays its own: two strangers who say the same id or counter are two presses."""
    own = hashlib.sha256(press.source.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return replace(
        press,
        source=f"{press.channel}:{GATHERED}",
        trigger=f"{press.trigger[:67]}@{own}",
        counter=None,
        verdict=replace(press.verdict, labels=press.verdict.labels | {Label.MANY_SOURCES}),
    )
