"""How a telling's key becomes a message id on another network, and comes back from it.

A key is `{alert}:{topic}:{n}:{destination}`; EDXL-DE wants `{senderID}_{internal id}` and the
hubs' pattern knows letters, digits, `_`, `-` and dots. So `:` is written `.`, which neither an
alert id (UUID) nor a destination's name can hold: the way back is exact.
"""

import re

_KEY = re.compile(r"[A-Za-z0-9-]{1,64}(:[a-z0-9-]{1,40}){3}")
_OURS = re.compile(r"[A-Za-z0-9-]{1,64}(\.[a-z0-9-]{1,40}){3}")


def to_distribution_id(key: str, sender: str) -> str:
    """`a:opened:1:room` for `fr.justice.tgd` -> `fr.justice.tgd_a.opened.1.room`.

    Raises ValueError for a key that could not be read back (it is never ours).
    """
    if not _KEY.fullmatch(key):
        raise ValueError("this is no key of a telling")
    return f"{sender}_{key.replace(':', '.')}"


def to_key(distribution_id: str) -> str | None:
    """The way back; None when the id was not made by us. The sender may hold a `_` of its own."""
    ours = distribution_id.rpartition("_")[2]
    return ours.replace(".", ":") if _OURS.fullmatch(ours) else None


def is_key(text: str) -> bool:
    """True for the shape of a telling's key."""
    return _KEY.fullmatch(text) is not None


def alert_of(key: str) -> str:
    """The alert id at the front of a key."""
    return key.partition(":")[0]


def destination_of(key: str) -> str:
    """The destination's name at the end of a key: only that destination may answer it."""
    return key.rpartition(":")[2]
