"""Canaries: presses of our own that show, each minute, that a channel is still heard. White.

A canary is a handset that nobody carries. Its id begins with a word that no other id begins with,
and the record holds the two together: so also the spool, which cannot ask the record, knows one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

CANARY = "canary"
"""Every canary's id begins so, and no other handset's: constraints of the record say it."""
AHEAD = timedelta(seconds=60)
"""A press that is further ahead of our clock says nothing about this minute."""


def is_canary_name(handset: str) -> bool:
    """Whether a handset of this id, once proven, is a canary."""
    return handset.startswith(CANARY)


def pressed_at(claimed_at: datetime | None, received_at: datetime) -> datetime:
    """When a canary was pressed: what lay an hour somewhere shows nothing about the channel now."""
    return received_at if claimed_at is None else min(claimed_at, received_at)


@dataclass(frozen=True, slots=True)
class CanaryWatch:
    """What an auditor must hear of: the canary of each channel, since when, and how often."""

    handsets: Mapping[str, str]
    """By channel, the handset whose presses must come."""
    since: datetime
    """The beginning of the watch: before it nobody can have missed anything."""
    lost_after: timedelta


def age_of(pressed: datetime | None, watch: CanaryWatch, now: datetime) -> timedelta:
    """How long a channel has not been heard; a press of tomorrow was dated by a wrong clock."""
    if pressed is None or pressed > now + AHEAD:
        return now - watch.since
    return now - max(pressed, watch.since)


def lost(pressed: Mapping[str, datetime], watch: CanaryWatch, now: datetime) -> set[str]:
    """The channels whose last canary is too old; `pressed` is the last press by handset."""
    return {
        channel
        for channel, handset in watch.handsets.items()
        if age_of(pressed.get(handset), watch, now) > watch.lost_after
    }
