"""What a spooled call says of itself beside its sealed bytes: enough to tell it, nobody's name.

The gateway writes it, dispatch reads it while the record is away: the alert that the call opens
when the record comes back, and no number, no position, no word of the message.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tgd.rules.alert import Lane


@dataclass(frozen=True, slots=True)
class SpooledCall:
    """One call for help that waits for the record."""

    alert: UUID
    """The id of the alert, should this call open one; made when the call was spooled."""
    handset: str | None
    """Opaque id, only when the transport or a signature proves it."""
    trigger: str | None
    """The handset's own id of this press."""
    kind: str
    lane: Lane
    """`test` only when a proven handset says so, `canary` only when a proven canary sent it."""
    channel: str
    received_at: datetime

    @property
    def is_proven(self) -> bool:
        """Whether we know that it is the handset that it says it is."""
        return self.handset is not None


def written(call: SpooledCall | None) -> dict[str, Any]:
    """The keys that an entry of the spool gets; none for what calls nobody."""
    if call is None:
        return {}
    return {
        "alert": str(call.alert), "handset": call.handset, "trigger": call.trigger,
        "kind": call.kind, "lane": call.lane.value,
    }  # fmt: skip


def read(entry: dict[str, Any]) -> SpooledCall | None:
    """The call of an entry; None for what calls nobody, and for entries of an older version."""
    if not entry.get("alert"):
        return None
    return SpooledCall(
        UUID(entry["alert"]), entry.get("handset"), entry.get("trigger"),
        entry.get("kind") or "press", Lane(entry.get("lane") or Lane.REAL), entry["channel"],
        datetime.fromisoformat(entry["received_at"]),
    )  # fmt: skip
