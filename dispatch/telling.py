"""What is told to a destination, and what it can answer: the words of the room, white."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from tgd.rules.trigger import Position


class Topic(StrEnum):
    """Why a destination is told; part of the idempotency key, so its words never change."""

    OPENED = "opened"
    UPDATED = "updated"  # a new press or a better position joined the alert
    REQUESTED = "requested"  # an operator asks for an intervention
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Place:
    """A postal place that the record knows, disclosed only to those who may see it."""

    label: str
    city: str | None = None
    insee: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Words that a human of ours wrote about the alert, and when."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One message to one destination, complete: a destination needs nothing else."""

    key: str
    """Idempotency key, the same for ever and for every attempt: `{alert}:{topic}:{n}:{name}`."""
    topic: Topic
    alert: str
    """Opaque alert id (UUID)."""
    reference: str
    """What people say on the telephone: `AL-000042`."""
    lane: str
    """`real` or `test`: a test never reaches a control room."""
    state: str
    """State of the alert (tgd.rules.alert.AlertState)."""
    labels: tuple[str, ...]
    opened_at: datetime
    told_at: datetime
    presses: int
    position: Position | None
    handset: str | None
    handset_number: str | None
    """E.164; only for destinations that may call back."""
    person: str | None
    """Opaque id of the protected person; names are never sent to a webhook."""
    places: tuple[Place, ...] = ()
    outcome: str | None = None
    """How the alert was closed, on `closed`."""
    merges: tuple[str, ...] = ()
    """Ids under which this same alert was told while the record was away: merge them into it."""
    finding: str | None = None
    """Once an intervention is asked for: what the removal of doubt found (rules.alert.Verified)."""
    notes: tuple[Said, ...] = ()
    """The same: the newest words of the log, oldest first. For those who are sent, and nobody
    else."""
    number_to_ring: str | None = None
    """For voice and SMS destinations: whom to ring, from the policy."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A matter of a file or a handset, outside any alert: opaque ids, and nobody's name but in the
    profile for the platform that keeps it."""

    key: str
    """Idempotency key, the same for every attempt."""
    notice: str
    kind: str
    """tgd.rules.notice.NoticeKind"""
    about: str
    to: str | None
    """The role that must look."""
    file: str | None
    handset: str | None
    made_at: datetime
    told_at: datetime
    profile: Mapping[str, Any] | None = field(default=None, repr=False)
    """What `tgd.allocation.profiles.profile_of` gives, read for this attempt and kept nowhere."""


@dataclass(frozen=True, slots=True)
class Received:
    """The destination has it and said so in the way its protocol calls an acknowledgement."""

    said: str = ""
    """A short machine word of what was answered, for the timeline; never a body."""
    reference: str | None = None
    """The destination's own id for it (a CallSid, an incident number)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """It left, and the peer took it, but the acknowledgement that counts comes later, elsewhere."""

    acknowledge_within_s: float
    said: str = ""
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """It failed in a way that may pass: try again with backoff (or after what the peer asked)."""

    why: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The peer refuses in a way that will not pass by itself; the next way must not wait for it.

    It is still tried again, slowly: somebody may mend the peer while the alert is open.
    """

    why: str


Answer = Received | Sent | Later | Refused


class Destination(Protocol):
    """One way of carrying. `tell` never raises for what the peer did; it answers."""

    name: str

    async def tell(self, telling: Telling) -> Answer: ...

    async def close(self) -> None: ...


@runtime_checkable
class TellsNotices(Protocol):
    """A way of carrying that also tells what is no alert: a platform, a text."""

    async def tell_notice(self, noticed: Noticed) -> Answer: ...
