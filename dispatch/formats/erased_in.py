"""Reads what a platform says of a copy that it was asked to erase; white, never raises."""

import json
from dataclasses import dataclass

from tgd.unseen import is_unseen

LONGEST_KEY, LONGEST_NAME = 200, 80


@dataclass(frozen=True, slots=True)
class ErasedSaid:
    """The copy that the notice of this key is about is gone there."""

    key: str
    by: str
    """Who says so there: no machine forgets by itself."""


def read_erased(raw: bytes) -> ErasedSaid | None:
    """None for what cannot be read: the deadline stays, which is the safe side."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("erased") is not True:
        return None
    key, by = said.get("key"), said.get("by")
    if not (isinstance(key, str) and isinstance(by, str)):
        return None
    name = "".join(c for c in by if not is_unseen(c)).strip()
    is_good = 0 < len(key) <= LONGEST_KEY and 0 < len(name) <= LONGEST_NAME
    return ErasedSaid(key, name) if is_good and key.isprintable() else None
